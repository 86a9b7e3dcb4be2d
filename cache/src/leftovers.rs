//! What a process leaves behind that was killed while it made something. Knows nothing that is finished.

use std::path::PathBuf;

use crate::error::Error;
use crate::staging::remove_any;
use crate::state::State;
use crate::store::entries;

/// Unfinished artifacts and outputs. Only who holds the lock may take them for leftovers.
pub(crate) fn list(state: &State) -> Result<Vec<PathBuf>, Error> {
    let mut found = entries(state.store.staging().dir())?;
    found.extend(entries(state.outputs.staging().dir())?);
    Ok(found)
}

/// Removes them. What cannot be removed is in nobody's way.
pub(crate) fn remove(state: &State) -> usize {
    let found = list(state).unwrap_or_default();
    found.iter().filter(|path| remove_any(path).is_ok()).count()
}
