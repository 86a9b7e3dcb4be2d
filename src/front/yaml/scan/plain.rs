//! Plain scalars. Knows no other tokens.

use super::cursor::{is_break, is_space_or_end};
use super::token::Kind;
use super::{Refusal, Style, fetch::Scanner};

impl<'a> Scanner<'a> {
    pub(super) fn scan_plain(&mut self) -> Result<(Kind, usize), Refusal> {
        let (mut text, mut spaces) = (String::new(), String::new());
        let mut end = self.cursor.at;
        let indent = self.indent + 1;
        while self.cursor.peek() != '#' {
            let chunk = self.chunk();
            if chunk.is_empty() {
                break;
            }
            self.allow_simple_key = false;
            text.push_str(&spaces);
            text.push_str(chunk);
            self.cursor.advance_over(chunk);
            end = self.cursor.at;
            spaces = self.scan_plain_spaces();
            if spaces.is_empty() || !self.in_flow() && self.cursor.column < indent {
                break;
            }
        }
        Ok((Kind::Scalar { text, style: Style::Plain }, end))
    }

    /// What stands here up to a blank or an indicator.
    fn chunk(&self) -> &'a str {
        let rest = self.cursor.rest();
        let in_flow = self.in_flow();
        let ends = |at: usize, c: char| match c {
            ':' => {
                let next = rest[at + 1..].chars().next();
                next.is_none_or(|next| {
                    is_space_or_end(next) || in_flow && matches!(next, ',' | '[' | ']' | '{' | '}')
                })
            }
            ',' | '?' | '[' | ']' | '{' | '}' => in_flow,
            _ => is_space_or_end(c),
        };
        let end = rest.char_indices().find(|&(at, c)| ends(at, c)).map_or(rest.len(), |(at, _)| at);
        &rest[..end]
    }

    /// The white space after a chunk as it is in the value: a single line break is a blank. Empty: the scalar ends.
    fn scan_plain_spaces(&mut self) -> String {
        let before = self.cursor.at;
        while matches!(self.cursor.peek(), ' ' | '\t') {
            self.note_tab();
            self.cursor.advance();
        }
        let Some(line_break) = self.cursor.take_break() else {
            let until = self.cursor.at - before;
            return self.cursor.behind(until).to_owned();
        };
        self.allow_simple_key = true;
        let mut breaks = String::new();
        loop {
            if self.cursor.column == 0 && self.cursor.is_separator() {
                return String::new();
            }
            match self.cursor.peek() {
                ' ' => self.cursor.advance(),
                c if is_break(c) => breaks.extend(self.cursor.take_break()),
                _ => break,
            }
        }
        match (line_break, breaks.is_empty()) {
            ('\n', true) => " ".to_owned(),
            ('\n', false) => breaks,
            _ => format!("{line_break}{breaks}"),
        }
    }
}
