//! A drawing for Graphviz. Everything that is not ours stands in quoted strings.

use std::io::{self, Write};

use super::drawing::{colours, words};
use super::view::picture::PictureView;
use crate::escape::dot as quoted;

/// Writes a drawing, shape by shape.
///
/// # Errors
/// When the writer fails.
pub fn dot(view: &PictureView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph graph_plan {{")?;
    writeln!(out, "  rankdir=LR;")?;
    writeln!(out, "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];")?;
    for (at, shape) in view.shapes.iter().enumerate() {
        let (fill, line) = colours(shape.verdict());
        let (title, words) = (quoted(&shape.title), quoted(&words(shape)));
        writeln!(
            out,
            "  n{at} [label=\"{title}\\n{words}\", fillcolor=\"{fill}\", color=\"{line}\"];"
        )?;
    }
    for (&(from, to), &needs) in &view.arrows {
        let label = if needs > 1 { format!(" [label=\"{needs}\"]") } else { String::new() };
        writeln!(out, "  n{from} -> n{to}{label};")?;
    }
    writeln!(out, "}}")
}
