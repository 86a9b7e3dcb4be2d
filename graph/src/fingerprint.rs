//! What goes into a node: its parts, and the key that they make. One walk serves the key and the explanation.
//!
//! | part | from | in the key |
//! | --- | --- | --- |
//! | each [`Input`](crate::spec::Input) with [`Role::Key`] | its fact's digest | yes |
//! | each input with [`Role::Stamp`] | its fact's digest | no |
//! | `need NAME` | the digest of what that node left | yes |
//! | `action` | programs, arguments and variables of the steps, and the names of the files to write | yes |
//! | `outputs` | the patterns to collect | yes |
//!
//! The content of a generated file is no part: a front-end makes it of nothing but inputs, each of which is a part
//! already, so that pinning a branch at the commit it names rebuilds nothing.
//!
//! An input that is missing is a part too, with a digest of its own; one that is unknown makes no key at all.

use std::sync::Arc;

use crate::digest::{Digest, Fields};
use crate::facts::{Fact, Facts};
use crate::name::NodeName;
use crate::spec::{Action, Dir, Node, Output, Piece, Place, Presence, Role, Template};

/// Raised when a node made under the old rules must not count as made under the new ones.
const KEY_DOMAIN: &str = "graph key v1";

/// The longest value that is kept with a part; `why` shows old and new, and no one reads more than this.
const LONGEST_SHOWN: usize = 4096;

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

/// Computes the parts of a node and its key. `made` tells what a need left, once it has settled.
pub fn fingerprint(
    node: &Node,
    facts: &Facts,
    made: impl Fn(&NodeName) -> Option<Digest>,
) -> Fingerprint {
    let mut parts = Vec::with_capacity(node.inputs.len() + node.needs.len() + 2);
    let mut obstacles: Vec<Obstacle> =
        node.unresolved.iter().cloned().map(Obstacle::Unresolved).collect();
    for input in &node.inputs {
        let (digest, shown) = match facts.get(&input.source) {
            Fact::Known { digest, text } => (digest, cut(&text)),
            // What is not there was not stamped either.
            Fact::Missing if input.role == Role::Stamp => continue,
            Fact::Missing => (Fields::of("graph fact missing v1").finish(), "(missing)".into()),
            Fact::Unknown(why) => {
                if input.role == Role::Key {
                    let (part, declared) = (input.part.clone(), input.declared.clone());
                    obstacles.push(Obstacle::Unknown { part, why, declared });
                }
                continue;
            }
        };
        let (name, declared) = (input.part.clone(), input.declared.clone());
        parts.push(Part { name, digest, shown, declared, role: input.role });
    }
    for need in &node.needs {
        match made(need) {
            Some(digest) => parts.push(derived(&need_part(need), digest)),
            None => obstacles.push(Obstacle::Open(need.clone())),
        }
    }
    parts.push(derived("action", action_digest(&node.action, facts)));
    parts.push(derived("outputs", outputs_digest(&node.outputs)));
    parts.sort_by(|a, b| (&a.name, a.digest).cmp(&(&b.name, b.digest)));
    let key = if obstacles.is_empty() { Ok(key_of(&parts)) } else { Err(obstacles) };
    Fingerprint { parts, key }
}

/// The key that parts make; stamps do not count. The parts must be sorted by name.
#[must_use]
pub fn key_of(parts: &[Part]) -> Digest {
    let mut fields = Fields::of(KEY_DOMAIN);
    for part in parts.iter().filter(|part| part.role == Role::Key) {
        fields.add(part.name.as_bytes());
        fields.add(part.digest.as_bytes());
    }
    fields.finish()
}

/// What the part is called by which a need enters.
pub(crate) fn need_part(need: &NodeName) -> String {
    format!("need {need}")
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

fn cut(text: &Arc<str>) -> Arc<str> {
    if text.len() <= LONGEST_SHOWN {
        return text.clone();
    }
    let end = (0..=LONGEST_SHOWN).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    format!("{}…", &text[..end]).into()
}

fn outputs_digest(outputs: &[Output]) -> Digest {
    let mut fields = Fields::of("graph output patterns v1");
    for output in outputs {
        fields.add(&output.pattern);
        fields.add([u8::from(output.presence == Presence::Required)]);
    }
    fields.finish()
}

fn action_digest(action: &Action, facts: &Facts) -> Digest {
    let mut fields = Fields::of("graph action v1");
    for file in &action.files {
        fields.add("file");
        fields.add(&file.path);
    }
    for step in &action.steps {
        fields.add("step");
        fields.add(step.program);
        for arg in &step.args {
            fields.add("arg");
            add_template(&mut fields, arg, facts);
        }
        for (name, value) in &step.env {
            fields.add("env");
            fields.add(name);
            add_template(&mut fields, value, facts);
        }
    }
    fields.finish()
}

/// Directories enter by their role: where the project lies is no part of a key. A fact enters by its value, so
/// that a ref and the commit that it names make one key. One that is unknown leaves the node without a key anyway.
fn add_template(fields: &mut Fields, template: &Template, facts: &Facts) {
    fields.add(u64::try_from(template.0.len()).expect("a length fits 64 bits").to_le_bytes());
    for piece in &template.0 {
        match piece {
            Piece::Text(text) => {
                fields.add("text");
                fields.add(text.as_bytes());
            }
            Piece::Dir(Dir::Work) => fields.add("work"),
            Piece::Dir(Dir::Root) => fields.add("root"),
            Piece::Fact(source) => match facts.get(source) {
                Fact::Known { digest, .. } => {
                    fields.add("fact");
                    fields.add(digest.as_bytes());
                }
                Fact::Missing => fields.add("missing"),
                Fact::Unknown(_) => fields.add("unknown"),
            },
        }
    }
}
