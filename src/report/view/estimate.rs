//! How long a plan may take: its nodes, in order, put on the slots of their pools. Knows no clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use graph::model::{Graph, NodeId};
use graph::plan::{Plan, Planned};
use graph::resource::{Capacity, Pool};
use graph::verdict::Verdict;

/// What can be told of the duration of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Estimate {
    /// Wall time in milliseconds, if any node that will run has run before.
    pub(super) wall_ms: Option<u64>,
    /// How many nodes will run that never ran before; they count as nothing.
    pub(super) unknown: usize,
}

/// Gives each node to the slot of its pool that is free first, once its needs have ended. Light steps wait for none.
pub(super) fn estimate(graph: &Graph, plan: &Plan, capacity: Capacity) -> Estimate {
    let mut free: [BinaryHeap<Reverse<u64>>; Pool::ALL.len()] =
        Pool::ALL.map(|pool| (0..capacity.slots(pool)).map(|_| Reverse(0)).collect());
    let mut ends: HashMap<NodeId, u64> = HashMap::new();
    let mut estimate = Estimate::default();
    for entry in plan.entries.iter().filter(|entry| runs(entry)) {
        let Some(own) = entry.estimate_ms else {
            estimate.unknown += 1;
            continue;
        };
        let needs = graph.needs(entry.id).iter().filter_map(|need| ends.get(need)).max();
        let mut start = needs.copied().unwrap_or(0);
        let pool = graph.node(entry.id).pool;
        let slots = (pool != Pool::Light).then_some(&mut free[pool as usize]);
        if let Some(Reverse(at)) = slots.as_ref().and_then(|slots| slots.peek()) {
            start = start.max(*at);
        }
        let end = start.saturating_add(own);
        if let Some(slots) = slots {
            slots.pop();
            slots.push(Reverse(end));
        }
        ends.insert(entry.id, end);
        estimate.wall_ms = estimate.wall_ms.max(Some(end));
    }
    estimate
}

/// Whether an entry will run, or may.
pub(super) fn runs(entry: &Planned) -> bool {
    entry.duplicate_of.is_none()
        && matches!(entry.judgement.verdict, Verdict::Stale(_) | Verdict::Open(_))
}
