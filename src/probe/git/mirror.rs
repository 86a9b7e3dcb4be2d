//! Bare mirrors of remote repositories: made, brought up to date, and read without a checkout.
//!
//! kas clones from the same directories with `--reference`, so a mirror never loses an object: nothing is pruned and
//! nothing is collected, or work trees that borrow from it would break.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::address::mirror_name;
use super::program::{Error, Git};
use crate::address::{BadAddress, check_url, is_commit};
use crate::process::What;

/// What the name of a mirror begins with while it is made.
pub(super) const UNFINISHED: &str = ".graph-clone-";

/// How long a clone or a fetch may take: the kernel over a slow line.
pub(super) const TRANSFER_DEADLINE: Duration = Duration::from_secs(2 * 3600);

/// The largest file that is read of a mirror.
const LARGEST_BLOB: usize = 64 << 20;

/// What a repository has at a path of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) enum Blob {
    /// A file.
    Content(Vec<u8>),
    /// Nothing: git read the commit and found no such path in it.
    Absent,
    /// Nothing that can be read as a file, for whatever reason.
    Unclear,
}

impl Git {
    /// The mirror of a URL, if there is one.
    #[must_use]
    pub fn mirror_of(&self, url: &str) -> Option<PathBuf> {
        let path = self.mirrors.join(mirror_name(url).ok()?);
        path.join("HEAD").is_file().then_some(path)
    }

    /// Makes the mirror of a URL, or brings it up to date.
    ///
    /// # Errors
    /// When the URL is none, the repository cannot be reached, or the directory cannot be written.
    pub fn mirror(&self, url: &str) -> Result<PathBuf, Error> {
        let path = self.mirrors.join(mirror_name(url)?);
        if !path.exists() {
            self.clone_into(url, &path)?;
            return Ok(path);
        }
        let refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        self.fetch(url, &path, &refs)?;
        Ok(path)
    }

    /// Makes sure that the mirror of a URL has a commit, and asks the remote only if it has not.
    ///
    /// # Errors
    /// As [`Git::mirror`], and when the remote has no such commit.
    pub fn mirror_with(&self, url: &str, commit: &str) -> Result<PathBuf, Error> {
        check_commit(commit)?;
        if let Some(path) = self.mirror_of(url)
            && self.has_commit(&path, commit)
        {
            return Ok(path);
        }
        let path = self.mirror(url)?;
        if !self.has_commit(&path, commit) {
            // It is on no branch and no tag; most servers give it when asked for by its name.
            self.fetch(url, &path, &[&format!("+{commit}:refs/graph/{commit}")])?;
        }
        Ok(path)
    }

    /// Whether a repository has a commit.
    #[must_use]
    pub fn has_commit(&self, repository: &Path, commit: &str) -> bool {
        let object = format!("{commit}^{{commit}}");
        is_commit(commit) && self.call(repository, ["cat-file", "-e", &object]).answer().is_ok()
    }

    /// The content of a file at a commit, from the mirror of a URL. `None` if there is no mirror, or it lacks the
    /// commit or the file.
    ///
    /// # Errors
    /// When git fails in any other way.
    pub fn read_blob(&self, url: &str, commit: &str, path: &str) -> Result<Option<Vec<u8>>, Error> {
        check_commit(commit)?;
        let Some(mirror) = self.mirror_of(url) else { return Ok(None) };
        Ok(match self.blob_at(&mirror, commit, path)? {
            Blob::Content(content) => Some(content),
            Blob::Absent | Blob::Unclear => None,
        })
    }

    /// As [`Git::read_blob`], of a repository that has the commit; says whether it is certain that there is no file.
    pub(in crate::probe) fn blob_at(
        &self,
        repository: &Path,
        commit: &str,
        path: &str,
    ) -> Result<Blob, Error> {
        check_commit(commit)?;
        let object = format!("{commit}:{path}");
        let call = self.call(repository, ["cat-file", "blob", &object]).limit(LARGEST_BLOB);
        match call.answer() {
            Ok(answer) => Ok(Blob::Content(answer.stdout)),
            Err(error) => match &error.what {
                What::Failed { stderr, .. } if stderr.contains("' does not exist in '") => {
                    Ok(Blob::Absent)
                }
                What::Failed { .. } => Ok(Blob::Unclear),
                _ => Err(error.into()),
            },
        }
    }

    fn clone_into(&self, url: &str, path: &Path) -> Result<(), Error> {
        check_url(url)?;
        let args = ["clone", "-q", "--bare", "-c", "gc.auto=0", "-c", "gc.pruneExpire=never", "--"];
        self.make_mirror(path, |bare| {
            let call = self.call(&self.mirrors, args).args([url.as_ref(), bare.as_os_str()]);
            call.deadline(TRANSFER_DEADLINE).answer()?;
            Ok(())
        })
    }

    /// Has a bare repository made beside its place and moves it there when it is whole. Two that make the same at once
    /// both succeed: the later finds the place taken and lets its copy go.
    pub(super) fn make_mirror(
        &self,
        path: &Path,
        make: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let failed = |source| Error::Directory { path: self.mirrors.clone(), source };
        fs::create_dir_all(&self.mirrors).map_err(failed)?;
        let temporary = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.mirrors)
            .map_err(failed)?;
        let bare = temporary.path().join("bare");
        make(&bare)?;
        match fs::rename(&bare, path) {
            Err(_) if path.join("HEAD").is_file() => Ok(()),
            renamed => renamed.map_err(failed),
        }
    }

    /// Fetches of one mirror wait for each other: two that update one ref fail.
    fn fetch(&self, url: &str, path: &Path, refs: &[&str]) -> Result<(), Error> {
        check_url(url)?;
        let failed = |source| Error::Directory { path: path.to_owned(), source };
        let lock = File::create(path.join("graph.lock")).map_err(failed)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|errno| failed(errno.into()))?;
        let args = ["-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "-q", "--no-tags"];
        self.call(path, args)
            .args(["--no-write-fetch-head", "--force", "--", url])
            .args(refs)
            .deadline(TRANSFER_DEADLINE)
            .answer()?;
        Ok(())
    }
}

pub(super) fn check_commit(commit: &str) -> Result<(), BadAddress> {
    if is_commit(commit) {
        return Ok(());
    }
    Err(BadAddress(format!("`{}` is not a commit in full", commit.escape_default())))
}
