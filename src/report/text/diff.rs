//! `graph diff` as text.

use std::io::{self, Write};

use super::reason::reason;
use crate::escape::terminal;
use crate::report::page::{DIM, NEW, OLD, Page, cut, paint};
use crate::report::view::diff::DiffView;
use crate::report::words::count;

/// Writes what differs.
///
/// # Errors
/// When the writer fails.
pub fn diff(view: &DiffView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    for (sign, style, nodes) in [('-', OLD, &view.only_old), ('+', NEW, &view.only_new)] {
        for node in nodes {
            writeln!(out, "{}", paint(style, format!("{sign} {}", terminal(node))))?;
        }
    }
    for difference in &view.differences {
        reason(out, 0, &difference.key.reason(), page)?;
        if !difference.nodes.is_empty() {
            let nodes: Vec<_> = difference.nodes.iter().map(|node| terminal(node)).collect();
            let text = format!("{}: {}", count(nodes.len(), "node"), nodes.join(" "));
            writeln!(out, "    {}", paint(DIM, cut(&text, page.room(4))))?;
        }
    }
    if view.is_empty() {
        let (old, new) = (terminal(&view.old), terminal(&view.new));
        return writeln!(out, "`{old}` and `{new}` mean the same");
    }
    Ok(())
}
