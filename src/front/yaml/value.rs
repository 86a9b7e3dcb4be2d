//! A YAML document as values with places. Knows no file format above YAML.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::{Equivalent, IndexMap};

use crate::diagnostic::Span;

/// A value with the place where it was written. Shared, because an alias is the same node.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub span: Span,
}

/// What PyYAML's `safe_load` would make of a node.
#[derive(Debug, Clone)]
pub enum Value {
    /// `None`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`; Python's have no bound, so one that does not fit is kept as its decimal digits.
    Int(Int),
    /// `float`
    Float(f64),
    /// `str`
    Str(Arc<str>),
    /// `datetime.date` or `datetime.datetime`, in ISO form.
    Timestamp(Arc<str>),
    /// `bytes`
    Binary(Arc<[u8]>),
    /// `list`
    List(Vec<Arc<Node>>),
    /// `dict`, in order of insertion.
    Map(Map),
}

/// An integer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Int {
    /// One that fits.
    Small(i64),
    /// One that does not: an optional `-` and decimal digits.
    Big(Arc<str>),
}

/// A mapping. Equal keys were merged: the last value stands at the place of the first.
pub type Map = IndexMap<Key, Entry, RandomState>;

/// A key that Python can hash, compared as Python does (`1`, `1.0` and `True` are one key).
#[derive(Debug, Clone)]
pub enum Key {
    /// `None`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(Int),
    /// `float`, by its bits
    Float(u64),
    /// `str`
    Str(Arc<str>),
    /// a date or time
    Timestamp(Arc<str>),
    /// `bytes`
    Binary(Arc<[u8]>),
}

/// What a key maps to.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Arc<Node>,
}

impl Node {
    /// The mapping, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Arc<Self>]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The value under a string key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Arc<Self>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry under a string key, if this is a mapping that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map().and_then(|map| map.get(&Named(key)))
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// What it is called in messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Str(_) => "a string",
            Value::Timestamp(_) => "a date",
            Value::Binary(_) => "binary data",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

/// The key that is this text: what a mapping is asked for without a key being made.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a>(pub &'a str);

impl Hash for Named<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Identity::Str(self.0).hash(state);
    }
}

impl Equivalent<Key> for Named<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.as_str() == Some(self.0)
    }
}

/// What two keys must share to be one key. Python compares numbers by value, whatever their type.
#[derive(PartialEq, Eq, Hash)]
enum Identity<'a> {
    Null,
    Whole(i64),
    Big(&'a str),
    Fraction(u64),
    Str(&'a str),
    Timestamp(&'a str),
    Binary(&'a [u8]),
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Key {
    fn identity(&self) -> Identity<'_> {
        match self {
            Self::Null => Identity::Null,
            Self::Bool(truth) => Identity::Whole(i64::from(*truth)),
            Self::Int(Int::Small(small)) => Identity::Whole(*small),
            Self::Int(Int::Big(digits)) => Identity::Big(digits),
            Self::Float(bits) => {
                whole(f64::from_bits(*bits)).map_or(Identity::Fraction(*bits), Identity::Whole)
            }
            Self::Str(text) => Identity::Str(text),
            Self::Timestamp(text) => Identity::Timestamp(text),
            Self::Binary(bytes) => Identity::Binary(bytes),
        }
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

/// The integer that a float is equal to, if it is one that fits.
#[allow(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole(float: f64) -> Option<i64> {
    let fits = float.fract() == 0.0 && (-9.2e18..=9.2e18).contains(&float);
    fits.then_some(float as i64)
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use indexmap::Equivalent;

    use super::{Int, Key, Named};

    #[test]
    fn a_text_finds_the_key_that_it_is() {
        let hasher = std::hash::RandomState::new();
        for text in ["", "1", "a key"] {
            let key = Key::from(text);
            assert_eq!(hasher.hash_one(Named(text)), hasher.hash_one(&key));
            assert!(Named(text).equivalent(&key));
        }
        assert!(!Named("1").equivalent(&Key::Int(Int::Small(1))));
        assert!(!Named("").equivalent(&Key::Null));
    }

    #[test]
    fn keys_are_equal_as_in_python() {
        let one = Key::Int(Int::Small(1));
        assert_eq!(Key::Bool(true), one);
        assert_eq!(Key::Float(1.0_f64.to_bits()), one);
        assert_eq!(Key::Float((-0.0_f64).to_bits()), Key::Bool(false));
        assert_ne!(Key::Float(1.5_f64.to_bits()), one);
        assert_ne!(Key::from("1"), one);
        assert_ne!(Key::from(""), Key::Null);
    }
}
