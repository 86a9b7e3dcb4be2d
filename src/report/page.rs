//! What a text is written on: how wide, when, and in which colours. Knows nothing of what is written.
//!
//! Texts always hold their colours as ANSI sequences; the stream they are written to (`anstream::AutoStream`) drops
//! them where nobody sees colours.

use std::fmt;

use anstyle::{AnsiColor, Style};
use jiff::Zoned;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What needs doing.
pub(super) const STALE: Style = AnsiColor::Yellow.on_default();
/// What is as it should be.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What comes from the store.
pub(super) const STORED: Style = AnsiColor::Cyan.on_default();
/// What is broken.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What was.
pub(super) const OLD: Style = AnsiColor::Red.on_default();
/// What is.
pub(super) const NEW: Style = AnsiColor::Green.on_default();
/// What says what all is about.
pub(super) const HEAD: Style = Style::new().bold();
/// What is there for those who look for it.
pub(super) const DIM: Style = Style::new().dimmed();

/// The page of one text.
#[derive(Debug, Clone)]
pub struct Page {
    /// The columns of the terminal; `None` where it is none: then nothing is cut, and tables are plain.
    pub width: Option<usize>,
    /// The time and its zone, to tell how long ago something was.
    pub now: Zoned,
}

impl Page {
    /// The columns right of an indent; never so few that nothing could be said.
    pub(super) fn room(&self, indent: usize) -> usize {
        self.width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(16))
    }
}

/// Text in a style.
pub(super) fn paint<T: fmt::Display>(style: Style, text: T) -> impl fmt::Display {
    struct Painted<T>(Style, T);
    impl<T: fmt::Display> fmt::Display for Painted<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}{}{:#}", self.0, self.1, self.0)
        }
    }
    Painted(style, text)
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) { text.len() } else { text.width() }
}

/// The text, cut with `…` where it is wider than there is room.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.len() <= room || columns(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for char in text.chars() {
        used += char.width().unwrap_or(0);
        if used > room {
            break;
        }
        out.push(char);
    }
    out + "…"
}

/// The text, filled up with blanks to a width.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(columns(text)))
}
