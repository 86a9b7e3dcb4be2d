//! `build-configs.yaml` to builds: the real ones of the corpus, directories of files, and what is not built.

mod corpus;
mod files;

use std::fs;
use std::path::Path;

use graph::spec::{Node, Role};
use graph_cli::diagnostic::Diagnostics;
use graph_cli::front::kas::Directories;
use graph_cli::front::kernelci::NoneFresh;
use graph_cli::front::machines::Defaults;
use graph_cli::front::{Depth, Loaded, SourceFile, Sources, load};

use crate::kernel_trees::ToldTrees;

/// Kernels alone, with what filters reject.
pub(crate) fn sources(kernels: Vec<SourceFile>) -> Sources {
    Sources {
        kernels,
        excluded: true,
        depth: Depth::Whole,
        machines: Vec::new(),
        settings: None,
        defaults: Defaults { build_target: String::new(), output: "*".to_owned() },
        ignore: Vec::new(),
        describe: Role::Stamp,
    }
}

/// Loads kernels.
pub(crate) fn load_kernels(
    root: &Path,
    kernels: &[&str],
    trees: &ToldTrees,
) -> Result<Loaded, Diagnostics> {
    let kernels = kernels.iter().map(|&path| path.into()).collect();
    load(&sources(kernels), root, &Directories::new(root.join("nowhere"), root), trees, &NoneFresh)
}

/// A label of a node.
pub(crate) fn label<'a>(node: &'a Node, key: &str) -> &'a str {
    let found = node.labels.iter().find(|label| label.key == key);
    &found.unwrap_or_else(|| panic!("{} has no label `{key}`", node.name)).value
}

/// What KernelCI's own code tells of a build.
pub(crate) fn rows(loaded: &Loaded) -> Vec<String> {
    let kernels = loaded.spec.nodes.iter().filter(|node| node.name.kind() == "kernel");
    let keys = ["build_config", "build_environment", "arch", "defconfig"];
    let mut rows: Vec<String> =
        kernels.map(|node| keys.map(|key| label(node, key)).join("\t")).collect();
    rows.sort();
    rows.dedup();
    rows
}

/// Writes files below a directory.
fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it is below the root")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
}
