//! What git says of a work tree: its files, and how it describes its commit.

use std::path::Path;

use super::program::{Error, Git, is_no_repository};
use crate::process::What;

/// Paths as git prints them: relative to the directory asked, ended by NUL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::probe) struct Listing(Vec<u8>);

impl Listing {
    /// The paths, in git's order. One that ends in `/` is a repository of its own that is not a submodule.
    pub(in crate::probe) fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == 0).filter(|path| !path.is_empty())
    }
}

impl Git {
    /// Files below a directory that git tracks, those that are missing included, and submodules as one path each.
    /// `None` if the directory is in no repository.
    pub(in crate::probe) fn tracked(&self, dir: &Path) -> Result<Option<Listing>, Error> {
        self.list(dir, &["ls-files", "-z", "--cached"])
    }

    /// Files below a directory that git neither tracks nor ignores. `None` if the directory is in no repository.
    pub(in crate::probe) fn untracked(&self, dir: &Path) -> Result<Option<Listing>, Error> {
        self.list(dir, &["ls-files", "-z", "--others", "--exclude-standard"])
    }

    /// Both at once: one process, but nothing can be done with the first files before the last are found.
    pub(in crate::probe) fn present(&self, dir: &Path) -> Result<Option<Listing>, Error> {
        self.list(dir, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    }

    /// Whether git ignores a directory as a whole; then it would list nothing in it.
    pub(in crate::probe) fn ignores(&self, dir: &Path) -> Result<bool, Error> {
        let (_, status) = self.call(dir, ["check-ignore", "-q", "."]).outcome()?;
        Ok(status.success())
    }

    /// `git describe` of the repository that holds a directory; the abbreviated commit where there is no tag. `None`
    /// if there is no repository or no commit.
    ///
    /// # Errors
    /// When git cannot be run or will not read the repository.
    pub fn describe(&self, dir: &Path) -> Result<Option<String>, Error> {
        match self.call(dir, ["describe", "--tags", "--always"]).answer() {
            Ok(answer) => Ok(Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())),
            Err(error) if is_no_repository(&error) => Ok(None),
            Err(error) => match &error.what {
                What::Failed { stderr, .. } if stderr.contains("Not a valid object name") => {
                    Ok(None)
                }
                _ => Err(error.into()),
            },
        }
    }

    fn list(&self, dir: &Path, args: &[&str]) -> Result<Option<Listing>, Error> {
        match self.call(dir, args).limit(1 << 30).answer() {
            Ok(answer) => Ok(Some(Listing(answer.stdout))),
            Err(error) if is_no_repository(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
