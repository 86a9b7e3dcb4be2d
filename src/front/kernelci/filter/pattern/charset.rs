//! A class of characters, `[a-z]`.

use super::Refused;
use super::escape::Member;
use super::translate::{Parser, Piece, literal};
use super::width::Width;

impl Parser {
    /// A class, whose bracket was taken.
    pub(super) fn charset(&mut self, at: usize) -> Result<Piece, Refused> {
        let unterminated = |parser: &Self| parser.refuse_at(at, "unterminated character set");
        let mut text = String::from(if self.takes('^') { "[^" } else { "[" });
        let mut is_empty = true;
        loop {
            let from = self.at;
            match self.next() {
                None => return Err(unterminated(self)),
                Some(']') if !is_empty => break,
                Some(letter) => {
                    let low = self.member(from, letter)?;
                    is_empty = false;
                    if !self.takes('-') {
                        text.push_str(&shown(&low));
                        continue;
                    }
                    let high_at = self.at;
                    match self.next() {
                        None => return Err(unterminated(self)),
                        Some(']') => {
                            text.push_str(&shown(&low));
                            text.push_str(&literal('-'));
                            break;
                        }
                        Some(letter) => {
                            let high = self.member(high_at, letter)?;
                            text.push_str(&self.range_of(from, &low, &high)?);
                        }
                    }
                }
            }
        }
        text.push(']');
        Ok(Piece::item(text, Width::ONE))
    }

    fn member(&mut self, at: usize, letter: char) -> Result<Member, Refused> {
        match letter {
            '\\' => self.escape_in_class(at),
            '[' if matches!(self.peek(), Some(':')) => {
                let problem = self.refuse_at(at, "Python has no POSIX classes");
                Err(Refused { hint: Some("write the characters, as in `[A-Za-z]`"), ..problem })
            }
            letter => Ok(Member::Letter(letter)),
        }
    }

    fn range_of(&self, at: usize, low: &Member, high: &Member) -> Result<String, Refused> {
        match (low, high) {
            (Member::Letter(low), Member::Letter(high)) if low <= high => {
                Ok(format!("{}-{}", literal(*low), literal(*high)))
            }
            _ => Err(self.refuse_at(at, "bad character range")),
        }
    }
}

fn shown(member: &Member) -> String {
    match member {
        Member::Letter(letter) => literal(*letter),
        Member::Category(letter) => format!("\\{letter}"),
    }
}
