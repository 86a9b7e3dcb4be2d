//! `graph plan` as text: one line that says it all, the causes, the nodes.

use std::io::{self, Write};

use graph::name::NodeName;

use super::reason::reason;
use crate::escape::terminal;
use crate::report::causes::causes;
use crate::report::gist::{DOT, headline};
use crate::report::page::{DIM, GOOD, HEAD, Page, STALE, STORED, columns, cut, pad, paint};
use crate::report::sentence::label;
use crate::report::view::plan::{PlanView, PlannedView};
use crate::report::view::reason::{ReasonView, VerdictKind};
use crate::report::words::{count, duration, names};

/// How much of a long plan is shown at a terminal; a pipe gets all of it.
pub(super) const MOST_NODES: usize = 60;
const MOST_NAME_LINES: usize = 5;

/// Writes a plan.
///
/// # Errors
/// When the writer fails.
pub fn plan(view: &PlanView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let causes = causes(view);
    let named = |name: &str| terminal(name).into_owned();
    pieces(headline(&view.summary, &causes, "", named), page, out)?;
    if !causes.is_empty() {
        writeln!(out)?;
    }
    for cause in &causes {
        reason(out, 0, &cause.reason(), page)?;
        name_lines(&cause.nodes, page, out)?;
    }
    if view.nodes.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    nodes(view, page, out)
}

/// Writes the line that says it all, and nothing else.
///
/// # Errors
/// When the writer fails.
pub fn plan_line(view: &PlanView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let named = |name: &str| terminal(name).into_owned();
    pieces(headline(&view.summary, &causes(view), "", named), page, out)
}

/// Writes the pieces of a line, in as many lines as the page has it.
pub(super) fn pieces(all: Vec<String>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::new();
    for piece in all {
        if !line.is_empty() && columns(&line) + columns(DOT) + columns(&piece) > page.room(0) {
            writeln!(out, "{line}")?;
            line = piece;
        } else {
            let dot = if line.is_empty() { "" } else { DOT };
            line = line + dot + &piece;
        }
    }
    writeln!(out, "{line}")
}

/// Writes nodes in few words; at a terminal, of many the first and how many they are.
pub(super) fn name_lines(of: &[&NodeName], page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let lines = names(of, page.width.map_or(100, |_| page.room(2)));
    let most = if page.width.is_some() { MOST_NAME_LINES } else { lines.len() };
    for line in lines.iter().take(most) {
        writeln!(out, "  {line}")?;
    }
    if lines.len() > most {
        writeln!(out, "  {}", paint(DIM, format!("… {} in all", count(of.len(), "node"))))?;
    }
    Ok(())
}

fn nodes(view: &PlanView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let most = if page.width.is_some() { MOST_NODES } else { view.nodes.len() };
    let heads = || view.nodes.heads().take(most);
    let time = |ms: Option<u64>| ms.map_or_else(String::new, duration);
    let name_width = heads().map(|head| head.name.as_str().len()).max().unwrap_or(0);
    let time_width = heads().map(|head| columns(&time(head.estimate_ms()))).max().unwrap_or(0);
    let word_width = heads().map(|head| head.verdict.word().len()).max().unwrap_or(0);
    for node in view.nodes.iter().take(most) {
        let time = time(node.estimate_ms);
        let (style, word) = (style(node.verdict), node.verdict.word());
        let head = format!("{}  {}", paint(style, pad(word, word_width)), node.name);
        let used = word_width + 2 + name_width + 2 + time_width + 2;
        let gap = name_width - node.name.as_str().len() + 2 + time_width - columns(&time);
        let room = page.width.map_or(usize::MAX, |width| width.saturating_sub(used));
        let why =
            if room < 10 { String::new() } else { cut(&terminal(&short_reasons(&node)), room) };
        let fits = page.width.is_none_or(|width| used <= width + 2);
        let mut tail = String::new();
        if fits && !(time.is_empty() && why.is_empty()) {
            tail = format!("{:gap$}{time}", "");
            if !why.is_empty() {
                tail = format!("{tail}  {}", paint(DIM, why));
            }
        }
        writeln!(out, "{head}{tail}")?;
    }
    more_nodes(view.nodes.len() - most.min(view.nodes.len()), out)
}

/// Says how many nodes were left out, if any were.
pub(super) fn more_nodes(rest: usize, out: &mut dyn Write) -> io::Result<()> {
    if rest == 0 {
        return Ok(());
    }
    let rest = count(rest, "more node");
    writeln!(out, "{}", paint(DIM, format!("… and {rest}; `--format json` has all")))
}

fn short_reasons(node: &PlannedView) -> String {
    if let Some(first) = &node.duplicate_of {
        return format!("same as {first}");
    }
    labels(&node.reasons)
}

/// What the first of many reasons are about, each once.
pub(super) fn labels(reasons: &[ReasonView]) -> String {
    let mut labels: Vec<String> = Vec::new();
    for reason in reasons.iter().take(20) {
        let label = label(reason);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels.join(", ")
}

/// The colour of a verdict.
pub(super) fn style(verdict: VerdictKind) -> anstyle::Style {
    match verdict {
        VerdictKind::Stale => STALE,
        VerdictKind::Restorable => STORED,
        VerdictKind::Open => HEAD,
        VerdictKind::Fresh => GOOD,
    }
}
