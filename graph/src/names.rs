//! Which node bears a name. Holds no name: the nodes have them.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::name::NodeName;
use crate::passes::{in_passes, joined};
use crate::spec::Node;

/// Nodes by their names: a table of places with half of a hash and an index in each, which is a third of what a map with
/// the names in it takes.
#[derive(Debug, Default)]
pub(crate) struct Names {
    hasher: RandomState,
    /// In each place half of a hash, so that few other names are looked at, and one more than an index; 0 is nothing. A
    /// power of two of them, not more than half of them taken.
    places: Vec<(u32, u32)>,
}

impl Names {
    /// Of these nodes. `again` is told of each that has the name of an earlier one, and of that.
    pub(crate) fn of(nodes: &[Node], mut again: impl FnMut(usize, usize)) -> Self {
        let hasher = RandomState::default();
        let hash = |node: &Node| hasher.hash_one(&node.name);
        let hashes = joined(in_passes(nodes, |nodes| nodes.iter().map(hash).collect()));
        let places = vec![(0, 0); (2 * nodes.len()).next_power_of_two()];
        let mut names = Self { hasher, places };
        for (index, (node, hash)) in nodes.iter().zip(hashes).enumerate() {
            match names.find(&node.name, hash, nodes) {
                Ok(earlier) => again(index, earlier),
                Err(free) => names.places[free] = (half(hash), number(index)),
            }
        }
        names
    }

    /// The index of the node of this name.
    pub(crate) fn get(&self, name: &NodeName, nodes: &[Node]) -> Option<usize> {
        self.find(name, self.hasher.hash_one(name), nodes).ok()
    }

    /// Each node has another index from now on.
    pub(crate) fn moved(&mut self, to: impl Fn(usize) -> usize) {
        for (_, number_of) in self.places.iter_mut().filter(|(_, number)| *number > 0) {
            *number_of = number(to(*number_of as usize - 1));
        }
    }

    /// The node of this name, or else the place where it would be.
    fn find(&self, name: &NodeName, hash: u64, nodes: &[Node]) -> Result<usize, usize> {
        let last = self.places.len().checked_sub(1).ok_or(0_usize)?;
        // Those bits that fit an index are all that count.
        #[allow(clippy::cast_possible_truncation, reason = "the rest is masked out anyway")]
        let mut at = hash as usize & last;
        loop {
            match self.places[at] {
                (_, 0) => return Err(at),
                (same, number) if same == half(hash) => {
                    let index = number as usize - 1;
                    if nodes[index].name == *name {
                        return Ok(index);
                    }
                }
                _ => {}
            }
            at = (at + 1) & last;
        }
    }
}

fn half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).expect("half of the bits")
}

fn number(index: usize) -> u32 {
    u32::try_from(index + 1).expect("a graph has less than 2^32 nodes")
}
