//! How long a plan may take: its nodes, in order, put on so many slots. Knows no clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use graph::model::{Graph, NodeId};
use graph::plan::{Plan, Planned};
use graph::resource::Pool;
use graph::verdict::Verdict;

/// What can be told of the duration of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Estimate {
    /// Wall time in milliseconds, if any node that will run has run before.
    pub(super) wall_ms: Option<u64>,
    /// How many nodes will run that never ran before; they count as nothing.
    pub(super) unknown: usize,
}

/// Gives each node to the slot that is free first, once its needs have ended.
pub(super) fn estimate(graph: &Graph, plan: &Plan, slots: usize) -> Estimate {
    let mut free: BinaryHeap<Reverse<u64>> = (0..slots.max(1)).map(|_| Reverse(0)).collect();
    let mut ends: HashMap<NodeId, u64> = HashMap::new();
    let mut estimate = Estimate::default();
    for entry in plan.entries.iter().filter(|entry| runs(entry)) {
        let Some(own) = entry.estimate_ms else {
            estimate.unknown += 1;
            continue;
        };
        let needs = graph.needs(entry.id).iter().filter_map(|need| ends.get(need)).max();
        let mut start = needs.copied().unwrap_or(0);
        let counts = graph.node(entry.id).pool == Pool::Build;
        if counts {
            start = start.max(free.pop().map_or(0, |Reverse(at)| at));
        }
        let end = start.saturating_add(own);
        if counts {
            free.push(Reverse(end));
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
