//! Who is first in line. Knows no node: those in line are numbers, and the smallest is the first.

/// Numbers below a bound, each once.
///
/// A bit for each number, a bit for each word of those that is not zero, and so on up to one word: to come, to go and to
/// find the first takes a step a level, and a million numbers have four. A heap took most of the time of a run in which
/// nothing is done.
#[derive(Debug, Clone)]
pub(super) struct Line(Vec<Vec<u64>>);

impl Line {
    /// An empty one for numbers below `count`.
    pub(super) fn new(count: usize) -> Self {
        let mut levels = Vec::new();
        let mut length = count;
        loop {
            length = length.div_ceil(64).max(1);
            levels.push(vec![0; length]);
            if length == 1 {
                return Self(levels);
            }
        }
    }

    pub(super) fn insert(&mut self, mut number: usize) {
        for level in &mut self.0 {
            let word = &mut level[number / 64];
            let was_empty = *word == 0;
            *word |= 1 << (number % 64);
            if !was_empty {
                return;
            }
            number /= 64;
        }
    }

    pub(super) fn remove(&mut self, mut number: usize) {
        for level in &mut self.0 {
            let word = &mut level[number / 64];
            *word &= !(1 << (number % 64));
            if *word != 0 {
                return;
            }
            number /= 64;
        }
    }

    pub(super) fn first(&self) -> Option<usize> {
        let mut at = 0;
        for level in self.0.iter().rev() {
            let word = level[at];
            if word == 0 {
                return None;
            }
            at = at * 64 + word.trailing_zeros() as usize;
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{any, prop, proptest};

    use super::Line;

    proptest! {
        #[test]
        fn a_line_is_a_sorted_set(
            count in 1_usize..9000,
            acts in prop::collection::vec((any::<bool>(), any::<usize>()), 0..200),
        ) {
            let (mut line, mut set) = (Line::new(count), BTreeSet::new());
            for (comes, number) in acts {
                if comes {
                    line.insert(number % count);
                    set.insert(number % count);
                } else if let Some(first) = set.pop_first() {
                    line.remove(first);
                }
                assert_eq!(line.first(), set.first().copied());
            }
        }
    }
}
