//! The Markdown of a comparison with a base: what a pull request would rebuild, who wrote what made it so, the nodes
//! folded.

use std::io::{self, Write};

use graph::name::NodeName;

use super::bounded::{Bounded, FOLDED_END, LIMIT, cells, code, folded, name_lines, value};
use super::plan::{LONGEST_LABEL, warnings};
use crate::report::gist::{DOT, compared, named_causes};
use crate::report::page::cut;
use crate::report::sentence::label;
use crate::report::view::base::{BaseCauseView, BaseView, BlameView, ChangeKind, ComparedView};
use crate::report::view::plan::WarningView;
use crate::report::words::{count, duration};

/// Of a layer, no more files are named.
const MOST_FILES: usize = 5;

/// Writes what differs from the base.
///
/// # Errors
/// When the writer fails.
pub fn base(view: &BaseView, out: &mut dyn Write) -> io::Result<()> {
    let named = |name: &str| code(&cut(name, LONGEST_LABEL));
    let mut line = compared(view, " on this runner", named);
    line.extend(named_causes(view.causes.iter().map(|cause| &cause.reason), named));
    let mut text = Bounded::new();
    text.add(&format!("### {}\n", line.join(DOT)), 0);
    text.all(&view.base.errors, "more problem", LIMIT * 7 / 8, |error: &WarningView| {
        let place = error.place.as_deref().map(|place| format!("{}: ", code(place)));
        format!("\n> of the base: {}{}\n", place.unwrap_or_default(), value(&error.message))
    });
    if !view.causes.is_empty() {
        text.add("\n| cause | change | by | cost | nodes |\n| --- | --- | --- | --- | --- |\n", 0);
    }
    // The nodes come after; half of the room is theirs.
    text.all(&view.causes, "more cause", LIMIT / 2, cause_row);
    filters(&mut text, view);
    warnings(&mut text, &view.warnings);
    if !view.nodes.is_empty() {
        text.add(&folded(&count(view.nodes.len(), "node")), 0);
        text.add("| node | change | verdict | last took | because of |\n", 0);
        text.add("| --- | --- | --- | --- | --- |\n", 0);
        text.all(&view.nodes, "more node", 16, node_row);
        text.add(FOLDED_END, 0);
    }
    out.write_all(text.0.as_bytes())
}

fn cause_row(cause: &BaseCauseView) -> String {
    let (mut about, change) = cells(&cause.reason);
    if !cause.places.is_empty() {
        about += &format!(" and {}", count(cause.places.len(), "more place"));
    }
    for file in cause.files.iter().take(MOST_FILES) {
        about += &format!("<br>{}", code(file));
    }
    if cause.files.len() > MOST_FILES {
        about += &format!("<br>… {} in all", count(cause.files.len(), "file"));
    }
    let by = cause.blame.as_ref().map_or_else(String::new, by);
    let cost = cause.cost_ms.map_or_else(|| count(cause.nodes.len(), "node"), duration);
    let nodes: Vec<&NodeName> = cause.nodes.iter().collect();
    format!("| {about} | {change} | {by} | {cost} | {} |\n", name_lines(&nodes))
}

/// Who wrote something, and in which commit.
fn by(blame: &BlameView) -> String {
    match blame {
        BlameView::Uncommitted => "not committed".to_owned(),
        BlameView::Commit { commit, author, subject } => {
            let commit = commit.get(..12).unwrap_or(commit);
            format!("{}<br>{}<br>{}", code(commit), value(author), value(subject))
        }
    }
}

/// The filters that reject what the base has.
fn filters(text: &mut Bounded, view: &BaseView) {
    let excluded = view.nodes.iter().filter(|node| node.change == ChangeKind::Excluded);
    let mut all: Vec<_> = excluded.filter_map(|node| node.filter.as_ref()).collect();
    all.dedup();
    text.all(all, "more filter", LIMIT / 4, |filter| {
        let place = filter.declared.as_deref().map(|place| format!(" ({})", code(place)));
        let by = filter.blame.as_ref().map(|blame| format!("<br>{}", by(blame)));
        let (kind, why) = (code(&filter.kind), value(&filter.why));
        let (place, by) = (place.unwrap_or_default(), by.unwrap_or_default());
        format!("\n> {kind} {why}{place}{by}\n")
    });
}

fn node_row(node: &ComparedView) -> String {
    let verdict = node.verdict.map_or("", |verdict| verdict.word());
    let time = node.estimate_ms.map_or_else(String::new, duration);
    let (name, change) = (code(node.name.as_str()), node.change.word());
    format!("| {name} | {change} | {verdict} | {time} | {} |\n", why(node))
}

fn why(node: &ComparedView) -> String {
    if let Some(from) = &node.from {
        return format!("was {}", code(from.as_str()));
    }
    if let Some(filter) = &node.filter {
        let was = if node.change == ChangeKind::Added { "no longer " } else { "" };
        return format!("{was}rejected by {}", code(&filter.kind));
    }
    if !node.follows.is_empty() {
        let needs = node.follows.iter().take(20).map(|need| code(need.as_str()));
        return format!("after {}", needs.collect::<Vec<_>>().join(", "));
    }
    value(&node.reasons.iter().take(20).map(label).collect::<Vec<_>>().join(", "))
}
