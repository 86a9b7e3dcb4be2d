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
//! The part of a commit is all its files; for a node of which it is known which of them its last build read, it is those
//! (a [`Narrowing`]). That serves to show that nothing changed for that build. A build that does run may read others, so
//! that what is to be run is told apart by all of the commit: see [`Fingerprint::execution_key`].
//!
//! An input that is missing is a part too, with a digest of its own; one that is unknown makes no key at all.

use std::sync::Arc;

use crate::digest::{Digest, Fields};
use crate::facts::{Fact, Facts};
use crate::name::NodeName;
use crate::spec::{
    Condition, Dir, Node, Output, Piece, Place, Presence, Role, Source, Step, Template,
};

/// Raised when a node made under the old rules must not count as made under the new ones.
const KEY_DOMAIN: &str = "graph key v2";

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
    let mut narrowing = None;
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
        let part = Part { name, digest, shown, declared, role: input.role };
        parts.push(match (&input.source, reads) {
            (Source::Commit(commit), Some(reads)) => {
                match facts.get(&Source::Read(commit.clone(), reads)) {
                    Fact::Known { digest, text } => {
                        let read = Part { digest, shown: text, ..part.clone() };
                        narrowing = Some(Narrowing { reads, whole: part });
                        read
                    }
                    // The set was forgotten: all of the commit, then.
                    Fact::Missing | Fact::Unknown(_) => part,
                }
            }
            _ => part,
        });
    }
    for need in &node.needs {
        match made(need) {
            Some(digest) => parts.push(derived(&need_part(need), digest)),
            None => obstacles.push(Obstacle::Open(need.clone())),
        }
    }
    parts.push(derived("action", action_digest(node, facts)));
    parts.push(derived("outputs", outputs_digest(&node.outputs)));
    parts.sort_by(|a, b| (&a.name, a.digest).cmp(&(&b.name, b.digest)));
    let key = if obstacles.is_empty() { Ok(key_of(&parts)) } else { Err(obstacles) };
    Fingerprint { parts, key, narrowing }
}

/// The key that parts make; stamps do not count. The parts must be sorted by name.
///
/// What a need is called is not in it: nodes that need what is the same are one execution, whoever made it.
#[must_use]
pub fn key_of(parts: &[Part]) -> Digest {
    let mut fields = Fields::of(KEY_DOMAIN);
    for part in parts.iter().filter(|part| part.role == Role::Key) {
        let name = if is_need_part(&part.name) { NEED } else { &part.name };
        fields.add(name.as_bytes());
        fields.add(part.digest.as_bytes());
    }
    fields.finish()
}

/// How the names of the parts begin by which needs enter.
const NEED: &str = "need ";

/// Whether a part is what a need left.
pub(crate) fn is_need_part(name: &str) -> bool {
    name.starts_with(NEED)
}

/// What the part is called by which a need enters.
fn need_part(need: &NodeName) -> String {
    format!("{NEED}{need}")
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
        if let Some(below) = &output.below {
            fields.add("below");
            fields.add(below);
        }
    }
    fields.finish()
}

fn action_digest(node: &Node, facts: &Facts) -> Digest {
    let action = &node.action;
    let mut fields = Fields::of("graph action v2");
    for taken in &action.takes {
        fields.add("take");
        // Of which need, by its place among the parts.
        let before = node.needs.iter().filter(|need| **need < taken.from).count();
        fields.add(before.to_string());
        fields.add(&taken.output);
        fields.add(&taken.path);
    }
    for file in &action.files {
        fields.add("file");
        fields.add(&file.path);
    }
    for step in &action.steps {
        add_step(&mut fields, step, facts);
    }
    fields.finish()
}

fn add_step(fields: &mut Fields, step: &Step, facts: &Facts) {
    fields.add("step");
    fields.add(step.program);
    for Condition { file, line, holds } in &step.when {
        fields.add(if *holds { "with" } else { "without" });
        fields.add(file);
        fields.add(line);
    }
    if let Some(dir) = &step.dir {
        fields.add("dir");
        add_template(fields, dir, facts);
    }
    for arg in &step.args {
        fields.add("arg");
        add_template(fields, arg, facts);
    }
    for (name, value) in &step.env {
        fields.add("env");
        fields.add(name);
        add_template(fields, value, facts);
    }
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
            Piece::Dir(Dir::Checkout) => fields.add("checkout"),
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
