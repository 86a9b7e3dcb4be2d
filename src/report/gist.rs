//! The lines that say it all, and what they are made of. Shared by the text and the Markdown; without colours.

use std::collections::HashSet;

use graph::name::NodeName;

use super::causes::Cause;
use super::sentence::label;
use super::view::base::BaseView;
use super::view::plan::PlanSummary;
use super::view::reason::ReasonView;
use super::view::reverted::RevertedView;
use super::view::summary::{EndingKind, Endings, RunSummaryView};
use super::words::{about, count, duration, number};

/// Between the pieces of a line that says it all.
pub(super) const DOT: &str = " · ";

/// The line that says it all, in pieces.
///
/// `runner` says where it takes so long, and `named` shows the name of a cause in the form of the reader.
pub(super) fn headline(
    summary: &PlanSummary,
    causes: &[Cause<'_>],
    runner: &str,
    named: impl Fn(&str) -> String,
) -> Vec<String> {
    if summary.total == 0 {
        return vec!["no nodes: nothing is declared, or nothing was selected".to_owned()];
    }
    if summary.fresh == summary.total {
        let fresh = match summary.total {
            1 => "the node is fresh".to_owned(),
            total => format!("all {} nodes are fresh", number(total)),
        };
        return vec![fresh, "nothing to do".to_owned()];
    }
    let mut said = vec![format!("{} of {} stale", number(summary.stale), number(summary.total))];
    let counts = [
        (summary.restorable, "in the store"),
        (summary.open, "open"),
        (summary.duplicates, "built under another name"),
    ];
    said.extend(counted(&counts));
    said.extend(forecast((summary.estimate_ms, summary.unestimated), runner));
    said.extend(named_causes(causes.iter().map(Cause::about), named));
    said
}

/// `causes: a, b and 3 others`, the first two by name. Of a thousand others only the count is told.
pub(super) fn named_causes<'r>(
    reasons: impl Iterator<Item = &'r ReasonView>,
    named: impl Fn(&str) -> String,
) -> Option<String> {
    let mut labels: Vec<String> = Vec::new();
    let mut more = HashSet::new();
    for label in reasons.map(label) {
        if labels.contains(&label) {
            continue;
        }
        if labels.len() < 2 {
            labels.push(label);
        } else {
            more.insert(label);
        }
    }
    let labels: Vec<String> = labels.iter().map(|label| named(label)).collect();
    match labels.as_slice() {
        [] => None,
        [one] => Some(format!("cause: {one}")),
        [one, rest @ ..] => {
            let others = match more.len() {
                0 => String::new(),
                more => format!(" and {}", count(more, "other")),
            };
            Some(format!("causes: {one}, {}{others}", rest.join(", ")))
        }
    }
}

fn counted(counts: &[(usize, &str)]) -> impl Iterator<Item = String> {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, what)| format!("{} {what}", number(*count)))
}

fn forecast((ms, unestimated): (Option<u64>, usize), runner: &str) -> Option<String> {
    let rest = match unestimated {
        0 => String::new(),
        new => format!(" and {}", count(new, "new node")),
    };
    ms.map(|ms| format!("{}{runner}{rest}", about(ms)))
}

/// The line that says it all of a comparison with a base, in pieces.
pub(super) fn compared(
    view: &BaseView,
    runner: &str,
    named: impl Fn(&str) -> String,
) -> Vec<String> {
    let (summary, revision) = (&view.summary, named(&view.base.revision));
    let unread = if view.base.errors.is_empty() { "" } else { ", which cannot be read in full" };
    let mut said = vec![match (summary.rebuild, summary.total) {
        (0, 0) => format!("no nodes to compare with {revision}{unread}"),
        (0, total) => format!("nothing of {} to rebuild since {revision}{unread}", number(total)),
        (rebuild, total) => {
            let (rebuild, total) = (number(rebuild), number(total));
            format!("{rebuild} of {total} to rebuild since {revision}{unread}")
        }
    }];
    let counts = [
        (summary.added, "added"),
        (summary.changed, "changed"),
        (summary.follows, "after those"),
        (summary.unknown, "not known"),
        (summary.renamed, "renamed"),
        (summary.excluded, "excluded now"),
        (summary.removed, "removed"),
        (summary.restorable, "in the store"),
        (summary.fresh, "built here already"),
    ];
    said.extend(counted(&counts));
    said.extend(forecast((summary.estimate_ms, summary.unestimated), runner));
    said
}

/// `3 built · 9 fresh`.
pub(super) fn endings(endings: &Endings) -> String {
    let one = |(kind, count): (EndingKind, usize)| format!("{} {}", number(count), kind.word());
    let all: Vec<String> = endings.iter().map(one).collect();
    all.join(DOT)
}

fn endings_but_fresh(endings: &Endings) -> usize {
    endings.iter().filter(|(kind, _)| *kind != EndingKind::Fresh).map(|(_, count)| count).sum()
}

/// How a run went, in one line.
pub(super) fn ended(view: &RunSummaryView) -> String {
    let all = endings(&view.endings);
    let time = format!("in {} · run {}", duration(view.wall_ms), view.run);
    let counts = &view.endings;
    if view.stopped {
        return format!("interrupted · {all} {time}");
    }
    let idle = endings_but_fresh(counts) == 0;
    match counts.fresh {
        _ if !idle => format!("{all} {time}"),
        0 => "no node was selected".to_owned(),
        1 => "nothing to do · the node is fresh".to_owned(),
        fresh => format!("nothing to do · all {} are fresh", count(fresh, "node")),
    }
}

/// What would be of nodes if parts were as before, in pieces. `named` shows the name of a part.
pub(super) fn reverted_line(view: &RevertedView, named: impl Fn(&str) -> String) -> Vec<String> {
    let parts: Vec<String> = view.parts.iter().map(|part| named(part)).collect();
    let parts = parts.join(", ");
    let reached = view.reached();
    if reached == 0 {
        return vec![format!("no node is stale for {parts}")];
    }
    let mut said = vec![format!(
        "{} of {} that {parts} reaches would be fresh again",
        number(view.fresh.len()),
        count(reached, "node")
    )];
    if let Some(ms) = view.saved_ms {
        said.push(format!("{} less to run", about(ms)));
    }
    said.push(format!("{} stale in all", number(view.stale_now)));
    said
}

/// Nodes that something else keeps from being fresh.
pub(super) struct Kept<'a> {
    /// How many, and what it is.
    pub(super) what: String,
    pub(super) nodes: &'a [NodeName],
}

impl<'a> Kept<'a> {
    /// All lists of a view that hold any.
    pub(super) fn all(view: &'a RevertedView) -> impl Iterator<Item = Self> {
        let from_store = ["would come from the store"; 2];
        let waits =
            ["waits for what would run all the same", "wait for what would run all the same"];
        let stays = ["stays stale for other reasons", "stay stale for other reasons"];
        let turns = [
            "is built with what it is now and would become stale",
            "are built with what it is now and would become stale",
        ];
        [
            (from_store, &view.restorable),
            (waits, &view.open),
            (stays, &view.stale),
            (turns, &view.lost),
        ]
        .into_iter()
        .filter(|(_, nodes)| !nodes.is_empty())
        .map(|([one, several], nodes)| {
            let verb = if nodes.len() == 1 { one } else { several };
            Self { what: format!("{} {verb}", count(nodes.len(), "node")), nodes }
        })
    }
}
