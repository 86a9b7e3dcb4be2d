//! Where artifacts and outputs are made before they get their names. Knows nothing of what they are.
//!
//! Each has a path of its own in one directory, which stays: whatever is made there and removed again, even an empty
//! directory, ext4 looks at for half a minute whenever it makes something beside it.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;

/// A directory for what is unfinished. What is found there when nobody builds is left over.
pub(crate) struct Staging {
    dir: PathBuf,
    /// Tells its paths from those of any other process, also of one that was killed.
    own: u64,
    next: AtomicU64,
}

/// A path at which nothing is yet. What is there when it is dropped goes with it.
#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
    is_empty: bool,
}

impl Staging {
    pub(crate) fn at(dir: PathBuf) -> Self {
        Self { dir, own: RandomState::new().hash_one(()), next: AtomicU64::new(0) }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the directory; to be called before anything is made in it.
    pub(crate) fn open(&self) -> Result<&Path, Error> {
        fs::create_dir_all(&self.dir).map_err(Error::io("create", &self.dir))?;
        Ok(&self.dir)
    }

    pub(crate) fn staged(&self) -> Staged {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Staged { path: self.dir.join(format!("{:016x}-{number}", self.own)), is_empty: false }
    }
}

impl Staged {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// To be called when what was there has another name now, and nothing took its place.
    pub(crate) fn is_empty_again(&mut self) {
        self.is_empty = true;
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_empty
            && let Err(error) = remove_any(&self.path)
        {
            tracing::debug!("`{}` is still there: {error}", self.path.display());
        }
    }
}

/// Removes a file or a directory with all that is in it.
pub(crate) fn remove_any(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
