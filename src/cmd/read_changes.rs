//! Which of the files that a build has read differ between the commit of then and that of now. Decides nothing.

use std::sync::Arc;

use graph::fingerprint::Part;
use graph::record::Record;
use graph::spec::{Commit, Node, Source};

use super::opened::Opened;
use crate::context::Context;
use crate::probe::commit::How;
use crate::report::view::why::{Change, FileChange};

/// The stamp that has the name of a node's commit.
const COMMIT: &str = "commit";

/// The part of a node's commit, and the files by which it differs between the executions that two lists of parts are of.
/// `None` where it is equal, where nobody knows what was read, or where a commit is not at hand any more.
pub(super) fn read_changes(
    context: &Context,
    opened: &Opened,
    node: &Node,
    before: &Record,
    after: &[Part],
) -> Option<(Arc<str>, Vec<FileChange>)> {
    let input = node.inputs.iter().find(|input| matches!(input.source, Source::Commit(_)))?;
    let part = |parts: &[Part], name: &str| parts.iter().find(|part| *part.name == *name).cloned();
    let is_equal = part(&before.parts, &input.part)?.digest == part(after, &input.part)?.digest;
    let set = opened.kept.cache().read_set(&before.reads?).ok().flatten().filter(|_| !is_equal)?;
    let commit = |parts: &[Part]| {
        let id = part(parts, COMMIT)?.shown;
        Some(Commit { repository: node.commit()?.repository.clone(), id })
    };
    let (old, new) = (commit(&before.parts)?, commit(after)?);
    let changes = opened.probe(context).changed_paths(&old, &new, &set).ok()?;
    let change = |change: crate::probe::commit::Change| FileChange {
        path: change.path,
        change: match change.how {
            How::Changed => Change::Changed,
            How::Added | How::Joined => Change::Added,
            How::Removed | How::Left => Change::Removed,
        },
    };
    Some((input.part.clone(), changes.into_iter().map(change).collect()))
}
