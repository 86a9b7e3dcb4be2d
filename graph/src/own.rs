//! The short way to the digest of a node's own parts: as the explained fingerprint makes it, and nothing for people. Knows
//! no need and no record.
//!
//! Nodes of a matrix share the pieces that they are made of. What became of a shared piece is remembered while one pass
//! over the nodes lasts, by where the piece lies: the nodes hold it there, and the facts stay the same.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::action::{self, ACTION, OUTPUTS, action_digest, outputs_digest};
use crate::digest::Digest;
use crate::facts::Facts;
use crate::key::{OwnParts, is_need_part};
use crate::model::{Graph, NodeId};
use crate::passes::{in_passes, joined};
use crate::piece::{Piece, Pieces, likeness};
use crate::spec::{Action, Node};
use crate::walk::narrowed;

/// The digests of the own parts of many nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owns {
    made: Vec<Option<Digest>>,
    /// Of which nodes none was made, by index; shorter where of each.
    unlike: Vec<bool>,
}

/// What is known of the own parts of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// The short way cannot tell their digest, because something is not known of them or because they are unusual.
    Unknown,
    /// No other node has the same, and nobody asks for more: nothing is remembered of any node.
    Unlike,
    /// Their digest.
    Made(Digest),
}

impl Owns {
    /// Those of these nodes, which are given in order. `reads` tells which files of its commit a node's last build read.
    pub(crate) fn of(
        graph: &Graph,
        nodes: &[NodeId],
        facts: &Facts,
        reads: impl Fn(NodeId) -> Option<Digest> + Sync,
    ) -> Self {
        let owns = joined(in_passes(nodes, |nodes| {
            let mut known = Known::new(facts);
            nodes.iter().map(|id| known.own(graph.node(*id), reads(*id))).collect()
        }));
        Self { made: by_index(graph, nodes, owns, None), unlike: Vec::new() }
    }

    /// The same where nothing is remembered of any node: all that hangs on a digest is which nodes are one execution, and
    /// to make one takes longer than all else that is done for a node.
    pub(crate) fn of_alike(graph: &Graph, nodes: &[NodeId], facts: &Facts) -> Self {
        let likes = joined(in_passes(nodes, |nodes| {
            let mut known = Known::new(facts);
            nodes.iter().map(|id| known.likeness(graph.node(*id))).collect()
        }));
        // What has needs has no key before they have settled.
        let has_key = |id: NodeId| graph.needs(id).is_empty();
        let of_keys = nodes.iter().zip(&likes).filter(|(id, _)| has_key(**id));
        let mut sorted: Vec<u64> = of_keys.filter_map(|(_, like)| *like).collect();
        sorted.sort_unstable();
        let twins = sorted.chunk_by(PartialEq::eq).filter(|same| same.len() > 1);
        let twins: Vec<u64> = twins.map(|same| same[0]).collect();
        let has_twin = |like: u64| twins.binary_search(&like).is_ok();
        let unlike = |(id, like): (&NodeId, &Option<u64>)| {
            like.is_some_and(|like| !has_key(*id) || !has_twin(like))
        };
        let unlike: Vec<bool> = nodes.iter().zip(&likes).map(unlike).collect();
        let rest: Vec<NodeId> =
            nodes.iter().zip(&unlike).filter(|(_, unlike)| !**unlike).map(|(id, _)| *id).collect();
        let made =
            if rest.is_empty() { Vec::new() } else { Self::of(graph, &rest, facts, |_| None).made };
        Self { made, unlike: by_index(graph, nodes, unlike, false) }
    }

    /// Whether there is one of each node of which the short way can tell it.
    pub(crate) fn are_all(&self) -> bool {
        self.unlike.is_empty()
    }

    /// With those also of all nodes that need something, which have keys once that has settled. Those that need nothing and
    /// are unlike all others need none as long as nothing is remembered from before.
    pub(crate) fn for_a_run(self: &Arc<Self>, graph: &Graph, facts: &Facts) -> Arc<Self> {
        if self.are_all() {
            return self.clone();
        }
        let has_none = |id: &NodeId| self.get(*id) == Own::Unlike && !graph.needs(*id).is_empty();
        let rest: Vec<NodeId> = graph.ids().filter(has_none).collect();
        let Self { mut made, mut unlike } = Self::clone(self);
        made.resize(graph.len(), None);
        let found = Self::of(graph, &rest, facts, |_| None).made;
        for id in rest {
            made[id.index()] = found[id.index()];
            unlike[id.index()] = false;
        }
        Arc::new(Self { made, unlike })
    }

    /// That of a node.
    pub(crate) fn get(&self, id: NodeId) -> Own {
        if self.unlike.get(id.index()) == Some(&true) {
            return Own::Unlike;
        }
        self.made.get(id.index()).copied().flatten().map_or(Own::Unknown, Own::Made)
    }
}

/// What was found of nodes, which are given in order, by their indices.
fn by_index<T: Copy>(graph: &Graph, nodes: &[NodeId], found: Vec<T>, none: T) -> Vec<T> {
    if found.len() == graph.len() {
        return found;
    }
    let mut all = vec![none; graph.len()];
    nodes.iter().zip(found).for_each(|(id, found)| all[id.index()] = found);
    all
}

/// What a digest of own parts is made of, but for the facts: where the pieces lie, the parts that every node has, and what
/// stands for the commit if it was narrowed. Equal ones make the same.
type Identity = ([usize; 2], [Digest; 2], Option<Digest>);

/// A node with an action, and the digest of that.
type OfAction<'a> = (&'a Node, Option<Digest>);

/// How many of the last digests are at hand, for the nodes that differ in nothing but what they need.
const AT_HAND: usize = 256;

/// What one pass over nodes has learned.
pub(crate) struct Known<'a> {
    facts: &'a Facts,
    pieces: Pieces<'a>,
    actions: HashMap<(usize, usize), Vec<OfAction<'a>>, RandomState>,
    outputs: HashMap<usize, Digest, RandomState>,
    /// One in each place that an identity gives.
    last: Vec<Option<(Identity, Digest)>>,
    orders: Orders,
    fields: OwnParts,
}

impl<'a> Known<'a> {
    pub(crate) fn new(facts: &'a Facts) -> Self {
        Self {
            facts,
            pieces: Pieces::new(facts),
            actions: HashMap::default(),
            outputs: HashMap::default(),
            last: vec![None; AT_HAND],
            orders: Orders::default(),
            fields: OwnParts::new(),
        }
    }

    /// What tells a node's own parts from most others, where the short way can tell their digest.
    fn likeness(&mut self, node: &'a Node) -> Option<u64> {
        let mine = self.mine(node)?;
        let (_, pieces) = self.pieces.of(node);
        if pieces.iter().any(|piece| piece.is_open) || !self.orders.has(pieces, &mine) {
            return None;
        }
        let both = pieces[0].likeness.wrapping_add(pieces[1].likeness);
        Some(both.wrapping_add(likeness(&mine)))
    }

    /// The parts that every node has.
    fn mine(&mut self, node: &'a Node) -> Option<[(&'static str, Digest); 2]> {
        if !node.unresolved.is_empty() {
            return None;
        }
        Some([(ACTION, self.action(node)?), (OUTPUTS, self.outputs(node))])
    }

    /// The digest of a node's own parts, where the short way can tell it.
    pub(crate) fn own(&mut self, node: &'a Node, reads: Option<Digest>) -> Option<Digest> {
        let mine = self.mine(node)?;
        let (addresses, pieces) = self.pieces.of(node);
        if pieces.iter().any(|piece| piece.is_open) {
            return None;
        }
        let mut commits = pieces.iter().flat_map(|piece| &piece.commits);
        let read = match (reads, commits.next(), commits.next()) {
            (None, ..) | (_, None, _) => None,
            (Some(reads), Some((part, commit)), None) => {
                narrowed(commit, reads, self.facts).map(|read| (*part, read.digest))
            }
            (_, _, Some(_)) => return None,
        };
        let identity = (addresses, mine.map(|part| part.1), read.map(|read| read.1));
        let place = &mut self.last[place_of(&identity)];
        match place {
            Some((same, own)) if *same == identity => Some(*own),
            _ => {
                let own = self.orders.digest(&mut self.fields, pieces, &mine, read)?;
                *place = Some((identity, own));
                Some(own)
            }
        }
    }

    /// Where a fact in it is not known, the digest would be another once it is.
    fn action(&mut self, node: &'a Node) -> Option<Digest> {
        let digest = || {
            let (digest, known) = action_digest(node, self.facts);
            (known == action::Known::All).then_some(digest)
        };
        // By which place a need has among several of them, the digest of one action can differ.
        let Some(identity) = identity_of_action(node).filter(|_| node.needs.len() < 2) else {
            return digest();
        };
        let paths = |node: &'a Node| node.action.files.iter().map(|file| &*file.path);
        let same =
            |other: &'a Node| other.needs.len() == node.needs.len() && paths(other).eq(paths(node));
        let known = self.actions.entry(identity).or_default();
        if let Some((_, digest)) = known.iter().find(|(other, _)| same(other)) {
            return *digest;
        }
        let digest = digest();
        // Where the names of the files differ from node to node, there is nothing to be gained.
        if known.len() < 4 {
            known.push((node, digest));
        }
        digest
    }

    fn outputs(&mut self, node: &'a Node) -> Digest {
        let digest = || outputs_digest(&node.outputs);
        if Arc::strong_count(&node.outputs) == 1 {
            return digest();
        }
        *self.outputs.entry(node.outputs.as_ptr().addr()).or_insert_with(digest)
    }
}

/// Where the pieces of an action lie that are in its digest, if other nodes have them, too.
fn identity_of_action(node: &Node) -> Option<(usize, usize)> {
    let Action { takes, steps, .. } = &node.action;
    (Arc::strong_count(steps) > 1).then(|| (takes.as_ptr().addr(), steps.as_ptr().addr()))
}

fn place_of(identity: &Identity) -> usize {
    // Digests are as good as random, and addresses differ in the bits in the middle.
    let ([first, second], [action, _], _) = identity;
    let [byte, ..] = action.as_bytes();
    (usize::from(*byte) ^ (first >> 4) ^ (second >> 7)) % AT_HAND
}

/// Parts that stand next to each other in their list and in the order of all names.
struct Run {
    list: usize,
    range: Range<usize>,
}

type Parts<'p> = &'p [(&'p str, Digest)];

/// The order of the parts of sorted lists. Two of one name are left to the long way.
fn order(lists: [Parts<'_>; 3]) -> Option<Vec<Run>> {
    let mut next = [0; 3];
    let mut before: Option<&str> = None;
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let heads = lists.iter().zip(next).enumerate();
        let heads = heads.filter_map(|(list, (parts, at))| Some((parts.get(at)?.0, list)));
        let Some((name, list)) = heads.min() else { return Some(runs) };
        if before == Some(name) || is_need_part(name) {
            return None;
        }
        let at = next[list];
        next[list] += 1;
        match runs.last_mut() {
            Some(run) if run.list == list => run.range.end = next[list],
            _ => runs.push(Run { list, range: at..next[list] }),
        }
        before = Some(name);
    }
}

/// The orders of the parts of many nodes. It hangs on names alone, and most nodes of a matrix have the same.
#[derive(Default)]
struct Orders(HashMap<[usize; 2], Option<Vec<Run>>, RandomState>);

impl Orders {
    /// Whether there is one for the parts of two pieces and those that every node has.
    fn has(&mut self, pieces: [&Piece<'_>; 2], mine: Parts<'_>) -> bool {
        let lists = [&pieces[0].parts[..], &pieces[1].parts[..], mine];
        match pieces.map(|piece| piece.names) {
            [Some(first), Some(second)] => {
                self.0.entry([first, second]).or_insert_with(|| order(lists)).is_some()
            }
            _ => order(lists).is_some(),
        }
    }

    /// Digests the parts of two pieces and those that every node has, one with another value if that is given.
    fn digest(
        &mut self,
        fields: &mut OwnParts,
        pieces: [&Piece<'_>; 2],
        mine: Parts<'_>,
        read: Option<(&str, Digest)>,
    ) -> Option<Digest> {
        let lists = [&pieces[0].parts[..], &pieces[1].parts[..], mine];
        let unknown;
        let order = match pieces.map(|piece| piece.names) {
            [Some(first), Some(second)] => {
                self.0.entry([first, second]).or_insert_with(|| order(lists))
            }
            _ => {
                unknown = order(lists);
                &unknown
            }
        };
        for Run { list, range } in order.as_ref()? {
            match (pieces.get(*list), read) {
                (Some(piece), None) => fields.add_encoded(piece.encoded(range.clone())),
                _ => lists[*list][range.clone()].iter().for_each(|(name, digest)| {
                    let read = read.filter(|(part, _)| part == name);
                    fields.add(name, &read.map_or(*digest, |(_, digest)| digest));
                }),
            }
        }
        Some(fields.finish())
    }
}
