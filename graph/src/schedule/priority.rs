//! Which node goes first: the one with the longest path hanging on it. Knows no state of a run.

use std::cmp::Reverse;

use crate::model::{Graph, NodeId};
use crate::record::Records;

/// A node that never ran counts as a minute, so that what is unknown starts early.
const UNKNOWN_MS: u64 = 60_000;

/// A node in line. Ordered by the length of the path that hangs on it, then by place in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) priority: u64,
    pub(super) node: Reverse<NodeId>,
    /// What it is expected to hold while it runs; never compared, since no two have one node.
    pub(super) memory: u64,
}

/// The time that hangs on each node, by its index: its own last duration and the longest of its dependents'.
pub(super) fn critical_paths(graph: &Graph, order: &[NodeId], records: &Records) -> Vec<u64> {
    let mut paths = vec![0_u64; graph.len()];
    for &id in order.iter().rev() {
        let last = records.last(&graph.node(id).name);
        let own = last.map_or(UNKNOWN_MS, |last| last.record.cost.wall_ms);
        let after = graph.dependents(id).iter().map(|next| paths[next.index()]).max();
        paths[id.index()] = own.saturating_add(after.unwrap_or(0));
    }
    paths
}
