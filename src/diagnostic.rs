//! A problem of the user's input: what, where, and what to do about it. Knows no format and prints nothing.

use std::fmt;
use std::sync::{Arc, OnceLock};

use graph::spec::Place;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be built of this.
    Error,
    /// It works, and is probably not what was meant.
    Warning,
}

/// The text of a file that the user wrote, under the name by which messages call it.
#[derive(Debug)]
pub struct SourceText {
    /// The path, relative to the project's root where it lies below it.
    pub name: Arc<str>,
    /// The content. Bytes that are no UTF-8 are replaced.
    pub text: String,
    index: OnceLock<Index>,
}

/// Where lines and characters are in a text. A file of a thousand machines is asked for a thousand places, and may be one
/// long line: to count from its beginning for each of them would be quadratic.
#[derive(Debug)]
struct Index {
    /// Where each line begins.
    lines: Vec<usize>,
    /// How many characters begin before each [`STRIDE`] of bytes.
    characters: Vec<usize>,
}

const STRIDE: usize = 1024;

impl Index {
    fn of(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(end, _)| end + 1)).collect();
        let counts = text.chunks(STRIDE).scan(0, |sum, chunk| {
            *sum += characters(chunk);
            Some(*sum)
        });
        Self { lines, characters: std::iter::once(0).chain(counts).collect() }
    }
}

/// How many characters begin in a piece of text.
fn characters(text: &[u8]) -> usize {
    let is_inside = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    text.iter().filter(|&&byte| !is_inside(byte)).count()
}

impl SourceText {
    /// A text under its name.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), index: OnceLock::new() }
    }

    /// The line and the column of a byte, counted from 0.
    fn line_and_column(&self, byte: usize) -> (usize, usize) {
        let text = self.text.as_bytes();
        let Index { lines, characters: marks } = self.index.get_or_init(|| Index::of(text));
        let line = lines.partition_point(|&start| start <= byte) - 1;
        let before = |byte: usize| {
            let mark = byte / STRIDE;
            marks[mark] + characters(&text[mark * STRIDE..byte])
        };
        (line, before(byte) - before(lines[line]))
    }
}

impl PartialEq for SourceText {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text == other.text
    }
}

impl Eq for SourceText {}

/// A stretch of a source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub source: Arc<SourceText>,
    /// Byte offsets of the first byte and the one past the last.
    pub bytes: std::ops::Range<usize>,
}

impl Span {
    /// The position in terms of lines.
    #[must_use]
    pub fn place(&self) -> Place {
        let start = self.bytes.start.min(self.source.text.len());
        let (line, column) = self.source.line_and_column(start);
        let small = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Place { file: self.source.name.clone(), line: small(line), column: small(column) }
    }
}

/// One problem.
///
/// The message is lower case without a full stop, with names in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where, if it is in a text that was read.
    pub span: Option<Span>,
    /// Where, if it is a file as a whole or one that could not be read.
    pub file: Option<Arc<str>>,
    /// Other places that belong to it, each with a word on what is there.
    pub related: Vec<(Span, String)>,
    /// What to do next.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            span: None,
            file: None,
            related: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Places it in a text.
    #[must_use]
    pub fn at(mut self, span: &Span) -> Self {
        self.span = Some(span.clone());
        self
    }

    /// Places it at a file as a whole.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<Arc<str>>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Adds a place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.related.push((span.clone(), label.into()));
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The position, for sorting and for one-line forms.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.span.as_ref().map(Span::place).or_else(|| self.file.as_deref().map(Place::file))
    }
}

/// All problems of one input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one, unless the very same is there: two chains that include one file report its problem once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Adds all of another list.
    pub fn extend(&mut self, others: Self) {
        others.0.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether anything here stops a build.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All of them, in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(all: I) -> Self {
        let mut diagnostics = Self::default();
        all.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
        diagnostics
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            Some(place) if place.line > 0 => {
                write!(f, "{}:{}: {}", place, place.column, self.message)
            }
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// An error of the operating system as messages have it: its number is for nobody.
#[must_use]
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// The nearest of the known names, for `did you mean` hints.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Likeness costs the product of the lengths, and names come from files that anyone may have written.
    const LONGEST: usize = 100;
    known
        .into_iter()
        .filter(|name| word.len() <= LONGEST && name.len() <= LONGEST)
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{STRIDE, SourceText, Span};

    #[test]
    fn a_place_is_a_line_and_a_column_in_characters() {
        let source = Arc::new(SourceText::new("a.yaml", "a: ä\n\n  b: 1\r\nc"));
        let place = |at: usize| {
            let place = Span { source: Arc::clone(&source), bytes: at..at }.place();
            (place.line, place.column)
        };
        let places = [0, 3, 5, 6, 7, 9, 14, 15, 16, 99].map(place);
        let expect =
            [(1, 1), (1, 4), (1, 5), (2, 1), (3, 1), (3, 3), (3, 8), (4, 1), (4, 2), (4, 2)];
        assert_eq!(places, expect);
        let empty = Span { source: Arc::new(SourceText::new("", "")), bytes: 0..0 }.place();
        assert_eq!((empty.line, empty.column), (1, 1));
    }

    #[test]
    fn long_lines_are_counted_as_short_ones() {
        let text: String = "aä€𝄞\n".chars().cycle().take(7 * STRIDE).collect();
        for text in [text.replace('\n', ""), text] {
            let source = Arc::new(SourceText::new("a.json", text.as_str()));
            for (at, _) in text.char_indices() {
                let place = Span { source: Arc::clone(&source), bytes: at..at }.place();
                let line = text[..at].rsplit('\n').next().expect("there is a last line");
                let expect = (text[..at].matches('\n').count() + 1, line.chars().count() + 1);
                assert_eq!((place.line as usize, place.column as usize), expect);
            }
        }
    }
}
