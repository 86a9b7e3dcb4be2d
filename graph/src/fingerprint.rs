//! What goes into a node: its parts, and the key that they make. The explained way, for people and for records; one walk
//! serves it and the short way to the key, and both make the key by the same rules.
//!
//! | part | from | in the key |
//! | --- | --- | --- |
//! | each [`Input`] with [`Role::Key`] | its fact's digest | yes |
//! | each input with [`Role::Stamp`] | its fact's digest | no |
//! | `need NAME` | the digest of what that node left | yes |
//! | `action` | programs, arguments and variables of the steps, and the names of the files to write | yes |
//! | `outputs` | the patterns to collect | yes |
//!
//! The content of a generated file is no part: a front-end makes it of nothing but inputs, each of which is a part
//! already, so that pinning a branch at the commit it names rebuilds nothing.
//!
//! The part of a commit is all its files; for a node of which it is known which of them its last build read, it is those
//! (a [`Narrowing`]). That serves to show that nothing changed for that build. A build that does run may read others, so
//! that what is to be run is told apart by all of the commit: see [`Fingerprint::execution_key`].
//!
//! An input that is missing is a part too, with a digest of its own; one that is unknown makes no key at all.

use std::sync::Arc;

use crate::action::{ACTION, OUTPUTS, action_digest, outputs_digest};
use crate::digest::Digest;
use crate::facts::Facts;
use crate::key::{OwnParts, is_need_part, key_with, need_part};
use crate::name::NodeName;
use crate::spec::{Input, Node, Place, Role};
use crate::walk::{Found, Listener, walk};

/// One named ingredient with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name in the user's words.
    pub name: Arc<str>,
    /// The digest of its value.
    pub digest: Digest,
    /// Its value, cut where it is long.
    pub shown: Arc<str>,
    /// Where the user wrote it.
    pub declared: Option<Place>,
    /// Whether it is part of the key.
    pub role: Role,
}

/// The parts of a node, sorted by name, and what they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// All parts that are known.
    pub parts: Vec<Part>,
    /// The key, or what stands in its way.
    pub key: Result<Digest, Vec<Obstacle>>,
    /// What the part of the commit was narrowed to, if it was.
    pub narrowing: Option<Narrowing>,
}

/// That of a commit only what an earlier build has read is in the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// What was read: the digest of a [`ReadSet`](crate::reads::ReadSet).
    pub reads: Digest,
    /// The part that would stand in its place: all of the commit.
    pub whole: Part,
}

impl Fingerprint {
    /// The key of what would be executed. Equal ones are one execution, whatever is known of earlier ones.
    #[must_use]
    pub fn execution_key(&self) -> Option<Digest> {
        let key = self.key.as_ref().ok()?;
        match &self.narrowing {
            None => Some(*key),
            Some(narrowing) => Some(key_of(&self.with(narrowing.whole.clone()))),
        }
    }

    /// The parts, with one in place of that of the same name.
    #[must_use]
    pub fn with(&self, part: Part) -> Vec<Part> {
        let mut parts = self.parts.clone();
        if let Some(same) = parts.iter_mut().find(|same| same.name == part.name) {
            *same = part;
        }
        parts
    }
}

/// Why a node has no key yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A need has not settled.
    Open(NodeName),
    /// A fact could not be observed.
    Unknown {
        /// The part.
        part: Arc<str>,
        /// Why it is not known.
        why: Arc<str>,
        /// Where the user wrote it.
        declared: Option<Place>,
    },
    /// The declaration itself is incomplete.
    Unresolved(String),
}

/// Computes the parts of a node and its key. `made` tells what a need left, once it has settled; `reads`, which files of
/// its commit the node's last build read, if that is known.
pub fn fingerprint(
    node: &Node,
    facts: &Facts,
    made: impl Fn(&NodeName) -> Option<Digest>,
    reads: Option<Digest>,
) -> Fingerprint {
    let mut all = Explained::default();
    all.parts.reserve(node.inputs.len() + node.needs.len() + 2);
    all.obstacles.extend(node.unresolved.iter().cloned().map(Obstacle::Unresolved));
    walk(&node.inputs, facts, reads, &mut all);
    let Explained { mut parts, mut obstacles, narrowing } = all;
    for need in &node.needs {
        match made(need) {
            Some(digest) => parts.push(derived(&need_part(need), digest)),
            None => obstacles.push(Obstacle::Open(need.clone())),
        }
    }
    parts.push(derived(ACTION, action_digest(node, facts).0));
    parts.push(derived(OUTPUTS, outputs_digest(&node.outputs)));
    parts.sort_by(|a, b| (&a.name, a.digest).cmp(&(&b.name, b.digest)));
    let key = if obstacles.is_empty() { Ok(key_of(&parts)) } else { Err(obstacles) };
    Fingerprint { parts, key, narrowing }
}

/// Everything, for people and for records.
#[derive(Default)]
struct Explained {
    parts: Vec<Part>,
    obstacles: Vec<Obstacle>,
    narrowing: Option<Narrowing>,
}

impl<'a> Listener<'a> for Explained {
    fn input(&mut self, input: &'a Input, found: Found<'a>, narrowed: Option<(Digest, Found<'a>)>) {
        let (name, declared, role) = (input.part.clone(), input.declared.clone(), input.role);
        let whole = Part { name, digest: found.digest, shown: found.shown(), declared, role };
        let Some((reads, read)) = narrowed else {
            self.parts.push(whole);
            return;
        };
        self.parts.push(Part { digest: read.digest, shown: read.shown(), ..whole.clone() });
        self.narrowing = Some(Narrowing { reads, whole });
    }

    fn unknown(&mut self, input: &'a Input, why: Option<&'a Arc<str>>) {
        let (part, declared) = (input.part.clone(), input.declared.clone());
        let why = why.map_or_else(|| "it was not observed".into(), Arc::clone);
        self.obstacles.push(Obstacle::Unknown { part, why, declared });
    }
}

/// The key that parts make; stamps do not count. The parts must be sorted by name.
#[must_use]
pub fn key_of(parts: &[Part]) -> Digest {
    let (mut own, mut left) = (OwnParts::new(), Vec::new());
    for part in parts.iter().filter(|part| part.role == Role::Key) {
        if is_need_part(&part.name) {
            left.push(part.digest);
        } else {
            own.add(&part.name, &part.digest);
        }
    }
    key_with(&own.finish(), left)
}

fn derived(name: &str, digest: Digest) -> Part {
    Part {
        name: name.into(),
        digest,
        shown: digest.short().into(),
        declared: None,
        role: Role::Key,
    }
}
