//! The way in: a kind of step, a checkout, a build directory. Decides nothing itself.

use std::io;
use std::path::{Path, PathBuf};

use graph::reads::ReadSet;

use super::tree::Tree;
use super::{kconfig, kernel};

/// Which files of a checkout a finished build has read, and which would have mattered to it.
///
/// `kind` is `kconfig` for the steps that made the `.config` in `build`, or `kbuild` for a kernel built there, from
/// nothing but that `.config`. `extra` are paths that the steps themselves name, such as fragments: absolute, or
/// relative to the checkout; those outside of it do not count.
///
/// `None` means that no set can be told, and the whole commit counts: another kind, no `.config`, a build that left no
/// records; self-tests, whose Makefiles leave none; an initramfs, keys or firmware that the `.config` takes from
/// elsewhere.
///
/// # Errors
/// Where the checkout or the build cannot be read.
pub fn reads(
    kind: &str,
    checkout: &Path,
    build: &Path,
    extra: &[PathBuf],
) -> io::Result<Option<ReadSet>> {
    let tree = Tree::open(checkout)?;
    let extra: Vec<String> = extra
        .iter()
        .filter_map(|path| path.to_str())
        .filter_map(|path| match tree.below(path) {
            Some(below) => Some(below.to_owned()),
            None => (!path.starts_with('/')).then(|| path.to_owned()),
        })
        .collect();
    match kind {
        "kconfig" => kconfig::read(&tree, build, &extra),
        "kbuild" => kernel::read(&tree, build, &extra),
        _ => Ok(None),
    }
}
