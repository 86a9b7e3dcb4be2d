//! A drawing for Mermaid, which GitHub draws in Markdown. Labels are quoted, and what could mean something in one is
//! spelt out: Mermaid makes HTML of it.

use std::io::{self, Write};

use super::drawing::{ALL, colours, words};
use super::view::picture::PictureView;
use crate::escape::mermaid as quoted;

/// The most characters that Mermaid draws, as GitHub has it set.
pub const MOST_CHARACTERS: usize = 50_000;

/// The most arrows.
pub const MOST_ARROWS: usize = 500;

/// Writes a drawing, shape by shape.
///
/// # Errors
/// When the writer fails.
pub fn mermaid(view: &PictureView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for (at, shape) in view.shapes.iter().enumerate() {
        let (title, words) = (quoted(&shape.title), quoted(&words(shape)));
        writeln!(out, "  n{at}[\"{title}<br/>{words}\"]:::{}", shape.verdict().word())?;
    }
    for (&(from, to), &needs) in &view.arrows {
        let label = if needs > 1 { format!("|{needs}|") } else { String::new() };
        writeln!(out, "  n{from} -->{label} n{to}")?;
    }
    for verdict in ALL {
        let (fill, line) = colours(verdict);
        writeln!(out, "  classDef {} fill:{fill},stroke:{line},color:#212529", verdict.word())?;
    }
    Ok(())
}
