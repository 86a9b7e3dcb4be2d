//! Where in a YAML text a key or a value stands. Knows no key in particular.
//!
//! `yaml_serde` keeps no places beside its values, but every error that a reader raises gets one. So the text is
//! read once more for each problem, by a reader that walks to the place in question and fails there.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::diagnostic::{SourceText, Span};

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// The value under a key.
    Key(String),
    /// An element of a list.
    Index(usize),
}

/// Which end of a path is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The last key itself.
    Key,
    /// What it maps to.
    Value,
}

/// The place of a path, or of the nearest thing to it that the text has.
pub(super) fn locate(text: &Arc<SourceText>, path: &[Segment], side: Side) -> Span {
    let found = (0..=path.len()).rev().find_map(|length| {
        let side = if length == path.len() { side } else { Side::Value };
        let walk = Walk { path: &path[..length], side };
        let error = walk.deserialize(yaml_serde::Deserializer::from_str(&text.text)).err()?;
        let location = error.location()?;
        error.to_string().contains(ARRIVED).then(|| (location.line(), location.column()))
    });
    let (line, column) = found.unwrap_or((1, 1));
    span_at(text, line, column)
}

/// The token at a position, both counted from 1 and columns in characters.
pub(super) fn span_at(text: &Arc<SourceText>, line: usize, column: usize) -> Span {
    let start_of_line: usize =
        text.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &text.text[start_of_line..];
    let within: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let start = start_of_line + within;
    let token = &text.text[start..];
    let length = match token.chars().next() {
        Some(quote @ ('"' | '\'')) => token[1..].find(quote).map_or(token.len(), |at| at + 2),
        Some('{' | '[') => 1,
        _ => token.find(['\n', ',', '}', ']', '#']).unwrap_or(token.len()),
    };
    let token = token[..length].lines().next().unwrap_or("");
    let token = token.split_once(": ").map_or(token, |(key, _)| key).trim_end();
    let token = token.strip_suffix(':').unwrap_or(token);
    Span { source: text.clone(), bytes: start..start + token.len() }
}

const ARRIVED: &str = "\u{1}arrived";

/// Walks a path and fails at its end.
struct Walk<'a> {
    path: &'a [Segment],
    side: Side,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! arrive {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method<E: Error>(self, _: $type) -> Result<(), E> {
            if self.path.is_empty() { Err(E::custom(ARRIVED)) } else { Ok(()) }
        })*
    };
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ARRIVED)
    }

    arrive! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom(ARRIVED)) } else { Ok(()) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (wanted, rest) = match self.path.split_first() {
            None => return Err(A::Error::custom(ARRIVED)),
            Some((Segment::Key(key), rest)) => (key.as_str(), rest),
            Some((Segment::Index(_), _)) => return Ok(()),
        };
        let stop = rest.is_empty() && self.side == Side::Key;
        while let Some(here) = map.next_key_seed(IsKey { wanted, stop })? {
            if here {
                return map.next_value_seed(Walk { path: rest, side: self.side });
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (wanted, rest) = match self.path.split_first() {
            None => return Err(A::Error::custom(ARRIVED)),
            Some((Segment::Index(index), rest)) => (*index, rest),
            Some((Segment::Key(_), _)) => return Ok(()),
        };
        for _ in 0..wanted {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        list.next_element_seed(Walk { path: rest, side: self.side })?;
        Ok(())
    }
}

/// Tells whether a key is the wanted one, and fails there if that is the end of the way.
struct IsKey<'a> {
    wanted: &'a str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        match key == self.wanted {
            true if self.stop => Err(E::custom(ARRIVED)),
            same => Ok(same),
        }
    }
}
