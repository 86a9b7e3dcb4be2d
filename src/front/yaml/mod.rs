//! YAML 1.1 as PyYAML reads it, with the place of every value; JSON as Python's `json` does.
//!
//! Users' builds follow what `yaml.safe_load` makes of their files, so its rules are kept to the letter: the scanner,
//! the resolver tables, `<<`, duplicate keys, the tags, Python's idea of equal keys. No library does, and none comes
//! near enough to build on (see `scan`), so each of PyYAML's modules has its counterpart here:
//!
//! ```text
//! text ─► scan ─► parse ─► compose ─► construct ─► Node
//!                            resolve     scalar (number, timestamp)
//! ```
//!
//! Where it is stricter than PyYAML: a value may not contain itself, and nesting, aliases and merges are bounded.
//! Where it is more lenient: tabs between tokens, with a warning.

mod compose;
mod construct;
mod json;
mod number;
mod parse;
mod problems;
mod resolve;
mod scalar;
mod scan;
#[cfg(test)]
mod tests;
mod text;
mod timestamp;
mod value;

use std::sync::Arc;

pub use json::parse_json;
pub(in crate::front) use resolve::is_string;
pub use value::{Entry, Int, Key, Map, Named, Node, Value};

use crate::diagnostic::{Diagnostics, SourceText};
use problems::Problems;

/// Reads a text as `yaml.safe_load` does; the warnings come with the value. A text without a document is null.
///
/// # Errors
///
/// All problems of the text, but a syntax error is the last.
pub fn parse_yaml(source: &Arc<SourceText>) -> Result<(Arc<Node>, Diagnostics), Diagnostics> {
    let text = text::Text::new(source);
    let mut problems = Problems::default();
    if let Some(problem) = text.unprintable() {
        problems.push(problem);
        return Err(problems.into_diagnostics());
    }
    let root = compose::compose(&text, &mut problems)
        .and_then(|tree| construct::construct(&tree, &text, &mut problems));
    match root {
        Some(root) if !problems.has_errors() => Ok((root, problems.into_diagnostics())),
        _ => Err(problems.into_diagnostics()),
    }
}
