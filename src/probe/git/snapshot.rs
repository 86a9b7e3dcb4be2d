//! What a commit of a repository holds, listed with the names of its objects, and how its files are told from those of the
//! work tree. Nothing is checked out: objects are read, many at once.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::program::{Error, Git};
use crate::address::is_commit;
use crate::process::What;

/// The most that is read of all objects at once.
const MOST: usize = 1 << 30;

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotEntry {
    /// What it is.
    pub kind: EntryKind,
    /// The name of its object; of a submodule, its commit.
    pub id: String,
    /// Its path from the top of the repository.
    pub path: Vec<u8>,
}

/// What an entry of a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file that nobody may execute.
    File,
    /// One that may be executed.
    Program,
    /// A symbolic link.
    Link,
    /// A repository of its own at a commit.
    Submodule,
}

impl EntryKind {
    fn of(mode: &[u8]) -> Option<Self> {
        match mode {
            b"100644" | b"100664" => Some(Self::File),
            b"100755" => Some(Self::Program),
            b"120000" => Some(Self::Link),
            b"160000" => Some(Self::Submodule),
            _ => None,
        }
    }
}

/// All files of a commit.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The top of the work tree.
    pub top: PathBuf,
    /// The commit.
    pub commit: String,
    /// In order of path.
    pub entries: Vec<SnapshotEntry>,
}

/// The files that a repository has in its index, and that its work tree has as they are there.
#[derive(Debug, Clone, Default)]
pub struct Clean(HashMap<Vec<u8>, (Vec<u8>, String)>);

impl Clean {
    /// Whether the work tree has this very content at this path.
    #[must_use]
    pub fn has(&self, entry: &SnapshotEntry) -> bool {
        self.0
            .get(&entry.path)
            .is_some_and(|(mode, id)| EntryKind::of(mode) == Some(entry.kind) && *id == entry.id)
    }
}

impl Snapshot {
    /// The entry at a path from the top, whose links are not followed.
    #[must_use]
    pub fn entry(&self, path: &[u8]) -> Option<&SnapshotEntry> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok()?;
        Some(&self.entries[at])
    }

    /// The entries below a directory; all, where its path is empty.
    #[must_use]
    pub fn below(&self, dir: &[u8]) -> &[SnapshotEntry] {
        if dir.is_empty() {
            return &self.entries;
        }
        let prefix = [dir, b"/"].concat();
        let start = self.entries.partition_point(|entry| entry.path < prefix);
        let rest = &self.entries[start..];
        &rest[..rest.partition_point(|entry| entry.path.starts_with(&prefix))]
    }

    /// Whether there is anything below a directory.
    #[must_use]
    pub fn has_dir(&self, dir: &[u8]) -> bool {
        !self.below(dir).is_empty()
    }

    /// Where an entry would lie in the work tree.
    #[must_use]
    pub fn real(&self, entry: &SnapshotEntry) -> PathBuf {
        self.top.join(OsStr::from_bytes(&entry.path))
    }
}

impl Git {
    /// Where the top of the work tree is that holds a directory.
    ///
    /// # Errors
    /// When git fails, as it does where there is no repository.
    pub fn top(&self, dir: &Path) -> Result<PathBuf, Error> {
        let answer = self.call(dir, ["rev-parse", "--show-toplevel"]).answer()?;
        let line = answer.stdout.strip_suffix(b"\n").unwrap_or(&answer.stdout);
        Ok(PathBuf::from(OsStr::from_bytes(line)))
    }

    /// The names of the remotes of the repository that holds a directory.
    ///
    /// # Errors
    /// When git fails.
    pub fn remotes(&self, dir: &Path) -> Result<Vec<String>, Error> {
        let said = self.call(dir, ["remote"]).answer()?.stdout;
        Ok(String::from_utf8_lossy(&said).lines().map(str::to_owned).collect())
    }

    /// Lists what a commit holds of the repository whose work tree has this top.
    ///
    /// # Errors
    /// When git fails.
    pub fn snapshot(&self, top: &Path, commit: &str) -> Result<Snapshot, Error> {
        let args = ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit];
        let text = self.at_hand(top, args).limit(MOST).answer()?.stdout;
        let entry = |line: &[u8]| {
            let (meta, path) = split(line, b'\t')?;
            let mut meta = meta.split(|&byte| byte == b' ');
            let (mode, _, id) = (meta.next()?, meta.next()?, meta.next()?);
            let (id, path) = (String::from_utf8(id.to_vec()).ok()?, path.to_vec());
            Some(SnapshotEntry { kind: EntryKind::of(mode)?, id, path })
        };
        let mut entries: Vec<SnapshotEntry> =
            text.split(|&byte| byte == 0).filter_map(entry).collect();
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Snapshot { top: top.to_owned(), commit: commit.to_owned(), entries })
    }

    /// What of a work tree is as its index has it. A file that the user told git not to look at is never among it.
    ///
    /// # Errors
    /// When git fails.
    pub fn clean(&self, top: &Path) -> Result<Clean, Error> {
        let listed = self.call(top, ["ls-files", "-v", "-s", "-z"]).limit(MOST).answer()?.stdout;
        let changed = ["diff-files", "--name-only", "-z", "--no-renames", "--no-ext-diff"];
        let changed = self.call(top, changed).limit(MOST).answer()?.stdout;
        let changed: HashSet<&[u8]> = changed.split(|&byte| byte == 0).collect();
        let file = |line: &[u8]| {
            let (meta, path) = split(line, b'\t')?;
            let mut meta = meta.split(|&byte| byte == b' ');
            let (tag, mode, id) = (meta.next()?, meta.next()?, meta.next()?);
            let is_clean = tag == b"H" && meta.next()? == b"0" && !changed.contains(path);
            let id = String::from_utf8(id.to_vec()).ok()?;
            is_clean.then(|| (path.to_vec(), (mode.to_vec(), id)))
        };
        Ok(Clean(listed.split(|&byte| byte == 0).filter_map(file).collect()))
    }

    /// The content of objects, in their order.
    ///
    /// # Errors
    /// When git fails or lacks one of them.
    pub fn blobs(&self, top: &Path, ids: &[&str]) -> Result<Vec<Vec<u8>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ask: String = ids.iter().flat_map(|id| [id, "\n"]).collect();
        let call = self.at_hand(top, ["cat-file", "--batch"]).input(ask).limit(MOST);
        let said = call.answer()?.stdout;
        let mut rest = said.as_slice();
        let mut blobs = Vec::with_capacity(ids.len());
        for id in ids {
            let blob = split(rest, b'\n').and_then(|(head, after)| {
                let head = std::str::from_utf8(head).ok()?;
                let size = head.strip_prefix(id)?.strip_prefix(" blob ")?.parse().ok()?;
                rest = after.get(size + 1..)?;
                Some(after[..size].to_vec())
            });
            blobs.push(blob.ok_or_else(|| Error::Object((*id).to_owned()))?);
        }
        Ok(blobs)
    }

    /// `git describe` as [`Git::describe`] asks for it, of a commit.
    ///
    /// # Errors
    /// When git fails.
    pub fn describe_at(&self, dir: &Path, commit: &str) -> Result<Option<String>, Error> {
        debug_assert!(is_commit(commit), "a revision was resolved before");
        match self.call(dir, ["describe", "--tags", "--always", commit]).answer() {
            Ok(answer) => Ok(Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())),
            Err(error) => match &error.what {
                What::Failed { .. } => Ok(None),
                _ => Err(error.into()),
            },
        }
    }

    /// A call that reads objects and fetches none: what a partial clone lacks is not at hand.
    fn at_hand(
        &self,
        top: &Path,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> crate::process::Call {
        self.call(top, args).env([("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")])
    }
}

fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|&byte| byte == at)?;
    Some((&text[..place], &text[place + 1..]))
}
