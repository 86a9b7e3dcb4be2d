//! Runs `graph plan --base`: both sides are read at the same time, compared, and told. Changes nothing.

use std::io::Write;

use graph::compare::{Comparison, Side, compare};
use graph::facts::Facts;
use graph::model::{Graph, NodeId};

use super::blame::Blame;
use super::files::Files;
use super::revision::{Base, git};
use super::side::{Absences, BaseSide, in_base};
use crate::cmd::console::{Console, Format, print};
use crate::cmd::jobs;
use crate::cmd::opened::Opened;
use crate::cmd::plan::PlanFormat;
use crate::cmd::survey::Survey;
use crate::config;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::exec::resources::Host;
use crate::failure::{Failure, Kind};
use crate::probe::{Mode, Observed};
use crate::report::view::base::{BaseSideView, BaseView, Graphs};
use crate::report::view::plan::{Scope, WarningView};
use crate::report::{markdown, text};

/// What is asked for.
pub(in crate::cmd) struct Asked<'a> {
    /// The revision to compare with.
    pub(in crate::cmd) revision: &'a str,
    /// Which nodes.
    pub(in crate::cmd) selectors: &'a [String],
    /// Whether remotes may be asked.
    pub(in crate::cmd) mode: Mode,
    /// Whether what is as it was is shown, too.
    pub(in crate::cmd) scope: Scope,
    /// Whether something to rebuild is a failure.
    pub(in crate::cmd) exit_code: bool,
    /// The form of the output.
    pub(in crate::cmd) format: PlanFormat,
    /// Into how many jobs it is put together, if that was asked for.
    pub(in crate::cmd) shards: Option<u16>,
}

/// Runs it.
pub(in crate::cmd) fn run(
    asked: &Asked<'_>,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let project = config::find(&context.cwd)?;
    let git = git(context, project.layout().git());
    let (base, opened) = std::thread::scope(|scope| {
        let base = scope.spawn(|| {
            let _span = tracing::info_span!("base").entered();
            Base::open(&git, &project.root, asked.revision)
        });
        let opened = Opened::to_look_with_excluded(context, asked.mode);
        (base.join().expect("reading a base does not panic"), opened)
    });
    let (base, opened) = (base?, opened?);
    let (new, unmet) = select(&opened.graph, asked.selectors);
    let (side, survey) = std::thread::scope(|scope| {
        let survey = scope.spawn(|| Survey::of(context, &opened, new, Vec::new()));
        let _span = tracing::info_span!("load base").entered();
        let side = BaseSide::load(context, &opened, &git, &base);
        (side, survey.join().expect("observing does not panic"))
    });
    let wanted = wanted_of_base(asked.selectors, &unmet, &opened, &side)?;
    let survey = survey?;
    let (facts, observed) = {
        let _span = tracing::info_span!("facts of base").entered();
        side.observe(context, &opened, &base, &wanted, survey.facts())?
    };
    let (comparison, plan) = std::thread::scope(|scope| {
        let plan = scope.spawn(|| survey.plan(&opened));
        let comparison = compared(&opened, &side, &facts, &wanted, &survey);
        (comparison, plan.join().expect("judging does not panic"))
    });
    let mut warnings = survey.warnings(&opened);
    warnings.extend(taken_as_equal(&comparison));
    let capacity = crate::cmd::build::capacity(&opened.project.settings, &Host::observe());
    let graphs = Graphs { old: &side.graph, new: &opened.graph };
    let told = told(&base, &side, &observed, &warnings);
    let mut view =
        BaseView::of(told.view, graphs, &comparison, &plan, asked.scope, &warnings, capacity);
    {
        let _span = tracing::info_span!("blame").entered();
        Files::of(&comparison, &observed, &survey.observed).fill(&mut view, &opened.graph);
        Blame { git: &git, root: &opened.project.root, graphs, base: &base }.fill(&mut view);
    }
    let console = Console::of(context);
    console.diagnostics(&warnings);
    console.diagnostics(&told.problems);
    let _span = tracing::info_span!("render").entered();
    match asked.format {
        PlanFormat::Json => print(&view, Format::Json, context, text::base, out)?,
        PlanFormat::Text => print(&view, Format::Text, context, text::base, out)?,
        PlanFormat::Markdown => markdown::base(&view, out)?,
        PlanFormat::Github => {
            jobs::of_base(&view, (&opened.graph, plan), asked.shards, context, out)?;
        }
    }
    out.flush()?;
    if asked.exit_code && view.rebuilds() {
        return Err(Failure::silent(Kind::Stale).into());
    }
    Ok(())
}

fn compared(
    opened: &Opened,
    side: &BaseSide,
    facts: &Facts,
    wanted: &[NodeId],
    survey: &Survey,
) -> Comparison {
    let _span = tracing::info_span!("compare").entered();
    let absences = Absences::of(&opened.excluded, &opened.left_out);
    let old = Side {
        graph: &side.graph,
        facts,
        wanted,
        absence: &|name| side.absences.of_name(name, "the base"),
    };
    let new = Side {
        graph: &opened.graph,
        facts: survey.facts(),
        wanted: &survey.wanted,
        absence: &|name| absences.of_name(name, "this tree"),
    };
    compare(&old, &new)
}

/// What is wanted of the base. A selector has to mean something on one of the sides. What is wanted of this tree is looked
/// at in the base, too, whatever labels it had there.
fn wanted_of_base(
    selectors: &[String],
    unmet: &[&String],
    opened: &Opened,
    side: &BaseSide,
) -> anyhow::Result<Vec<NodeId>> {
    let (mut wanted, also_unmet) = select(&side.graph, selectors);
    if unmet.iter().any(|selector| also_unmet.contains(selector)) {
        // One that means nothing on either side is told as it is told without a base.
        opened.select(selectors)?;
    }
    let (new, _) = select(&opened.graph, selectors);
    let names = opened.graph.closure(&new);
    let names = names.iter().filter_map(|id| side.graph.id(&opened.graph.node(*id).name));
    wanted.extend(names);
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

/// The nodes that selectors mean, as far as each of them means something; and those that mean nothing.
fn select<'s>(graph: &Graph, selectors: &'s [String]) -> (Vec<NodeId>, Vec<&'s String>) {
    if let Ok(all) = graph.select(selectors) {
        return (all, Vec::new());
    }
    let means = |selector: &&String| graph.select(std::slice::from_ref(*selector)).is_ok();
    let (met, unmet): (Vec<&String>, Vec<&String>) = selectors.iter().partition(means);
    let includes = |selectors: &[&String]| selectors.iter().any(|text| !text.starts_with('!'));
    if includes(&unmet) && !includes(&met) {
        return (Vec::new(), unmet);
    }
    let met: Vec<String> = met.into_iter().cloned().collect();
    (graph.select(&met).unwrap_or_default(), unmet)
}

/// What is known of neither side, said once each.
fn taken_as_equal(comparison: &Comparison) -> Diagnostics {
    let count = comparison.taken_as_equal.len();
    let Some(first) = comparison.taken_as_equal.first() else { return Diagnostics::default() };
    let others = if count == 1 { String::new() } else { format!(" (and {} more)", count - 1) };
    let problem = format!("{}{others}: taken to be the same for both sides", first.why);
    std::iter::once(Diagnostic::warning(problem)).collect()
}

/// What is said of the base.
struct Told {
    view: BaseSideView,
    problems: Diagnostics,
}

fn told(base: &Base, side: &BaseSide, observed: &Observed, known: &Diagnostics) -> Told {
    let views = |all: &Diagnostics| -> Vec<WarningView> {
        all.as_slice().iter().map(WarningView::of).collect()
    };
    let same = |problem: &&Diagnostic| {
        let same = |other: &Diagnostic| {
            other.message == problem.message && other.place() == problem.place()
        };
        !known.as_slice().iter().any(same)
    };
    let mut warnings = side.warnings.clone();
    warnings.extend(observed.warnings.clone());
    let warnings: Diagnostics = warnings.as_slice().iter().filter(same).cloned().collect();
    let problems = in_base(&side.errors, &base.revision, &base.root);
    let view = BaseSideView {
        revision: base.revision.as_str().into(),
        commit: base.snapshot.commit.as_str().into(),
        errors: views(&problems),
        warnings: views(&in_base(&warnings, &base.revision, &base.root)),
    };
    Told { view, problems }
}
