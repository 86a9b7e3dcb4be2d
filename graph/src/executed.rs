//! What is recorded of an execution: the parts and keys of what was built, not of what was judged.
//!
//! The two differ for a node with a commit. It was judged by the files that its build before had read, or by all; it is
//! recorded with those that this one has read.

use crate::digest::Digest;
use crate::fingerprint::{Fingerprint, Part, key_of};
use crate::record::Record;
use crate::spec::{Node, Source};

/// The identity of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// What went into it.
    pub parts: Vec<Part>,
    /// The key that they make; `None` for what had none.
    pub key: Option<Digest>,
    /// Which files of its commit it read, as far as that is known.
    pub reads: Option<Digest>,
    /// Where that is known: the part that stands for all of the commit.
    pub whole: Option<Part>,
}

/// What an execution has read of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasRead {
    /// The digest of the set of files.
    pub set: Digest,
    /// What the set holds at the commit.
    pub value: Digest,
}

impl Executed {
    /// Of a node that ran well. Where it is not known what it read, it is taken to have read all.
    #[must_use]
    pub fn built(node: &Node, fingerprint: &Fingerprint, read: Option<HasRead>) -> Self {
        let whole = whole(node, fingerprint);
        match (whole, read) {
            (None, _) => Self::judged(fingerprint),
            (Some(whole), None) => {
                let parts = fingerprint.with(whole);
                Self { parts, key: fingerprint.execution_key(), reads: None, whole: None }
            }
            (Some(whole), Some(HasRead { set, value })) => {
                let shown = value.short().into();
                let parts = fingerprint.with(Part { digest: value, shown, ..whole.clone() });
                let key = fingerprint.key.as_ref().ok().map(|_| key_of(&parts));
                Self { whole: key.map(|_| whole), parts, key, reads: Some(set) }
            }
        }
    }

    /// Of a node for which the outputs of an earlier execution were put in place.
    #[must_use]
    pub fn restored(node: &Node, fingerprint: &Fingerprint, from: &Record) -> Self {
        let part = |whole: &Part| from.parts.iter().find(|part| part.name == whole.name);
        let value = whole(node, fingerprint).as_ref().and_then(part).map(|part| part.digest);
        let read = from.reads.zip(value).map(|(set, value)| HasRead { set, value });
        Self::built(node, fingerprint, read)
    }

    /// Of a node of which nothing is known but how it was judged: what it would have read, it may not have come to.
    #[must_use]
    pub fn judged(fingerprint: &Fingerprint) -> Self {
        Self {
            parts: fingerprint.parts.clone(),
            key: fingerprint.key.as_ref().ok().copied(),
            reads: fingerprint.narrowing.as_ref().map(|narrowing| narrowing.reads),
            whole: None,
        }
    }
}

/// The part of a node's commit, as all of it.
fn whole(node: &Node, fingerprint: &Fingerprint) -> Option<Part> {
    if let Some(narrowing) = &fingerprint.narrowing {
        return Some(narrowing.whole.clone());
    }
    let commit = node.inputs.iter().find(|input| matches!(input.source, Source::Commit(_)))?;
    fingerprint.parts.iter().find(|part| part.name == commit.part).cloned()
}
