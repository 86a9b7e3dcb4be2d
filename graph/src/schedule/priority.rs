//! Which node goes first: the one with the longest path hanging on it. Knows no state of a run.

use std::cmp::Reverse;

use crate::lasts::Lasts;
use crate::model::{Graph, NodeId};

/// A node that never ran counts as a minute, so that what is unknown starts early.
const UNKNOWN_MS: u64 = 60_000;

/// In which order nodes go that are ready: by the length of the path that hangs on them, then by place in the graph. It
/// does not change while a run goes on.
#[derive(Debug)]
pub(super) struct Ranks {
    /// By the index of a node.
    ranks: Vec<u32>,
    nodes: Vec<NodeId>,
}

impl Ranks {
    pub(super) fn of(graph: &Graph, order: &[NodeId], lasts: &Lasts) -> Self {
        let paths = critical_paths(graph, order, lasts);
        let mut nodes = order.to_vec();
        // Stable, and quick where most are alike.
        nodes.sort_by_key(|id| Reverse(paths[id.index()]));
        let mut ranks = vec![0; graph.len()];
        for (rank, id) in nodes.iter().enumerate() {
            ranks[id.index()] = u32::try_from(rank).expect("a graph has less than 2^32 nodes");
        }
        Self { ranks, nodes }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn rank(&self, id: NodeId) -> usize {
        self.ranks[id.index()] as usize
    }

    pub(super) fn node(&self, rank: usize) -> NodeId {
        self.nodes[rank]
    }
}

/// The time that hangs on each node, by its index: its own last duration and the longest of its dependents'.
fn critical_paths(graph: &Graph, order: &[NodeId], lasts: &Lasts) -> Vec<u64> {
    let mut paths = vec![0_u64; graph.len()];
    for &id in order.iter().rev() {
        let last = lasts.get(id);
        let own = last.map_or(UNKNOWN_MS, |last| last.record.cost.wall_ms);
        let after = graph.dependents(id).iter().map(|next| paths[next.index()]).max();
        paths[id.index()] = own.saturating_add(after.unwrap_or(0));
    }
    paths
}
