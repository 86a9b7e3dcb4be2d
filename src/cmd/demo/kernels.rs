//! Writes the example of kernels into a directory: its files, the tree, a clone of it, and compilers that only pretend.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::git::{clone_anew, write_history};
use super::history::histories;
use super::kernel_files::FILES;
use super::project::{cannot, check_is_free, file_url, put};

/// The directory of the demo that holds it.
pub(super) const DIRECTORY: &str = "kernels";
/// Where a clone of the tree is, below the project.
pub(super) const CLONE: &str = "linux";
/// Where the compilers are, below the project.
pub(super) const TOOLCHAIN: &str = "toolchain/bin";

/// Its presence tells the example from anything else. It also keeps it out of the repository of the boards.
const MARKER: (&str, &str) =
    (".gitignore", "# Written by `graph demo`: kernels beside the boards.\n*\n");
const TREE: &str = "linux-toy";
const BRANCH: &str = "master";
/// The one script that is all tools of the toolchain.
const TOOL: &str = "toolchain/toy-tool";
/// Prefixes of compilers for other machines, and none for this one.
const PREFIXES: [&str; 4] =
    ["", "aarch64-linux-gnu-", "arm-linux-gnueabihf-", "riscv64-linux-gnu-"];
const CROSS_TOOLS: [&str; 6] = ["ar", "gcc", "ld", "nm", "objcopy", "strip"];
const OTHER_TOOLS: [&str; 10] = [
    "bc",
    "bison",
    "clang",
    "flex",
    "ld.lld",
    "llvm-ar",
    "llvm-nm",
    "llvm-objcopy",
    "llvm-strip",
    "perl",
];

/// An example of kernels that was written out.
#[derive(Debug)]
pub struct Kernels {
    /// The project's directory, absolute and without symbolic links.
    pub root: PathBuf,
    /// The bare repository that stands in for a server.
    pub tree: PathBuf,
    /// The directory of its compilers, to be put in front of `PATH`.
    pub toolchain: PathBuf,
    /// The commits of its branch `master`, oldest first; the second is the head of `linux-6.1.y`.
    pub commits: Vec<String>,
}

/// Writes the example of kernels into a directory that is absent, empty, or holds it already; then its files and its clone
/// are as they were in the beginning again.
///
/// # Errors
/// As [`write()`](super::write).
pub fn write_kernels(dir: &Path) -> Result<Kernels> {
    check_is_free(dir, is_demo(dir))?;
    put(dir, MARKER.0, MARKER.1)?;
    let root = fs::canonicalize(dir).with_context(|| cannot("resolve", dir))?;
    let upstream = root.join("upstream");
    fs::create_dir_all(&upstream).with_context(|| cannot("make", &upstream))?;
    let tree = upstream.join(format!("{TREE}.git"));
    let history = histories(FILES).remove(TREE).expect("the example has a tree");
    let commits = write_history(&tree, BRANCH, &history)?;
    let url = file_url(&upstream);
    for (path, text) in FILES.iter().filter(|(path, _)| !path.starts_with("upstream/")) {
        if *path == TOOL {
            for name in tools() {
                put(&root, &format!("{TOOLCHAIN}/{name}"), text)?;
            }
        } else {
            put(&root, path, &text.replace("@UPSTREAM@", &url))?;
        }
    }
    clone_anew(&tree, BRANCH, &root.join(CLONE))?;
    Ok(Kernels { toolchain: root.join(TOOLCHAIN), root, tree, commits })
}

/// Whether a directory holds what [`write_kernels`] wrote.
pub(super) fn is_demo(dir: &Path) -> bool {
    fs::read_to_string(dir.join(MARKER.0)).is_ok_and(|text| text == MARKER.1)
}

fn tools() -> impl Iterator<Item = String> {
    let cross =
        PREFIXES.iter().flat_map(|prefix| CROSS_TOOLS.map(|tool| format!("{prefix}{tool}")));
    cross.chain(OTHER_TOOLS.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{CLONE, write_kernels};

    #[test]
    fn writing_again_gives_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let kernels = dir.path().join("kernels");
        let first = write_kernels(&kernels).unwrap();
        let source = first.root.join(CLONE).join("lib/string.c");
        let original = fs::read_to_string(&source).unwrap();
        assert!(original.contains("measure(text) + measure(text)"), "{original}");
        fs::write(&source, "changed").unwrap();
        let second = write_kernels(&kernels).unwrap();
        assert_eq!(first.commits, second.commits);
        assert_eq!(fs::read_to_string(&source).unwrap(), original);
        let matrix = fs::read_to_string(first.root.join("build-configs.yaml")).unwrap();
        assert!(matrix.contains("url: \"file:///") && !matrix.contains('@'), "{matrix}");
        assert!(write_kernels(dir.path()).is_err(), "there is something else");
    }
}
