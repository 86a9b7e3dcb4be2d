//! Values by digests, of which there may be millions. Knows no node and no record.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::digest::Digest;

/// A map from digests from which nothing is taken.
///
/// A table of indices is all that is asked at random, and all that is made anew when it grows: with keys and values in it,
/// it would be ten times as big, and most of the time of a cold plan or a cold run of a million nodes.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<T> {
    indices: HashTable<u32>,
    entries: Vec<(Digest, T)>,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self::with_room_for(0)
    }
}

impl<T> Keyed<T> {
    /// An empty one for so many keys, or more.
    pub(crate) fn with_room_for(count: usize) -> Self {
        Self { indices: HashTable::with_capacity(count), entries: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The index of a key.
    pub(crate) fn find(&self, key: &Digest) -> Option<usize> {
        let is_it = |&index: &u32| self.entries[index as usize].0 == *key;
        self.indices.find(hash(key), is_it).map(|&index| index as usize)
    }

    pub(crate) fn get(&self, key: &Digest) -> Option<&T> {
        self.find(key).map(|index| &self.entries[index].1)
    }

    /// The value of the key of this index.
    pub(crate) fn value(&mut self, index: usize) -> &mut T {
        &mut self.entries[index].1
    }

    /// Gives a key this value in place of what it had; tells its index.
    pub(crate) fn insert(&mut self, key: Digest, value: T) -> usize {
        match self.add(key, value) {
            Ok(index) => index,
            Err((index, value)) => {
                self.entries[index].1 = value;
                index
            }
        }
    }

    /// The value that a key has now: this one, unless it had one before.
    pub(crate) fn first(&mut self, key: Digest, value: T) -> &T {
        let (Ok(index) | Err((index, _))) = self.add(key, value);
        &self.entries[index].1
    }

    /// The index of a key that was not there, or of one that was, with the value given back.
    fn add(&mut self, key: Digest, value: T) -> Result<usize, (usize, T)> {
        let Self { indices, entries } = self;
        let is_it = |&index: &u32| entries[index as usize].0 == key;
        match indices.entry(hash(&key), is_it, |&index| hash(&entries[index as usize].0)) {
            Entry::Occupied(taken) => Err((*taken.get() as usize, value)),
            Entry::Vacant(free) => {
                let index = entries.len();
                free.insert(u32::try_from(index).expect("there are less than 2^32 keys"));
                entries.push((key, value));
                Ok(index)
            }
        }
    }
}

/// A digest is as good as random.
fn hash(key: &Digest) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::{any, prop, proptest};

    use super::Keyed;
    use crate::digest::Digest;

    proptest! {
        #[test]
        fn it_is_a_map_whatever_the_keys(
            room in 0..40_usize,
            inserted in prop::collection::vec((any::<bool>(), any::<u8>()), 0..300),
        ) {
            // Some want the same place.
            let key = |(is_alike, n): (bool, u8)| {
                let first = if is_alike { 7 } else { n };
                Digest::from_bytes([[first; 31].as_slice(), &[n]].concat().try_into().expect("32"))
            };
            let all = [false, true].into_iter().flat_map(|is_alike| (0..=255).map(move |n| (is_alike, n)));
            let mut indices = HashMap::new();
            for mut keyed in [Keyed::default(), Keyed::with_room_for(room)] {
                let mut map = HashMap::new();
                for (value, &of) in inserted.iter().enumerate() {
                    let index = keyed.insert(key(of), value);
                    assert_eq!(*indices.entry(of).or_insert(index), index);
                    map.insert(key(of), value);
                    assert_eq!(keyed.get(&key(of)), Some(&value));
                    assert_eq!(*keyed.first(key(of), value + 1), value);
                }
                for of in all.clone() {
                    assert_eq!(keyed.get(&key(of)), map.get(&key(of)));
                    assert_eq!(keyed.find(&key(of)).map(|index| *keyed.value(index)), map.get(&key(of)).copied());
                }
                assert_eq!(keyed.is_empty(), map.is_empty());
            }
        }
    }
}
