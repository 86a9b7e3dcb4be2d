//! Removes checkouts that nobody needs any more. To be called while nothing is built.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::place::Place;

/// The checkouts that were used before a time only, and those that are not whole, by their directories, sorted.
///
/// # Errors
/// When the directory cannot be read; that there is none is no error.
pub fn unused(sources: &Path, before: SystemTime) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(sources) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut unused = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if Place::new(path.clone()).used().is_none_or(|used| used < before) {
            unused.push(path);
        }
    }
    unused.sort();
    Ok(unused)
}

/// Removes a checkout. Whoever is killed meanwhile leaves one that is not whole.
///
/// # Errors
/// When something of it cannot be removed.
pub fn remove(checkout: &Path) -> io::Result<()> {
    Place::new(checkout.to_owned()).remove()
}
