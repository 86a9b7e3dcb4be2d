//! The one walk over the inputs of a node: its key and its explanation are made by two who listen to it. Knows neither how
//! a key is made nor how a part is kept.

use std::sync::Arc;

use crate::digest::{Digest, Fields};
use crate::facts::{Facts, Seen};
use crate::spec::{Commit, Input, Role, Source};

/// The longest value that is kept with a part; `why` shows old and new, and no one reads more than this.
const LONGEST_SHOWN: usize = 4096;

/// Who listens to a walk over inputs. There are two: one explains, the other makes nothing but a digest.
pub(crate) trait Listener<'a> {
    /// A value that is known, and the one that stands in its place if it is narrowed.
    fn input(&mut self, input: &'a Input, found: Found<'a>, narrowed: Option<(Digest, Found<'a>)>);
    /// One that is part of the key, and is not known.
    fn unknown(&mut self, input: &'a Input, why: Option<&'a Arc<str>>);
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

/// Goes over inputs in the order in which they were declared, and tells the listener. `reads` is which files of its
/// commit the node's last build read, if that is known.
pub(crate) fn walk<'a>(
    inputs: impl IntoIterator<Item = &'a Input>,
    facts: &'a Facts,
    reads: Option<Digest>,
    listener: &mut impl Listener<'a>,
) {
    for input in inputs {
        let found = match facts.seen(&input.source) {
            Seen::Known { digest, text } => Found::known(digest, text),
            // What is not there was not stamped either.
            Seen::Missing if input.role == Role::Stamp => continue,
            Seen::Missing => Found { digest: missing(), shown: Shown::Missing },
            Seen::Unknown(why) => {
                if input.role == Role::Key {
                    listener.unknown(input, why);
                }
                continue;
            }
        };
        let narrowed = match (&input.source, reads) {
            (Source::Commit(commit), Some(reads)) => {
                narrowed(commit, reads, facts).map(|read| (reads, read))
            }
            _ => None,
        };
        listener.input(input, found, narrowed);
    }
}

/// What those files of a commit are that an earlier build has read. Nothing where the set was forgotten: it is all of the
/// commit, then.
pub(crate) fn narrowed<'a>(
    commit: &Arc<Commit>,
    reads: Digest,
    facts: &'a Facts,
) -> Option<Found<'a>> {
    match facts.observed(&Source::Read(commit.clone(), Box::new(reads))) {
        Seen::Known { digest, text } => Some(Found::known(digest, text)),
        Seen::Missing | Seen::Unknown(_) => None,
    }
}

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
