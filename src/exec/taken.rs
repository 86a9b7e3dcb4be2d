//! Puts what a node's needs left into its work directory. Knows no step.

use std::fs;
use std::path::Path;

use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::Record;
use graph::spec::{Node, Taken};

use crate::exec::workdir;

/// Copies all that a node takes from the output directories below `out` to `work`. `needs` are the records of its needs, in
/// their order.
///
/// # Errors
/// In words, when a need left no such file, or what lies there is not what it left.
pub fn take<R: AsRef<Record>>(
    node: &Node,
    needs: &[R],
    (out, work): (&Path, &Path),
) -> Result<(), String> {
    node.action.takes.iter().try_for_each(|taken| {
        let from = node.needs.get(taken.need).zip(needs.get(taken.need));
        let (from, record) = from.ok_or_else(|| format!("`{}` is of no need", taken.output))?;
        take_one(taken, (from, record.as_ref()), (out, work))
    })
}

fn take_one(
    taken: &Taken,
    (from, record): (&NodeName, &Record),
    (out, work): (&Path, &Path),
) -> Result<(), String> {
    let Taken { output, path, .. } = taken;
    let left = record.outputs.iter().find(|left| *left.path == **output);
    let left = left.ok_or_else(|| format!("`{from}` left no `{output}`"))?;
    let source = workdir::below(&out.join(&*from.path()), output);
    let content = source.and_then(fs::read);
    let content =
        content.map_err(|error| format!("cannot read `{output}` of `{from}`: {error}"))?;
    if Digest::of(&content) != left.digest {
        return Err(format!(
            "`{output}` of `{from}` is not what that left: somebody changed it in its output directory"
        ));
    }
    let mode = if left.executable { 0o755 } else { 0o644 };
    workdir::write_as(work, path, &content, mode)
        .map_err(|error| format!("cannot write `{path}`: {error}"))
}
