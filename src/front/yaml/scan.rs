//! The text under libyaml's scanner: positions, what is refused before it, and its refusals in our words.
//! Knows no nodes.

use std::ops::Range;
use std::sync::Arc;

use libyaml_safer::{Error, Mark};

use crate::diagnostic::{Diagnostic, SourceText, Span};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The scanner compares each `%TAG` with all before it, which makes twenty thousand of them a bomb.
const MOST_DIRECTIVES: usize = 100;

/// A text that is scanned.
pub(super) struct Text {
    source: Arc<SourceText>,
    /// Where the scanner begins: after a byte order mark.
    start: usize,
}

impl Text {
    pub(super) fn new(source: &Arc<SourceText>) -> Self {
        let start =
            if source.text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Self { source: Arc::clone(source), start }
    }

    /// What the scanner sees.
    pub(super) fn body(&self) -> &str {
        &self.source.text[self.start..]
    }

    /// A stretch of the body as one of the whole.
    pub(super) fn shifted(&self, body: Range<usize>) -> Range<usize> {
        body.start + self.start..body.end + self.start
    }

    pub(super) fn len(&self) -> usize {
        self.source.text.len()
    }

    /// All of it.
    pub(super) fn as_str(&self) -> &str {
        &self.source.text
    }

    pub(super) fn span(&self, bytes: &Range<usize>) -> Span {
        Span { source: Arc::clone(&self.source), bytes: bytes.clone() }
    }

    /// The scanner counts bytes, from where it began.
    pub(super) fn range(&self, start: Mark, end: Mark) -> Range<usize> {
        let (start, end) = (self.offset(start), self.offset(end));
        start..end.max(start)
    }

    fn offset(&self, mark: Mark) -> usize {
        let offset = usize::try_from(mark.index).unwrap_or(usize::MAX).saturating_add(self.start);
        offset.min(self.len())
    }

    /// Without the white space at its end.
    pub(super) fn trimmed(&self, bytes: Range<usize>) -> Range<usize> {
        let text = self.source.text.get(bytes.clone()).unwrap_or_default();
        bytes.start..bytes.start + text.trim_end().len()
    }

    /// Whether a node that begins here begins with a tag.
    pub(super) fn has_tag(&self, start: usize) -> bool {
        self.source.text.as_bytes().get(start) == Some(&b'!')
    }

    /// Where the content of a node begins, after its anchor and tag.
    pub(super) fn after_properties(&self, bytes: &Range<usize>) -> usize {
        let all = self.source.text.get(bytes.clone()).unwrap_or_default();
        let mut rest = all;
        loop {
            rest = match rest.chars().next() {
                Some('&') => {
                    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '&');
                    rest.trim_start_matches(name)
                }
                Some('!') => {
                    let end = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
                    &rest[rest.find(end).unwrap_or(rest.len())..]
                }
                Some('#') => &rest[rest.find('\n').unwrap_or(rest.len())..],
                Some(c) if c.is_whitespace() => rest.trim_start(),
                _ => return bytes.start + (all.len() - rest.len()),
            }
        }
    }

    /// What follows the first line of a stretch.
    pub(super) fn after_line(&self, bytes: &Range<usize>) -> Range<usize> {
        let text = self.source.text.get(bytes.clone()).unwrap_or_default();
        let line = text.find(['\n', '\r']).unwrap_or(text.len());
        bytes.start + line..bytes.end
    }
}

/// What is wrong with a text as such, found before any of it is scanned.
pub(super) fn unreadable(text: &Text) -> Option<Diagnostic> {
    let body = text.body();
    if let Some((at, refused)) = body.char_indices().find(|&(_, c)| !is_printable(c)) {
        let at = text.start + at;
        return Some(
            Diagnostic::error(format!("the character U+{:04X} is not allowed", u32::from(refused)))
                .at(&text.span(&(at..at + refused.len_utf8())))
                .hint("in double quotes it can be written as an escape, such as `\\x1b`"),
        );
    }
    let mut directives = body.match_indices("%TAG").map(|(at, _)| text.start + at);
    directives.nth(MOST_DIRECTIVES).map(|at| {
        Diagnostic::error(format!("more than {MOST_DIRECTIVES} `%TAG` directives"))
            .at(&text.span(&(at..at + 4)))
    })
}

/// `Reader.NON_PRINTABLE`
fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// What the scanner or the parser says, as a problem with a place.
pub(super) fn refusal(text: &Text, error: &Error) -> Diagnostic {
    let message = match error.context() {
        Some(context) => format!("{} {context}", error.problem()),
        None => error.problem().to_owned(),
    };
    let mut diagnostic = Diagnostic::error(message);
    if let Some(mark) = error.problem_mark() {
        let at = text.offset(mark);
        let found = text.as_str().get(at..).and_then(|rest| rest.chars().next());
        diagnostic = diagnostic.at(&text.span(&(at..at + found.map_or(0, char::len_utf8))));
        if let Some(hint) = hint(error.problem(), found) {
            diagnostic = diagnostic.hint(hint);
        }
        if let Some(context) = error.context_mark().filter(|context| context.line != mark.line) {
            let at = text.offset(context);
            diagnostic = diagnostic.related(&text.span(&(at..at)), "it began here");
        }
    }
    diagnostic
}

fn hint(problem: &str, found: Option<char>) -> Option<String> {
    let hint = match (problem, found) {
        (_, Some('\t')) => "indent with spaces: a tab cannot indent".to_owned(),
        ("found character that cannot start any token", Some(c)) => {
            format!("a value that begins with `{c}` must be quoted")
        }
        ("mapping values are not allowed in this context", _) => {
            "a text that contains `: ` must be quoted; else check the indentation".to_owned()
        }
        ("could not find expected ':'", _) => {
            "a key needs a `:`, and the lines of a longer text must be indented deeper than its key"
                .to_owned()
        }
        ("found unexpected end of stream", _) => "a quote is not closed".to_owned(),
        (problem, _) if problem.starts_with("did not find expected") => {
            "check the indentation, the commas and the brackets here and on the line above"
                .to_owned()
        }
        _ => return None,
    };
    Some(hint)
}
