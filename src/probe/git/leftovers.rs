//! Clones that were never finished, in the directory of mirrors: found and removed. Knows no mirror that is whole.
//!
//! Who is killed while it makes a mirror leaves what it had: `graph` a `.graph-clone-…`, kas a `<mirror>.<8 letters>`
//! (`fetch_async` in `kas/repos.py`, with Python's `TemporaryDirectory`), each as large as a clone of the kernel. The
//! directory may be shared by all projects of a host, or of several hosts, so no lock of ours says that nobody is
//! making one there. Three things must be true of what is removed:
//!
//! - its name is one that only unfinished clones have. A mirror may be named like one of kas's (`host.lib` beside
//!   `host.lib.examples1`); then the URL in its configuration says whose name it is, and in doubt it stays;
//! - nothing in it was touched for a day: a clone that goes on writes all the time, and one that hangs on a dead line
//!   for a day has lost it;
//! - it is no symbolic link.
//!
//! Nobody borrows objects from an unfinished clone, so nothing else breaks when one goes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::address::mirror_name;
use super::mirror::UNFINISHED;
use super::program::Git;

/// How long nothing must have been touched.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// The letters that Python's `tempfile` makes names of, and how many.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789_";
const COUNT: usize = 8;

impl Git {
    /// Removes unfinished clones that are old, and says which. What cannot be looked at or removed stays.
    #[must_use]
    pub fn sweep_unfinished(&self, now: SystemTime) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.mirrors).into_iter().flatten().flatten();
        let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut found: Vec<PathBuf> = dirs.map(|entry| entry.path()).collect();
        found.sort();
        found.retain(|path| {
            self.is_unfinished(path)
                && is_untouched(path, now).unwrap_or(false)
                && fs::remove_dir_all(path).is_ok()
        });
        found
    }

    fn is_unfinished(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
        if name.starts_with(UNFINISHED) {
            return true;
        }
        let Some((mirror, letters)) = name.rsplit_once('.') else { return false };
        if letters.len() != COUNT || !letters.chars().all(|letter| LETTERS.contains(letter)) {
            return false;
        }
        match self.origin(path) {
            // Where mirrors of mirrors are configured (`KAS_PREMIRRORS`), a URL does not make the name.
            Some(url) => {
                mirror_name(&url).is_ok_and(|of_url| of_url == mirror)
                    || self.origin(&path.with_file_name(mirror)) == Some(url)
            }
            // git writes the URL before it fetches anything.
            None => !path.join("HEAD").exists(),
        }
    }

    fn origin(&self, bare: &Path) -> Option<String> {
        let file = bare.join("config");
        let args = ["config".as_ref(), "--file".as_ref(), file.as_os_str()];
        let call = self.call(&self.mirrors, args).args(["--get", "remote.origin.url"]);
        let answer = call.answer().ok()?;
        Some(String::from_utf8(answer.stdout).ok()?.trim_end_matches('\n').to_owned())
    }
}

/// Removes what killed fetches have left in a mirror that is whole: parts of packs, which nothing names. The same holds
/// of them as of clones. What cannot be removed stays.
pub(super) fn sweep_parts(mirror: &Path, now: SystemTime) {
    let packs = fs::read_dir(mirror.join("objects/pack")).into_iter().flatten().flatten();
    packs
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"tmp_"))
        .map(|entry| entry.path())
        .filter(|path| is_untouched(path, now).unwrap_or(false))
        .for_each(|path| drop(fs::remove_file(path)));
}

/// Whether nothing in a tree was changed lately. What lies in the future counts as lately: clocks of hosts differ.
fn is_untouched(path: &Path, now: SystemTime) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(path)?;
    let age = now.duration_since(metadata.modified()?).unwrap_or_default();
    if age < OLD {
        return Ok(false);
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            if !is_untouched(&entry?.path(), now)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
