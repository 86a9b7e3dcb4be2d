//! The form for scripts: a view as JSON, written as it is serialised.

use std::io::{self, Write};
use std::ops::Range;

use serde::Serialize;

use super::in_order::in_order;
use super::view::list::ListView;
use super::view::plan::PlanView;

/// How a list is written that has nothing in it, below the name of the nodes of a view.
const NO_NODES: &str = "\"nodes\": []";

/// Writes a view, indented, with a line feed at its end.
///
/// # Errors
/// When the writer fails.
pub fn json(view: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, view)?;
    writeln!(out)
}

/// As [`json`], for a plan: its nodes are written by several threads.
///
/// # Errors
/// When the writer fails.
pub fn plan(view: &PlanView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let PlanView { version, summary, nodes, warnings } = view;
    let (version, summary, warnings) = (*version, *summary, warnings.clone());
    let frame = PlanView { version, summary, nodes: nodes.some(0..0), warnings };
    with_nodes(&frame, nodes.len(), |range| nodes.some(range), out)
}

/// As [`plan`], for a list.
///
/// # Errors
/// When the writer fails.
pub fn list(view: &ListView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let ListView { version, nodes } = *view;
    let frame = ListView { version, nodes: nodes.some(0..0) };
    with_nodes(&frame, nodes.len(), |range| nodes.some(range), out)
}

/// Writes a view that has no nodes as if it had these.
fn with_nodes<N: Serialize>(
    frame: &impl Serialize,
    count: usize,
    some: impl Fn(Range<usize>) -> N + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    if count == 0 {
        return json(frame, out);
    }
    let frame = serde_json::to_string_pretty(frame)?;
    let (before, after) = frame.split_once(NO_NODES).expect("there is a list of nodes");
    write!(out, "{before}\"nodes\": [")?;
    let piece = |range: Range<usize>| {
        let comma = if range.start > 0 { "," } else { "" };
        // In a list that is in another, they are as far to the right as in the list of a view.
        let text = serde_json::to_vec_pretty(&[some(range)])?;
        let text = text.strip_prefix(b"[\n  [").and_then(|text| text.strip_suffix(b"\n  ]\n]"));
        let text = text.expect("it is a list in a list");
        Ok([comma.as_bytes(), text].concat())
    };
    in_order(count, piece, out)?;
    writeln!(out, "\n  ]{after}")
}
