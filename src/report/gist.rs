//! The lines that say it all, and what they are made of. Shared by the text and the Markdown; without colours.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use graph::name::NodeName;
use indexmap::IndexMap;

use super::sentence::{label, need};
use super::view::base::BaseView;
use super::view::plan::{PlanSummary, PlanView, PlannedHead};
use super::view::reason::{Nature, ReasonKind, ReasonView, VerdictKind};
use super::view::reverted::RevertedView;
use super::view::summary::{EndingKind, Endings, RunSummaryView};
use super::words::{about, count, duration, number};

/// A reason with the nodes that share it, and what they cost.
pub(super) struct Cause<'a> {
    pub(super) reason: ReasonView,
    pub(super) nodes: Vec<&'a NodeName>,
    price: Price,
}

/// What nodes cost that are stale for one reason, alone or with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Price {
    /// What those take that ran before, one after the other.
    known_ms: u64,
    /// How many that run never ran before.
    new: usize,
    /// How many have this reason.
    nodes: usize,
    /// How many wait for one of these and may run, too.
    waiting: usize,
}

impl Price {
    fn add(&mut self, head: &PlannedHead<'_>) {
        match head.estimate_ms() {
            Some(ms) => self.known_ms = self.known_ms.saturating_add(ms),
            None => self.new += usize::from(head.runs()),
        }
        match head.verdict {
            VerdictKind::Open => self.waiting += 1,
            _ => self.nodes += 1,
        }
    }
}

impl Cause<'_> {
    /// `2 h 48 min and 3 new nodes`; where nothing is known, the number of nodes.
    pub(super) fn cost(&self) -> String {
        let Price { known_ms, new, nodes, waiting } = self.price;
        let most = if waiting > 0 { "up to " } else { "" };
        match (known_ms, new) {
            (0, _) => format!("{most}{}", count(nodes + waiting, "node")),
            (ms, 0) => format!("{most}{}", duration(ms)),
            (ms, new) => format!("{most}{} and {}", duration(ms), count(new, "new node")),
        }
    }
}

/// Each reason with the nodes that share it, the dearest first. What waits for a node counts with its reasons.
pub(super) fn causes<'a>(view: &PlanView<'a>) -> Vec<Cause<'a>> {
    let mut causes: IndexMap<Alike, (Vec<&NodeName>, Price)> = IndexMap::new();
    let mut known = (0_u64, 0_u64);
    // Which causes each node has that others may wait for.
    let mut of_node: HashMap<&NodeName, Vec<usize>> = HashMap::new();
    for (node, head) in view.nodes.iter().zip(view.nodes.heads()) {
        if let Some(ms) = head.estimate_ms() {
            known = (known.0.saturating_add(ms), known.1 + 1);
        }
        let mut own = Vec::new();
        for reason in node.reasons {
            if reason.kind != ReasonKind::Open {
                let entry = causes.entry(Alike(reason));
                own.push(entry.index());
                let (nodes, price) = entry.or_default();
                nodes.push(head.name);
                price.add(&head);
            } else if let Some(need) = need(&reason).and_then(|need| NodeName::parse(need).ok()) {
                own.extend(of_node.get(&need).into_iter().flatten());
            }
        }
        own.sort_unstable();
        own.dedup();
        if head.verdict == VerdictKind::Open {
            own.iter().for_each(|&at| causes[at].1.add(&head));
        }
        if view.summary.open > 0 {
            of_node.insert(head.name, own);
        }
    }
    let mean = known.0.checked_div(known.1).unwrap_or(0).max(1);
    let mut causes: Vec<Cause<'_>> = causes
        .into_iter()
        .map(|(Alike(reason), (nodes, price))| Cause { reason, nodes, price })
        .collect();
    causes.sort_by_key(|Cause { price, .. }| {
        let new = mean.saturating_mul(price.new as u64);
        Reverse((price.known_ms.saturating_add(new), price.nodes + price.waiting))
    });
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
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    said.extend(counts.map(|(count, what)| format!("{} {what}", number(*count))));
    if let Some(ms) = summary.estimate_ms {
        let rest = match summary.unestimated {
            0 => String::new(),
            new => format!(" and {}", count(new, "new node")),
        };
        said.push(format!("{}{runner}{rest}", about(ms)));
    }
    said.extend(named_causes(causes.iter().map(|cause| &cause.reason), named));
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
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    said.extend(counts.map(|(count, what)| format!("{} {what}", number(*count))));
    if let Some(ms) = summary.estimate_ms {
        let rest = match summary.unestimated {
            0 => String::new(),
            new => format!(" and {}", count(new, "new node")),
        };
        said.push(format!("{}{runner}{rest}", about(ms)));
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

/// What would be of nodes if parts were as before, in pieces. `named` shows the name of a part.
pub(super) fn reverted_line(view: &RevertedView, named: impl Fn(&str) -> String) -> Vec<String> {
    let parts: Vec<String> = view.parts.iter().map(|part| named(part)).collect();
    let parts = parts.join(", ");
    let touched = view.touched();
    if touched == 0 {
        return vec![format!("no node is stale for {parts}")];
    }
    let mut said = vec![format!(
        "{} of {} that {parts} reaches would be fresh again",
        number(view.fresh.len()),
        number(touched)
    )];
    if let Some(ms) = view.saved_ms {
        said.push(format!("{} less to run", about(ms)));
    }
    said.push(format!("{} stale in all", number(view.stale_now)));
    said
}

/// Nodes that something else keeps from being fresh, with words on what.
pub(super) struct Kept<'a> {
    pub(super) what: &'static str,
    pub(super) nodes: &'a [NodeName],
}

impl<'a> Kept<'a> {
    /// All lists of a view that hold any.
    pub(super) fn all(view: &'a RevertedView) -> impl Iterator<Item = Self> {
        [
            ("would be put in place from the store", &view.restorable),
            ("wait for what would still run; what that leaves decides", &view.open),
            ("stay stale, for other reasons", &view.stale),
            ("would become stale: they were built with what it is now", &view.lost),
        ]
        .into_iter()
        .filter(|(_, nodes)| !nodes.is_empty())
        .map(|(what, nodes)| Self { what, nodes })
    }
}
