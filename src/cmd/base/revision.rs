//! The base: the commit that a revision names, and its files in a directory of ours. Knows no node.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::probe::Past;
use crate::probe::git::{EntryKind, Git, Revision, Snapshot, SnapshotEntry};

/// The extensions of what a configuration is written in.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A revision with its files.
pub(super) struct Base {
    /// As it was typed.
    pub(super) revision: String,
    /// What it holds.
    pub(super) snapshot: Snapshot,
    /// Where the top of the repository was written to.
    pub(super) written: PathBuf,
    /// Where the project's root lies in that.
    pub(super) root: PathBuf,
    _dir: TempDir,
}

impl Base {
    /// Finds a revision in the repository that holds the project, and writes those of its files that configurations are
    /// made of.
    pub(super) fn open(git: &Git, root: &Path, revision: &str) -> Result<Self, Failure> {
        let commit = commit(git, root, revision)?;
        let top = git.top(root).map_err(|error| environment(&error))?;
        let real = root.canonicalize().map_err(|error| environment(&error))?;
        let below = real.strip_prefix(&top).unwrap_or(Path::new("")).to_owned();
        let lacking = |error: crate::probe::git::Error| lacking(revision, &commit, &error);
        let snapshot = git.snapshot(&top, &commit).map_err(lacking)?;
        let dir = tempfile::tempdir().map_err(|error| environment(&error))?;
        let real = dir.path().canonicalize().map_err(|error| environment(&error))?;
        let written = Past::place(&real);
        let root = written.join(below);
        std::fs::create_dir_all(&root).map_err(|error| environment(&error))?;
        git.write_snapshot(&snapshot, &is_configuration, &written).map_err(lacking)?;
        Ok(Self { revision: revision.to_owned(), snapshot, written, root, _dir: dir })
    }

    /// Whether a file was written of which messages of that side speak; its name is relative to the project's root.
    pub(super) fn has_file(&self, name: &str) -> bool {
        self.root.join(name).symlink_metadata().is_ok()
    }
}

fn is_configuration(entry: &SnapshotEntry) -> bool {
    if entry.kind == EntryKind::Link {
        return true;
    }
    let name = entry.path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let extension = name.iter().rposition(|&byte| byte == b'.').map(|at| &name[at + 1..]);
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.as_bytes() == extension))
}

fn commit(git: &Git, root: &Path, revision: &str) -> Result<String, Failure> {
    let shown = revision.escape_debug();
    match git.revision(root, revision).map_err(|error| environment(&error))? {
        Revision::Commit(commit) => Ok(commit),
        Revision::NoRepository => Err(Failure::new(
            Kind::Input,
            format!("there is no `{shown}` to compare with: this project is in no git repository"),
        )),
        Revision::Unknown { shallow } => Err(absent(git, root, revision, shallow)),
    }
}

/// A revision that is not there may be one that was not fetched: the remedy is told as a command.
fn absent(git: &Git, root: &Path, revision: &str, shallow: bool) -> Failure {
    let shown = revision.escape_debug();
    let fetch = fetch(git, root, revision, shallow);
    match (shallow, fetch) {
        (true, fetch) => {
            let fetch = fetch.unwrap_or_else(|| "git fetch --unshallow".to_owned());
            let message = format!("this clone is shallow and does not have `{shown}`");
            Failure::new(Kind::Environment, message).hint(format!("`{fetch}` brings it")).hint(
                "in a workflow, `fetch-depth: 0` under `with:` of `actions/checkout` brings all of history",
            )
        }
        (false, Some(fetch)) => {
            let message = format!("this clone does not have `{shown}`");
            Failure::new(Kind::Environment, message)
                .hint(format!("`{fetch}` brings it, if the remote has it"))
        }
        (false, None) => Failure::new(Kind::Input, format!("there is no revision `{shown}`"))
            .hint("`git log --oneline` has commits, `git branch --all` has branches"),
    }
}

/// The command that brings a revision, where its name tells. What is typed into a shell must be plain.
fn fetch(git: &Git, root: &Path, revision: &str, shallow: bool) -> Option<String> {
    let is_plain =
        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
    if !is_plain(revision) || revision.starts_with('-') {
        return None;
    }
    let remotes = git.remotes(root).unwrap_or_default();
    let first = remotes.iter().find(|name| *name == "origin").or_else(|| remotes.first())?;
    let of_remote = remotes.iter().filter(|name| is_plain(name)).find_map(|name| {
        let branch = revision.strip_prefix(name.as_str())?.strip_prefix('/')?;
        Some(format!("{name} {branch}:refs/remotes/{name}/{branch}"))
    });
    let is_object = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let of_object = (is_object && is_plain(first)).then(|| format!("{first} {revision}"));
    let depth = if shallow { "--depth=1 " } else { "" };
    of_remote.or(of_object).map(|what| format!("git fetch {depth}{what}"))
}

/// A commit that is there, and of which objects are not: a partial clone.
fn lacking(revision: &str, commit: &str, error: &crate::probe::git::Error) -> Failure {
    let shown = revision.escape_debug();
    Failure::new(Kind::Environment, format!("the files of `{shown}` cannot be read: {error}"))
        .hint(format!("in a partial clone, `git archive {commit} > /dev/null` brings them"))
}

pub(super) fn environment(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::Environment, error.to_string())
}

/// Git as it is used to look at a base: asks no remote.
pub(super) fn git(context: &Context, mirrors: &Path) -> Git {
    Git::new(&context.env, mirrors, std::time::Duration::from_secs(30))
}
