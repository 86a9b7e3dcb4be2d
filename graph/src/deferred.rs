//! A fingerprint that is made when somebody first looks at it: a plan of a million nodes shows the parts of few. Knows no
//! verdict.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::digest::Digest;
use crate::facts::Facts;
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::model::{Graph, NodeId};
use crate::spec::Node;

/// The fingerprint of a node, as it was when the node was judged: what it is made of is kept until then.
#[derive(Clone)]
pub struct DeferredFingerprint {
    made: OnceLock<Box<Fingerprint>>,
    of: Option<Ingredients>,
}

#[derive(Clone)]
struct Ingredients {
    nodes: Arc<Vec<Node>>,
    id: NodeId,
    facts: Facts,
    /// What each need has left.
    needs: Box<[Option<Digest>]>,
    reads: Option<Digest>,
}

impl DeferredFingerprint {
    pub(crate) fn new(
        (graph, id): (&Graph, NodeId),
        facts: &Facts,
        needs: impl Iterator<Item = Option<Digest>>,
        reads: Option<Digest>,
    ) -> Self {
        let (nodes, facts, needs) = (graph.shared(), facts.clone(), needs.collect());
        Self { made: OnceLock::new(), of: Some(Ingredients { nodes, id, facts, needs, reads }) }
    }
}

impl Ingredients {
    fn fingerprint(&self) -> Fingerprint {
        let node = &self.nodes[self.id.index()];
        let made = |need: &_| {
            let at = node.needs.iter().position(|same| same == need)?;
            self.needs[at]
        };
        fingerprint(node, &self.facts, made, self.reads)
    }
}

impl From<Fingerprint> for DeferredFingerprint {
    fn from(fingerprint: Fingerprint) -> Self {
        Self { made: OnceLock::from(Box::new(fingerprint)), of: None }
    }
}

impl Deref for DeferredFingerprint {
    type Target = Fingerprint;

    fn deref(&self) -> &Fingerprint {
        self.made.get_or_init(|| {
            let of = self.of.as_ref().expect("one that is not made knows of what to make it");
            Box::new(of.fingerprint())
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
