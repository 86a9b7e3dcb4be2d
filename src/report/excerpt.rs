//! One line of a source text, made safe and short enough to show, without the passwords of its URLs, with the stretch that is meant marked in it.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::diagnostic::Span;
use crate::escape::terminal;
use crate::redact::redact_in_place;

/// A line to show. Offsets count bytes of `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) marked: Range<usize>,
}

/// The line in which a span begins, with as much of the span as lies in it. A line wider than `room` columns is cut
/// to what is around the beginning of the span.
pub(super) fn excerpt(span: &Span, room: usize) -> Excerpt {
    let source = span.source.text.as_str();
    let start = floor(source, span.bytes.start);
    let end = floor(source, span.bytes.end.max(start));
    let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
    let line = &*redact_in_place(source[line_start..line_end].trim_end_matches('\r'));
    let (start, end) = (start - line_start, end.min(line_end) - line_start);
    let shown = |text: &str| terminal(&text.replace('\t', "    ")).into_owned();
    let (start, end) = (start.min(line.len()), end.min(line.len()));
    let before = shown(&line[..start]);
    let marked = shown(&line[start..end]);
    let after = shown(&line[end..]);
    window(&before, &marked, &after, room.max(24))
}

/// A line that fits is shown whole, so that two spans of one line show the same text.
fn window(before: &str, marked: &str, after: &str, room: usize) -> Excerpt {
    let whole = width(before) + width(marked) + width(after) <= room;
    let head = if whole { before.to_owned() } else { last_columns(before, room / 2) };
    let left = room - width(&head);
    let middle = first_columns(marked, left);
    let tail = first_columns(after, left.saturating_sub(width(&middle)));
    let marked = head.len()..head.len() + middle.len();
    Excerpt { text: head + &middle + &tail, marked }
}

fn first_columns(text: &str, room: usize) -> String {
    super::page::cut(text, room)
}

fn last_columns(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let mut from = text.len();
    for (at, char) in text.char_indices().rev() {
        used += char.width().unwrap_or(0);
        if used > room {
            break;
        }
        from = at;
    }
    format!("…{}", &text[from..])
}

fn width(text: &str) -> usize {
    super::page::columns(text)
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
