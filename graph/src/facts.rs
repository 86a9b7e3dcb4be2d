//! What is so now: the observed value of every source. Observes nothing itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::{FixedState, RandomState};

use crate::digest::{Digest, Fields};
use crate::spec::Source;

/// The observed value of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// It was observed.
    Known {
        /// What goes into the fingerprint.
        digest: Digest,
        /// The value as text, for people and templates; a short digest where the value is not text or is secret.
        text: Arc<str>,
    },
    /// It was looked for and is not there. That is a value too: a file that appears is a change.
    Missing,
    /// It could not be observed, and why; a node that depends on it is stale.
    Unknown(Arc<str>),
}

impl Fact {
    /// A fact that is text, such as a version or a commit.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let text: Arc<str> = text.into();
        Self::Known { digest: text_digest(&text), text }
    }

    /// A fact that is content of which only the digest is shown.
    #[must_use]
    pub fn content(digest: Digest) -> Self {
        Self::Known { digest, text: digest.short().into() }
    }

    /// A fact about a value that must not be kept; `shown` stands for it.
    #[must_use]
    pub fn veiled(value: &[u8], shown: &str) -> Self {
        Self::Known {
            digest: Fields::of("graph fact veiled v1").field(value).finish(),
            text: shown.into(),
        }
    }

    /// A fact whose text must not be kept.
    #[must_use]
    pub fn secret(text: &str) -> Self {
        Self::content(secret_digest(text))
    }
}

/// All facts of one run. A source that nobody observed is [`Fact::Unknown`], never absent. A clone shares what was
/// observed, until one of the two learns more.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    observed: Arc<HashMap<Source, Fact, RandomState>>,
}

/// What is known of a source, without a copy.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// It is known, and what stands for it; nothing where that is the short form of the digest.
    Known { digest: Digest, text: Option<&'a Arc<str>> },
    /// It is not there.
    Missing,
    /// It is not known, and why; nothing where nobody looked.
    Unknown(Option<&'a Arc<str>>),
}

impl Facts {
    /// Remembers what was observed.
    pub fn insert(&mut self, source: Source, fact: Fact) {
        Arc::make_mut(&mut self.observed).insert(source, fact);
    }

    /// The fact for a source; values of the configuration are facts by themselves.
    #[must_use]
    pub fn get(&self, source: &Source) -> Fact {
        match self.seen(source) {
            Seen::Known { digest, text: Some(text) } => {
                Fact::Known { digest, text: Arc::clone(text) }
            }
            Seen::Known { digest, text: None } => Fact::content(digest),
            Seen::Missing => Fact::Missing,
            Seen::Unknown(Some(why)) => Fact::Unknown(Arc::clone(why)),
            Seen::Unknown(None) => Fact::Unknown("it was not observed".into()),
        }
    }

    /// As [`Facts::get`].
    pub(crate) fn seen<'a>(&'a self, source: &'a Source) -> Seen<'a> {
        match source {
            Source::Value(text) => Seen::Known { digest: text_digest(text), text: Some(text) },
            Source::Secret(text) => Seen::Known { digest: secret_digest(text), text: None },
            observed => self.observed(observed),
        }
    }

    /// As [`Facts::get`], for what is no value of the configuration.
    pub(crate) fn observed(&self, source: &Source) -> Seen<'_> {
        match self.observed.get(source) {
            Some(Fact::Known { digest, text }) => Seen::Known { digest: *digest, text: Some(text) },
            Some(Fact::Missing) => Seen::Missing,
            Some(Fact::Unknown(why)) => Seen::Unknown(Some(why)),
            None => Seen::Unknown(None),
        }
    }

    /// Whether a source was observed.
    #[must_use]
    pub fn has(&self, source: &Source) -> bool {
        self.observed.contains_key(source)
    }

    /// Whether what was known is the same now, and of what was learned since nothing narrows a commit.
    pub(crate) fn has_grown_from(&self, earlier: &Self) -> bool {
        let reads = |facts: &Self| {
            facts.observed.keys().filter(|source| matches!(source, Source::Read(..))).count()
        };
        let is_same = |(source, fact)| self.observed.get(source) == Some(fact);
        Arc::ptr_eq(&self.observed, &earlier.observed)
            || earlier.observed.iter().all(is_same) && reads(self) == reads(earlier)
    }

    /// Adds what was observed elsewhere.
    pub fn extend(&mut self, other: Self) {
        let other = Arc::unwrap_or_clone(other.observed);
        Arc::make_mut(&mut self.observed).extend(other);
    }

    /// Every observed source with its fact, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Source, &Fact)> {
        self.observed.iter()
    }
}

impl FromIterator<(Source, Fact)> for Facts {
    fn from_iter<I: IntoIterator<Item = (Source, Fact)>>(facts: I) -> Self {
        Self { observed: Arc::new(facts.into_iter().collect()) }
    }
}

/// How many texts a thread remembers the digests of.
const REMEMBERED: usize = 2048;
/// A longer text is digested anew, so that what is remembered takes little room.
const LONGEST_REMEMBERED: usize = 256;

/// The digest of a text. Nodes of a matrix share most of their values, and to find one is ten times quicker than to
/// digest it: each thread remembers some, by content, one in each place that a hash of the text gives.
fn text_digest(text: &Arc<str>) -> Digest {
    type Slot = Option<(Arc<str>, Digest)>;
    thread_local! {
        static KNOWN: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
    }
    let digest = || Fields::of("graph fact text v1").field(&**text).finish();
    if text.len() > LONGEST_REMEMBERED {
        return digest();
    }
    KNOWN.with_borrow_mut(|known| {
        if known.is_empty() {
            known.resize(REMEMBERED, None);
        }
        let places = u64::try_from(REMEMBERED).expect("a small number");
        let place = FixedState::default().hash_one(&**text) % places;
        let slot = &mut known[usize::try_from(place).expect("less than a small number")];
        match slot {
            Some((same, digest)) if same == text => *digest,
            _ => slot.insert((Arc::clone(text), digest())).1,
        }
    })
}

fn secret_digest(text: &str) -> Digest {
    Fields::of("graph fact secret v1").field(text).finish()
}
