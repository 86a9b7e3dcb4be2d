//! Values by digests, of which there may be millions. Knows no node and no record.

use crate::digest::Digest;

/// A map from digests from which nothing is taken.
///
/// A digest is as good as random, so that its own bits say where to look. A table of places is all that is asked at
/// random, and all that is made anew when it grows: with keys and values in it, it would be ten times as big, and most of
/// the time of a cold plan or a cold run of a million nodes.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<T> {
    /// In each place nothing, or one more than an index into `entries`. Not more than half are taken.
    places: Vec<u32>,
    entries: Vec<(Digest, T)>,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { places: Vec::new(), entries: Vec::new() }
    }
}

impl<T> Keyed<T> {
    /// An empty one for so many keys, or more.
    pub(crate) fn with_room_for(count: usize) -> Self {
        Self { places: places_for(count), entries: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The index of a key.
    pub(crate) fn find(&self, key: &Digest) -> Option<usize> {
        if self.entries.is_empty() { None } else { self.look(key).ok() }
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
        if 2 * self.entries.len() >= self.places.len() {
            self.grow();
        }
        match self.look(&key) {
            Ok(index) => Err((index, value)),
            Err(place) => {
                self.entries.push((key, value));
                self.places[place] = number(self.entries.len());
                Ok(self.entries.len() - 1)
            }
        }
    }

    /// The index of a key, or the place where it belongs. There must be places.
    fn look(&self, key: &Digest) -> Result<usize, usize> {
        let mut at = self.first_place(key);
        while let Some(index) = self.places[at].checked_sub(1) {
            if self.entries[index as usize].0 == *key {
                return Ok(index as usize);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
        Err(at)
    }

    fn first_place(&self, key: &Digest) -> usize {
        let [a, b, c, d, e, f, g, h, ..] = *key.as_bytes();
        let bits = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        // Those bits that fit an index are all that count.
        #[allow(clippy::cast_possible_truncation, reason = "the rest is masked out anyway")]
        let place = bits as usize & (self.places.len() - 1);
        place
    }

    fn grow(&mut self) {
        self.places = places_for(2 * self.entries.len());
        for index in 0..self.entries.len() {
            let mut at = self.first_place(&self.entries[index].0);
            while self.places[at] > 0 {
                at = (at + 1) & (self.places.len() - 1);
            }
            self.places[at] = number(index + 1);
        }
    }
}

/// For so many keys. One place at least stays empty, so that a search ends.
fn places_for(count: usize) -> Vec<u32> {
    vec![0; (2 * count).next_power_of_two().max(16)]
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("there are less than 2^32 keys")
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
