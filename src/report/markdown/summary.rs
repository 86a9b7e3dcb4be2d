//! The Markdown of a run that is over: failures in the open, the rest folded.

use std::io::{self, Write};

use super::bounded::{Bounded, FOLDED_END, LIMIT, block, code, folded, value};
use crate::escape::markdown;
use crate::report::gist::ended;
use crate::report::view::summary::{EndedView, EndingKind, RunSummaryView};
use crate::report::words::{count, duration};

/// Writes the summary of a run.
///
/// # Errors
/// When the writer fails.
pub fn summary(view: &RunSummaryView, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Bounded::new();
    text.add(&format!("### {}\n", markdown(&ended(view))), 0);
    let (failed, rest): (Vec<&EndedView>, Vec<&EndedView>) =
        view.nodes.iter().partition(|node| node.ending == EndingKind::Failed);
    text.all(&failed, "more failure", LIMIT / 4, |node| failure(node));
    if !rest.is_empty() {
        text.add(&folded(&count(rest.len(), "node")), 0);
        text.add("| node | | took | |\n| --- | --- | --- | --- |\n", 0);
        text.all(&rest, "more node", 16, |node| ended_row(node));
        text.add(FOLDED_END, 0);
    }
    out.write_all(text.0.as_bytes())
}

fn ended_row(node: &EndedView) -> String {
    let time = if node.wall_ms > 0 { duration(node.wall_ms) } else { String::new() };
    let because = node.because.as_ref().map(|need| format!("needs {}", code(need.as_str())));
    let (name, because) = (code(node.name.as_str()), because.unwrap_or_default());
    format!("| {name} | {} | {time} | {because} |\n", node.ending.word())
}

fn failure(node: &EndedView) -> String {
    let name = code(node.name.as_str());
    let Some(failure) = &node.failure else {
        return format!("\n**failed** {name}\n");
    };
    let mut said = format!("\n**failed** {name}: {}", value(&failure.message));
    if !failure.log.is_empty() {
        said += &format!(" · log {}", code(&failure.log));
    }
    said.push('\n');
    for (log, lines) in &failure.causes {
        said += &format!("\n{}\n\n{}", code(log), block(lines));
    }
    if failure.causes.is_empty() && !failure.tail.is_empty() {
        said += &format!("\n{}", block(&failure.tail));
    }
    said
}
