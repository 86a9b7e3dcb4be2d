//! `graph plan --format github`: the outputs of a step, with the jobs that build what is stale.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use graph::model::{Graph, NodeId};
use graph::plan::Plan;
use graph::shards::{deal, units};
use graph::spec::{Node, Source};

use super::console::{Console, page};
use super::runner::RunnerFile;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::escape::without_commands;
use crate::failure::{Failure, Kind};
use crate::report::github::{self, MOST_JOBS};
use crate::report::view::base::BaseView;
use crate::report::view::jobs::{MatrixView, Split};
use crate::report::view::plan::PlanView;
use crate::report::{markdown, text};

/// Writes the jobs that build what is stale.
pub(super) fn of_plan(
    view: &PlanView<'_>,
    (graph, plan): (&Graph, &Plan),
    shards: Option<u16>,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut step = Step { counts: github::counts(&view.summary), ..Step::default() };
    markdown::plan(view, &mut step.summary)?;
    text::plan_line(view, &page(context), &mut step.line)?;
    step.publish((graph, plan), shards, context, out)
}

/// Writes the jobs that build what is not as in a base.
pub(super) fn of_base(
    view: &BaseView,
    (graph, mut plan): (&Graph, Plan),
    shards: Option<u16>,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let rebuilt = view.nodes.iter().filter(|node| node.change.rebuilds());
    let ids: HashSet<NodeId> = rebuilt.filter_map(|node| graph.id(&node.name)).collect();
    plan.entries.retain(|entry| ids.contains(&entry.id));
    let mut step = Step { counts: github::counts(&view.summary), ..Step::default() };
    markdown::base(view, &mut step.summary)?;
    text::base_line(view, &mut step.line)?;
    step.publish((graph, &plan), shards, context, out)
}

/// What a step tells besides its jobs.
#[derive(Default)]
struct Step {
    /// The counts, as outputs.
    counts: String,
    /// The Markdown for its page.
    summary: Vec<u8>,
    /// The line for its log.
    line: Vec<u8>,
}

impl Step {
    /// Writes what the runner reads. What cannot be written is told when all else is.
    fn publish(
        self,
        (graph, plan): (&Graph, &Plan),
        shards: Option<u16>,
        context: &Context,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let console = Console::of(context);
        let summary = String::from_utf8_lossy(&self.summary);
        if let Err(problem) = RunnerFile::Summary.append(&summary, context) {
            warn(&console, Diagnostic::warning(problem.to_string()));
        }
        let matrix = matrix(graph, plan, shards, &console);
        let mut lines = self.counts;
        let jobs = github::jobs(&matrix);
        match &jobs {
            Ok(jobs) => lines.push_str(jobs),
            Err(_) => lines.push_str("jobs=0\n"),
        }
        let written = RunnerFile::Output.append(&lines, context);
        let shown = match &written {
            Ok(true) => String::from_utf8_lossy(&self.line).into_owned(),
            Ok(false) | Err(_) => lines,
        };
        out.write_all(without_commands(&shown).as_bytes())?;
        out.flush()?;
        written.map_err(|problem| {
            Failure::new(Kind::Environment, problem.to_string())
                .hint("the outputs are on standard output, but no other job will see them")
        })?;
        jobs.map_err(|problem| {
            let hint = "select fewer nodes; with `--shards 256` each job has fewest";
            Failure::new(Kind::Input, problem.to_string()).hint(hint)
        })?;
        Ok(())
    }
}

fn matrix(graph: &Graph, plan: &Plan, shards: Option<u16>, console: &Console) -> MatrixView {
    let units = units(graph, plan);
    let into = |count| deal(graph, units.clone(), alike, count);
    match shards {
        Some(count) => MatrixView::of(graph, &into(usize::from(count)), Split::Shards),
        None if units.len() <= MOST_JOBS => MatrixView::of(graph, &units, Split::Units),
        None => {
            let message = format!(
                "{} jobs are more than the {MOST_JOBS} that GitHub takes, so they were put together as {MOST_JOBS} shards",
                units.len()
            );
            let hint = "`--shards N` says how many runners share the work";
            warn(console, Diagnostic::warning(message).hint(hint));
            MatrixView::of(graph, &into(MOST_JOBS), Split::Shards)
        }
    }
}

fn warn(console: &Console, warning: Diagnostic) {
    let mut all = Diagnostics::default();
    all.push(warning);
    console.diagnostics(&all);
}

/// What nodes share that one runner should build: kernels their checkout, images the shared state of their distro.
fn alike(node: &Node) -> Arc<str> {
    if let Some(commit) = node.commit() {
        return commit.id.clone();
    }
    let distro = node.inputs.iter().find(|input| &*input.part == "distro");
    let distro = distro.and_then(|input| match &input.source {
        Source::Value(value) => Some(&**value),
        _ => None,
    });
    let branch = node.labels.iter().find(|label| label.key == "yocto_branch");
    let branch = branch.map(|label| &*label.value);
    format!("{} {}", branch.unwrap_or_default(), distro.unwrap_or_default()).into()
}
