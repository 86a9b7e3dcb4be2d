//! A stream to which no colours go. Knows nothing of what is written.
//!
//! The library's own stream looks at each byte, which is a third of what it costs to print a list of a million nodes.
//! Texts and JSON hold no control character but those of colours, so that a stretch without an escape is all text; where
//! a write ends, be it within a character, matters nothing.

use std::io::{self, Write};

const ESCAPE: u8 = 0x1b;

/// Drops the colours of what is written.
#[derive(Debug)]
pub struct Uncoloured<W> {
    to: W,
    /// What is left of a write, which is passed on as one.
    text: Vec<u8>,
    /// Where what was written so far ends.
    at: At,
}

/// A place in a text with colours, each of which is `ESC [ … m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Text,
    Escape,
    Sequence,
}

impl At {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (_, ESCAPE) => Self::Escape,
            (Self::Escape, b'[') => Self::Sequence,
            (Self::Escape, _) | (Self::Sequence, 0x40..=0x7e) => Self::Text,
            (at, _) => at,
        }
    }
}

impl<W: Write> Uncoloured<W> {
    /// A stream that leads to another.
    pub fn new(to: W) -> Self {
        Self { to, text: Vec::new(), at: At::Text }
    }
}

impl<W: Write> Write for Uncoloured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at == At::Text && !bytes.contains(&ESCAPE) {
            return self.to.write(bytes);
        }
        self.text.clear();
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if self.at == At::Text {
                let text = rest.iter().position(|&byte| byte == ESCAPE).unwrap_or(rest.len());
                self.text.extend_from_slice(&rest[..text]);
                rest = &rest[text..];
                self.at = if rest.is_empty() { At::Text } else { At::Escape };
            } else {
                self.at = self.at.after(first);
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        self.to.write_all(&self.text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_dropped_wherever_writes_are_cut() {
        let text = "plain\n\u{1b}[1mbold\u{1b}[0m and \u{1b}[38;5;10mgreen\u{1b}[0m ä\u{1b}[2m…\u{1b}[0m\nplain\n";
        let expect = "plain\nbold and green ä…\nplain\n";
        for first in 0..text.len() {
            for second in first..text.len() {
                let mut stream = Uncoloured::new(Vec::new());
                let bytes = text.as_bytes();
                for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                    stream.write_all(piece).expect("memory takes all");
                }
                assert_eq!(String::from_utf8_lossy(&stream.to), expect, "cut at {first}, {second}");
            }
        }
    }
}
