//! Whether a build failed because a disk is full. Knows no node.
//!
//! Two witnesses are asked, since each alone is wrong at times: a log that says so may speak of a small image that is
//! being filled, and a disk can be nearly full without anybody being harmed by it. Only of a disk on which there is
//! nothing left no word is needed: some programs (`git checkout`) say no more than that a file could not be written.

use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

/// What programs print when the system gives them no more room (`ENOSPC`, `EDQUOT`); their language is fixed.
const WORDS: [&str; 2] = ["No space left on device", "Disk quota exceeded"];

/// With less room than this, a disk counts as full if it is said to be: who failed has mostly removed the file that it
/// could not write.
const LITTLE: u64 = 1 << 30;

/// With less room than this it is full, whatever is said.
const NOTHING: u64 = 16 << 20;

/// With fewer files to come than this it is said to be full, too.
const FEW: u64 = 1000;

/// Whether a line says that a disk is full.
#[must_use]
pub fn is_told(line: &str) -> bool {
    WORDS.iter().any(|words| line.contains(words))
}

/// The first of some directories that lies on a full disk; `is_told` when something says that one is.
pub fn lacking<'a>(dirs: impl IntoIterator<Item = &'a Path>, is_told: bool) -> Option<PathBuf> {
    dirs.into_iter().find(|dir| is_full(dir, is_told)).map(Path::to_owned)
}

fn is_full(dir: &Path, is_told: bool) -> bool {
    let Ok(space) = statvfs(dir) else { return false };
    let room = space.f_bavail.saturating_mul(space.f_frsize);
    // Where files are not counted, there are none in all.
    let has_few = space.f_files > 0 && space.f_favail < FEW;
    room < NOTHING || is_told && (room < LITTLE || has_few)
}
