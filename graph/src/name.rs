//! Node names: paths whose first segment is the kind. Knows no kind in particular.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// All but letters, digits and these is percent-encoded. A colon would end a kas chain, a space an argument
/// of somebody's script, and a slash a segment.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'_')
    .remove(b'-')
    .remove(b'+')
    .remove(b'=')
    .remove(b',')
    .remove(b'@');

/// The longest segment that is a file name as it stands; ext4 allows 255 bytes.
const LONGEST_SEGMENT: usize = 160;

/// A name such as `image/rpi-scarthgap`: stable across runs and machines.
///
/// Invariant: at least two segments, none empty, each percent-encoded, none `.` or `..`; so a name is a
/// relative path that stays below the directory it is joined to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(Arc<str>);

/// The segments that many names begin with, encoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePrefix(String);

/// Why a text is no node name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a node name: a kind and at least one more segment, as in `image/rpi-scarthgap`"
)]
pub struct BadName(pub String);

impl NodeName {
    /// Makes a name from a kind and raw segments, which it encodes.
    ///
    /// # Errors
    /// When the kind or a segment is empty, or there is no segment.
    pub fn new<'a>(
        kind: &'a str,
        segments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BadName> {
        let mut joined = String::with_capacity(96);
        let mut count = 0;
        let mut is_good = true;
        for segment in std::iter::once(kind).chain(segments) {
            if count > 0 {
                joined.push('/');
            }
            is_good &= !segment.is_empty();
            encode(segment, &mut joined);
            count += 1;
        }
        if is_good && count > 1 { Ok(Self(joined.into())) } else { Err(BadName(joined)) }
    }

    /// Reads a name as it is printed.
    ///
    /// # Errors
    /// When the text is not what [`NodeName::new`] makes of its segments.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let decoded: Option<Vec<String>> = text
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8().ok().map(Cow::into_owned))
            .collect();
        let bad = || BadName(text.to_owned());
        let decoded = decoded.ok_or_else(bad)?;
        let (kind, rest) = decoded.split_first().ok_or_else(bad)?;
        let name = Self::new(kind, rest.iter().map(String::as_str)).map_err(|_| bad())?;
        if name.as_str() == text { Ok(name) } else { Err(bad()) }
    }

    /// The name as people and scripts write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the other is a clone of this one; it may be the same name and none.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The first segment: `image`, `sdk`, `kernel`, …
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split('/').next().expect("a name has a first segment")
    }

    /// The slice of a matrix to which the node belongs: the second segment of three or more, whatever its kind. Nodes that
    /// need each other are of one.
    #[must_use]
    pub fn slice(&self) -> Option<&str> {
        let mut segments = self.0.split('/');
        let slice = segments.nth(1);
        segments.next().and(slice)
    }

    /// The name as a relative path on disk: itself, but that segments too long for a file system are cut and
    /// told apart by a digest.
    #[must_use]
    pub fn path(&self) -> Cow<'_, str> {
        if self.0.len() <= LONGEST_SEGMENT {
            return Cow::Borrowed(&self.0);
        }
        let segments: Vec<String> = self.0.split('/').map(shortened).collect();
        Cow::Owned(segments.join("/"))
    }

    /// The name as one path component, for a file beside others: `image~rpi-scarthgap`.
    #[must_use]
    pub fn file_stem(&self) -> String {
        shortened(&self.0.replace('/', "~"))
    }
}

impl NamePrefix {
    /// Makes one of a kind and raw segments, which it encodes.
    ///
    /// # Errors
    /// When the kind or a segment is empty, or there is no segment.
    pub fn new<'a>(
        kind: &'a str,
        segments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BadName> {
        NodeName::new(kind, segments).map(|name| Self(format!("{name}/")))
    }

    /// The name that one more segment makes, as [`NodeName::new`] makes it of all of them.
    ///
    /// # Errors
    /// When the segment is empty.
    pub fn name(&self, segment: &str) -> Result<NodeName, BadName> {
        let mut name = String::with_capacity(self.0.len() + segment.len() + 8);
        name.push_str(&self.0);
        encode(segment, &mut name);
        if segment.is_empty() { Err(BadName(name)) } else { Ok(NodeName(name.into())) }
    }
}

fn encode(segment: &str, name: &mut String) {
    let rest = segment.strip_prefix('.');
    if rest.is_some() {
        name.push_str("%2E");
    }
    let rest = rest.unwrap_or(segment);
    if rest.bytes().all(is_plain) {
        name.push_str(rest);
    } else {
        name.extend(utf8_percent_encode(rest, ENCODED));
    }
}

/// Whether a byte stands for itself: of most names, all do.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-+=,@".contains(&byte)
}

fn shortened(segment: &str) -> String {
    if segment.len() <= LONGEST_SEGMENT {
        return segment.to_owned();
    }
    format!("{}~{}", &segment[..LONGEST_SEGMENT], Digest::of(segment.as_bytes()).short())
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for NodeName {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> Self {
        name.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::utf8_percent_encode;

    use super::{ENCODED, NodeName, is_plain};

    #[test]
    fn names_are_paths_that_stay_below() {
        let name = |segments: &[&str]| {
            NodeName::new("image", segments.iter().copied()).map(String::from).ok()
        };
        assert_eq!(name(&["rpi-scarthgap"]).as_deref(), Some("image/rpi-scarthgap"));
        assert_eq!(name(&["..", "a/b"]).as_deref(), Some("image/%2E./a%2Fb"));
        assert_eq!(name(&["a:b\n\u{1b}[2J"]).as_deref(), Some("image/a%3Ab%0A%1B%5B2J"));
        assert_eq!(name(&["defconfig+CONFIG_A=y"]).as_deref(), Some("image/defconfig+CONFIG_A=y"));
        assert_eq!(name(&[""]), None);
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn what_is_plain_is_not_encoded() {
        for byte in 0..=0x7f_u8 {
            let char = char::from(byte).to_string();
            let encoded = utf8_percent_encode(&char, ENCODED).to_string();
            assert_eq!(is_plain(byte), encoded == char, "{char:?}");
        }
    }

    #[test]
    fn only_what_is_printed_parses() {
        assert!(NodeName::parse("image/%2E./a%2Fb").is_ok());
        for bad in ["image", "image/", "image/../x", "image/a b", "/a", "image/%2e./a", ""] {
            assert!(NodeName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn long_segments_stay_file_names() {
        let long = "x".repeat(400);
        let name = NodeName::new("kernel", [long.as_str()]).expect("a name");
        assert!(name.path().split('/').all(|segment| segment.len() < 255));
        assert!(name.file_stem().len() < 255);
    }
}
