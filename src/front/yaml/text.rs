//! A text that is read: its places, and what is refused before anything is scanned. Knows no syntax.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, SourceText, Span};

const BYTE_ORDER_MARK: &str = "\u{feff}";

pub(super) struct Text {
    source: Arc<SourceText>,
    /// Where reading begins: after a byte order mark.
    pub(super) start: usize,
}

impl Text {
    pub(super) fn new(source: &Arc<SourceText>) -> Self {
        let marked = source.text.starts_with(BYTE_ORDER_MARK);
        Self { source: Arc::clone(source), start: if marked { BYTE_ORDER_MARK.len() } else { 0 } }
    }

    pub(super) fn len(&self) -> usize {
        self.source.text.len()
    }

    /// All of it.
    pub(super) fn as_str(&self) -> &str {
        &self.source.text
    }

    /// Without the byte order mark.
    pub(super) fn body(&self) -> &str {
        &self.source.text[self.start..]
    }

    /// A stretch of the body as one of the whole.
    pub(super) fn shifted(&self, body: Range<usize>) -> Range<usize> {
        body.start + self.start..body.end + self.start
    }

    pub(super) fn span(&self, bytes: &Range<usize>) -> Span {
        Span { source: Arc::clone(&self.source), bytes: bytes.clone() }
    }

    /// The character that stands here.
    pub(super) fn character(&self, at: usize) -> Span {
        let width = self.source.text.get(at..).and_then(|rest| rest.chars().next());
        self.span(&(at..at + width.filter(|&c| c != '\n').map_or(0, char::len_utf8)))
    }

    /// Without the white space at its end.
    pub(super) fn trimmed(&self, bytes: Range<usize>) -> Range<usize> {
        let text = self.source.text.get(bytes.clone()).unwrap_or_default();
        bytes.start..bytes.start + text.trim_end().len()
    }

    /// The first character that no YAML text may have: `Reader.NON_PRINTABLE`.
    pub(super) fn unprintable(&self) -> Option<Diagnostic> {
        let (at, c) = self.source.text.char_indices().find(|&(_, c)| !is_printable(c))?;
        let message = format!("the character U+{:04X} is not allowed", u32::from(c));
        Some(
            Diagnostic::error(message)
                .at(&self.span(&(at..at + c.len_utf8())))
                .hint("in double quotes it can be written as an escape, such as `\"\\x1b\"`"),
        )
    }
}

fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}
