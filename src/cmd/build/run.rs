//! Runs `graph build`: forecast, schedule, loop, summary. What each of them does is decided elsewhere.

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use cache::{FreshSlice, Guard, RunEnd};
use graph::event::Event;
use graph::facts::Facts;
use graph::name::NodeName;
use graph::plan::Plan;
use graph::schedule::{Ending, OnFailure, Schedule};

use super::display;
use super::journal::RunJournal;
use super::prepare::{self, Wait};
use crate::cmd::console::{Console, Format, print};
use crate::cmd::kept::{self, Kept};
use crate::cmd::opened::{Nodes, Opened};
use crate::cmd::plan::mode;
use crate::cmd::slices;
use crate::cmd::survey::Survey;
use crate::config::{self, Amount, Settings};
use crate::context::{Ci, Context};
use crate::exec::job::{Events, Executor};
use crate::exec::kas::Toolchain;
use crate::exec::local::{self, LocalExecutor};
use crate::exec::resources::Host;
use crate::exec::run::{Broken, Options, Summary};
use crate::exec::{self, orphans, stop};
use crate::failure::{Failure, Kind};
use crate::layout::Layout;
use crate::report::view::plan::{PlanView, Scope};
use crate::report::view::summary::RunSummaryView;
use crate::report::{markdown, text};

/// How many events may wait to be shown before lines are left out of the display.
const EVENTS: usize = 4096;

/// How many build configs are named that were left out.
const NAMED: usize = 5;

/// The arguments of `graph build`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph build                       build what is stale
  graph build workflow=onpush       of the boards that a push builds
  graph build --force image/rpi-scarthgap
  graph build --fail-fast -j 2      two at a time, and stop at the first failure

Ctrl-C once: nothing more starts, and what runs is ended in order. Twice: at once.")]
pub struct Args {
    /// Names, globs over names or labels, united; `!` excludes
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,
    /// Build what is selected even if it is fresh
    #[arg(long)]
    pub force: bool,
    /// How many builds run at a time
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Start nothing more when a build has failed
    #[arg(long, conflicts_with = "keep_going")]
    pub fail_fast: bool,
    /// Build what does not need a failed build
    #[arg(long)]
    pub keep_going: bool,
    /// Ask no remote for its branches; kas itself may still fetch
    #[arg(long)]
    pub offline: bool,
    /// Fail instead of waiting for another build of this project
    #[arg(long)]
    pub no_wait: bool,
    /// How the run is shown: `auto`, `live`, `plain` or `github`
    #[arg(long, value_enum, default_value_t, value_name = "HOW", hide_possible_values = true)]
    pub progress: Progress,
    /// The form of the summary: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
}

/// How a run is shown while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Progress {
    /// As fits who looks
    #[default]
    Auto,
    /// Redrawn on a terminal
    Live,
    /// A line for each event, and a heartbeat
    Plain,
    /// As GitHub Actions folds it
    Github,
}

/// Runs the verb.
///
/// # Errors
/// When the input or the environment is wrong, a build failed, or the user ended it.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    run_by(args, context, out, LocalExecutor::new)
}

/// As [`run`], by another executor, which is made of the settings and the facts of the run. All else is as it is in any
/// build: who fills a cache to measure with, fills it as builds do.
///
/// # Errors
/// As [`run`].
pub fn run_by<E: Executor>(
    args: &Args,
    context: &Context,
    out: &mut dyn Write,
    executor: impl FnOnce(local::Settings, Arc<Facts>) -> E,
) -> anyhow::Result<()> {
    let console = Console::of(context);
    let mut project = config::find(&context.cwd)?;
    overrule(&mut project.settings, args);
    let layout = project.layout();
    let wait = if args.no_wait { Wait::No } else { Wait::Yes };
    let guard = prepare::lock(layout.state(), context, wait, &console)?;
    let kept = Kept::to_build(layout.state(), context.began_ms())?;
    if !project.machines.is_empty() {
        prepare::provide_kas(&project.settings, &layout, context, &console)?;
    }
    let nodes = Nodes::of_plan(&args.selectors, args.force);
    let opened = Opened::load(context, project, kept, mode(args.offline), &nodes)?;
    prepare::sweep_clones(&opened, context, &console);
    let opened = prepare::clone_missing(opened, &nodes, context, &console)?;
    let (opened, wanted) = opened.selecting(context, &nodes, &args.selectors)?;
    let forced = if args.force { wanted.clone() } else { Vec::new() };
    let survey = Survey::of(context, &opened, wanted, forced)?;
    let plan = survey.plan(&opened);
    console.diagnostics(&survey.warnings(&opened));
    let tally = plan.tally().with_unjudged(opened.unjudged());
    survey.remember(&opened, &plan);
    if tally.fresh == tally.total {
        nothing_to_do(tally.total, &opened.layout, (args, context), out)?;
    } else {
        let survey = survey.with_stamps(context, &opened)?;
        build(&opened, survey, &plan, guard, (args, context, executor), out)?;
    }
    if opened.left_out.is_empty() { Ok(()) } else { Err(left_out(&opened.left_out).into()) }
}

/// Of what could not be reached nobody knows whether it is built.
fn left_out(build_configs: &[String]) -> Failure {
    let names: Vec<String> = build_configs.iter().take(NAMED).map(|n| format!("`{n}`")).collect();
    let more = match build_configs.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names.join(", ");
    let message = format!("the trees of these build configs could not be reached: {names}{more}");
    Failure::new(Kind::Environment, message).hint("the rest was built")
}

fn overrule(settings: &mut Settings, args: &Args) {
    if let Some(jobs) = args.jobs {
        settings.run.jobs = Amount::Exactly(jobs);
    }
    settings.run.keep_going = (settings.run.keep_going || args.keep_going) && !args.fail_fast;
}

/// That nothing was to do is no run: it would push runs out of the list in which something happened.
fn nothing_to_do(
    total: usize,
    layout: &Layout,
    (args, context): (&Args, &Context),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let shown = |path: &Path| layout.shown(path);
    let view = RunSummaryView::all_fresh(total, shown(&layout.out()), shown(layout.state()));
    print(&view, args.format, context, text::summary, out)
}

fn build<E: Executor>(
    opened: &Opened,
    survey: Survey,
    plan: &Plan,
    guard: Guard,
    (args, context, executor): (&Args, &Context, impl FnOnce(local::Settings, Arc<Facts>) -> E),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let settings = &opened.project.settings;
    let host = Host::observe();
    let capacity = super::capacity(settings, &host);
    let kas = prepare::toolchain_for(opened, context)?;
    let run = opened
        .kept
        .cache()
        .begin_run(guard, &said(args), context.began_ms())
        .map_err(kept::failure)?;
    let view = PlanView::of(&opened.graph, plan, Scope::NotFresh, &opened.warnings, capacity);
    let facts = Arc::new(survey.observed.facts.clone());
    let tally = plan.tally().with_unjudged(opened.unjudged());
    let together = capacity.builds.min(tally.stale + tally.open - tally.duplicates);
    let cores = (host.cores_each(together), host.cores);
    let executor_settings =
        settings_of_executor((opened, &survey), context, kas, (run.id(), cores));
    let executor = executor(executor_settings, facts.clone());
    let journal = Arc::new(RunJournal {
        run: run.clone(),
        kept: opened.kept.clone(),
        layout: opened.layout.clone(),
        settings: settings.clone(),
        env: context.env.clone(),
        facts: facts.clone(),
        manifests: survey.observed.manifests,
        now: context.began_ms(),
    });
    let on_failure = if settings.run.keep_going { OnFailure::KeepGoing } else { OnFailure::Stop };
    let schedule = Schedule::after(
        plan,
        &opened.graph,
        &survey.wanted,
        survey.forced.iter().copied(),
        (&facts, survey.records),
        (capacity, on_failure),
    );
    let options = Options {
        run: run.id(),
        tally,
        estimate_ms: view.summary.estimate_ms,
        estimates: estimates(opened, plan),
        retries: settings.run.retries,
    };
    let shown = display::choose(args.progress, context);
    let (sender, receiver) = mpsc::channel();
    let screen = display::show(shown, receiver);
    let driven = drive((opened, schedule), (executor, journal), options, sender);
    let display = screen.join().map_err(|_| anyhow::anyhow!("the display broke"))?;
    let summary = match &driven {
        Ok(summary) | Err(Broken { summary, .. }) => summary,
    };
    let end =
        if summary.stopped || driven.is_err() { RunEnd::Interrupted } else { RunEnd::Complete };
    let proven = run.prove(&survey.placed, fresh_after(summary, opened, &facts));
    let endings = summary.endings.iter().map(|(name, ending)| (name, ending));
    let unjudged: Vec<(&str, usize)> =
        opened.fresh.iter().map(|slice| (&*slice.name, slice.nodes)).collect();
    let closed = run.close(end, super::journal::now_ms(), endings, &unjudged, &proven);
    let told = display.summary(
        &opened.layout.shown(&opened.layout.out()),
        &opened.layout.shown(&opened.layout.log_dir(run.id())),
    );
    tell(&told, args, context, out)?;
    closed.map_err(kept::failure)?;
    conclude(driven)
}

/// Slices in which something ran, if all of their nodes are fresh now: each was so before, or has ended well. Before the run
/// those were written down in which nothing had to.
fn fresh_after(summary: &Summary, opened: &Opened, facts: &Facts) -> Vec<FreshSlice> {
    let _span = tracing::info_span!("remember slices").entered();
    let is_made = |ending: &Ending| matches!(ending, Ending::Built | Ending::Restored);
    let ran = summary.endings.iter().filter(|(_, ending)| is_made(ending));
    let ran: HashSet<&str> = ran.filter_map(|(name, _)| name.slice()).collect();
    let slices = opened.slices.iter().filter(|(slice, _)| ran.contains(&*slice.name));
    let good = summary.endings.iter().filter(|(_, ending)| ending.is_good());
    let good = good.filter_map(|(name, _)| opened.graph.id(name));
    slices::fresh((&opened.graph, opened.rules), slices, facts, good)
}

/// Everything that running takes; `each` is how many cores a node may use that takes no part in the jobserver.
fn settings_of_executor(
    (opened, survey): (&Opened, &Survey),
    context: &Context,
    kas: Toolchain,
    (run, (each, cores)): (i64, (usize, usize)),
) -> local::Settings {
    let (settings, layout) = (&opened.project.settings, &opened.layout);
    let order = opened.graph.closure(&survey.wanted);
    let nodes = order.iter().map(|id| opened.graph.node(*id));
    let shims = prepare::shims(opened, nodes, context, &Console::of(context));
    local::Settings {
        run,
        places: prepare::places(settings, layout, context),
        work: layout.work(),
        out: layout.out(),
        logs: layout.log_dir(run),
        sources: prepare::sources(opened, context),
        shims,
        kas,
        cores: each,
        tokens: cores,
        timeout: settings.run.timeout.0,
        stall: settings.run.stall.0,
        grace: local::Settings::GRACE,
        outer: prepare::outer(context),
        supervisor: local::Settings::THIS_PROGRAM.into(),
    }
}

/// Runs the loop to its end on a runtime of its own, and passes events on to the display.
fn drive<E: Executor>(
    (opened, schedule): (&Opened, Schedule<'_>),
    (executor, journal): (E, Arc<RunJournal>),
    options: Options,
    shown: mpsc::Sender<Vec<Event>>,
) -> Result<Summary, Broken> {
    let broken =
        |error: std::io::Error| Broken { error: error.into(), summary: Summary::default() };
    orphans::inherit().map_err(broken)?;
    // One thread waits for all that happens: what takes long is done by others, and to wake one costs more than what is
    // done here.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(broken)?;
    runtime.block_on(async {
        let stopping = stop::on_signals().map_err(broken)?;
        let (sender, mut events) = tokio::sync::mpsc::channel(EVENTS);
        let passing = tokio::spawn(async move {
            let mut several = Vec::new();
            while events.recv_many(&mut several, EVENTS).await > 0 {
                shown.send(std::mem::take(&mut several)).ok();
            }
        });
        let work = exec::run::run(
            (&opened.graph, schedule),
            (Arc::new(executor), journal),
            Events::new(sender),
            options,
            stopping,
        );
        let driven = work.await;
        passing.await.ok();
        driven
    })
}

fn estimates(opened: &Opened, plan: &Plan) -> HashMap<NodeName, u64> {
    let named = |entry: &graph::plan::Planned| {
        Some((opened.graph.node(entry.id).name.clone(), entry.estimate_ms?))
    };
    plan.entries.iter().filter_map(named).collect()
}

/// What the user asked for, for the list of runs.
fn said(args: &Args) -> String {
    let mut words = vec!["build".to_owned()];
    words.extend(args.force.then(|| "--force".to_owned()));
    words.extend(args.selectors.iter().cloned());
    words.join(" ")
}

fn tell(
    view: &RunSummaryView,
    args: &Args,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    print(view, args.format, context, text::summary, out)?;
    if context.ci == Ci::GitHub
        && let Some(path) = context.env.path("GITHUB_STEP_SUMMARY")
    {
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .and_then(|mut file| markdown::summary(view, &mut file));
        if let Err(error) = written {
            Console::of(context).note(&format!("warning: cannot write the step summary: {error}"));
        }
    }
    Ok(())
}

/// How the run went, as the end of the command. All of it was told.
///
/// Where nothing failed but what could not be tried, because a remote did not answer, it is not the builds that failed.
fn conclude(driven: Result<Summary, Broken>) -> anyhow::Result<()> {
    let summary = driven.map_err(|broken| {
        Failure::new(Kind::Environment, broken.to_string())
            .hint("what was recorded before is safe; mend this and run `graph build` again")
    })?;
    if summary.stopped {
        return Err(Failure::silent(Kind::Interrupted).into());
    }
    if summary.out_of_space {
        return Err(Failure::new(Kind::Environment, "a disk is full, so nothing more was started")
            .hint("free some space: `graph cache gc --budget 0B` drops all that is not current, and what lies in `work` may be removed while nothing is built")
            .into());
    }
    let failed = |(_, ending): &&(_, Ending)| matches!(ending, Ending::Failed(_));
    match summary.endings.iter().filter(failed).count() {
        _ if summary.endings.iter().all(|(_, ending)| ending.is_good()) => Ok(()),
        failed if failed == summary.refused => Err(Failure::silent(Kind::Environment).into()),
        _ => Err(Failure::silent(Kind::Build).into()),
    }
}
