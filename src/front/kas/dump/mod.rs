//! A merged configuration as text: as `kas dump` prints it, and in a form to compare. Knows nothing of what it means.
//!
//! The YAML is byte for byte that of kas for ordinary configurations, so that users can diff the two. Its dialect is
//! `KasYamlDumper` (null is nothing, texts of several lines are `|` blocks, four blanks of indentation) on PyYAML's
//! emitter, with its ideas of when to quote and where to fold. No writer of YAML in Rust can be brought to that, hence
//! `yaml`, a port of the part of `yaml/emitter.py` that the dialect uses.
//!
//! One difference is meant. Where a list or mapping is used twice through an alias, kas prints an anchor and an alias,
//! and through a mistake in `KasYamlDumper` the alias often means some other value. Here everything is written out.

mod canonical;
mod json;
mod scalar;
mod style;
#[cfg(test)]
mod tests;
mod yaml;

pub use canonical::canonical;

use std::io::{self, Write};

use crate::front::yaml::Node;

/// Parsed files are bounded, and what is merged of them is, too. This is for the mistake that breaks that promise.
const MOST_VALUES: usize = if cfg!(test) { 10_000 } else { 10_000_000 };

/// How many values may still be written.
struct Budget(usize);

impl Budget {
    fn new() -> Self {
        Self(MOST_VALUES)
    }

    fn spend(&mut self) -> io::Result<()> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| {
            io::Error::other(format!("there are more than {MOST_VALUES} values to write"))
        })?;
        Ok(())
    }
}

/// Writes a value as `kas dump --format yaml` does.
///
/// # Errors
///
/// Those of the writer.
pub fn yaml(node: &Node, out: &mut dyn Write) -> io::Result<()> {
    yaml::Emitter::new(out).document(node)
}

/// Writes a value as `kas dump --format json` does: `json.dumps(value, indent=4)` and a line break.
///
/// Dates and binary data, on which Python fails, become texts.
///
/// # Errors
///
/// Those of the writer.
pub fn json(node: &Node, out: &mut dyn Write) -> io::Result<()> {
    json::value(node, 0, &mut Budget::new(), out)?;
    writeln!(out)
}
