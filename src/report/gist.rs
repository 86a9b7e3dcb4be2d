//! The lines that say it all, and what they are made of. Shared by the text and the Markdown; without colours.

use std::cmp::Reverse;
use std::hash::{Hash, Hasher};

use graph::name::NodeName;
use indexmap::IndexMap;

use super::sentence::label;
use super::view::base::BaseView;
use super::view::plan::{PlanSummary, PlanView};
use super::view::reason::{Nature, ReasonKind, ReasonView};
use super::view::summary::{EndingKind, Endings, RunSummaryView};
use super::words::{about, count, duration, number};
use crate::escape::terminal;

/// A reason with the nodes that share it.
pub(super) type Cause<'a> = (ReasonView, Vec<&'a NodeName>);

/// Each reason with the nodes that share it, the most shared first.
pub(super) fn causes<'a>(view: &PlanView<'a>) -> Vec<Cause<'a>> {
    let mut causes: IndexMap<Alike, Vec<&NodeName>> = IndexMap::new();
    for (node, head) in view.nodes.iter().zip(view.nodes.heads()) {
        for reason in node.reasons.into_iter().filter(|reason| reason.kind != ReasonKind::Open) {
            causes.entry(Alike(reason)).or_default().push(head.name);
        }
    }
    let mut causes: Vec<_> =
        causes.into_iter().map(|(Alike(reason), nodes)| (reason, nodes)).collect();
    causes.sort_by_key(|(_, nodes)| Reverse(nodes.len()));
    causes
}

/// A reason, which equals those that are one with it to a reader.
struct Alike(ReasonView);

/// What makes two reasons one to a reader.
type Sameness<'a> = (ReasonKind, Option<&'a str>, Option<&'a str>, Option<&'a ReasonView>);

impl Alike {
    /// Content is shown by name and place. Its digests tell readers nothing, and those of one commit differ between
    /// builds that read different files of it.
    fn sameness(&self) -> Sameness<'_> {
        let Self(reason) = self;
        let whole = (reason.nature != Nature::Content).then_some(reason);
        (reason.kind, reason.part.as_deref(), reason.declared.as_deref(), whole)
    }
}

impl PartialEq for Alike {
    fn eq(&self, other: &Self) -> bool {
        self.sameness() == other.sameness()
    }
}

impl Eq for Alike {}

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sameness().hash(state);
    }
}

/// Between the pieces of a line that says it all.
pub(super) const DOT: &str = " · ";

/// The line that says it all, in pieces.
pub(super) fn headline(summary: &PlanSummary, causes: &[Cause<'_>]) -> Vec<String> {
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
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    said.extend(counts.map(|(count, what)| format!("{} {what}", number(*count))));
    if let Some(ms) = summary.estimate_ms {
        let rest = match summary.unestimated {
            0 => String::new(),
            new => format!(" and {}", count(new, "new node")),
        };
        said.push(about(ms) + &rest);
    }
    let mut labels: Vec<String> = Vec::new();
    for (reason, _) in causes {
        let label = terminal(&label(reason)).into_owned();
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    match labels.as_slice() {
        [] => {}
        [one] => said.push(format!("cause: {one}")),
        [one, two] => said.push(format!("causes: {one}, {two}")),
        [one, two, rest @ ..] => {
            said.push(format!("causes: {one}, {two} and {}", count(rest.len(), "other")));
        }
    }
    said
}

/// The line that says it all of a comparison with a base, in pieces.
pub(super) fn compared(view: &BaseView) -> Vec<String> {
    let (summary, revision) = (&view.summary, &view.base.revision);
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
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    said.extend(counts.map(|(count, what)| format!("{} {what}", number(*count))));
    if let Some(ms) = summary.estimate_ms {
        let rest = match summary.unestimated {
            0 => String::new(),
            new => format!(" and {}", count(new, "new node")),
        };
        said.push(about(ms) + &rest);
    }
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
