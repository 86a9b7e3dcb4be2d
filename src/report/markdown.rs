//! The form for GitHub: step summaries and comments. Everything that is not ours is escaped, and a text never grows
//! over what a comment may hold.

use std::io::{self, Write};

use super::gist::{Cause, DOT, causes, ended, headline};
use super::page::cut;
use super::sentence::{Told, label, sentence};
use super::view::plan::{PlanView, PlannedView};
use super::view::reason::ReasonView;
use super::view::summary::{EndedView, EndingKind, RunSummaryView};
use super::words::{count, duration, names};
use crate::escape::{log_line, markdown};

/// The most that GitHub takes as a comment, in characters; bytes are counted, which is never less.
pub const LIMIT: usize = 65_536;

/// What is kept free for closing tags and the line that counts what was left out.
const RESERVE: usize = 256;

/// No single value takes more columns.
const LONGEST_VALUE: usize = 300;

/// Text that stays below [`LIMIT`].
struct Bounded(String);

impl Bounded {
    /// Adds a piece as a whole, if it fits with the room kept for what follows.
    fn add(&mut self, piece: &str, kept: usize) -> bool {
        let fits = self.0.len() + piece.len() + kept <= LIMIT;
        if fits {
            self.0.push_str(piece);
        }
        fits
    }

    /// Adds a piece for each item while they fit, then says how many did not.
    fn all<T>(
        &mut self,
        items: impl IntoIterator<IntoIter: ExactSizeIterator<Item = T>>,
        noun: &str,
        kept: usize,
        piece: impl Fn(T) -> String,
    ) {
        let items = items.into_iter();
        let all = items.len();
        let fitted = items.map(piece).take_while(|piece| self.add(piece, kept + RESERVE)).count();
        if fitted < all {
            let rest = count(all - fitted, noun);
            self.add(&format!("\n… and {rest}, left out for length\n"), kept);
        }
    }
}

/// Writes a plan.
///
/// # Errors
/// When the writer fails.
pub fn plan(view: &PlanView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let causes = causes(view);
    let mut text = Bounded(String::new());
    text.add(
        &format!("### {}\n", markdown(&cut(&headline(&view.summary, &causes).join(DOT), 1000))),
        0,
    );
    if !causes.is_empty() {
        text.add("\n| cause | change | nodes |\n| --- | --- | --- |\n", 0);
    }
    // The nodes come after; half of the room is theirs.
    text.all(&causes, "more cause", LIMIT / 2, cause_row);
    text.all(&view.warnings, "more warning", LIMIT / 4, |warning| {
        let place = warning.place.as_deref().map(|place| format!("{}: ", code(place)));
        format!("\n> warning: {}{}\n", place.unwrap_or_default(), value(&warning.message))
    });
    if !view.nodes.is_empty() {
        text.add(&folded(view.nodes.len()), 0);
        text.add("| node | verdict | last took | because of |\n| --- | --- | --- | --- |\n", 0);
        text.all(view.nodes.iter(), "more node", 16, |node| node_row(&node));
        text.add("\n</details>\n", 0);
    }
    out.write_all(text.0.as_bytes())
}

/// Writes the summary of a run: failures in the open, the rest folded.
///
/// # Errors
/// When the writer fails.
pub fn summary(view: &RunSummaryView, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Bounded(String::new());
    text.add(&format!("### {}\n", markdown(&ended(view))), 0);
    let (failed, rest): (Vec<&EndedView>, Vec<&EndedView>) =
        view.nodes.iter().partition(|node| node.ending == EndingKind::Failed);
    text.all(&failed, "more failure", LIMIT / 4, |node| failure(node));
    if !rest.is_empty() {
        text.add(&folded(rest.len()), 0);
        text.add("| node | | took | |\n| --- | --- | --- | --- |\n", 0);
        text.all(&rest, "more node", 16, |node| ended_row(node));
        text.add("\n</details>\n", 0);
    }
    out.write_all(text.0.as_bytes())
}

fn folded(nodes: usize) -> String {
    format!("\n<details><summary>{}</summary>\n\n", count(nodes, "node"))
}

fn cause_row((reason, of): &Cause<'_>) -> String {
    let mut lines = names(of, 100);
    if lines.len() > 20 {
        lines.truncate(20);
        lines.push(format!("… {} in all", count(of.len(), "node")));
    }
    let nodes: Vec<String> = lines.iter().map(|line| code(line)).collect();
    let (cause, change) = cells(reason);
    format!("| {cause} | {change} | {} |\n", nodes.join("<br>"))
}

fn node_row(node: &PlannedView) -> String {
    let why = match &node.duplicate_of {
        Some(first) => format!("same as {}", code(first.as_str())),
        None => value(&node.reasons.iter().take(20).map(label).collect::<Vec<_>>().join(", ")),
    };
    let time = node.estimate_ms.map_or_else(String::new, duration);
    format!("| {} | {} | {time} | {why} |\n", code(node.name.as_str()), node.verdict.word())
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

/// A reason as two cells: what it is about, and what happened to it.
fn cells(reason: &ReasonView) -> (String, String) {
    let said = sentence(reason);
    let place =
        said.place.as_deref().map_or_else(String::new, |place| format!("<br>{}", value(place)));
    let change = match &said.told {
        Told::Nothing => String::new(),
        Told::Words(words) => value(words),
        Told::Change(old, new) => format!("{} → {}", code(old), code(new)),
    };
    (format!("{}{place}", code(&said.subject)), change)
}

fn value(text: &str) -> String {
    markdown(&cut(text, LONGEST_VALUE))
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", value(text))
}

/// Lines of a log. Inside `<pre>` GitHub reads no Markdown, but HTML it does.
fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| value(&log_line(line))).collect();
    format!("<pre>\n{}\n</pre>\n", lines.join("\n"))
}
