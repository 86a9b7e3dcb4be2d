//! `graph plan --if-reverted` as text.

use std::io::{self, Write};

use graph::name::NodeName;

use super::plan::{name_lines, pieces};
use crate::escape::terminal;
use crate::report::gist::{Kept, reverted_line};
use crate::report::page::Page;
use crate::report::view::reverted::RevertedView;

/// Writes what would become of nodes if parts were as before.
///
/// # Errors
/// When the writer fails.
pub fn reverted(view: &RevertedView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    pieces(reverted_line(view, |part| terminal(part).into_owned()), page, out)?;
    name_lines(&all(&view.fresh), page, out)?;
    for Kept { what, nodes } in Kept::all(view) {
        writeln!(out, "\n{what}")?;
        name_lines(&all(nodes), page, out)?;
    }
    Ok(())
}

fn all(nodes: &[NodeName]) -> Vec<&NodeName> {
    nodes.iter().collect()
}
