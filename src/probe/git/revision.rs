//! Files of a repository as a revision has them, written into a directory: for reading configurations, without touching
//! anybody's work tree. Files whose names end otherwise than asked for are left out.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use super::program::{Error, Git, is_no_repository};
use super::snapshot::{EntryKind, Snapshot, SnapshotEntry};
use crate::address::is_commit;
use crate::process::What;

/// The largest file that is taken.
const LARGEST: usize = 16 << 20;

/// What became of looking for a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// It is this commit.
    Commit(String),
    /// The directory is in no repository.
    NoRepository,
    /// The repository has no such revision, and may have it elsewhere if it is shallow.
    Unknown {
        /// Whether history is cut off here.
        shallow: bool,
    },
}

impl Git {
    /// The commit that a revision names in the repository of a directory.
    ///
    /// # Errors
    /// When git fails otherwise.
    pub fn revision(&self, dir: &Path, name: &str) -> Result<Revision, Error> {
        let object = format!("{name}^{{commit}}");
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &object];
        let failed = match self.call(dir, args).answer() {
            Ok(answer) => {
                let text = String::from_utf8_lossy(&answer.stdout);
                let commit = text.lines().last().unwrap_or_default().trim().to_owned();
                return Ok(if is_commit(&commit) {
                    Revision::Commit(commit)
                } else {
                    Revision::Unknown { shallow: false }
                });
            }
            Err(error) if is_no_repository(&error) => return Ok(Revision::NoRepository),
            Err(error) => error,
        };
        if !matches!(failed.what, What::Failed { .. }) {
            return Err(failed.into());
        }
        let answer = self.call(dir, ["rev-parse", "--is-shallow-repository"]).answer()?;
        Ok(Revision::Unknown { shallow: answer.stdout.starts_with(b"true") })
    }

    /// Writes the files of a commit, of the repository that holds `dir`, whose names have one of these extensions. Answers
    /// where `dir` lies in what was written; that is marked as a repository of its own.
    ///
    /// # Errors
    /// When git fails or a file cannot be written.
    pub fn write_files(
        &self,
        dir: &Path,
        commit: &str,
        extensions: &[&str],
        into: &Path,
    ) -> Result<PathBuf, Error> {
        let failed = |source: io::Error| Error::Directory { path: into.to_owned(), source };
        let top = self.top(dir)?;
        let below = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let prefix = below.strip_prefix(&top).unwrap_or(Path::new("")).to_owned();
        let snapshot = self.snapshot(&top, commit)?;
        let extension = |entry: &SnapshotEntry| {
            let name = Path::new(OsStr::from_bytes(&entry.path));
            let extension = name.extension().and_then(OsStr::to_str);
            extension.is_some_and(|extension| extensions.contains(&extension))
        };
        fs::create_dir_all(into.join(&prefix)).map_err(failed)?;
        self.write_snapshot(&snapshot, &extension, into)?;
        Ok(into.join(prefix))
    }

    /// Writes those files of a commit that are asked for into a directory, and marks that as a repository of its own.
    /// Links are written where what they name is inside.
    ///
    /// # Errors
    /// When git fails or a file cannot be written.
    pub fn write_snapshot(
        &self,
        snapshot: &Snapshot,
        is_wanted: &(dyn Fn(&SnapshotEntry) -> bool + Sync),
        into: &Path,
    ) -> Result<(), Error> {
        let failed = |source: io::Error| Error::Directory { path: into.to_owned(), source };
        fs::create_dir_all(into.join(".git")).map_err(failed)?;
        let path = |entry: &SnapshotEntry| PathBuf::from(OsStr::from_bytes(&entry.path));
        let counts = |entry: &&SnapshotEntry| {
            entry.kind != EntryKind::Submodule && is_wanted(entry) && stays_inside(&path(entry))
        };
        let wanted: Vec<&SnapshotEntry> = snapshot.entries.iter().filter(counts).collect();
        let ids: Vec<&str> = wanted.iter().map(|entry| entry.id.as_str()).collect();
        let contents = self.blobs(&snapshot.top, &ids)?;
        // All of them: whether a path is a directory decides what it means.
        let dirs =
            snapshot.entries.iter().filter_map(|entry| Some(path(entry).parent()?.to_owned()));
        let mut dirs: Vec<PathBuf> = dirs.filter(|dir| stays_inside(dir)).collect();
        dirs.dedup();
        dirs.iter().try_for_each(|dir| fs::create_dir_all(into.join(dir))).map_err(failed)?;
        // Links last, so that no file is written through one.
        let all = || wanted.iter().zip(&contents).filter(|(_, content)| content.len() <= LARGEST);
        let is_link = |entry: &SnapshotEntry| entry.kind == EntryKind::Link;
        for (entry, content) in all().filter(|(entry, _)| !is_link(entry)) {
            fs::write(into.join(path(entry)), content).map_err(failed)?;
        }
        for (entry, content) in all().filter(|(entry, _)| is_link(entry)) {
            let (link, leads) = (path(entry), PathBuf::from(OsStr::from_bytes(content)));
            // One that leads elsewhere would have this host's files read for the repository's.
            if leads_inside(&link, &leads) {
                symlink(leads, into.join(link)).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Whether a path, taken from the top of a repository, never leaves it. A tree that somebody made by hand can have names
/// that git itself would refuse to check out.
fn stays_inside(path: &Path) -> bool {
    let mut depth = 0_usize;
    path.components().all(|component| match component {
        Component::Normal(name) => {
            depth += 1;
            !name.eq_ignore_ascii_case(".git")
        }
        Component::CurDir => true,
        Component::ParentDir => {
            depth = depth.wrapping_sub(1);
            depth != usize::MAX
        }
        Component::RootDir | Component::Prefix(_) => false,
    })
}

/// Whether a link of the repository leads to a place in it, whatever other links of this sort are on the way: what goes
/// up after it went down could go up from where another link leads.
pub(in crate::probe) fn leads_inside(link: &Path, leads: &Path) -> bool {
    let is_up = |component: &Component<'_>| *component == Component::ParentDir;
    let mut rest = leads.components().skip_while(is_up);
    !rest.any(|component| is_up(&component))
        && link.parent().is_none_or(|dir| stays_inside(&dir.join(leads)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{leads_inside, stays_inside};

    #[test]
    fn what_leaves_the_repository_is_not_written() {
        for inside in ["kas/a.yaml", "kas/../a.yaml", "./a.yaml", "a"] {
            assert!(stays_inside(Path::new(inside)), "{inside}");
        }
        for outside in ["../a.yaml", "kas/../../a.yaml", "/etc/a.yaml", ".git/a.yaml", "a/.GIT/b"] {
            assert!(!stays_inside(Path::new(outside)), "{outside}");
        }
    }

    #[test]
    fn a_link_must_not_go_up_from_where_another_one_leads() {
        let check = |leads: &str, inside| {
            assert_eq!(leads_inside(Path::new("a/b/link"), Path::new(leads)), inside, "{leads}");
        };
        check("c", true);
        check("../c/d", true);
        check("../../c", true);
        check("../../../c", false);
        check("c/../d", false);
        check("/etc/passwd", false);
    }
}
