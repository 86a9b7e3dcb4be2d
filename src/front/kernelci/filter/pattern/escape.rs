//! What a backslash begins, outside of classes and in them. The tables of CPython's `re/_parser.py`.

use super::Refused;
use super::translate::{Parser, Piece, literal};
use super::width::Width;

/// What a backslash in a class stands for.
pub(super) enum Member {
    Letter(char),
    Category(char),
}

impl Parser {
    /// What a backslash, which was taken, begins outside of classes.
    pub(super) fn escape(&mut self, at: usize) -> Result<Piece, Refused> {
        let Some(letter) = self.next() else {
            return Err(self.refuse_at(at, "bad escape (end of pattern)"));
        };
        let item = |letter| Ok(Piece::item(literal(letter), Width::ONE));
        match letter {
            'A' => Ok(Piece::anchor("\\A")),
            'Z' => Ok(Piece::anchor("\\z")),
            'b' => Ok(Piece::anchor("\\b")),
            'B' => Ok(Piece::anchor("\\B")),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Ok(Piece::item(format!("\\{letter}"), Width::ONE)),
            '0' => item(self.octal(at, 0, 2)?),
            '1'..='9' => self.number(at, letter),
            _ => item(self.letter(at, letter)?),
        }
    }

    /// What a backslash, which was taken, begins in a class.
    pub(super) fn escape_in_class(&mut self, at: usize) -> Result<Member, Refused> {
        let Some(letter) = self.next() else {
            return Err(self.refuse_at(at, "unterminated character set"));
        };
        match letter {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Ok(Member::Category(letter)),
            'b' => Ok(Member::Letter('\u{8}')),
            '0'..='7' => {
                let first = letter.to_digit(8).unwrap_or_default();
                self.octal(at, first, 2).map(Member::Letter)
            }
            _ => self.letter(at, letter).map(Member::Letter),
        }
    }

    /// An escape that stands for one character.
    fn letter(&mut self, at: usize, letter: char) -> Result<char, Refused> {
        Ok(match letter {
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => self.hexadecimal(at, letter, 2)?,
            'u' => self.hexadecimal(at, letter, 4)?,
            'U' => self.hexadecimal(at, letter, 8)?,
            'N' => return Err(self.refuse_at(at, "characters by name are not supported here")),
            'z' => {
                let problem = self.refuse_at(at, "bad escape \\z");
                return Err(Refused { hint: Some("the end of the text is `\\Z`"), ..problem });
            }
            letter if letter.is_ascii_alphanumeric() => {
                return Err(self.refuse_at(at, format!("bad escape \\{letter}")));
            }
            letter => letter,
        })
    }

    fn hexadecimal(&mut self, at: usize, kind: char, digits: usize) -> Result<char, Refused> {
        let text = self.while_is(digits, |letter| letter.is_ascii_hexdigit());
        if text.len() != digits {
            return Err(self.refuse_at(at, format!("incomplete escape \\{kind}{text}")));
        }
        let code = u32::from_str_radix(&text, 16).ok();
        code.and_then(char::from_u32)
            .ok_or_else(|| self.refuse_at(at, format!("bad escape \\{kind}{text}")))
    }

    /// A character by its octal number, of which the first digit was taken.
    fn octal(&mut self, at: usize, first: u32, more: usize) -> Result<char, Refused> {
        let digits = self.while_is(more, |letter| letter.is_digit(8));
        let code = digits
            .chars()
            .fold(first, |code, digit| code * 8 + digit.to_digit(8).unwrap_or_default());
        let fits = u8::try_from(code).map(char::from);
        fits.map_err(|_| self.refuse_at(at, "octal escape value outside of range 0-0o377"))
    }

    /// A reference to a group, or a character by three octal digits.
    fn number(&mut self, at: usize, first: char) -> Result<Piece, Refused> {
        let value = |letter: char| letter.to_digit(10).unwrap_or_default();
        let mut group = value(first);
        if let Some(second) = self.peek().filter(char::is_ascii_digit) {
            self.at += 1;
            let third = self.peek().is_some_and(|third| third.is_digit(8));
            if first.is_digit(8) && second.is_digit(8) && third {
                let letter = self.octal(at, value(first) * 8 + value(second), 1)?;
                return Ok(Piece::item(literal(letter), Width::ONE));
            }
            group = group * 10 + value(second);
        }
        self.reference(at, usize::try_from(group).unwrap_or(usize::MAX))
    }

    /// A reference to a group by its number.
    pub(super) fn reference(&self, at: usize, group: usize) -> Result<Piece, Refused> {
        let Some(capture) = group.checked_sub(1).and_then(|index| self.captures.get(index)) else {
            return Err(self.refuse_at(at, format!("invalid group reference {group}")));
        };
        let Some(width) = capture.width else {
            return Err(self.refuse_at(at, "cannot refer to an open group"));
        };
        if self.look_behind.is_some_and(|outside| group > outside) {
            let why = "cannot refer to group defined in the same lookbehind subpattern";
            return Err(self.refuse_at(at, why));
        }
        Ok(Piece::item(format!("(?:\\{group})"), width))
    }
}
