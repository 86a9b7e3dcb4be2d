//! Which of many things bears a name. Holds no name: they have them.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::name::NodeName;
use crate::passes::{in_passes, joined};
use crate::spec::Node;

/// What bears a name.
pub(crate) trait Named {
    /// Its name.
    fn name(&self) -> &NodeName;
}

impl Named for Node {
    fn name(&self) -> &NodeName {
        &self.name
    }
}

/// The items of a list by their names: a table of indices alone, which is a quarter of what a map with the names in it takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    hasher: RandomState,
    indices: HashTable<u32>,
}

impl Names {
    /// Of these items. `again` is told of each that has the name of an earlier one, and of that.
    pub(crate) fn of<T: Named + Sync>(items: &[T], mut again: impl FnMut(usize, usize)) -> Self {
        let mut names = Self::default();
        let hash = |item: &T| names.hasher.hash_one(item.name());
        let hashes = joined(in_passes(items, |items| items.iter().map(hash).collect()));
        names.reserve(items.len(), items);
        for (index, hash) in hashes.into_iter().enumerate() {
            if let Some(earlier) = names.add(index, hash, items) {
                again(index, earlier);
            }
        }
        names
    }

    /// The same of items of which none has the name of another, by this thread alone.
    pub(crate) fn of_distinct<T: Named>(items: &[T]) -> Self {
        let mut names = Self::default();
        names.reserve(items.len(), items);
        for count in 1..=items.len() {
            names.add_last(&items[..count]);
        }
        names
    }

    fn reserve<T: Named>(&mut self, more: usize, items: &[T]) {
        let hash = |index: &u32| self.hasher.hash_one(items[*index as usize].name());
        self.indices.reserve(more, hash);
    }

    /// Adds the last of these items, unless an earlier one has its name: then the index of that.
    pub(crate) fn add_last<T: Named>(&mut self, items: &[T]) -> Option<usize> {
        let last = items.last()?;
        self.add(items.len() - 1, self.hasher.hash_one(last.name()), items)
    }

    fn add<T: Named>(&mut self, index: usize, hash: u64, items: &[T]) -> Option<usize> {
        let is_same = |&earlier: &u32| is_named(items, earlier, items[index].name());
        if let Some(&earlier) = self.indices.find(hash, is_same) {
            return Some(earlier as usize);
        }
        let hash_of = |index: &u32| self.hasher.hash_one(items[*index as usize].name());
        self.indices.insert_unique(hash, number(index), hash_of);
        None
    }

    /// The index of the item of this name.
    pub(crate) fn get<T: Named>(&self, name: &NodeName, items: &[T]) -> Option<usize> {
        let found = self.indices.find(self.hasher.hash_one(name), |&at| is_named(items, at, name));
        found.map(|&index| index as usize)
    }

    /// Each item has another index from now on.
    pub(crate) fn moved(&mut self, to: impl Fn(usize) -> usize) {
        self.indices.iter_mut().for_each(|index| *index = number(to(*index as usize)));
    }
}

fn is_named<T: Named>(items: &[T], index: u32, name: &NodeName) -> bool {
    items[index as usize].name() == name
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("there are less than 2^32 names")
}
