//! The same matrix for ninja: an edge for each node, and a file for each tree that stands for its commit.
//!
//! The outputs are files of their own, empty and few hundred to a directory, not those of `graph`, each of which has a
//! directory: ninja looks at every output and is faster so, and is to be compared at its best. Beside them is the log that a
//! build leaves, but with zeros for the digests of commands. ninja reads it, and does not hold the digests against the
//! rules, because these are those of a `generator`.

use std::fs::{self, File};
use std::io::{BufWriter, Result, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::shape::{Shape, tree};

/// Where its files are, below the project.
const DIR: &str = "ninja";

/// The file that stands for a tree's commit.
pub(crate) fn source(root: &Path, tree: &str) -> PathBuf {
    root.join(DIR).join("trees").join(tree)
}

/// Writes `build.ninja`, and what stands for the trees.
pub(super) fn write(root: &Path, shape: &Shape) -> Result<()> {
    fs::create_dir_all(root.join(DIR).join("trees"))?;
    let mut out = BufWriter::new(File::create(root.join("build.ninja"))?);
    for kind in ["config", "kernel"] {
        write!(out, "rule {kind}\n  command = touch $out\n  generator = 1\n")?;
    }
    for number in 0..shape.trees {
        let tree = tree(number);
        fs::write(source(root, &tree), "")?;
        for (variant, arch, defconfig) in shape.matrix(number).each() {
            let below = format!("{tree}/{variant}/{arch}");
            let config = format!("{DIR}/config/{below}/{defconfig}");
            let from = format!("{DIR}/trees/{tree}");
            writeln!(out, "build {config}: config {from}")?;
            writeln!(out, "build {DIR}/kernel/{below}/{defconfig}: kernel {config} {from}")?;
        }
    }
    out.flush()
}

/// Makes all outputs and the log, so that nothing is to be done.
pub(super) fn write_outputs(root: &Path, shape: &Shape) -> Result<()> {
    let mut log = BufWriter::new(File::create(root.join(".ninja_log"))?);
    writeln!(log, "# ninja log v5")?;
    for kind in ["config", "kernel"] {
        for number in 0..shape.trees {
            let of_tree = PathBuf::from(DIR).join(kind).join(tree(number));
            let mut last = PathBuf::new();
            for (variant, arch, defconfig) in shape.matrix(number).each() {
                let dir = of_tree.join(variant).join(arch);
                if dir != last {
                    fs::create_dir_all(root.join(&dir))?;
                    last.clone_from(&dir);
                }
                let path = dir.join(defconfig);
                let data = File::create(root.join(&path))?.metadata()?;
                let modified = data.mtime() * 1_000_000_000 + data.mtime_nsec();
                writeln!(log, "0\t1\t{modified}\t{}\t0", path.display())?;
            }
        }
    }
    log.flush()
}
