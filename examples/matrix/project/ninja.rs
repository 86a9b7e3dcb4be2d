//! The same matrix for ninja: an edge for each node, and a file for each tree that stands for its commit.
//!
//! The outputs are files of their own, empty and few hundred to a directory, not those of `graph`, each of which has a
//! directory: ninja looks at every output and is faster so, and is to be compared at its best. The rules are those of
//! a `generator`, which ninja does not look up in its log: it need not read one.

use std::fs::{self, File};
use std::io::{BufWriter, Result, Write};
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

/// Makes all outputs, so that nothing is to be done.
pub(super) fn write_outputs(root: &Path, shape: &Shape) -> Result<()> {
    for kind in ["config", "kernel"] {
        for number in 0..shape.trees {
            let of_tree = root.join(DIR).join(kind).join(tree(number));
            let mut last = PathBuf::new();
            for (variant, arch, defconfig) in shape.matrix(number).each() {
                let dir = of_tree.join(variant).join(arch);
                if dir != last {
                    fs::create_dir_all(&dir)?;
                    last.clone_from(&dir);
                }
                File::create(dir.join(defconfig))?;
            }
        }
    }
    Ok(())
}
