//! A pattern of Python's `re`, as one that the engine reads in the same way. Matches nothing.
//!
//! The walk is that of CPython's `re/_parser.py`, before 3.11 learnt possessive repeats and atomic groups. Flags but
//! `i` are resolved on the way, and every literal character leaves as a code point, so that none of the engine's own
//! syntax can be met by accident: set operations in classes, `\z`, `(?<name>`.

use super::Refused;
use super::width::Width;

/// Deeper nesting is nothing that anybody wrote, and Python's own parser gives up there too.
const DEEPEST: usize = 100;

/// The flags that hold at a place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
    pub(super) verbose: bool,
}

/// What a piece is to a repeat behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Item,
    Anchor,
    Repeat,
}

/// A translated part.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) width: Width,
    pub(super) kind: Kind,
}

impl Piece {
    pub(super) fn item(text: impl Into<String>, width: Width) -> Self {
        Self { text: text.into(), width, kind: Kind::Item }
    }

    pub(super) fn anchor(text: &str) -> Self {
        Self { text: text.to_owned(), width: Width::NOTHING, kind: Kind::Anchor }
    }
}

/// A capturing group.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) name: Option<String>,
    /// None while it is open.
    pub(super) width: Option<Width>,
}

/// The place in a pattern and what was met before it.
pub(super) struct Parser {
    letters: Vec<char>,
    pub(super) at: usize,
    pub(super) depth: usize,
    pub(super) flags: Flags,
    /// Group 1 is the first.
    pub(super) captures: Vec<Capture>,
    /// How many groups there were where the outermost look-behind began, inside of one.
    pub(super) look_behind: Option<usize>,
}

/// Translates a pattern.
///
/// # Errors
/// What Python refuses, and the little that has no translation.
pub(super) fn translate(python: &str) -> Result<String, Refused> {
    let mut parser = Parser {
        letters: python.chars().collect(),
        at: 0,
        depth: 0,
        flags: Flags::default(),
        captures: Vec::new(),
        look_behind: None,
    };
    let (text, _) = parser.alternatives()?;
    if parser.peek().is_some() {
        return Err(parser.refuse("unbalanced parenthesis"));
    }
    Ok(if parser.flags.ignore_case { format!("(?i:{text})") } else { text })
}

/// A character that stands for itself, in a form that means nothing else anywhere.
pub(super) fn literal(letter: char) -> String {
    match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => letter.to_string(),
        _ => format!("\\x{{{:x}}}", u32::from(letter)),
    }
}

impl Parser {
    pub(super) fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(letter)
    }

    pub(super) fn takes(&mut self, letter: char) -> bool {
        let is_next = self.peek() == Some(letter);
        self.at += usize::from(is_next);
        is_next
    }

    /// As many characters as are of a kind, but at most so many.
    pub(super) fn while_is(&mut self, most: usize, is: impl Fn(char) -> bool) -> String {
        let from = self.at;
        while self.at - from < most && self.peek().is_some_and(&is) {
            self.at += 1;
        }
        self.letters[from..self.at].iter().collect()
    }

    pub(super) fn refuse(&self, why: impl Into<String>) -> Refused {
        self.refuse_at(self.at, why)
    }

    #[allow(clippy::unused_self, reason = "it stands beside `refuse`, where the place is implied")]
    pub(super) fn refuse_at(&self, at: usize, why: impl Into<String>) -> Refused {
        Refused { why: why.into(), at, hint: None }
    }

    /// Everything up to a closing parenthesis, or the end.
    pub(super) fn alternatives(&mut self) -> Result<(String, Width), Refused> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.refuse("it is nested too deeply"));
        }
        let is_outermost = self.depth == 1;
        let (mut text, mut width) = self.branch(is_outermost)?;
        while self.takes('|') {
            let (other, its) = self.branch(false)?;
            text.push('|');
            text.push_str(&other);
            width = width.or(its);
        }
        self.depth -= 1;
        Ok((text, width))
    }

    /// `first`: whether global flags can still stand here.
    fn branch(&mut self, first: bool) -> Result<(String, Width), Refused> {
        let mut pieces: Vec<Piece> = Vec::new();
        while let Some(letter) = self.peek() {
            let at = self.at;
            match letter {
                '|' | ')' => break,
                '#' if self.flags.verbose => {
                    self.while_is(usize::MAX, |letter| letter != '\n');
                    continue;
                }
                ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' if self.flags.verbose => {
                    self.at += 1;
                    continue;
                }
                _ => self.at += 1,
            }
            let piece = match letter {
                '*' => self.repeat(&mut pieces, at, 0, None)?,
                '+' => self.repeat(&mut pieces, at, 1, None)?,
                '?' => self.repeat(&mut pieces, at, 0, Some(1))?,
                '{' => match self.range(at)? {
                    Some((least, most)) => self.repeat(&mut pieces, at, least, most)?,
                    None => Piece::item(literal('{'), Width::ONE),
                },
                '[' => self.charset(at)?,
                '(' => match self.group(at, first && pieces.is_empty())? {
                    Some(piece) => piece,
                    None => continue,
                },
                '\\' => self.escape(at)?,
                '.' => Piece::item(if self.flags.dot_all { "(?s:.)" } else { "." }, Width::ONE),
                '^' => Piece::anchor(if self.flags.multi_line { "(?m:^)" } else { "\\A" }),
                // Python's `$` also matches before a newline at the very end. No value that filters see has one.
                '$' => Piece::anchor(if self.flags.multi_line { "(?m:$)" } else { "\\z" }),
                other => Piece::item(literal(other), Width::ONE),
            };
            pieces.push(piece);
        }
        let width = pieces.iter().fold(Width::NOTHING, |width, piece| width.then(piece.width));
        Ok((pieces.into_iter().map(|piece| piece.text).collect(), width))
    }

    /// The bounds of `{2,3}`; none where the brace is a character like any other.
    fn range(&mut self, at: usize) -> Result<Option<(u32, Option<u32>)>, Refused> {
        let start = self.at;
        let is_empty = self.peek() == Some('}');
        let low = self.while_is(usize::MAX, |letter| letter.is_ascii_digit());
        let high = if self.takes(',') {
            self.while_is(usize::MAX, |letter| letter.is_ascii_digit())
        } else {
            low.clone()
        };
        if is_empty || !self.takes('}') {
            self.at = start;
            return Ok(None);
        }
        let number = |digits: &str| match digits {
            "" => Ok(None),
            digits => digits
                .parse::<u32>()
                .map(Some)
                .map_err(|_| self.refuse_at(at, "the repetition number is too large")),
        };
        let (least, most) = (number(&low)?.unwrap_or(0), number(&high)?);
        if most.is_some_and(|most| most < least) {
            return Err(self.refuse_at(at, "min repeat greater than max repeat"));
        }
        Ok(Some((least, most)))
    }

    /// The last piece, repeated.
    fn repeat(
        &mut self,
        pieces: &mut Vec<Piece>,
        at: usize,
        least: u32,
        most: Option<u32>,
    ) -> Result<Piece, Refused> {
        let item = match pieces.pop() {
            None => return Err(self.refuse_at(at, "nothing to repeat")),
            Some(Piece { kind: Kind::Anchor, .. }) => {
                return Err(self.refuse_at(at, "nothing to repeat"));
            }
            Some(Piece { kind: Kind::Repeat, .. }) => {
                let problem = self.refuse_at(at, "multiple repeat");
                let hint = "possessive repeats came with Python 3.11; write it without";
                let is_possessive = self.letters[at] == '+';
                return Err(Refused { hint: is_possessive.then_some(hint), ..problem });
            }
            Some(item) => item,
        };
        let is_lazy = self.takes('?');
        Ok(Piece {
            text: repeated(&item, least, most, is_lazy),
            width: item.width.times(least, most),
            kind: Kind::Repeat,
        })
    }
}

fn repeated(item: &Piece, least: u32, most: Option<u32>, is_lazy: bool) -> String {
    let text = &item.text;
    // The engine repeats nothing that has no width. Once is as good as often.
    match (item.width.most, least) {
        (0, 0) if is_lazy => return format!("(?:|{text})"),
        (0, 0) => return format!("(?:{text}|)"),
        (0, _) => return format!("(?:{text})"),
        _ => {}
    }
    let most = most.map_or_else(String::new, |most| most.to_string());
    format!("(?:{text}){{{least},{most}}}{}", if is_lazy { "?" } else { "" })
}
