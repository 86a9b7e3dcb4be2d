//! Waiting until files and directories are on the disk, many at a time. Knows nothing of what they are.
//!
//! A journaling file system writes what belongs to many files at once if all of it has been handed to it before the first
//! wait: so writing is begun for all of them, and only then are they waited for. Of very many, each wait would still cost
//! more than to have the whole file system written.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, fadvise, syncfs};

use crate::error::Error;

/// From so many on, the whole file system is written: each single wait is a flush of the disk's own cache, and so many of
/// those take longer. Below, gigabytes that a build beside has written and that are on no disk yet cost nothing.
const MANY: usize = 32;

/// From so many on it is worth beginning with all before any is waited for.
const SEVERAL: usize = 3;

/// Waits until these files and directories are on the disk as they are now. All lie below one of `roots`.
pub(crate) fn to_disk(paths: &[PathBuf], roots: &[&Path]) -> Result<(), Error> {
    if paths.len() >= MANY {
        return whole(roots);
    }
    let mut open = Vec::with_capacity(paths.len());
    for path in paths {
        let file = File::open(path).map_err(Error::io("open", path))?;
        if paths.len() >= SEVERAL {
            // To say that the pages are not needed is what begins their writing without a wait. What it says of a directory
            // or of an unusual file system is of no interest: all are waited for below.
            fadvise(&file, 0, None, Advice::DontNeed).ok();
        }
        open.push((file, path));
    }
    open.iter().try_for_each(|(file, path)| file.sync_all().map_err(Error::io("write", path)))
}

fn whole(roots: &[&Path]) -> Result<(), Error> {
    let mut written = Vec::new();
    for root in roots {
        let dir = File::open(root).map_err(Error::io("open", root))?;
        let device = dir.metadata().map_err(Error::io("open", root))?.dev();
        if !written.contains(&device) {
            syncfs(&dir).map_err(|error| Error::io("write", root)(error.into()))?;
            written.push(device);
        }
    }
    Ok(())
}
