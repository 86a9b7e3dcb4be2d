//! What git says of a work tree: its files, and how it describes its commit.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::program::{Error, Git, is_no_repository};
use crate::process::What;

/// A command line holds so many at least.
const PATHS_AT_ONCE: usize = 300;

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

    /// Which of some directories, relative to the top of a repository, git ignores as a whole. One whose name git shows in
    /// quotes is not among them.
    pub(in crate::probe) fn ignored(
        &self,
        dir: &Path,
        dirs: &[String],
    ) -> Result<BTreeSet<String>, Error> {
        let mut ignored = BTreeSet::new();
        for some in dirs.chunks(PATHS_AT_ONCE) {
            let args = ["-c", "core.quotePath=false", "check-ignore", "--no-index", "--"];
            // A name may look like one of git's patterns for paths, and these it cannot take as they are.
            let names = some.iter().map(|name| format!("./{name}"));
            let (answer, status) = self.call(dir, args).args(names).outcome()?;
            // 1 says that none of them is.
            if !matches!(status.code(), Some(0 | 1)) {
                return Err(Error::Unclear("git check-ignore"));
            }
            let said = String::from_utf8_lossy(&answer.stdout);
            ignored
                .extend(said.lines().filter_map(|line| line.strip_prefix("./")).map(str::to_owned));
        }
        Ok(ignored)
    }

    /// The configuration that counts in a repository: each name, a new line, the value, and NUL.
    pub(in crate::probe) fn configuration(&self, dir: &Path) -> Result<Vec<u8>, Error> {
        Ok(self.call(dir, ["config", "-z", "--list"]).answer()?.stdout)
    }

    /// The file of what the user ignores everywhere, by such a configuration. `None` where its place is hard to tell.
    pub(in crate::probe) fn excludes(&self, configuration: &[u8]) -> Option<PathBuf> {
        let said = configuration.split(|&byte| byte == 0);
        let named = said.filter_map(|entry| entry.strip_prefix(b"core.excludesfile")).next_back();
        let home = || self.variable("HOME").map(PathBuf::from);
        let Some(named) = named else {
            let own = self.variable("XDG_CONFIG_HOME").filter(|it| !it.is_empty());
            let own = own.map(PathBuf::from).or_else(|| Some(home()?.join(".config")))?;
            return Some(own.join("git/ignore")).filter(|path| path.is_absolute());
        };
        let named = Path::new(OsStr::from_bytes(named.strip_prefix(b"\n")?));
        let path = match named.strip_prefix("~") {
            Ok(below) => home()?.join(below),
            Err(_) => named.to_owned(),
        };
        path.is_absolute().then_some(path)
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
