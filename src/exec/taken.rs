//! Puts what a node's needs left into its work directory. Knows no step.

use std::fs;
use std::path::Path;

use graph::digest::Digest;
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
        let at = node.needs.iter().position(|need| *need == taken.from);
        let record = at.and_then(|at| needs.get(at)).map(AsRef::as_ref);
        let record = record.ok_or_else(|| format!("`{}` is not needed", taken.from))?;
        take_one(taken, record, (out, work))
    })
}

fn take_one(taken: &Taken, record: &Record, (out, work): (&Path, &Path)) -> Result<(), String> {
    let Taken { from, output, path } = taken;
    let left = record.outputs.iter().find(|left| left.path == *output);
    let left = left.ok_or_else(|| format!("`{from}` left no `{output}`"))?;
    let source = workdir::below(&out.join(from.path()), output);
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
