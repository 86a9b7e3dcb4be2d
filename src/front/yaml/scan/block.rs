//! Block scalars: `|` and `>`. Knows no other tokens.

use super::cursor::{END, is_break, is_break_or_end};
use super::{Refusal, fetch::Scanner};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn scan_block_scalar(&mut self) -> Result<String, Refusal> {
        let folded = self.cursor.peek() == '>';
        let start = self.cursor.at;
        self.cursor.advance();
        let (chomping, increment) = self.scan_header(start)?;
        let least = (self.indent + 1).max(1);
        let mut breaks = String::new();
        let indent = match increment {
            Some(increment) => least + increment - 1,
            None => self.scan_indentation(&mut breaks).max(least),
        };
        if increment.is_some() {
            self.scan_breaks(indent, &mut breaks);
        }
        let mut text = String::new();
        let mut line_break = None;
        while self.cursor.column == indent && self.cursor.peek() != END {
            text.push_str(&breaks);
            breaks.clear();
            let flush = !matches!(self.cursor.peek(), ' ' | '\t');
            text.push_str(self.cursor.take_while(|c| !is_break_or_end(c)));
            line_break = self.cursor.take_break();
            self.scan_breaks(indent, &mut breaks);
            if self.cursor.column != indent || self.cursor.peek() == END {
                break;
            }
            let next_flush = !matches!(self.cursor.peek(), ' ' | '\t');
            if folded && line_break == Some('\n') && flush && next_flush {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.extend(line_break);
            }
        }
        if chomping != Chomping::Strip {
            text.extend(line_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        Ok(text)
    }

    /// The indicators after `|` or `>`, and the rest of their line.
    fn scan_header(&mut self, start: usize) -> Result<(Chomping, Option<isize>), Refusal> {
        let mut chomping = Chomping::Clip;
        let mut increment = None;
        for _ in 0..2 {
            match self.cursor.peek() {
                '-' if chomping == Chomping::Clip => chomping = Chomping::Strip,
                '+' if chomping == Chomping::Clip => chomping = Chomping::Keep,
                '0' if increment.is_none() => {
                    let message = "the indentation of a block scalar is 1 to 9";
                    return Err(Refusal::new(message, self.cursor.at).began(start));
                }
                digit @ '1'..='9' if increment.is_none() => {
                    increment = digit.to_digit(10).and_then(|digit| isize::try_from(digit).ok());
                }
                _ => break,
            }
            self.cursor.advance();
        }
        let blank = matches!(self.cursor.peek(), ' ' | '\t');
        while matches!(self.cursor.peek(), ' ' | '\t') {
            self.note_tab();
            self.cursor.advance();
        }
        if blank && self.cursor.peek() == '#' {
            self.cursor.skip_to_break();
        }
        if !is_break_or_end(self.cursor.peek()) {
            let message = "a block scalar begins on the line after its `|` or `>`";
            return Err(Refusal::new(message, self.cursor.at).began(start));
        }
        self.cursor.take_break();
        Ok((chomping, increment))
    }

    /// The blank lines before the first line, whose indentation is the block's.
    fn scan_indentation(&mut self, breaks: &mut String) -> isize {
        let mut deepest = 0;
        loop {
            match self.cursor.peek() {
                ' ' => {
                    self.cursor.advance();
                    deepest = deepest.max(self.cursor.column);
                }
                c if is_break(c) => breaks.extend(self.cursor.take_break()),
                _ => return deepest,
            }
        }
    }

    /// Blank lines, and the indentation of the line after them.
    fn scan_breaks(&mut self, indent: isize, breaks: &mut String) {
        loop {
            while self.cursor.column < indent && self.cursor.peek() == ' ' {
                self.cursor.advance();
            }
            match self.cursor.take_break() {
                Some(c) => breaks.push(c),
                None => return,
            }
        }
    }
}
