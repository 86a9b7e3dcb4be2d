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

use std::borrow::Cow;
use std::sync::Arc;

use crate::digest::{Digest, Fields};
use crate::facts::{Facts, Seen};
use crate::name::NodeName;
use crate::spec::{
    Action, Condition, Dir, Input, Node, Output, Piece, Place, Presence, Role, Source, Step,
    Template,
};

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
    walk(node, facts, |_, need| made(need), reads, &mut all);
    let Explained { mut parts, obstacles, narrowing } = all;
    parts.sort_by(|a, b| (&a.name, a.digest).cmp(&(&b.name, b.digest)));
    let key = if obstacles.is_empty() { Ok(key_of(&parts)) } else { Err(obstacles) };
    Fingerprint { parts, key, narrowing }
}

/// What a walk over a node meets, in the order in which it was declared. There are two who listen: one explains, the
/// other makes nothing but the key.
trait Walker<'a> {
    fn unresolved(&mut self, what: &'a str);
    /// A value that is known, and the one that stands in its place if it is narrowed.
    fn input(&mut self, input: &'a Input, found: Found<'a>, narrowed: Option<(Digest, Found<'a>)>);
    /// One that is part of the key, and is not known.
    fn unknown(&mut self, input: &'a Input, why: Option<&'a Arc<str>>);
    fn need(&mut self, need: &'a NodeName, made: Option<Digest>);
    fn own(&mut self, name: &'static str, digest: Digest);
}

/// The value of a part.
#[derive(Clone, Copy)]
struct Found<'a> {
    digest: Digest,
    shown: Shown<'a>,
}

#[derive(Clone, Copy)]
enum Shown<'a> {
    Text(&'a Arc<str>),
    ShortDigest,
    Missing,
}

fn walk<'a>(
    node: &'a Node,
    facts: &'a Facts,
    made: impl Fn(usize, &NodeName) -> Option<Digest>,
    reads: Option<Digest>,
    walker: &mut impl Walker<'a>,
) {
    node.unresolved.iter().for_each(|what| walker.unresolved(what));
    for input in &node.inputs {
        let found = match facts.seen(&input.source) {
            Seen::Known { digest, text } => Found::known(digest, text),
            // What is not there was not stamped either.
            Seen::Missing if input.role == Role::Stamp => continue,
            Seen::Missing => Found { digest: missing(), shown: Shown::Missing },
            Seen::Unknown(why) => {
                if input.role == Role::Key {
                    walker.unknown(input, why);
                }
                continue;
            }
        };
        let narrowed = match (&input.source, reads) {
            (Source::Commit(commit), Some(reads)) => {
                match facts.observed(&Source::Read(commit.clone(), reads)) {
                    Seen::Known { digest, text } => Some((reads, Found::known(digest, text))),
                    // The set was forgotten: all of the commit, then.
                    Seen::Missing | Seen::Unknown(_) => None,
                }
            }
            _ => None,
        };
        walker.input(input, found, narrowed);
    }
    for (at, need) in node.needs.iter().enumerate() {
        walker.need(need, made(at, need));
    }
    walker.own(ACTION, action_digest(&node.action, facts));
    walker.own(OUTPUTS, outputs_digest(&node.outputs));
}

const ACTION: &str = "action";
const OUTPUTS: &str = "outputs";

impl<'a> Found<'a> {
    fn known(digest: Digest, text: Option<&'a Arc<str>>) -> Self {
        Self { digest, shown: text.map_or(Shown::ShortDigest, Shown::Text) }
    }

    fn shown(&self) -> Arc<str> {
        match self.shown {
            Shown::Text(text) => cut(text),
            Shown::ShortDigest => self.digest.short().into(),
            Shown::Missing => "(missing)".into(),
        }
    }
}

/// The digest of a value that is not there.
fn missing() -> Digest {
    Fields::of("graph fact missing v1").finish()
}

/// Everything, for people and for records.
#[derive(Default)]
struct Explained {
    parts: Vec<Part>,
    obstacles: Vec<Obstacle>,
    narrowing: Option<Narrowing>,
}

impl<'a> Walker<'a> for Explained {
    fn unresolved(&mut self, what: &'a str) {
        self.obstacles.push(Obstacle::Unresolved(what.to_owned()));
    }

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

    fn need(&mut self, need: &'a NodeName, made: Option<Digest>) {
        match made {
            Some(digest) => self.parts.push(derived(&need_part(need), digest)),
            None => self.obstacles.push(Obstacle::Open(need.clone())),
        }
    }

    fn own(&mut self, name: &'static str, digest: Digest) {
        self.parts.push(derived(name, digest));
    }
}

/// What a node's key is made of, and nothing for people: a plan of a million nodes explains few of them.
#[derive(Default)]
pub(crate) struct Keyed<'a> {
    parts: Vec<(Cow<'a, str>, Digest)>,
    is_open: bool,
    whole: Option<(&'a str, Digest)>,
}

impl<'a> Keyed<'a> {
    /// Takes the short way to the key of a node; `None` if something stands in its way. `made` is asked by the place of
    /// the need among the node's needs.
    pub(crate) fn of(
        node: &'a Node,
        facts: &'a Facts,
        made: impl Fn(usize) -> Option<Digest>,
        reads: Option<Digest>,
    ) -> Option<Self> {
        let mut keyed = Self::default();
        keyed.parts.reserve(node.inputs.len() + node.needs.len() + 2);
        walk(node, facts, |at, _| made(at), reads, &mut keyed);
        if keyed.is_open {
            return None;
        }
        keyed.parts.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        Some(keyed)
    }

    /// As [`Fingerprint::key`].
    pub(crate) fn key(&self) -> Digest {
        self.key_with(None)
    }

    /// As [`Fingerprint::execution_key`], where the key is known.
    pub(crate) fn execution_key_beside(&self, key: Digest) -> Digest {
        self.whole.map_or(key, |whole| self.key_with(Some(whole)))
    }

    fn key_with(&self, mut whole: Option<(&str, Digest)>) -> Digest {
        let mut fields = Fields::of(KEY_DOMAIN);
        for (name, digest) in &self.parts {
            // The first of that name, as in `Fingerprint::with`.
            let whole = whole.take_if(|whole| whole.0 == name).map(|whole| whole.1);
            add_to_key(&mut fields, name, whole.unwrap_or(*digest));
        }
        fields.finish()
    }
}

impl<'a> Walker<'a> for Keyed<'a> {
    fn unresolved(&mut self, _: &'a str) {
        self.is_open = true;
    }

    fn input(&mut self, input: &'a Input, found: Found<'a>, narrowed: Option<(Digest, Found<'a>)>) {
        if input.role == Role::Key {
            let digest = narrowed.map_or(found.digest, |(_, read)| read.digest);
            self.parts.push((Cow::Borrowed(&input.part), digest));
            if narrowed.is_some() {
                self.whole = Some((&input.part, found.digest));
            }
        }
    }

    fn unknown(&mut self, _: &'a Input, _: Option<&'a Arc<str>>) {
        self.is_open = true;
    }

    fn need(&mut self, need: &'a NodeName, made: Option<Digest>) {
        match made {
            Some(digest) => self.parts.push((Cow::Owned(need_part(need)), digest)),
            None => self.is_open = true,
        }
    }

    fn own(&mut self, name: &'static str, digest: Digest) {
        self.parts.push((Cow::Borrowed(name), digest));
    }
}

/// The key that parts make; stamps do not count. The parts must be sorted by name.
#[must_use]
pub fn key_of(parts: &[Part]) -> Digest {
    let mut fields = Fields::of(KEY_DOMAIN);
    for part in parts.iter().filter(|part| part.role == Role::Key) {
        add_to_key(&mut fields, &part.name, part.digest);
    }
    fields.finish()
}

/// How a part enters a key, on the long way and on the short one.
fn add_to_key(fields: &mut Fields, name: &str, digest: Digest) {
    fields.add(name.as_bytes());
    fields.add(digest.as_bytes());
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
        if let Some(below) = &output.below {
            fields.add("below");
            fields.add(below);
        }
    }
    fields.finish()
}

fn action_digest(action: &Action, facts: &Facts) -> Digest {
    let mut fields = Fields::of("graph action v1");
    for taken in &action.takes {
        fields.add("take");
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
            Piece::Fact(source) => match facts.seen(source) {
                Seen::Known { digest, .. } => {
                    fields.add("fact");
                    fields.add(digest.as_bytes());
                }
                Seen::Missing => fields.add("missing"),
                Seen::Unknown(_) => fields.add("unknown"),
            },
        }
    }
}
