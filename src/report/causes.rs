//! What makes nodes stale, each reason once, with what it costs. Shared by the text and the Markdown of a plan.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use graph::name::NodeName;

use super::sentence::need;
use super::view::plan::{Plain, PlanView, PlannedHead};
use super::view::reason::{Nature, ReasonKind, ReasonView, VerdictKind};
use super::words::{count, duration};

/// A reason with the nodes that share it, and what they cost.
pub(super) struct Cause<'a> {
    /// The reason, with the first of its places.
    reason: ReasonView,
    /// In how many places it was written.
    places: usize,
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
    /// The reason, without all of its places.
    pub(super) fn about(&self) -> &ReasonView {
        &self.reason
    }

    /// The reason; of several places, the first and how many more there are.
    pub(super) fn reason(&self) -> Cow<'_, ReasonView> {
        match (&self.reason.declared, self.places - 1) {
            (Some(first), more @ 1..) => {
                let places = format!("{first} and {}", count(more, "more place"));
                Cow::Owned(ReasonView { declared: Some(places.into()), ..self.reason.clone() })
            }
            _ => Cow::Borrowed(&self.reason),
        }
    }

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
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut numbers: HashMap<Alike, usize> = HashMap::new();
    let mut anywhere: HashMap<ReasonView, usize> = HashMap::new();
    let mut known = (0_u64, 0_u64);
    // Which causes each node has that others may wait for.
    let mut of_node: HashMap<&NodeName, Vec<usize>> = HashMap::new();
    // The cause of each plain reason that was met.
    let mut plain: Vec<(Plain, usize)> = Vec::new();
    for head in view.nodes.heads(0..view.nodes.len()) {
        if let Some(ms) = head.estimate_ms() {
            known = (known.0.saturating_add(ms), known.1 + 1);
        }
        let known = head.plain().and_then(|it| plain.iter().find(|(same, _)| *same == it));
        if let Some(&(_, at)) = known {
            causes[at].nodes.push(head.name);
            causes[at].price.add(&head);
            if view.summary.open > 0 {
                of_node.insert(head.name, vec![at]);
            }
            continue;
        }
        let mut own = Vec::new();
        for reason in head.reasons() {
            if reason.kind != ReasonKind::Open {
                let at = *numbers.entry(Alike(reason)).or_insert_with_key(|Alike(reason)| {
                    cause_of(reason, &mut anywhere, &mut causes)
                });
                own.push(at);
                causes[at].nodes.push(head.name);
                causes[at].price.add(&head);
            } else if let Some(need) = need(&reason).and_then(|need| NodeName::parse(need).ok()) {
                own.extend(of_node.get(&need).into_iter().flatten());
            }
        }
        own.sort_unstable();
        own.dedup();
        plain.extend(head.plain().zip(own.first().copied()));
        if head.verdict == VerdictKind::Open {
            own.iter().for_each(|&at| causes[at].price.add(&head));
        }
        if view.summary.open > 0 {
            of_node.insert(head.name, own);
        }
    }
    let mean = known.0.checked_div(known.1).unwrap_or(0).max(1);
    causes.sort_by_key(|Cause { price, .. }| {
        let new = mean.saturating_mul(price.new as u64);
        Reverse((price.known_ms.saturating_add(new), price.nodes + price.waiting))
    });
    causes
}

/// The number of a cause for a reason that was not met at its place before. What has the same values is one cause with
/// several places, as in pinned files.
fn cause_of<'a>(
    reason: &ReasonView,
    anywhere: &mut HashMap<ReasonView, usize>,
    causes: &mut Vec<Cause<'a>>,
) -> usize {
    let nowhere = ReasonView { declared: None, ..reason.clone() };
    let number = *anywhere.entry(nowhere).or_insert(causes.len());
    match causes.get_mut(number) {
        Some(cause) => cause.places += 1,
        None => causes.push(Cause {
            reason: reason.clone(),
            places: 1,
            nodes: Vec::new(),
            price: Price::default(),
        }),
    }
    number
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
