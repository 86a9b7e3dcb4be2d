//! Which node bears a name. Holds no name: the nodes have them.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::name::NodeName;
use crate::passes::{in_passes, joined};
use crate::spec::Node;

/// Nodes by their names: a table of indices alone, which is a quarter of what a map with the names in it takes.
#[derive(Debug, Default)]
pub(crate) struct Names {
    hasher: RandomState,
    indices: HashTable<u32>,
}

impl Names {
    /// Of these nodes. `again` is told of each that has the name of an earlier one, and of that.
    pub(crate) fn of(nodes: &[Node], mut again: impl FnMut(usize, usize)) -> Self {
        let hasher = RandomState::default();
        let hash = |node: &Node| hasher.hash_one(&node.name);
        let hashes = joined(in_passes(nodes, |nodes| nodes.iter().map(hash).collect()));
        let mut indices = HashTable::with_capacity(nodes.len());
        for (index, (node, hash_of)) in nodes.iter().zip(hashes).enumerate() {
            match indices.find(hash_of, |&earlier| named(nodes, earlier, &node.name)) {
                Some(&earlier) => again(index, earlier as usize),
                None => {
                    indices.insert_unique(hash_of, number(index), |&at| hash(&nodes[at as usize]));
                }
            }
        }
        Self { hasher, indices }
    }

    /// The index of the node of this name.
    pub(crate) fn get(&self, name: &NodeName, nodes: &[Node]) -> Option<usize> {
        let found = self.indices.find(self.hasher.hash_one(name), |&at| named(nodes, at, name));
        found.map(|&index| index as usize)
    }

    /// Each node has another index from now on.
    pub(crate) fn moved(&mut self, to: impl Fn(usize) -> usize) {
        self.indices.iter_mut().for_each(|index| *index = number(to(*index as usize)));
    }
}

fn named(nodes: &[Node], index: u32, name: &NodeName) -> bool {
    nodes[index as usize].name == *name
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a graph has at most 2^32 nodes")
}
