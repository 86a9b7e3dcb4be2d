//! What is so now: the observed value of every source. Observes nothing itself.

use std::collections::HashMap;
use std::sync::Arc;

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
        Self::shared(text.into())
    }

    fn shared(text: Arc<str>) -> Self {
        Self::Known { digest: Fields::of("graph fact text v1").field(&*text).finish(), text }
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
        Self::content(Fields::of("graph fact secret v1").field(text).finish())
    }
}

/// All facts of one run. A source that nobody observed is [`Fact::Unknown`], never absent.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    observed: HashMap<Source, Fact>,
}

impl Facts {
    /// Remembers what was observed.
    pub fn insert(&mut self, source: Source, fact: Fact) {
        self.observed.insert(source, fact);
    }

    /// The fact for a source; values of the configuration are facts by themselves.
    #[must_use]
    pub fn get(&self, source: &Source) -> Fact {
        match source {
            Source::Value(text) => Fact::shared(Arc::clone(text)),
            Source::Secret(text) => Fact::secret(text),
            observed => self
                .observed
                .get(observed)
                .cloned()
                .unwrap_or_else(|| Fact::Unknown("it was not observed".into())),
        }
    }

    /// Whether a source was observed.
    #[must_use]
    pub fn has(&self, source: &Source) -> bool {
        self.observed.contains_key(source)
    }

    /// Adds what was observed elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.observed.extend(other.observed);
    }

    /// Every observed source with its fact, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Source, &Fact)> {
        self.observed.iter()
    }
}

impl FromIterator<(Source, Fact)> for Facts {
    fn from_iter<I: IntoIterator<Item = (Source, Fact)>>(facts: I) -> Self {
        Self { observed: facts.into_iter().collect() }
    }
}
