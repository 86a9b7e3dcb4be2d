//! A fingerprint that is made when somebody first looks at it: a plan of a million nodes shows the parts of few. Knows no
//! verdict.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::digest::Digest;
use crate::facts::Facts;
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::model::{Graph, NodeId};

/// The fingerprint of a node, as it was when the node was judged: what it is made of is kept until then.
#[derive(Clone)]
pub struct DeferredFingerprint {
    made: OnceLock<Box<Fingerprint>>,
    of: Of,
}

/// What it is made of.
#[derive(Clone)]
enum Of {
    /// It is made already.
    Nothing,
    /// What is known of one node.
    Node(Box<Ingredients>),
    /// What is known of this node of many.
    Among(Arc<Ground>, NodeId),
}

#[derive(Clone)]
struct Ingredients {
    graph: Graph,
    id: NodeId,
    facts: Facts,
    /// What each need has left.
    left: Box<[Option<Digest>]>,
    reads: Option<Digest>,
}

/// What fingerprints of many nodes are made of.
pub(crate) struct Ground {
    pub(crate) graph: Graph,
    pub(crate) facts: Facts,
    /// What each node has left that is needed, by index; shorter where no node has left anything.
    pub(crate) left: Vec<Option<Digest>>,
    /// Which files of its commit a node's last build read, in order of the nodes.
    pub(crate) reads: Vec<(NodeId, Digest)>,
}

impl DeferredFingerprint {
    /// That of one node.
    pub(crate) fn of(
        (graph, id): (&Graph, NodeId),
        facts: &Facts,
        left: impl Iterator<Item = Option<Digest>>,
        reads: Option<Digest>,
    ) -> Self {
        let (graph, facts, left) = (graph.clone(), facts.clone(), left.collect());
        let of = Of::Node(Box::new(Ingredients { graph, id, facts, left, reads }));
        Self { made: OnceLock::new(), of }
    }

    /// That of one of many nodes.
    pub(crate) fn among(ground: &Arc<Ground>, id: NodeId) -> Self {
        Self { made: OnceLock::new(), of: Of::Among(ground.clone(), id) }
    }
}

impl Ingredients {
    fn fingerprint(&self) -> Fingerprint {
        let needs = self.graph.needs(self.id);
        let left = |need| self.left[needs.iter().position(|same| *same == need)?];
        explained((&self.graph, self.id), &self.facts, left, self.reads)
    }
}

impl Ground {
    fn fingerprint(&self, id: NodeId) -> Fingerprint {
        let left = |need: NodeId| self.left.get(need.index()).copied().flatten();
        let at = self.reads.binary_search_by_key(&id, |(node, _)| *node);
        let reads = at.ok().map(|at| self.reads[at].1);
        explained((&self.graph, id), &self.facts, left, reads)
    }
}

fn explained(
    (graph, id): (&Graph, NodeId),
    facts: &Facts,
    left: impl Fn(NodeId) -> Option<Digest>,
    reads: Option<Digest>,
) -> Fingerprint {
    fingerprint(graph.node(id), facts, |need| left(graph.id(need)?), reads)
}

impl From<Fingerprint> for DeferredFingerprint {
    fn from(fingerprint: Fingerprint) -> Self {
        Self { made: OnceLock::from(Box::new(fingerprint)), of: Of::Nothing }
    }
}

impl Deref for DeferredFingerprint {
    type Target = Fingerprint;

    fn deref(&self) -> &Fingerprint {
        self.made.get_or_init(|| {
            Box::new(match &self.of {
                Of::Nothing => unreachable!("one that is not made knows of what to make it"),
                Of::Node(of) => of.fingerprint(),
                Of::Among(ground, id) => ground.fingerprint(*id),
            })
        })
    }
}

impl fmt::Debug for DeferredFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq for DeferredFingerprint {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for DeferredFingerprint {}
