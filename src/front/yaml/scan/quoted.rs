//! Scalars in single and double quotes. Knows no other tokens.

use super::cursor::{END, is_break, is_space_or_end};
use super::token::Kind;
use super::{Refusal, Style, fetch::Scanner};

impl Scanner<'_> {
    /// Indentation does not matter within quotes: real files have less of it than their key.
    pub(super) fn scan_quoted(&mut self) -> Result<(Kind, usize), Refusal> {
        let start = self.cursor.at;
        let quote = self.cursor.peek();
        let mut text = String::new();
        self.cursor.advance();
        self.scan_unspaced(quote, start, &mut text)?;
        while self.cursor.peek() != quote {
            self.scan_quoted_spaces(start, &mut text)?;
            self.scan_unspaced(quote, start, &mut text)?;
        }
        self.cursor.advance();
        Ok((Kind::Scalar { text, style: Style::Other }, self.cursor.at))
    }

    fn scan_unspaced(
        &mut self,
        quote: char,
        start: usize,
        text: &mut String,
    ) -> Result<(), Refusal> {
        loop {
            let special = |c: char| matches!(c, '\'' | '"' | '\\') || is_space_or_end(c);
            text.push_str(self.cursor.take_while(|c| !special(c)));
            match self.cursor.peek() {
                '\'' if quote == '\'' && self.cursor.peek_at(1) == '\'' => {
                    text.push('\'');
                    self.cursor.advance();
                    self.cursor.advance();
                }
                '\\' if quote == '"' => self.scan_escape(start, text)?,
                c @ ('\'' | '"' | '\\') if c != quote => {
                    text.push(c);
                    self.cursor.advance();
                }
                _ => return Ok(()),
            }
        }
    }

    fn scan_escape(&mut self, start: usize, text: &mut String) -> Result<(), Refusal> {
        let backslash = self.cursor.at;
        self.cursor.advance();
        let c = self.cursor.peek();
        let meant = match c {
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\x0b',
            'f' => '\x0c',
            'r' => '\r',
            'e' => '\x1b',
            ' ' | '"' | '\\' | '/' => c,
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            'x' => return self.scan_code(2, backslash, text),
            'u' => return self.scan_code(4, backslash, text),
            'U' => return self.scan_code(8, backslash, text),
            _ if is_break(c) => {
                self.cursor.take_break();
                return self.scan_quoted_breaks(start, text);
            }
            _ => {
                return Err(Refusal::new("an unknown escape", backslash)
                    .hint("write `\\\\` for a backslash, or use single quotes"));
            }
        };
        text.push(meant);
        self.cursor.advance();
        Ok(())
    }

    fn scan_code(
        &mut self,
        width: usize,
        backslash: usize,
        text: &mut String,
    ) -> Result<(), Refusal> {
        self.cursor.advance();
        let digits = self.cursor.rest().get(..width).unwrap_or_default();
        let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex);
        let Some(code) = code else {
            let message = format!("this escape needs {width} hexadecimal digits");
            return Err(Refusal::new(message, backslash));
        };
        let Some(c) = char::from_u32(code) else {
            return Err(Refusal::new(format!("there is no character U+{code:04X}"), backslash));
        };
        text.push(c);
        self.cursor.advance_over(digits);
        Ok(())
    }

    /// White space within quotes: line breaks are folded, other blanks are kept.
    fn scan_quoted_spaces(&mut self, start: usize, text: &mut String) -> Result<(), Refusal> {
        let blanks = self.cursor.take_while(|c| matches!(c, ' ' | '\t'));
        if self.cursor.peek() == END {
            return Err(Refusal::new("the quote is not closed", start));
        }
        let Some(line_break) = self.cursor.take_break() else {
            text.push_str(blanks);
            return Ok(());
        };
        let before = text.len();
        if line_break != '\n' {
            text.push(line_break);
        }
        self.scan_quoted_breaks(start, text)?;
        if text.len() == before {
            text.push(' ');
        }
        Ok(())
    }

    fn scan_quoted_breaks(&mut self, start: usize, text: &mut String) -> Result<(), Refusal> {
        loop {
            if self.cursor.is_separator() {
                let message = "the document ends here, and a quote is not closed";
                return Err(Refusal::new(message, self.cursor.at).began(start));
            }
            self.cursor.take_while(|c| matches!(c, ' ' | '\t'));
            match self.cursor.take_break() {
                Some(c) => text.push(c),
                None => return Ok(()),
            }
        }
    }
}
