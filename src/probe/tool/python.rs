//! Which module a Python program would import, told from the files alone. In doubt it says that it cannot tell.

use std::io::Read;
use std::path::{Path, PathBuf};

use graph::digest::Digest;

use super::identity::Identity;
use crate::context::Environment;

/// Variables that make Python look elsewhere, so that nothing can be told from the files.
const REDIRECTIONS: [&str; 3] = ["PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE"];

/// The longest first line that kernels read.
const LONGEST_SHEBANG: u64 = 4096;

/// A key that stays the same for as long as a script would import the same `module` (a file in `site-packages`, such
/// as `kas/__version__.py`): the script, its interpreter, and every place where the module is found.
pub(super) fn script_identity(env: &Environment, script: &Path, module: &str) -> Option<Digest> {
    let script = script.canonicalize().ok()?;
    let mut head = Vec::new();
    std::fs::File::open(&script).ok()?.take(LONGEST_SHEBANG).read_to_end(&mut head).ok()?;
    let line = head.split(|&byte| byte == b'\n').next()?;
    let interpreter = std::str::from_utf8(line).ok()?.strip_prefix("#!")?.trim();
    let is_python = |path: &Path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("python"))
    };
    // `/usr/bin/env python3` and shell wrappers find their Python elsewhere.
    let interpreter = Path::new(interpreter);
    if !interpreter.is_absolute() || !is_python(interpreter) {
        return None;
    }
    let mut identity = Identity::of("graph python script v1");
    identity.add_file(&script);
    add_imports(env, identity, interpreter, module)
}

/// As [`script_identity`], of a module that is run with `python -m`.
pub(super) fn module_identity(env: &Environment, python: &Path, module: &str) -> Option<Digest> {
    add_imports(env, Identity::of("graph python module v1"), python, module)
}

/// All places count, not just the first: which one wins is Python's affair, and a change of any is a new key.
fn add_imports(
    env: &Environment,
    mut identity: Identity,
    interpreter: &Path,
    module: &str,
) -> Option<Digest> {
    if REDIRECTIONS.iter().any(|name| env.os(name).is_some()) || !identity.add_file(interpreter) {
        return None;
    }
    // Not canonical: the `python` of a virtual environment is a link, and its place is what counts.
    let prefix = interpreter.parent()?.parent()?;
    let user = env.path("HOME").map(|home| home.join(".local"));
    let mut found = false;
    for prefix in [Some(prefix.to_owned()), user].into_iter().flatten() {
        for site in site_packages(&prefix) {
            found |= identity.add_file(&site.join(module));
        }
    }
    if found { identity.finish() } else { None }
}

fn site_packages(prefix: &Path) -> Vec<PathBuf> {
    let Ok(entries) = prefix.join("lib").read_dir() else { return Vec::new() };
    let mut versions: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"))
        .map(|entry| entry.path().join("site-packages"))
        .collect();
    versions.sort();
    versions
}
