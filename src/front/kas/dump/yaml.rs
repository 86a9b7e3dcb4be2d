//! A port of PyYAML's emitter, as far as `KasYamlDumper` uses it: block style, four blanks, eighty columns, ASCII.
//! Knows no configuration.

use std::io::{self, Write};

use super::style::{self, Analysis, Style};
use super::{Budget, scalar};
use crate::front::yaml::{Key, Node, Value};

const INDENT: usize = 4;
const WIDTH: usize = 80;
/// A key that is longer, with its tag, is written as `? key`.
const LONGEST_KEY: usize = 128;

/// Where a node stands, which says how it may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Value,
    SimpleKey,
    ComplexKey,
}

/// A scalar on its way out.
struct Scalar {
    text: String,
    /// As far as it counts towards the length of a key.
    tag: &'static str,
    analysis: Analysis,
    style: Style,
}

pub(super) struct Emitter<'a> {
    out: &'a mut dyn Write,
    budget: Budget,
    column: usize,
    indent: Option<usize>,
    /// Whether the last character was white space.
    whitespace: bool,
    /// Whether the line has nothing but indentation and indicators.
    indention: bool,
    /// Whether what was written last does not show where it ends.
    open_ended: bool,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            budget: Budget::new(),
            column: 0,
            indent: None,
            whitespace: true,
            indention: true,
            open_ended: false,
        }
    }

    pub(super) fn document(&mut self, root: &Node) -> io::Result<()> {
        // kas writes nothing, which no YAML parser would read.
        if root.is_null() {
            return self.write("null\n");
        }
        self.node(&root.value, Place::Root)?;
        self.write_indent()?;
        if self.open_ended {
            self.indicator("...", true)?;
            self.write_indent()?;
        }
        Ok(())
    }

    fn node(&mut self, value: &Value, place: Place) -> io::Result<()> {
        self.budget.spend()?;
        let outer = self.indent;
        match value {
            Value::List(items) if items.is_empty() => self.brackets("[", "]")?,
            Value::Map(map) if map.is_empty() => self.brackets("{", "}")?,
            Value::List(items) => {
                // A list below a key is not indented, as everyone's configurations have it.
                let indentless =
                    matches!(place, Place::Value | Place::ComplexKey) && !self.indention;
                self.indent = Some(match outer {
                    None => 0,
                    Some(outer) if indentless => outer,
                    Some(outer) => outer + INDENT,
                });
                for item in items {
                    self.write_indent()?;
                    self.block_indicator("-")?;
                    self.node(&item.value, Place::Item)?;
                }
            }
            Value::Map(map) => {
                self.indent = Some(outer.map_or(0, |outer| outer + INDENT));
                for (key, entry) in map {
                    self.write_indent()?;
                    self.key(key)?;
                    self.node(&entry.value.value, Place::Value)?;
                }
            }
            scalar => {
                let scalar = Scalar::of(scalar, false);
                self.scalar(&scalar, place)?;
            }
        }
        self.indent = outer;
        Ok(())
    }

    fn brackets(&mut self, open: &str, close: &str) -> io::Result<()> {
        self.indicator(open, true)?;
        self.whitespace = true;
        self.indicator(close, false)
    }

    /// A key and the `:` after it.
    fn key(&mut self, key: &Key) -> io::Result<()> {
        let value = scalar::of_key(key);
        let simple = Scalar::of(&value, true);
        let is_simple = simple.tag.len() + simple.analysis.length < LONGEST_KEY
            && !simple.analysis.empty
            && !simple.analysis.multiline;
        if is_simple {
            self.scalar(&simple, Place::SimpleKey)?;
            return self.indicator(":", false);
        }
        self.block_indicator("?")?;
        self.node(&value, Place::ComplexKey)?;
        self.write_indent()?;
        self.block_indicator(":")
    }

    fn scalar(&mut self, scalar: &Scalar, place: Place) -> io::Result<()> {
        let outer = self.indent;
        self.indent = Some(outer.unwrap_or(0) + INDENT);
        if scalar.tag == style::BINARY {
            self.indicator(scalar.tag, true)?;
        }
        let split = place != Place::SimpleKey;
        let text: Vec<char> = scalar.text.chars().collect();
        match scalar.style {
            Style::Plain => {
                self.open_ended |= place == Place::Root;
                self.plain(&text, split)?;
            }
            Style::Single => self.single_quoted(&text, split)?,
            Style::Double => self.double_quoted(&text, split)?,
            Style::Literal => self.literal(&text)?,
        }
        self.indent = outer;
        Ok(())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.column += text.len();
        self.out.write_all(text.as_bytes())
    }

    fn write_chars(&mut self, text: &[char]) -> io::Result<()> {
        self.write(&text.iter().collect::<String>())
    }

    fn indicator(&mut self, indicator: &str, needs_whitespace: bool) -> io::Result<()> {
        if needs_whitespace && !self.whitespace {
            self.write(" ")?;
        }
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
        self.write(indicator)
    }

    /// One that counts as indentation.
    fn block_indicator(&mut self, indicator: &str) -> io::Result<()> {
        let indention = self.indention;
        self.indicator(indicator, true)?;
        self.indention = indention;
        Ok(())
    }

    fn write_indent(&mut self) -> io::Result<()> {
        let indent = self.indent.unwrap_or(0);
        let past = self.column > indent || self.column == indent && !self.whitespace;
        if !self.indention || past {
            self.line_break()?;
        }
        if self.column < indent {
            self.whitespace = true;
            self.write(&" ".repeat(indent - self.column))?;
        }
        Ok(())
    }

    fn line_break(&mut self) -> io::Result<()> {
        self.whitespace = true;
        self.indention = true;
        self.column = 0;
        self.out.write_all(b"\n")
    }

    /// Folds at a single blank past the width.
    fn plain(&mut self, text: &[char], split: bool) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if !self.whitespace {
            self.write(" ")?;
        }
        self.whitespace = false;
        self.indention = false;
        for (blanks, word) in words(text) {
            if blanks == 1 && self.column > WIDTH && split {
                self.write_indent()?;
                self.whitespace = false;
                self.indention = false;
            } else {
                self.write(&" ".repeat(blanks))?;
            }
            self.write_chars(word)?;
        }
        Ok(())
    }

    fn single_quoted(&mut self, text: &[char], split: bool) -> io::Result<()> {
        self.indicator("'", true)?;
        for (at, (blanks, word)) in words(text).into_iter().enumerate() {
            let inner = at > 0 && !word.is_empty();
            if blanks == 1 && self.column > WIDTH && split && inner {
                self.write_indent()?;
            } else {
                self.write(&" ".repeat(blanks))?;
            }
            let word: String = word.iter().collect();
            self.write(&word.replace('\'', "''"))?;
        }
        self.indicator("'", false)
    }

    fn double_quoted(&mut self, text: &[char], split: bool) -> io::Result<()> {
        self.indicator("\"", true)?;
        let mut start = 0;
        for end in 0..=text.len() {
            let c = text.get(end).copied();
            let escape = c.map(style::escape);
            if escape.as_ref().is_none_or(Option::is_some) {
                self.write_chars(&text[start..end])?;
                start = end;
                if let Some(Some(escape)) = escape {
                    self.write(&escape)?;
                    start = end + 1;
                }
            }
            let inner = 0 < end && end + 1 < text.len();
            // After an escape `start` is one past `end`.
            let is_wide = self.column + end > WIDTH + start;
            if inner && (c == Some(' ') || start >= end) && is_wide && split {
                if start < end {
                    self.write_chars(&text[start..end])?;
                    start = end;
                }
                self.write("\\")?;
                self.write_indent()?;
                self.whitespace = false;
                self.indention = false;
                if text[start] == ' ' {
                    self.write("\\")?;
                }
            }
        }
        self.indicator("\"", false)
    }

    fn literal(&mut self, text: &[char]) -> io::Result<()> {
        let first = text.first().is_some_and(|&c| matches!(c, ' ' | '\n'));
        let chomping = match text {
            [.., '\n', '\n'] | ['\n'] => "+",
            [.., '\n'] | [] => "",
            _ => "-",
        };
        let indentation = if first { INDENT.to_string() } else { String::new() };
        self.indicator(&format!("|{indentation}{chomping}"), true)?;
        self.open_ended = chomping == "+";
        self.line_break()?;
        let text: String = text.iter().collect();
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            if !content.is_empty() {
                self.write_indent()?;
                self.write(content)?;
            }
            self.line_break()?;
        }
        Ok(())
    }
}

/// The words of a text that begins with a word, each with the number of blanks before it. The last may be empty.
fn words(text: &[char]) -> Vec<(usize, &[char])> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let blanks = text[at..].iter().take_while(|&&c| c == ' ').count();
        let word = at + blanks;
        let end = text[word..].iter().position(|&c| c == ' ').map_or(text.len(), |len| word + len);
        words.push((blanks, &text[word..end]));
        at = end;
    }
    words
}

impl Scalar {
    fn of(value: &Value, is_key: bool) -> Self {
        let (text, tag) = style::written(value);
        let analysis = style::analyse(&text);
        let style = style::choose(value, &text, &analysis, is_key);
        Self { text, tag, analysis, style }
    }
}
