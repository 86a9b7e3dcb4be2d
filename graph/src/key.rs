//! The rules by which parts make a key. Knows no node and no fact.
//!
//! A key is made of one digest of the node's own parts, and of what each of its needs left. The first does not change
//! while a run goes on, so that it is made once, and the key itself whenever needs have settled.

use crate::digest::{Digest, Fields};
use crate::name::NodeName;

/// Raised when a node made under the old rules must not count as made under the new ones.
const KEY_DOMAIN: &str = "graph key v3";
const OWN_DOMAIN: &str = "graph own parts v1";

/// How the names of the parts begin by which needs enter.
const NEED: &str = "need ";

/// Whether a part is what a need left.
pub(crate) fn is_need_part(name: &str) -> bool {
    name.starts_with(NEED)
}

/// What the part is called by which a need enters.
pub(crate) fn need_part(need: &NodeName) -> String {
    format!("{NEED}{need}")
}

/// The key of a node with these own parts, whose needs left this, in the order of their names.
///
/// What a need is called is not in it: nodes that need what is the same are one execution, whoever made it.
pub(crate) fn key_with(own: &Digest, left: impl IntoIterator<Item = Digest>) -> Digest {
    let mut fields = Fields::of(KEY_DOMAIN);
    fields.add_digest(own);
    left.into_iter().for_each(|digest| fields.add_digest(&digest));
    fields.finish()
}

/// Writes a part as [`OwnParts`] digests it.
pub(crate) fn encode(name: &str, digest: &Digest, to: &mut Vec<u8>) {
    Fields::encode(name.as_bytes(), to);
    to.extend_from_slice(digest.as_bytes());
}

/// Makes the digest of a node's own parts, which come in the order of their names.
pub(crate) struct OwnParts(Fields);

impl OwnParts {
    pub(crate) fn new() -> Self {
        Self(Fields::of(OWN_DOMAIN))
    }

    pub(crate) fn add(&mut self, name: &str, digest: &Digest) {
        self.0.add(name.as_bytes());
        self.0.add_digest(digest);
    }

    /// As [`OwnParts::add`], of parts as [`encode`] has written them.
    pub(crate) fn add_encoded(&mut self, parts: &[u8]) {
        self.0.add_encoded(parts);
    }

    /// The digest of what was added; then begins anew.
    pub(crate) fn finish(&mut self) -> Digest {
        let digest = self.0.finish();
        self.0.clear();
        digest
    }
}
