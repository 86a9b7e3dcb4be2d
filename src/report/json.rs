//! The form for scripts: a view as JSON, written as it is serialised.

use std::io::{self, Write};

use serde::Serialize;

/// Writes a view, indented, with a line feed at its end.
///
/// # Errors
/// When the writer fails.
pub fn json(view: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, view)?;
    writeln!(out)
}
