//! The parts that a piece of a list of inputs makes, sorted. A piece that many nodes hold is looked at once. Knows no key.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::{FixedState, RandomState};

use crate::digest::Digest;
use crate::facts::Facts;
use crate::key::encode;
use crate::spec::{Commit, Input, Node, Role, Source};
use crate::walk::{Found, Listener, walk};

/// What a piece makes.
#[derive(Default)]
pub(crate) struct Piece<'a> {
    /// What is part of the key, sorted by name.
    pub(crate) parts: Vec<(&'a str, Digest)>,
    /// The number of the list of their names, where other nodes have the piece, too: equal lists have equal numbers.
    pub(crate) names: Option<usize>,
    /// The same as it is digested, and where each part ends.
    encoded: Vec<u8>,
    ends: Vec<usize>,
    /// The commits among them.
    pub(crate) commits: Vec<(&'a str, &'a Arc<Commit>)>,
    /// What tells the parts from most others, whatever their order: the sum of what tells each.
    pub(crate) likeness: u64,
    /// Whether something is not known that is part of the key.
    pub(crate) is_open: bool,
}

/// The pieces of many nodes.
pub(crate) struct Pieces<'a> {
    facts: &'a Facts,
    /// The first two are those that no other node has.
    pieces: Vec<Piece<'a>>,
    /// The rest, by where they lie.
    places: HashMap<usize, usize, RandomState>,
    names: HashMap<Vec<&'a str>, usize, RandomState>,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(facts: &'a Facts) -> Self {
        let pieces = vec![Piece::default(), Piece::default()];
        Self { facts, pieces, places: HashMap::default(), names: HashMap::default() }
    }

    /// The pieces of a node, and where they lie.
    pub(crate) fn of(&mut self, node: &'a Node) -> ([usize; 2], [&Piece<'a>; 2]) {
        let pieces = node.inputs.pieces();
        let addresses = pieces.map(|piece| piece.as_ptr().addr());
        let [mut first, mut second] = [0, 1];
        for (at, place) in [&mut first, &mut second].into_iter().enumerate() {
            if Arc::strong_count(pieces[at]) == 1 {
                self.pieces[at].learn(pieces[at], self.facts);
                continue;
            }
            *place = *self.places.entry(addresses[at]).or_insert_with(|| {
                let mut piece = Piece::default();
                piece.learn(pieces[at], self.facts);
                let number = self.names.len();
                let names = piece.parts.iter().map(|part| part.0).collect();
                piece.names = Some(*self.names.entry(names).or_insert(number));
                self.pieces.push(piece);
                self.pieces.len() - 1
            });
        }
        (addresses, [&self.pieces[first], &self.pieces[second]])
    }
}

impl<'a> Piece<'a> {
    /// Some parts, as they are digested.
    pub(crate) fn encoded(&self, Range { start, end }: Range<usize>) -> &[u8] {
        let at = |count: usize| count.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.encoded[at(start)..at(end)]
    }

    fn learn(&mut self, inputs: &'a [Input], facts: &'a Facts) {
        self.parts.clear();
        self.commits.clear();
        self.is_open = false;
        walk(inputs, facts, None, self);
        self.parts.sort_unstable_by_key(|part| part.0);
        self.encoded.clear();
        self.ends.clear();
        self.likeness = likeness(&self.parts);
        for (name, digest) in &self.parts {
            encode(name, digest, &mut self.encoded);
            self.ends.push(self.encoded.len());
        }
    }
}

/// What tells parts from most others: equal ones are equal in this, in whatever order.
pub(crate) fn likeness(parts: &[(&str, Digest)]) -> u64 {
    let each = parts.iter().map(|part| FixedState::default().hash_one(part));
    each.fold(0, u64::wrapping_add)
}

impl<'a> Listener<'a> for Piece<'a> {
    fn input(&mut self, input: &'a Input, found: Found<'a>, _: Option<(Digest, Found<'a>)>) {
        if input.role == Role::Key {
            self.parts.push((&input.part, found.digest));
        }
        if let Source::Commit(commit) = &input.source {
            self.commits.push((&input.part, commit));
        }
    }

    fn unknown(&mut self, _: &'a Input, _: Option<&'a Arc<str>>) {
        self.is_open = true;
    }
}
