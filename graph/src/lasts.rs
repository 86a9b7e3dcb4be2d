//! The last executions of the nodes of a graph, by node: each name is looked up once. Decides nothing.

use crate::digest::Digest;
use crate::model::{Graph, NodeId};
use crate::passes::{in_passes, joined};
use crate::record::{Records, Remembered};

/// What is remembered of each node, by index; empty where nothing is remembered of any.
pub(crate) struct Lasts<'r>(Vec<Option<&'r Remembered>>);

impl<'r> Lasts<'r> {
    /// Of these nodes, which are given in order.
    pub(crate) fn of(graph: &Graph, nodes: &[NodeId], records: &'r Records) -> Self {
        if records.has_no_last() {
            return Self(Vec::new());
        }
        let last = |id: &NodeId| records.last(&graph.node(*id).name);
        let found = joined(in_passes(nodes, |nodes| nodes.iter().map(last).collect()));
        if found.len() == graph.len() {
            return Self(found);
        }
        let mut all = vec![None; graph.len()];
        nodes.iter().zip(found).for_each(|(id, last)| all[id.index()] = last);
        Self(all)
    }

    /// Of a node.
    pub(crate) fn get(&self, id: NodeId) -> Option<&'r Remembered> {
        self.0.get(id.index()).copied().flatten()
    }

    /// Which files of its commit the node's last build read, where that is known.
    pub(crate) fn reads(&self, id: NodeId) -> Option<Digest> {
        self.get(id)?.record.reads
    }

    /// The same of all these nodes of which it is known, in order.
    pub(crate) fn all_reads(&self, nodes: &[NodeId]) -> Vec<(NodeId, Digest)> {
        if self.0.is_empty() {
            return Vec::new();
        }
        nodes.iter().filter_map(|id| Some((*id, self.reads(*id)?))).collect()
    }

    /// For one who keeps them.
    pub(crate) fn cloned(&self, graph: &Graph) -> Vec<Option<Remembered>> {
        if self.0.is_empty() {
            return vec![None; graph.len()];
        }
        joined(in_passes(&self.0, |lasts| lasts.iter().map(|last| last.cloned()).collect()))
    }
}
