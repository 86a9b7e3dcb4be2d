//! Files of a repository as a revision has them, written into a directory: for reading configurations, without touching
//! anybody's work tree. Files whose names end otherwise than asked for are left out.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;

use super::program::{Error, Git, is_no_repository};
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
        let prefix = self.call(dir, ["rev-parse", "--show-prefix"]).answer()?.stdout;
        let prefix = String::from_utf8_lossy(&prefix).trim_end_matches('\n').to_owned();
        fs::create_dir_all(into.join(".git")).map_err(failed)?;
        fs::create_dir_all(into.join(&prefix)).map_err(failed)?;
        let list = ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit];
        let list = self.call(dir, list).limit(1 << 30).answer()?.stdout;
        let list = String::from_utf8_lossy(&list).into_owned();
        let wanted: Vec<(&str, &str, &str)> = list
            .split('\0')
            .filter_map(|entry| {
                let (meta, path) = entry.split_once('\t')?;
                let mut meta = meta.split(' ');
                let (mode, _, id) = (meta.next()?, meta.next()?, meta.next()?);
                let extension = Path::new(path).extension()?.to_str()?;
                let is_wanted = extensions.contains(&extension) && stays_inside(Path::new(path));
                is_wanted.then_some((mode, id, path))
            })
            .collect();
        // Links last, so that no file is written through one.
        let (links, files): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|(mode, ..)| *mode == LINK);
        let write = |(mode, id, path): &(&str, &str, &str)| {
            let target = into.join(path);
            let content = self.call(dir, ["cat-file", "blob", id]).limit(LARGEST).answer()?.stdout;
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            if *mode != LINK {
                return fs::write(&target, content).map_err(failed);
            }
            let leads = String::from_utf8_lossy(&content).into_owned();
            // One that leads elsewhere would have this host's files read for the repository's.
            let inside = Path::new(path).parent().is_none_or(|dir| stays_inside(&dir.join(&leads)));
            if inside { symlink(leads, &target).map_err(failed) } else { Ok(()) }
        };
        files.par_iter().try_for_each(write)?;
        links.iter().try_for_each(write)?;
        Ok(into.join(prefix))
    }
}

/// What git calls the mode of a symbolic link.
const LINK: &str = "120000";

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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::stays_inside;

    #[test]
    fn what_leaves_the_repository_is_not_written() {
        for inside in ["kas/a.yaml", "kas/../a.yaml", "./a.yaml", "a"] {
            assert!(stays_inside(Path::new(inside)), "{inside}");
        }
        for outside in ["../a.yaml", "kas/../../a.yaml", "/etc/a.yaml", ".git/a.yaml", "a/.GIT/b"] {
            assert!(!stays_inside(Path::new(outside)), "{outside}");
        }
    }
}
