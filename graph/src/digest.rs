//! What a digest is and how fields become one. Knows nothing of what is hashed.
//!
//! Every digest of this project is BLAKE3 over length-prefixed fields under a domain. Two different lists
//! of fields never make the same bytes (`["ab", "c"]` and `["a", "bc"]` differ), and two uses never share
//! a digest by accident, because each names its domain and the domain carries a version.

use std::cell::RefCell;
use std::fmt;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A BLAKE3 digest, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of plain content, as `b3sum` prints it.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// A digest that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }

    /// Twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_hex(&text)
            .ok_or_else(|| serde::de::Error::custom("not a digest of 64 hex digits"))
    }
}

/// Makes a digest of fields, in order, under a domain such as `graph key v1`.
///
/// Fields are gathered before they are digested: a hasher takes two kilobytes and each piece that it is given costs, and
/// most digests are of a few short fields.
#[derive(Clone)]
pub struct Fields {
    key: ContextKey,
    gathered: Vec<u8>,
    /// What was gathered before, where that was much.
    hasher: Option<Box<blake3::Hasher>>,
}

/// How many bytes are gathered at most; so many are digested several blocks at a time.
const GATHERED: usize = 16 * 1024;

impl Fields {
    /// Starts with the domain, which names the use and its version.
    #[must_use]
    pub fn of(domain: &'static str) -> Self {
        Self { key: context_key(domain), gathered: Vec::with_capacity(1000), hasher: None }
    }

    /// Adds one field.
    #[must_use]
    pub fn field(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.add(bytes);
        self
    }

    /// Adds one field in place, for loops.
    pub fn add(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let length = u64::try_from(bytes.len()).expect("a length fits 64 bits");
        self.gathered.extend_from_slice(&length.to_le_bytes());
        self.put(bytes);
    }

    /// Writes a field as it is digested.
    pub(crate) fn encode(bytes: &[u8], to: &mut Vec<u8>) {
        let length = u64::try_from(bytes.len()).expect("a length fits 64 bits");
        to.extend_from_slice(&length.to_le_bytes());
        to.extend_from_slice(bytes);
    }

    /// Adds what was written before, as it is digested.
    pub(crate) fn add_encoded(&mut self, written: &[u8]) {
        self.put(written);
    }

    /// Adds a digest without its length, which is that of all others: under a domain where one stands in its place, there
    /// is always one.
    pub(crate) fn add_digest(&mut self, digest: &Digest) {
        self.put(&digest.0);
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() <= GATHERED {
            self.gathered.extend_from_slice(bytes);
            return;
        }
        let key = &self.key;
        let new = || Box::new(blake3::Hasher::new_from_context_key(key));
        self.hasher.get_or_insert_with(new).update(&self.gathered).update(bytes);
        self.gathered.clear();
    }

    /// Forgets all fields, and keeps the domain and the room.
    pub(crate) fn clear(&mut self) {
        self.gathered.clear();
        self.hasher = None;
    }

    /// The digest of all fields so far.
    #[must_use]
    pub fn finish(&self) -> Digest {
        let hash = match &self.hasher {
            None => {
                blake3::Hasher::new_from_context_key(&self.key).update(&self.gathered).finalize()
            }
            Some(hasher) => hasher.as_ref().clone().update(&self.gathered).finalize(),
        };
        Digest(*hash.as_bytes())
    }
}

/// What a domain makes of BLAKE3's key derivation. A plan digests a few short fields under few domains, millions of
/// times, and deriving anew took longer than the digest itself.
fn context_key(domain: &'static str) -> ContextKey {
    thread_local! {
        static KNOWN: RefCell<Vec<(&'static str, ContextKey)>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        let same = |other: &str| std::ptr::eq(other, domain);
        if let Some((_, key)) = known.iter().find(|(other, _)| same(other)) {
            return *key;
        }
        let key = hash_derive_key_context(domain);
        known.push((domain, key));
        key
    })
}

#[cfg(test)]
mod tests {
    use blake3::hazmat::HasherExt;
    use proptest::prelude::{any, prop, proptest};

    use super::{Digest, Fields, GATHERED, context_key};

    #[test]
    fn boundaries_and_domains_count() {
        let digest = |domain, fields: &[&str]| {
            let mut all = Fields::of(domain);
            fields.iter().for_each(|field| all.add(field));
            all.finish()
        };
        assert_ne!(digest("a v1", &["ab", "c"]), digest("a v1", &["a", "bc"]));
        assert_ne!(digest("a v1", &["ab"]), digest("a v1", &["ab", ""]));
        assert_ne!(digest("a v1", &["ab"]), digest("a v2", &["ab"]));
        assert_eq!(digest("a v1", &["ab"]), digest("a v1", &["ab"]));
    }

    proptest! {
        /// What is gathered is digested as if it had not been.
        #[test]
        fn gathering_changes_nothing(
            pieces in prop::collection::vec((0..=GATHERED + 9, any::<u8>(), any::<bool>()), 0..6),
        ) {
            let mut fields = Fields::of("a v1");
            let mut plain = blake3::Hasher::new_from_context_key(&context_key("a v1"));
            for (length, byte, is_short) in pieces {
                let field = vec![byte; if is_short { length % 70 } else { length }];
                fields.add(&field);
                plain.update(&u64::try_from(field.len()).unwrap().to_le_bytes()).update(&field);
                assert_eq!(fields.finish().as_bytes(), plain.finalize().as_bytes());
            }
        }
    }

    #[test]
    fn hex_round_trips() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        assert_eq!(Digest::from_hex("zz"), None);
    }
}
