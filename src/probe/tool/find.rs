//! Where a program is. Starts nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::context::Environment;

/// Finds a program as a shell would: a name on `PATH`, anything with a `/` relative to `base`. Entries of `PATH` that
/// are not absolute are passed over: they would mean another program in every directory.
#[must_use]
pub fn find_program(env: &Environment, base: &Path, name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(base.join(name)).filter(|path| is_program(path));
    }
    let path = env.os("PATH")?;
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
