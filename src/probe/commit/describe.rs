//! How a commit is described, as KernelCI does it: remembered by the commit and the tags that there are.
//!
//! Git abbreviates a commit by how many objects a repository has, so that a mirror without the content of files may
//! show fewer digits than a full clone does. Of a kernel's whole history both show twelve.

use std::fs;
use std::path::{Path, PathBuf};

use graph::digest::{Digest, Fields};
use graph::spec::Commit;

use super::at_hand::objects;
use crate::probe::Probe;
use crate::probe::git::{self, Git};

/// The tags that count for filters, and for whether a kernel is new enough.
pub(super) const VERSIONS: &str = "v[1-9]*";

impl Probe<'_> {
    /// What KernelCI calls the `describe` of a revision in `bmeta.json`: it counts from any annotated tag, such as
    /// `next-20230728`, but in the tree `soc` from those of versions. Of a mirror, tags that name no version are those
    /// that the remote had when it was fetched.
    ///
    /// # Errors
    /// In words, where the commit is not at hand.
    pub fn describe_in(&self, tree: &str, commit: &Commit) -> Result<String, String> {
        let git = self.git();
        let objects = objects(commit, &git)?;
        let pattern = if tree == "soc" { "v*" } else { "*" };
        Ok(self.described(&objects, &commit.id, pattern, &git)?.replace('/', "_"))
    }

    /// `git describe --always` of a commit, by the annotated tags that match a pattern.
    pub(super) fn described(
        &self,
        objects: &Path,
        commit: &str,
        pattern: &str,
        git: &Git,
    ) -> Result<String, String> {
        let told = |error: git::Error| error.to_string();
        let state = state(objects, git).map_err(told)?;
        let place = objects.as_os_str().as_encoded_bytes();
        let key = Fields::of("graph describe v1").field(place).field(state.as_bytes());
        let key = key.field(commit).field(pattern).finish();
        if let Some(known) = self.memory.tool(&key) {
            return Ok(known);
        }
        let text = git.describe_commit(objects, commit, pattern).map_err(told)?;
        self.memory.remember_tool(&key, &text);
        Ok(text)
    }
}

/// What besides the commit decides how it is described: the tags, and where history was cut off. Read from the files of
/// the repository, as to start git for each of many mirrors would take longer than all else of a plan.
pub(super) fn state(objects: &Path, git: &Git) -> Result<Digest, git::Error> {
    let mut fields = Fields::of("graph describe state v1");
    for file in ["shallow", "packed-refs"] {
        fields.add(fs::read(objects.join(file)).unwrap_or_default());
    }
    if objects.join("reftable").exists() {
        fields.add(git.tags(objects)?);
        return Ok(fields.finish());
    }
    for path in loose(&objects.join("refs/tags")) {
        fields.add(path.as_os_str().as_encoded_bytes());
        fields.add(fs::read(&path).unwrap_or_default());
    }
    Ok(fields.finish())
}

/// Every file below a directory, sorted.
fn loose(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found.sort_unstable();
    found
}
