//! From characters to tokens, with the two things that make YAML hard: indentation, and keys that are known to be keys
//! only at their `:`. Knows no grammar.

use std::collections::VecDeque;

use super::cursor::{Cursor, END, is_space_or_end};
use super::token::{Kind, Token};
use super::{Refusal, Style};

/// A simple key ends on its line, within so many characters.
const LONGEST_KEY: usize = 1024;

/// Where a key may have begun.
struct SimpleKey {
    /// Within so many `[` and `{`.
    level: usize,
    token_number: usize,
    /// Whether the block cannot go on unless it is one.
    required: bool,
    index: usize,
    line: usize,
    column: isize,
    at: usize,
}

pub(in crate::front::yaml) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    tokens: VecDeque<Token>,
    taken: usize,
    done: bool,
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) allow_simple_key: bool,
    /// How many `[` and `{` are open.
    level: usize,
    /// At most one a level; deeper ones are younger.
    keys: VecDeque<SimpleKey>,
    /// The first tab between tokens.
    pub(in crate::front::yaml) tab: Option<usize>,
}

impl<'a> Scanner<'a> {
    pub(in crate::front::yaml) fn new(text: &'a str, start: usize) -> Self {
        Self {
            cursor: Cursor::new(text, start),
            tokens: VecDeque::new(),
            taken: 0,
            done: false,
            indent: -1,
            indents: Vec::new(),
            allow_simple_key: true,
            level: 0,
            keys: VecDeque::new(),
            tab: None,
        }
    }

    /// The token ahead. The last one is always the end of the stream.
    pub(in crate::front::yaml) fn peek(&mut self) -> Result<&Token, Refusal> {
        while self.needs_more()? {
            self.fetch()?;
        }
        Ok(self.tokens.front().expect("the parser stops at the end of the stream"))
    }

    pub(in crate::front::yaml) fn take(&mut self) -> Result<Token, Refusal> {
        self.peek()?;
        self.taken += 1;
        Ok(self.tokens.pop_front().expect("peeked"))
    }

    /// Whether the token ahead may still turn out to be a key, or there is none.
    fn needs_more(&mut self) -> Result<bool, Refusal> {
        if self.done {
            return Ok(false);
        }
        if self.tokens.is_empty() {
            return Ok(true);
        }
        self.drop_stale_keys()?;
        Ok(self.keys.front().is_some_and(|key| key.token_number == self.taken))
    }

    pub(super) fn in_flow(&self) -> bool {
        self.level > 0
    }

    pub(super) fn note_tab(&mut self) {
        if self.cursor.peek() == '\t' && self.tab.is_none() {
            self.tab = Some(self.cursor.at);
        }
    }

    fn fetch(&mut self) -> Result<(), Refusal> {
        self.skip_blanks();
        self.drop_stale_keys()?;
        self.unwind(self.cursor.column);
        let (c, next) = (self.cursor.peek(), self.cursor.peek_at(1));
        let at_line_start = self.cursor.column == 0;
        let spaced = is_space_or_end(next);
        match c {
            END => self.fetch_end(),
            '%' if at_line_start => self.fetch_directive(),
            '-' | '.' if at_line_start && self.cursor.is_separator() => self.fetch_separator(),
            '[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            '{' => self.fetch_flow_start(Kind::FlowMappingStart),
            ']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            ',' => self.fetch_flow_entry(),
            '-' if spaced => self.fetch_block_entry(),
            '?' if spaced || self.in_flow() => self.fetch_key(),
            ':' if spaced || self.in_flow() => self.fetch_value(),
            '*' | '&' => self.fetch_named(Self::scan_anchor),
            '!' => self.fetch_named(Self::scan_tag),
            '|' | '>' if !self.in_flow() => self.fetch_block_scalar(),
            '\'' | '"' => self.fetch_named(Self::scan_quoted),
            _ if Self::begins_plain(c, next, self.in_flow()) => self.fetch_named(Self::scan_plain),
            _ => Err(self.unexpected(c)),
        }
    }

    fn unexpected(&self, c: char) -> Refusal {
        let at = self.cursor.at;
        match c {
            '\t' => Refusal::new("a tab cannot indent", at).hint("indent with spaces"),
            _ => Refusal::new(format!("`{c}` cannot begin a value"), at).hint("quote the value"),
        }
    }

    fn begins_plain(c: char, next: char, in_flow: bool) -> bool {
        match c {
            '-' => !is_space_or_end(next),
            '?' | ':' => !in_flow && !is_space_or_end(next),
            _ => !is_space_or_end(c) && !",[]{}#&*!|>'\"%@`".contains(c),
        }
    }

    /// Skips blanks, comments and line breaks.
    fn skip_blanks(&mut self) {
        loop {
            loop {
                match self.cursor.peek() {
                    ' ' => {}
                    // Where a tab cannot be meant as indentation.
                    '\t' if self.in_flow() || !self.allow_simple_key => self.note_tab(),
                    _ => break,
                }
                self.cursor.advance();
            }
            if self.cursor.peek() == '#' {
                self.cursor.skip_to_break();
            }
            if self.cursor.take_break().is_none() {
                return;
            }
            if !self.in_flow() {
                self.allow_simple_key = true;
            }
        }
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.tokens.push_back(Token { kind, bytes: start..self.cursor.at });
    }

    /// A token of so many characters.
    fn push_indicator(&mut self, kind: Kind, width: usize) {
        let start = self.cursor.at;
        for _ in 0..width {
            self.cursor.advance();
        }
        self.push(kind, start);
    }

    fn missing_colon(key: &SimpleKey) -> Refusal {
        Refusal::new("this is no `key: value`: the `:` is missing", key.at)
            .hint("the further lines of a text must be indented deeper than its key")
    }

    fn drop_stale_keys(&mut self) -> Result<(), Refusal> {
        while let Some(oldest) = self.keys.front() {
            let is_near = self.cursor.index - oldest.index <= LONGEST_KEY;
            if oldest.line == self.cursor.line && is_near {
                break;
            }
            if oldest.required {
                return Err(Self::missing_colon(oldest));
            }
            self.keys.pop_front();
        }
        Ok(())
    }

    /// The next token may be a key.
    fn save_key(&mut self) -> Result<(), Refusal> {
        if !self.allow_simple_key {
            return Ok(());
        }
        self.forget_key()?;
        self.keys.push_back(SimpleKey {
            level: self.level,
            token_number: self.taken + self.tokens.len(),
            required: !self.in_flow() && self.indent == self.cursor.column,
            index: self.cursor.index,
            line: self.cursor.line,
            column: self.cursor.column,
            at: self.cursor.at,
        });
        Ok(())
    }

    fn forget_key(&mut self) -> Result<(), Refusal> {
        match self.take_key() {
            Some(key) if key.required => Err(Self::missing_colon(&key)),
            _ => Ok(()),
        }
    }

    /// What may be a key at this level.
    fn take_key(&mut self) -> Option<SimpleKey> {
        self.keys.pop_back_if(|youngest| youngest.level == self.level)
    }

    fn unwind(&mut self, column: isize) {
        while !self.in_flow() && self.indent > column {
            self.indent = self.indents.pop().unwrap_or(-1);
            self.push(Kind::BlockEnd, self.cursor.at);
        }
    }

    /// Whether a column begins a deeper block.
    fn deepen(&mut self, column: isize) -> bool {
        if self.in_flow() || self.indent >= column {
            return false;
        }
        self.indents.push(self.indent);
        self.indent = column;
        true
    }

    fn fetch_end(&mut self) -> Result<(), Refusal> {
        self.unwind(-1);
        self.forget_key()?;
        self.allow_simple_key = false;
        self.keys.clear();
        self.done = true;
        self.push(Kind::StreamEnd, self.cursor.at);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Refusal> {
        self.unwind(-1);
        self.forget_key()?;
        self.allow_simple_key = false;
        let start = self.cursor.at;
        let directive = self.scan_directive()?;
        self.push(Kind::Directive(directive), start);
        Ok(())
    }

    fn fetch_separator(&mut self) -> Result<(), Refusal> {
        let kind = if self.cursor.peek() == '-' { Kind::DocumentStart } else { Kind::DocumentEnd };
        self.unwind(-1);
        self.forget_key()?;
        self.allow_simple_key = false;
        self.push_indicator(kind, 3);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), Refusal> {
        self.save_key()?;
        self.level += 1;
        self.allow_simple_key = true;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), Refusal> {
        self.forget_key()?;
        self.level = self.level.saturating_sub(1);
        self.allow_simple_key = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), Refusal> {
        self.allow_simple_key = true;
        self.forget_key()?;
        self.push_indicator(Kind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Refusal> {
        if !self.in_flow() {
            if !self.allow_simple_key {
                return Err(Refusal::new("a list cannot begin here", self.cursor.at)
                    .hint("put it on a line of its own, or quote the text"));
            }
            if self.deepen(self.cursor.column) {
                self.push(Kind::BlockSequenceStart, self.cursor.at);
            }
        }
        self.allow_simple_key = true;
        self.forget_key()?;
        self.push_indicator(Kind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Refusal> {
        if !self.in_flow() {
            if !self.allow_simple_key {
                return Err(Refusal::new("a key cannot begin here", self.cursor.at));
            }
            if self.deepen(self.cursor.column) {
                self.push(Kind::BlockMappingStart, self.cursor.at);
            }
        }
        self.allow_simple_key = !self.in_flow();
        self.forget_key()?;
        self.push_indicator(Kind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Refusal> {
        if let Some(key) = self.take_key() {
            let place = key.token_number - self.taken;
            let token = |kind| Token { kind, bytes: key.at..key.at };
            self.tokens.insert(place, token(Kind::Key));
            if self.deepen(key.column) {
                self.tokens.insert(place, token(Kind::BlockMappingStart));
            }
            self.allow_simple_key = false;
        } else {
            if !self.in_flow() && !self.allow_simple_key {
                return Err(Refusal::new("a mapping cannot begin here", self.cursor.at)
                    .hint("quote a text that contains `: `; else check the indentation"));
            }
            if self.deepen(self.cursor.column) {
                self.push(Kind::BlockMappingStart, self.cursor.at);
            }
            self.allow_simple_key = !self.in_flow();
            self.forget_key()?;
        }
        self.push_indicator(Kind::Value, 1);
        Ok(())
    }

    /// A token that may be a key, and after which none can begin.
    fn fetch_named(
        &mut self,
        scan: fn(&mut Self) -> Result<(Kind, usize), Refusal>,
    ) -> Result<(), Refusal> {
        self.save_key()?;
        self.allow_simple_key = false;
        let start = self.cursor.at;
        let (kind, end) = scan(self)?;
        self.tokens.push_back(Token { kind, bytes: start..end });
        Ok(())
    }

    fn fetch_block_scalar(&mut self) -> Result<(), Refusal> {
        self.allow_simple_key = true;
        self.forget_key()?;
        let start = self.cursor.at;
        let text = self.scan_block_scalar()?;
        self.push(Kind::Scalar { text, style: Style::Other }, start);
        Ok(())
    }
}
