//! Files of other repositories at a commit: read from a mirror once, and remembered for good.
//!
//! A commit's name is the digest of its content, so what it holds at a path can never change: the answer depends on
//! the commit and the path alone, and no process has to be started to hear it again. That there is no such file is
//! remembered too, for kas looks for a lock file beside each file; but only where git said just that.
//!
//! Whether there is a mirror is asked each time. A build clones what is missing, and what is remembered must not hide
//! that something is.

use graph::digest::{Digest, Fields};

use super::git::{self, Blob, Git};
use super::memory::Memory;

/// Longer files are read again each time: a memo is no place for them, and no kas file is that long.
const LONGEST: usize = 256 << 10;

/// What a repository holds at a path of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinnedFile {
    /// A file.
    Content(Vec<u8>),
    /// No file.
    Absent,
    /// There is no mirror with this commit.
    NotCloned,
}

/// Looks at a path of a commit.
///
/// # Errors
/// When git cannot be run, or the commit is none.
pub fn pinned_file(
    git: &Git,
    memory: &dyn Memory,
    (url, commit): (&str, &str),
    path: &str,
) -> Result<PinnedFile, git::Error> {
    let Some(mirror) = git.mirror_of(url) else { return Ok(PinnedFile::NotCloned) };
    let key = Fields::of("graph pinned file v1").field(commit).field(path).finish();
    if let Some(known) = recall(memory, &key) {
        return Ok(known);
    }
    if !git.has_commit(&mirror, commit) {
        return Ok(PinnedFile::NotCloned);
    }
    Ok(match git.blob_at(&mirror, commit, path)? {
        Blob::Content(content) => {
            if let (true, Ok(text)) = (content.len() <= LONGEST, std::str::from_utf8(&content)) {
                memory.remember_tool(&key, &format!("{PRESENT}{text}"));
            }
            PinnedFile::Content(content)
        }
        Blob::Absent => {
            memory.remember_tool(&key, ABSENT);
            PinnedFile::Absent
        }
        Blob::Unclear => PinnedFile::Absent,
    })
}

const PRESENT: char = '+';
const ABSENT: &str = "-";

fn recall(memory: &dyn Memory, key: &Digest) -> Option<PinnedFile> {
    let text = memory.tool(key)?;
    match text.strip_prefix(PRESENT) {
        Some(content) => Some(PinnedFile::Content(content.as_bytes().to_vec())),
        None => (text == ABSENT).then_some(PinnedFile::Absent),
    }
}
