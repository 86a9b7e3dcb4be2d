//! `graph plan --if-reverted`: what would be fresh again if parts were as before.

use std::io::Write;

use graph::plan::Plan;
use graph::reverted::{Meant, UnknownPart, if_reverted};

use super::console::{Format, print};
use super::opened::Opened;
use super::plan::PlanFormat;
use super::survey::Survey;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, Kind};
use crate::report::view::reverted::RevertedView;
use crate::report::{markdown, text};

/// Says what would become of the nodes of a plan.
pub(super) fn tell(
    parts: &[String],
    (opened, survey, plan): (&Opened, &Survey, &Plan),
    format: PlanFormat,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let graph = &opened.graph;
    let meant = Meant::parse(parts, graph, plan)
        .map_err(|unknown| Failure::input(unknown.iter().map(problem).collect()))?;
    let found = if_reverted(graph, plan, &survey.records, &meant);
    let view = RevertedView::of(parts, graph, plan, &found);
    match format {
        PlanFormat::Text => print(&view, Format::Text, context, text::reverted, out),
        PlanFormat::Json => print(&view, Format::Json, context, text::reverted, out),
        PlanFormat::Markdown => Ok(markdown::reverted(&view, out)?),
        PlanFormat::Github => Err(not_for_jobs("--if-reverted").into()),
    }
}

/// What asks for another form than that of jobs.
pub(super) fn not_for_jobs(option: &str) -> Failure {
    Failure::new(Kind::Input, format!("`{option}` has no `--format github`"))
        .hint("jobs are made of what is stale as things are")
}

fn problem(unknown: &UnknownPart) -> Diagnostic {
    let problem = Diagnostic::error(unknown.to_string());
    if unknown.nearest.is_empty() {
        return problem.hint("`graph plan` names the parts, and `graph show NODE` all of a node");
    }
    let names: Vec<String> = unknown.nearest.iter().map(|name| format!("`{name}`")).collect();
    problem.hint(format!("did you mean {}?", names.join(", ")))
}
