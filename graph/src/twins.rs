//! Which node is the first with a key. Knows no verdict.

use crate::digest::Digest;
use crate::model::NodeId;

/// The first node of each key.
///
/// A digest is as good as random, so that its own bits say where to look. A table of places is all that is asked at
/// random: with keys in it, it would be ten times as big, and most of the time of a cold plan of a million nodes.
pub(crate) struct Firsts {
    /// In each place nothing, or one more than an index into `firsts`. Not more than half are taken.
    places: Vec<u32>,
    firsts: Vec<(Digest, NodeId)>,
}

impl Firsts {
    /// For so many nodes at most.
    pub(crate) fn with_room_for(count: usize) -> Self {
        Self { places: vec![0; (2 * count).next_power_of_two()], firsts: Vec::new() }
    }

    /// The first that had this key; none if it is this node.
    pub(crate) fn before(&mut self, key: Digest, id: NodeId) -> Option<NodeId> {
        let last = self.places.len() - 1;
        let [a, b, c, d, e, f, g, h, ..] = *key.as_bytes();
        let bits = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        // Those bits that fit an index are all that count.
        #[allow(clippy::cast_possible_truncation, reason = "the rest is masked out anyway")]
        let mut at = bits as usize & last;
        while let Some(index) = self.places[at].checked_sub(1) {
            let (same, first) = &self.firsts[index as usize];
            if *same == key {
                return Some(*first);
            }
            at = (at + 1) & last;
        }
        self.firsts.push((key, id));
        self.places[at] = u32::try_from(self.firsts.len()).expect("a node has an id of 32 bits");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Firsts;
    use crate::digest::Digest;
    use crate::model::NodeId;

    #[test]
    fn the_first_is_told_to_all_that_come_later() {
        let mut firsts = Firsts::with_room_for(400);
        // All want the same place.
        let key =
            |n: u8| Digest::from_bytes([[7; 31].as_slice(), &[n]].concat().try_into().expect("32"));
        for (index, n) in (0..200_u8).chain(0..200).enumerate() {
            let expect = (index >= 200).then(|| NodeId::of(n.into()));
            assert_eq!(firsts.before(key(n), NodeId::of(index)), expect);
        }
    }
}
