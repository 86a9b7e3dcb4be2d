//! The nodes of a graph in stages: what those of a stage need is in earlier ones, so that they can be judged side by side.
//! Judges nothing.

use crate::model::{Graph, NodeId};
use crate::passes::is_long;

/// Nodes in stages, each in order.
pub(crate) struct Stages {
    /// The stage of each node, by index.
    of: Vec<u32>,
    /// The nodes of each stage.
    all: Vec<Stage>,
}

/// One stage.
#[derive(Default)]
pub(crate) struct Stage {
    /// Its nodes, in order.
    pub(crate) nodes: Vec<NodeId>,
    /// Whether none of them needs another. Where few nodes stand side by side, they share a stage with those that need
    /// them, and are taken one after the other.
    pub(crate) is_level: bool,
}

impl Stages {
    /// Of these nodes, which are given in order, with all that they need.
    pub(crate) fn of(graph: &Graph, nodes: &[NodeId]) -> Self {
        let mut of = vec![0_u32; graph.len()];
        let mut counts: Vec<usize> = Vec::new();
        for &id in nodes {
            let level = graph.needs(id).iter().map(|need| of[need.index()] + 1).max().unwrap_or(0);
            of[id.index()] = level;
            let level = level as usize;
            counts.resize(counts.len().max(level + 1), 0);
            counts[level] += 1;
        }
        let mut all: Vec<Stage> = Vec::new();
        let stage_of_level: Vec<u32> = counts
            .iter()
            .map(|&count| {
                let is_level = is_long(count);
                if is_level || all.last().is_none_or(|last| last.is_level) {
                    all.push(Stage { nodes: Vec::new(), is_level });
                }
                u32::try_from(all.len() - 1).expect("no more stages than nodes")
            })
            .collect();
        for &id in nodes {
            let stage = &mut of[id.index()];
            *stage = stage_of_level[*stage as usize];
            all[*stage as usize].nodes.push(id);
        }
        Self { of, all }
    }

    /// Each stage, the first first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.all.iter()
    }

    /// The stage of a node.
    pub(crate) fn of_node(&self, id: NodeId) -> usize {
        self.of[id.index()] as usize
    }
}
