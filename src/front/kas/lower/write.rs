//! Writes YAML that every version of PyYAML reads in one way: sorted keys, every text quoted. Knows no key of kas.
//!
//! serde-saphyr writes what survives, too; it cannot leave holes for what is known only when a node runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use graph::spec::{Piece, Source, Template};

/// A scanner takes a key for one only if it is shorter than 1024 characters; the quotes count, and escapes.
const LONGEST_SIMPLE_KEY: usize = 1000;

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Out {
    Null,
    Flag(bool),
    Number(i64),
    Text(Arc<str>),
    /// The value of a source, which must be such that single quotes hold it: a commit.
    Hole(Source),
    /// A text of which one stretch must not be shown.
    Guarded {
        before: Arc<str>,
        secret: Arc<str>,
        after: Arc<str>,
    },
    List(Vec<Out>),
    Map(BTreeMap<OutKey, Out>),
}

/// A key. Numbers come before texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OutKey {
    Number(i64),
    Text(Arc<str>),
}

impl Out {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A mapping of those entries that have a value.
    pub(super) fn map<K: Into<Arc<str>>>(
        entries: impl IntoIterator<Item = (K, Option<Self>)>,
    ) -> Self {
        let entry = |(key, value): (K, Option<Self>)| Some((OutKey::Text(key.into()), value?));
        Self::Map(entries.into_iter().filter_map(entry).collect())
    }
}

/// Writes a document.
pub(super) fn document(comment: &str, root: &Out) -> Template {
    let mut writer = Writer { text: format!("# {comment}\n"), pieces: Vec::new() };
    match root {
        Out::Map(map) if !map.is_empty() => writer.map(map, 0),
        other => writer.inline(other),
    }
    let text = std::mem::take(&mut writer.text);
    writer.pieces.push(Piece::Text(text.into()));
    Template::of(writer.pieces)
}

struct Writer {
    text: String,
    pieces: Vec<Piece>,
}

impl Writer {
    fn map(&mut self, map: &BTreeMap<OutKey, Out>, depth: usize) {
        for (key, value) in map {
            self.indent(depth);
            let start = self.text.len();
            match key {
                OutKey::Number(number) => {
                    let _ = write!(self.text, "{number}");
                }
                OutKey::Text(text) => write_key(text, &mut self.text),
            }
            if self.text[start..].chars().count() > LONGEST_SIMPLE_KEY {
                self.text.insert_str(start, "? ");
                self.text.push('\n');
                self.indent(depth);
            }
            self.text.push(':');
            self.value(value, depth);
        }
    }

    fn indent(&mut self, depth: usize) {
        self.text.extend(std::iter::repeat_n(' ', depth));
    }

    /// What follows a colon or a dash, with the end of the line.
    fn value(&mut self, value: &Out, depth: usize) {
        match value {
            Out::Map(map) if !map.is_empty() => {
                self.text.push('\n');
                self.map(map, depth + 2);
            }
            Out::List(items) if !items.is_empty() => {
                self.text.push('\n');
                for item in items {
                    self.indent(depth + 2);
                    self.text.push('-');
                    self.value(item, depth + 2);
                }
            }
            Out::Text(text) if text.contains('\n') => {
                self.text.push(' ');
                self.lines(text, depth + 2);
                self.text.push('\n');
            }
            other => {
                self.text.push(' ');
                self.inline(other);
                self.text.push('\n');
            }
        }
    }

    fn inline(&mut self, value: &Out) {
        match value {
            Out::Null => self.text.push_str("null"),
            Out::Flag(flag) => self.text.push_str(if *flag { "true" } else { "false" }),
            Out::Number(number) => {
                let _ = write!(self.text, "{number}");
            }
            Out::Text(text) => write_quoted(text, &mut self.text),
            Out::Hole(source) => {
                self.text.push('\'');
                let before = std::mem::take(&mut self.text);
                self.pieces.push(Piece::Text(before.into()));
                self.pieces.push(Piece::Fact(source.clone()));
                self.text.push('\'');
            }
            Out::Guarded { before, secret, after } => {
                self.text.push('"');
                escape(before, &mut self.text);
                let mut inner = String::new();
                escape(secret, &mut inner);
                let text = std::mem::take(&mut self.text);
                self.pieces.push(Piece::Text(text.into()));
                self.pieces.push(Piece::Fact(Source::Secret(inner.into())));
                escape(after, &mut self.text);
                self.text.push('"');
            }
            Out::List(_) => self.text.push_str("[]"),
            Out::Map(_) => self.text.push_str("{}"),
        }
    }

    /// Text of several lines, one a line: in double quotes a backslash at the end of a line, and the blanks at the
    /// beginning of the next, are not part of the text.
    fn lines(&mut self, text: &str, depth: usize) {
        self.text.push('"');
        for line in text.split_inclusive('\n') {
            self.text.push_str("\\\n");
            self.indent(depth);
            let rest = line.trim_start_matches(' ');
            // The first blank would be taken for indentation.
            if rest.len() < line.len() {
                self.text.push('\\');
                self.text.push_str(&line[..line.len() - rest.len()]);
            }
            escape(rest, &mut self.text);
        }
        self.text.push('"');
    }
}

/// kas's own keys stand as they are; whatever else users named is quoted.
fn write_key(text: &str, to: &mut String) {
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && !matches!(text, "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "null");
    if plain { to.push_str(text) } else { write_quoted(text, to) }
}

fn write_quoted(text: &str, to: &mut String) {
    if text.chars().all(|letter| matches!(letter, ' '..='~') || letter.is_alphanumeric()) {
        to.push('\'');
        for (at, stretch) in text.split('\'').enumerate() {
            to.push_str(if at > 0 { "''" } else { "" });
            to.push_str(stretch);
        }
        to.push('\'');
        return;
    }
    to.push('"');
    escape(text, to);
    to.push('"');
}

/// The inside of double quotes. Everything that is neither ASCII nor a letter is escaped: line separators, marks of
/// direction, and what PyYAML calls unprintable.
fn escape(text: &str, to: &mut String) {
    for letter in text.chars() {
        match letter {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\t' => to.push_str("\\t"),
            ' '..='~' => to.push(letter),
            _ if letter.is_alphanumeric() => to.push(letter),
            _ => {
                let code = u32::from(letter);
                let _ = match code {
                    0..=0xff => write!(to, "\\x{code:02x}"),
                    0x100..=0xffff => write!(to, "\\u{code:04x}"),
                    _ => write!(to, "\\U{code:08x}"),
                };
            }
        }
    }
}
