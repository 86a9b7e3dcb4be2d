//! What a parenthesis begins: groups, look-around, flags, comments.

use super::Refused;
use super::translate::{Capture, Flags, Parser, Piece};
use super::width::Width;

impl Parser {
    /// What a parenthesis, which was taken, begins; none for what stands for nothing. `flags_can_stand`: whether this
    /// is the start of the pattern, the only place where global flags are allowed.
    pub(super) fn group(
        &mut self,
        at: usize,
        flags_can_stand: bool,
    ) -> Result<Option<Piece>, Refused> {
        if !self.takes('?') {
            return self.capture(at, None).map(Some);
        }
        let Some(letter) = self.next() else {
            return Err(self.refuse("unexpected end of pattern"));
        };
        match letter {
            'P' => self.named(at).map(Some),
            ':' => self.inner(at, "(?:").map(Some),
            '#' => {
                self.while_is(usize::MAX, |letter| letter != ')');
                let closed = self.takes(')');
                if closed {
                    Ok(None)
                } else {
                    Err(self.refuse_at(at, "missing ), unterminated comment"))
                }
            }
            '=' | '!' => self.look(at, &format!("(?{letter}")).map(Some),
            '<' => match self.next() {
                Some(letter @ ('=' | '!')) => self.look_behind(at, letter).map(Some),
                letter => Err(self.named_elsewhere(at, letter)),
            },
            '>' => {
                let problem = self.refuse_at(at, "unknown extension ?>");
                Err(Refused { hint: Some("atomic groups came with Python 3.11"), ..problem })
            }
            '(' => Err(self.refuse_at(at, "conditions on groups are not supported here")),
            '-' | 'a'..='z' | 'A'..='Z' => self.flags(at, letter, flags_can_stand),
            other => Err(self.refuse_at(at, format!("unknown extension ?{other}"))),
        }
    }

    fn named_elsewhere(&self, at: usize, letter: Option<char>) -> Refused {
        let letter = letter.map_or_else(String::new, String::from);
        let problem = self.refuse_at(at, format!("unknown extension ?<{letter}"));
        Refused { hint: Some("Python names a group with `(?P<name>…)`"), ..problem }
    }

    fn capture(&mut self, at: usize, name: Option<String>) -> Result<Piece, Refused> {
        let index = self.captures.len();
        self.captures.push(Capture { name, width: None });
        let piece = self.inner(at, "(")?;
        self.captures[index].width = Some(piece.width);
        Ok(piece)
    }

    /// The content of a group up to its end, behind what begins it for the engine. Flags end with the group.
    fn inner(&mut self, at: usize, opening: &str) -> Result<Piece, Refused> {
        let flags = self.flags;
        let (text, width) = self.alternatives()?;
        self.flags = flags;
        if !self.takes(')') {
            return Err(self.refuse_at(at, "missing ), unterminated subpattern"));
        }
        Ok(Piece::item(format!("{opening}{text})"), width))
    }

    fn look(&mut self, at: usize, opening: &str) -> Result<Piece, Refused> {
        Ok(Piece { width: Width::NOTHING, ..self.inner(at, opening)? })
    }

    fn look_behind(&mut self, at: usize, letter: char) -> Result<Piece, Refused> {
        let outer = self.look_behind;
        self.look_behind = outer.or(Some(self.captures.len()));
        let piece = self.inner(at, &format!("(?<{letter}"))?;
        self.look_behind = outer;
        if !piece.width.is_fixed() {
            return Err(self.refuse_at(at, "look-behind requires fixed-width pattern"));
        }
        Ok(Piece { width: Width::NOTHING, ..piece })
    }

    /// `(?P<name>…)` and `(?P=name)`.
    fn named(&mut self, at: usize) -> Result<Piece, Refused> {
        match self.next() {
            Some('<') => {
                let name = self.name('>')?;
                if self.captures.iter().any(|group| group.name.as_ref() == Some(&name)) {
                    let why = format!("redefinition of group name '{name}'");
                    return Err(self.refuse_at(at, why));
                }
                self.capture(at, Some(name))
            }
            Some('=') => {
                let name = self.name(')')?;
                let found =
                    self.captures.iter().position(|group| group.name.as_ref() == Some(&name));
                match found {
                    Some(index) => self.reference(at, index + 1),
                    None => Err(self.refuse_at(at, format!("unknown group name '{name}'"))),
                }
            }
            Some(other) => Err(self.refuse_at(at, format!("unknown extension ?P{other}"))),
            None => Err(self.refuse("unexpected end of pattern")),
        }
    }

    fn name(&mut self, end: char) -> Result<String, Refused> {
        let at = self.at;
        let name = self.while_is(usize::MAX, |letter| letter != end);
        if !self.takes(end) {
            return Err(self.refuse_at(at, format!("missing {end}, unterminated name")));
        }
        let mut letters = name.chars();
        let begins = letters.next().is_some_and(|letter| letter.is_alphabetic() || letter == '_');
        if !begins || letters.any(|letter| !letter.is_alphanumeric() && letter != '_') {
            return Err(self.refuse_at(at, format!("bad character in group name '{name}'")));
        }
        Ok(name)
    }

    /// `(?i)` and `(?i-s:…)`, of which the first letter was taken.
    fn flags(&mut self, at: usize, first: char, can_stand: bool) -> Result<Option<Piece>, Refused> {
        let mut flags = self.flags;
        let (mut on, mut off) = (String::new(), String::new());
        let mut letter = Some(first);
        while let Some(flag) = letter.filter(char::is_ascii_alphabetic) {
            self.switch(at, flag, &mut flags, true)?;
            on.push(flag);
            letter = self.next();
        }
        if letter == Some(')') {
            if !can_stand {
                return Err(self.refuse_at(at, "global flags not at the start of the expression"));
            }
            self.flags = flags;
            return Ok(None);
        }
        if letter == Some('-') {
            letter = self.next();
            while let Some(flag) = letter.filter(char::is_ascii_alphabetic) {
                self.switch(at, flag, &mut flags, false)?;
                off.push(flag);
                letter = self.next();
            }
            if off.is_empty() || off.contains('u') || off.chars().any(|flag| on.contains(flag)) {
                return Err(self.refuse_at(at, "bad inline flags"));
            }
        }
        if letter != Some(':') {
            return Err(self.refuse_at(at, "missing -, : or )"));
        }
        let outer = std::mem::replace(&mut self.flags, flags);
        let opening = if flags.ignore_case { "(?i:" } else { "(?-i:" };
        let piece = self.inner(at, opening)?;
        self.flags = outer;
        Ok(Some(piece))
    }

    fn switch(&self, at: usize, flag: char, flags: &mut Flags, to: bool) -> Result<(), Refused> {
        match flag {
            'i' => flags.ignore_case = to,
            'm' => flags.multi_line = to,
            's' => flags.dot_all = to,
            'x' => flags.verbose = to,
            'u' => {}
            'a' => return Err(self.refuse_at(at, "the flag `a` is not supported here")),
            'L' => return Err(self.refuse_at(at, "cannot use 'L' flag with a str pattern")),
            _ => return Err(self.refuse_at(at, format!("unknown flag '{flag}'"))),
        }
        Ok(())
    }
}
