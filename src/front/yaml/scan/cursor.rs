//! A position in a text, with its line and column: PyYAML's `Reader`. Knows no tokens.

/// What stands past the end. No text has it, since it is not printable.
pub(super) const END: char = '\0';

pub(super) struct Cursor<'a> {
    text: &'a str,
    /// In bytes.
    pub(super) at: usize,
    /// In characters.
    pub(super) index: usize,
    pub(super) line: usize,
    /// Signed, since the indentation that it is compared with begins at -1.
    pub(super) column: isize,
}

/// `\0 \r\n\x85\u2028\u2029` without the blank.
pub(super) fn is_break_or_end(c: char) -> bool {
    matches!(c, END | '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_break(c: char) -> bool {
    c != END && is_break_or_end(c)
}

/// `\0 \t\r\n\x85\u2028\u2029`
pub(super) fn is_space_or_end(c: char) -> bool {
    matches!(c, ' ' | '\t') || is_break_or_end(c)
}

impl<'a> Cursor<'a> {
    /// Begins within a text, after a byte order mark.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, index: 0, line: 0, column: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The last so many bytes that were moved over.
    pub(super) fn behind(&self, bytes: usize) -> &'a str {
        &self.text[self.at - bytes..self.at]
    }

    pub(super) fn peek(&self) -> char {
        self.rest().chars().next().unwrap_or(END)
    }

    /// `peek_at(0)` is `peek()`.
    pub(super) fn peek_at(&self, ahead: usize) -> char {
        self.rest().chars().nth(ahead).unwrap_or(END)
    }

    pub(super) fn advance(&mut self) {
        let mut chars = self.rest().chars();
        let Some(c) = chars.next() else { return };
        let ends_line = is_break(c) && !(c == '\r' && chars.next() == Some('\n'));
        self.at += c.len_utf8();
        self.index += 1;
        if ends_line {
            self.line += 1;
            self.column = 0;
        } else if c != '\u{feff}' {
            self.column += 1;
        }
    }

    /// Moves over a prefix of the rest.
    pub(super) fn advance_over(&mut self, prefix: &str) {
        for _ in prefix.chars() {
            self.advance();
        }
    }

    /// Moves over what matches, and returns it.
    pub(super) fn take_while(&mut self, matches: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !matches(c)).unwrap_or(rest.len())];
        self.advance_over(taken);
        taken
    }

    pub(super) fn skip(&mut self, c: char) {
        while self.peek() == c {
            self.advance();
        }
    }

    pub(super) fn skip_to_break(&mut self) {
        self.take_while(|c| !is_break_or_end(c));
    }

    /// Moves over a line break, and returns what it is in a value.
    pub(super) fn take_break(&mut self) -> Option<char> {
        let c = self.peek();
        if !is_break(c) {
            return None;
        }
        if self.rest().starts_with("\r\n") {
            self.advance();
        }
        self.advance();
        Some(if matches!(c, '\u{2028}' | '\u{2029}') { c } else { '\n' })
    }

    /// Whether `---` or `...` stands here, as a word.
    pub(super) fn is_separator(&self) -> bool {
        let rest = self.rest();
        (rest.starts_with("---") || rest.starts_with("...")) && is_space_or_end(self.peek_at(3))
    }
}
