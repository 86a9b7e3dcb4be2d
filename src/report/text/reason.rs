//! One reason in a text: a line, and below it the lines of a value that changed.

use std::io::{self, Write};

use crate::escape::terminal;
use crate::report::diff::{Line, diff};
use crate::report::page::{DIM, HEAD, NEW, OLD, Page, columns, cut, paint};
use crate::report::sentence::{Told, is_block, sentence};
use crate::report::view::reason::{Nature, ReasonKind, ReasonView};
use crate::report::words::count;

/// More lines of one value are not shown; who wants them has `--format json`.
const MOST_LINES: usize = 12;

/// Writes a reason at an indent.
pub(super) fn reason(
    out: &mut dyn Write,
    indent: usize,
    reason: &ReasonView,
    page: &Page,
) -> io::Result<()> {
    let said = sentence(reason);
    let subject = terminal(&said.subject);
    let place = said.place.as_deref().map(|place| format!(" ({})", terminal(place)));
    let place = place.unwrap_or_default();
    let room = page.room(indent);
    write!(out, "{:indent$}{}", "", paint(HEAD, &subject))?;
    match &said.told {
        Told::Nothing => {}
        Told::Words(words) => {
            let left = room.saturating_sub(columns(&subject) + columns(&place) + 1);
            write!(out, " {}", cut(&terminal(words), left.max(24)))?;
        }
        Told::Change(old, new) => {
            let (old, new) = (terminal(old), terminal(new));
            let wanted = columns(&subject) + columns(&old) + columns(&new) + columns(&place) + 4;
            if wanted <= room {
                write!(out, " {} → {}", paint(OLD, &old), paint(NEW, &new))?;
            } else {
                writeln!(out, "{}", paint(DIM, &place))?;
                changed(out, indent + 4, &Line::Old(&old), page)?;
                return changed(out, indent + 4, &Line::New(&new), page);
            }
        }
    }
    writeln!(out, "{}", paint(DIM, &place))?;
    block(out, indent + 4, reason, page)
}

/// The lines of a value of several lines that are not as they were.
fn block(out: &mut dyn Write, indent: usize, reason: &ReasonView, page: &Page) -> io::Result<()> {
    let value = |value: &Option<std::sync::Arc<str>>| value.clone().unwrap_or_default();
    let (old, new) = (value(&reason.old), value(&reason.new));
    let part = matches!(reason.kind, ReasonKind::Changed | ReasonKind::Added | ReasonKind::Removed);
    if !part || reason.nature != Nature::Text || !(is_block(&old) || is_block(&new)) {
        return Ok(());
    }
    let lines = diff(&old, &new);
    for line in lines.iter().take(MOST_LINES) {
        changed(out, indent, line, page)?;
    }
    if lines.len() > MOST_LINES {
        let rest = format!("… and {}", count(lines.len() - MOST_LINES, "more line"));
        writeln!(out, "{:indent$}{}", "", paint(DIM, rest))?;
    }
    Ok(())
}

fn changed(out: &mut dyn Write, indent: usize, line: &Line<'_>, page: &Page) -> io::Result<()> {
    let (sign, style, text) = match line {
        Line::Old(text) => ('-', OLD, text),
        Line::New(text) => ('+', NEW, text),
    };
    let text = cut(&terminal(text), page.room(indent + 2));
    writeln!(out, "{:indent$}{}", "", paint(style, format!("{sign} {text}")))
}
