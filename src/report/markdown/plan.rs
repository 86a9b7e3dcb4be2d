//! The Markdown of a plan: one line that says it all, the causes by cost, the nodes folded.

use std::io::{self, Write};

use super::bounded::{Bounded, FOLDED_END, LIMIT, cells, code, folded, name_lines, value};
use crate::report::causes::{Cause, causes};
use crate::report::gist::{DOT, headline};
use crate::report::page::cut;
use crate::report::sentence::label;
use crate::report::view::plan::{PlanView, PlannedView, WarningView};
use crate::report::words::{count, duration};

/// A name in the line that says it all takes no more columns.
pub(super) const LONGEST_LABEL: usize = 120;

/// Writes a plan.
///
/// # Errors
/// When the writer fails.
pub fn plan(view: &PlanView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let causes = causes(view);
    let line =
        headline(&view.summary, &causes, " on this runner", |name| code(&cut(name, LONGEST_LABEL)));
    let mut text = Bounded::new();
    text.add(&format!("### {}\n", line.join(DOT)), 0);
    if !causes.is_empty() {
        text.add("\n| cause | change | cost | nodes |\n| --- | --- | --- | --- |\n", 0);
    }
    // The nodes come after; half of the room is theirs.
    text.all(&causes, "more cause", LIMIT / 2, cause_row);
    warnings(&mut text, &view.warnings);
    if !view.nodes.is_empty() {
        text.add(&folded(&count(view.nodes.len(), "node")), 0);
        text.add("| node | verdict | last took | because of |\n| --- | --- | --- | --- |\n", 0);
        text.all(view.nodes.iter(), "more node", 16, |node| node_row(&node));
        text.add(FOLDED_END, 0);
    }
    out.write_all(text.0.as_bytes())
}

/// Adds what is probably not meant.
pub(super) fn warnings(text: &mut Bounded, warnings: &[WarningView]) {
    text.all(warnings, "more warning", LIMIT / 4, |warning| {
        let place = warning.place.as_deref().map(|place| format!("{}: ", code(place)));
        format!("\n> warning: {}{}\n", place.unwrap_or_default(), value(&warning.message))
    });
}

fn cause_row(cause: &Cause<'_>) -> String {
    let (about, change) = cells(&cause.reason());
    format!("| {about} | {change} | {} | {} |\n", cause.cost(), name_lines(&cause.nodes))
}

fn node_row(node: &PlannedView) -> String {
    let why = match &node.duplicate_of {
        Some(first) => format!("same as {}", code(first.as_str())),
        None => value(&node.reasons.iter().take(20).map(label).collect::<Vec<_>>().join(", ")),
    };
    let time = node.estimate_ms.map_or_else(String::new, duration);
    format!("| {} | {} | {time} | {why} |\n", code(node.name.as_str()), node.verdict.word())
}
