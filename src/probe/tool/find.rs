//! Where a program is. Starts nothing.

use std::path::{Path, PathBuf};

use crate::context::Environment;
use crate::process::{find_on_path, is_program};

/// Finds a program as a shell would: a name on `PATH`, anything with a `/` relative to `base`. Entries of `PATH` that
/// are not absolute are passed over: they would mean another program in every directory.
#[must_use]
pub fn find_program(env: &Environment, base: &Path, name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(base.join(name)).filter(|path| is_program(path));
    }
    find_on_path(env.os("PATH")?, name.as_ref())
}
