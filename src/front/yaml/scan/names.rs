//! Anchors, aliases, tags and directives. Knows no other tokens.

use super::cursor::is_break_or_end;
use super::token::{Directive, Kind};
use super::{Refusal, fetch::Scanner};

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn is_uri(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-;/?:@&=+$,_.!~*'()[]%".contains(c)
}

fn ends_word(c: char) -> bool {
    c == ' ' || is_break_or_end(c)
}

impl Scanner<'_> {
    pub(super) fn scan_anchor(&mut self) -> Result<(Kind, usize), Refusal> {
        let start = self.cursor.at;
        let is_alias = self.cursor.peek() == '*';
        self.cursor.advance();
        let name = self.cursor.take_while(is_word).to_owned();
        let after = self.cursor.peek();
        let ends = ends_word(after) || "\t?:,]}%@`".contains(after);
        if name.is_empty() || !ends {
            let what = if is_alias { "an alias" } else { "an anchor" };
            let message = format!("the name of {what} is letters, digits, `-` and `_`");
            return Err(Refusal::new(message, self.cursor.at)
                .began(start)
                .hint("quote a value that begins with `*` or `&`"));
        }
        let kind = if is_alias { Kind::Alias(name) } else { Kind::Anchor(name) };
        Ok((kind, self.cursor.at))
    }

    pub(super) fn scan_tag(&mut self) -> Result<(Kind, usize), Refusal> {
        let start = self.cursor.at;
        let next = self.cursor.peek_at(1);
        let (handle, suffix) = if next == '<' {
            self.cursor.advance();
            self.cursor.advance();
            let suffix = self.scan_uri(start)?;
            if self.cursor.peek() != '>' {
                return Err(Refusal::new("expected `>` after the tag", self.cursor.at).began(start));
            }
            self.cursor.advance();
            (None, suffix)
        } else if next == '\t' || ends_word(next) {
            self.cursor.advance();
            (None, "!".to_owned())
        } else {
            let word = self.cursor.rest().split(ends_word).next().unwrap_or_default();
            let handle = if word[1..].contains('!') {
                self.scan_handle(start)?
            } else {
                self.cursor.advance();
                "!".to_owned()
            };
            (Some(handle), self.scan_uri(start)?)
        };
        if self.cursor.peek() == '\t' {
            self.note_tab();
        } else if !ends_word(self.cursor.peek()) {
            return Err(Refusal::new("expected a blank after the tag", self.cursor.at).began(start));
        }
        Ok((Kind::Tag { handle, suffix }, self.cursor.at))
    }

    /// `!`, `!!` or `!name!`
    fn scan_handle(&mut self, start: usize) -> Result<String, Refusal> {
        let at = self.cursor.at;
        let rest = self.cursor.rest();
        let Some(inner) = rest.strip_prefix('!') else {
            return Err(Refusal::new("a tag handle begins with `!`", at).began(start));
        };
        let mut width = 1;
        if !inner.starts_with(' ') {
            width += inner.find(|c| !is_word(c)).unwrap_or(inner.len());
            if !rest[width..].starts_with('!') {
                return Err(Refusal::new("a tag handle ends with `!`", at + width).began(start));
            }
            width += 1;
        }
        let handle = &rest[..width];
        self.cursor.advance_over(handle);
        Ok(handle.to_owned())
    }

    fn scan_uri(&mut self, start: usize) -> Result<String, Refusal> {
        let at = self.cursor.at;
        let written = self.cursor.take_while(is_uri);
        if written.is_empty() {
            return Err(Refusal::new("the tag has no name", at).began(start));
        }
        unescaped(written).ok_or_else(|| {
            Refusal::new("`%` in a tag needs two hexadecimal digits, and UTF-8", at).began(start)
        })
    }

    pub(super) fn scan_directive(&mut self) -> Result<Directive, Refusal> {
        let start = self.cursor.at;
        self.cursor.advance();
        let name = self.cursor.take_while(is_word);
        if name.is_empty() || !ends_word(self.cursor.peek()) {
            let message = "the name of a directive is letters, digits, `-` and `_`";
            return Err(Refusal::new(message, self.cursor.at)
                .began(start)
                .hint("quote a value that begins with `%`"));
        }
        let directive = match name {
            "YAML" => self.scan_version(start)?,
            "TAG" => self.scan_tag_directive(start)?,
            _ => {
                self.cursor.skip_to_break();
                Directive::Other
            }
        };
        self.cursor.skip(' ');
        if self.cursor.peek() == '#' {
            self.cursor.skip_to_break();
        }
        if !is_break_or_end(self.cursor.peek()) {
            let message = "expected the end of the line after a directive";
            return Err(Refusal::new(message, self.cursor.at).began(start));
        }
        self.cursor.take_break();
        Ok(directive)
    }

    fn scan_version(&mut self, start: usize) -> Result<Directive, Refusal> {
        self.cursor.skip(' ');
        let at = self.cursor.at;
        let written = self.cursor.take_while(|c| c.is_ascii_digit() || c == '.');
        let is_number = |part: &&str| !part.is_empty() && !part.contains('.');
        let version = written.split_once('.').filter(|(_, minor)| is_number(minor));
        let major = version.and_then(|(major, _)| major.parse().ok());
        match major {
            Some(major) if ends_word(self.cursor.peek()) => Ok(Directive::Yaml { major }),
            _ => Err(Refusal::new("expected a version such as `1.1`", at).began(start)),
        }
    }

    fn scan_tag_directive(&mut self, start: usize) -> Result<Directive, Refusal> {
        self.cursor.skip(' ');
        let handle = self.scan_handle(start)?;
        if self.cursor.peek() != ' ' {
            let message = "expected a blank after the tag handle";
            return Err(Refusal::new(message, self.cursor.at).began(start));
        }
        self.cursor.skip(' ');
        let prefix = self.scan_uri(start)?;
        if !ends_word(self.cursor.peek()) {
            let message = "expected a blank after the tag prefix";
            return Err(Refusal::new(message, self.cursor.at).began(start));
        }
        Ok(Directive::Tag { handle, prefix })
    }
}

/// With each `%41` as the byte that it means.
fn unescaped(written: &str) -> Option<String> {
    let mut parts = written.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits =
            part.get(..2).filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}
