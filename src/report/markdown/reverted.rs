//! The Markdown of what would be fresh again.

use std::io::{self, Write};

use graph::name::NodeName;

use super::bounded::{Bounded, FOLDED_END, LIMIT, code, folded, name_lines};
use crate::report::gist::{DOT, Kept, reverted_line};
use crate::report::view::reverted::RevertedView;
use crate::report::words::{count, names};

/// Writes what would become of nodes if parts were as before.
///
/// # Errors
/// When the writer fails.
pub fn reverted(view: &RevertedView, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Bounded::new();
    text.add(&format!("### {}\n", reverted_line(view, code).join(DOT)), 0);
    for Kept { what, nodes } in Kept::all(view) {
        let all: Vec<&NodeName> = nodes.iter().collect();
        text.add(&format!("\n{what}: {}\n", name_lines(&all)), LIMIT / 2);
    }
    let fresh: Vec<&NodeName> = view.fresh.iter().collect();
    if !fresh.is_empty() {
        text.add(&folded(&format!("{} that would be fresh", count(fresh.len(), "node"))), 0);
        text.all(names(&fresh, 100), "more line", 16, |line| format!("- {}\n", code(&line)));
        text.add(FOLDED_END, 0);
    }
    out.write_all(text.0.as_bytes())
}
