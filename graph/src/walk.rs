//! The one walk over what a node is made of: its key and its explanation are made by two who listen to it. Knows neither
//! how a key is made nor how a part is kept.

use std::sync::Arc;

use crate::action::{action_digest, outputs_digest};
use crate::digest::{Digest, Fields};
use crate::facts::{Facts, Seen};
use crate::name::NodeName;
use crate::spec::{Input, Node, Role, Source};

/// The longest value that is kept with a part; `why` shows old and new, and no one reads more than this.
const LONGEST_SHOWN: usize = 4096;

/// What a walk over a node meets, in the order in which it was declared. There are two who listen: one explains, the
/// other makes nothing but the key.
pub(crate) trait Walker<'a> {
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
pub(crate) struct Found<'a> {
    pub(crate) digest: Digest,
    shown: Shown<'a>,
}

#[derive(Clone, Copy)]
enum Shown<'a> {
    Text(&'a Arc<str>),
    ShortDigest,
    Missing,
}

/// Goes over a node, and tells the walker. `made` is told the place of the need among the needs, too.
pub(crate) fn walk<'a>(
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
                match facts.observed(&Source::Read(commit.clone(), Box::new(reads))) {
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
    walker.own(ACTION, action_digest(node, facts));
    walker.own(OUTPUTS, outputs_digest(&node.outputs));
}

const ACTION: &str = "action";
const OUTPUTS: &str = "outputs";

impl<'a> Found<'a> {
    fn known(digest: Digest, text: Option<&'a Arc<str>>) -> Self {
        Self { digest, shown: text.map_or(Shown::ShortDigest, Shown::Text) }
    }

    /// For people.
    pub(crate) fn shown(&self) -> Arc<str> {
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

fn cut(text: &Arc<str>) -> Arc<str> {
    if text.len() <= LONGEST_SHOWN {
        return text.clone();
    }
    let end = (0..=LONGEST_SHOWN).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    format!("{}…", &text[..end]).into()
}
