//! The last executions of the nodes of a graph, by node: each name is looked up once. Decides nothing.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::digest::Digest;
use crate::model::{Graph, NodeId};
use crate::passes::{in_passes, joined};
use crate::record::{LastByName, Records, Remembered};

/// What is remembered last of each node of a graph.
#[derive(Clone)]
pub(crate) struct Lasts {
    by_name: Arc<LastByName>,
    /// By the index of a node, one more than the index of what is remembered; empty where nothing is remembered of any.
    places: Vec<Option<NonZeroU32>>,
}

impl Lasts {
    /// Of these nodes, which are given in order.
    pub(crate) fn of(graph: &Graph, nodes: &[NodeId], records: &Records) -> Self {
        let by_name = records.last_by_name().clone();
        if by_name.is_empty() {
            return Self { by_name, places: Vec::new() };
        }
        let places = |nodes: &[NodeId]| {
            let mut in_turn = by_name.in_turn(nodes.first().map_or(0, |id| id.index()));
            let mut place = |id: &NodeId| {
                let index = in_turn.find(&graph.node(*id).name)?;
                NonZeroU32::new(u32::try_from(index + 1).expect("there are less than 2^32 names"))
            };
            nodes.iter().map(&mut place).collect()
        };
        let found = joined(in_passes(nodes, places));
        if found.len() == graph.len() {
            return Self { by_name, places: found };
        }
        let mut places = vec![None; graph.len()];
        nodes.iter().zip(found).for_each(|(id, place)| places[id.index()] = place);
        Self { by_name, places }
    }

    /// Whether these records remember the same, because one is a clone of the other.
    pub(crate) fn are_of(&self, records: &Records) -> bool {
        Arc::ptr_eq(&self.by_name, records.last_by_name())
    }

    /// Of a node.
    pub(crate) fn get(&self, id: NodeId) -> Option<&Remembered> {
        let place = self.places.get(id.index()).copied().flatten()?;
        Some(self.by_name.at(place.get() as usize - 1))
    }

    /// Which files of its commit the node's last build read, where that is known.
    pub(crate) fn reads(&self, id: NodeId) -> Option<Digest> {
        self.get(id)?.record.reads
    }

    /// The same of all these nodes of which it is known, in order.
    pub(crate) fn all_reads(&self, nodes: &[NodeId]) -> Vec<(NodeId, Digest)> {
        if self.places.is_empty() {
            return Vec::new();
        }
        nodes.iter().filter_map(|id| Some((*id, self.reads(*id)?))).collect()
    }
}
