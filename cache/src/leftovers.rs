//! What a process leaves behind that was killed while it made something. Knows nothing that is finished.

use std::fs;
use std::path::PathBuf;

use crate::error::Error;
use crate::state::State;
use crate::store::entries;

/// Unfinished artifacts and outputs. Only who holds the lock may take them for leftovers.
pub(crate) fn list(state: &State) -> Result<Vec<PathBuf>, Error> {
    let mut found = entries(&state.store.unfinished())?;
    found.extend(entries(&state.outputs.unfinished())?);
    Ok(found)
}

/// Removes them. What cannot be removed is in nobody's way.
pub(crate) fn remove(state: &State) -> usize {
    let found = list(state).unwrap_or_default();
    found.iter().filter(|path| remove_any(path).is_ok()).count()
}

/// Removes a file or a directory with all that is in it.
pub(crate) fn remove_any(path: &PathBuf) -> std::io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
