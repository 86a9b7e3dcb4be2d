//! KernelCI's matrix of 2023: a commit that changes one filter and one fragment. Which builds come and go is told by two
//! plain lists and by KernelCI itself; which change, by the fragments in the names of what both lists have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{commit, compared, of_change, text};
use crate::corpus::corpus;
use crate::kernelci_differential::REFERENCE;
use crate::python::ask_file;
use crate::venv::python_of_kernelci;
use crate::world::World;

const MATRIX: &str = "build-configs.yaml";

/// The matrix in a repository, of which every tree is a local one that has the files of Linux 6.1.
fn world(corpus: &Path) -> World {
    let world = World::empty();
    let matrix = corpus.join("kernelci/build-configs-2023-07.yaml");
    world.write(MATRIX, &fs::read_to_string(matrix).expect("the corpus has it"));
    world.write("graph.yaml", "version: 1\ntrees: {\"*\": {path: linux, rev: HEAD}}\n");
    world.write(".gitignore", "/.graph\n/linux\n");
    let paths = fs::read_to_string(corpus.join("linux-6.1/paths.txt")).expect("the corpus has it");
    paths.lines().for_each(|path| world.write(&format!("linux/{path}"), ""));
    for dir in ["linux", ""] {
        world.git(dir, &["init", "-q", "-b", "main"]);
        world.git(dir, &["add", "--all"]);
        world.git(dir, &["commit", "-q", "-m", "The first"]);
    }
    world.git("linux", &["tag", "-a", "-m", "Linux 6.1.192", "v6.1.192"]);
    world
}

/// The names that a plain list has.
fn list(world: &World) -> BTreeSet<String> {
    let listed = super::read(&world.graph_ok(&["list", "--offline", "--format", "json"]));
    let nodes = listed["nodes"].as_array().expect("nodes").iter();
    nodes.map(|node| text(&node["name"]).to_owned()).collect()
}

/// A tree as KernelCI has it when it lists builds: it writes the fragments that it generates into it.
fn kdir(world: &World, corpus: &Path, matrix: &str) -> PathBuf {
    let paths = fs::read_to_string(corpus.join("linux-6.1/paths.txt")).expect("the corpus has it");
    // It generates those of which the matrix has the lines, and takes the others from the tree.
    let pairs = matrix.lines().zip(matrix.lines().skip(1));
    let generated = pairs
        .filter(|(_, next)| next.trim() == "configs:")
        .filter_map(|(line, _)| line.trim().strip_prefix("path: \"")?.strip_suffix('"'));
    paths.lines().chain(generated).for_each(|path| world.write(&format!("../kdir/{path}"), ""));
    world.path("../kdir")
}

/// What KernelCI makes of a matrix: build config, environment, architecture and defconfig.
fn kernelci(world: &World, kdir: &Path, matrix: &str) -> BTreeSet<String> {
    let file = world.path("../matrix.yaml");
    fs::write(&file, matrix).expect("a file");
    let question = json!({"file": file, "kdir": kdir, "kernel": "v6.1.192"});
    let answer = &ask_file(&python_of_kernelci(), REFERENCE, &[question])[0];
    let builds = answer["builds"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
    builds.map(|build| text(build).to_owned()).collect()
}

/// Kernels as KernelCI names builds. Environments and variants have the same names there, which percent-encode nothing.
fn builds(told: &Value, change: &str) -> BTreeSet<String> {
    let kernels = of_change(told, &[change]);
    let rest = kernels.iter().filter_map(|name| name.strip_prefix("kernel/"));
    rest.map(|rest| rest.replace('/', "\t").replace("%2F", "/")).collect()
}

#[test]
fn one_filter_and_one_fragment() {
    let Some(corpus) = corpus() else { return };
    let world = world(&corpus);
    let (before, old) = (list(&world), world.read(MATRIX));
    world.edit(MATRIX, "'axs101_defconfig'", "'axs103_defconfig'");
    world.edit(MATRIX, "CONFIG_SC_CAMCC_7180=y", "CONFIG_SC_CAMCC_7180=m");
    commit(&world, "One filter and one fragment");
    let (after, new) = (list(&world), world.read(MATRIX));

    let told = compared(&world, &["HEAD~1"]);
    let comes: BTreeSet<String> = after.difference(&before).cloned().collect();
    let goes: BTreeSet<String> = before.difference(&after).cloned().collect();
    assert!(!comes.is_empty() && !goes.is_empty(), "the filter lets some in and keeps others out");
    assert_eq!(of_change(&told, &["added"]), comes);
    assert_eq!(of_change(&told, &["excluded"]), goes, "a filter rejects them now");
    assert_eq!(of_change(&told, &["removed", "renamed", "unknown"]).len(), 0);
    let fragment = |name: &&String| name.split('+').any(|part| part == "arm64-chromebook");
    let changes: BTreeSet<String> = after.intersection(&before).filter(fragment).cloned().collect();
    assert_eq!(changes.len(), 84, "42 configurations have the fragment, and each has a kernel");
    assert_eq!(of_change(&told, &["changed", "follows"]), changes);
    assert!(of_change(&told, &["changed"]).iter().all(|name| name.starts_with("config/")));
    assert_eq!(told["summary"]["total"], after.len());

    let kdir = kdir(&world, &corpus, &old);
    let (was, is) = (kernelci(&world, &kdir, &old), kernelci(&world, &kdir, &new));
    // It calls some fragments by their paths, so that the lists themselves are not compared; see `kernelci::corpus`.
    assert!(was.len() > 1300, "{} builds", was.len());
    assert_eq!(builds(&told, "added"), is.difference(&was).cloned().collect());
    assert_eq!(builds(&told, "excluded"), was.difference(&is).cloned().collect());

    let node = |name: &str| {
        let nodes = told["nodes"].as_array().expect("nodes");
        nodes.iter().find(|node| node["name"] == name).expect("the node").clone()
    };
    let gone = node(goes.last().expect("one goes"));
    assert_eq!(text(&gone["filter"]["kind"]), "blocklist", "{gone:#}");
    assert_eq!(text(&gone["filter"]["blame"]["subject"]), "One filter and one fragment");
    let come = node(comes.last().expect("one comes"));
    assert_eq!(text(&come["filter"]["kind"]), "blocklist", "it was rejected before: {come:#}");
    let cause = &told["causes"][0];
    assert_eq!(text(&cause["part"]), "fragment arm64-chromebook");
    assert_eq!(cause["nodes"].as_array().map(Vec::len), Some(84));
}

#[test]
fn a_tree_that_cannot_be_read_is_no_reason_to_say_that_its_builds_go() {
    let Some(corpus) = corpus() else { return };
    let world = world(&corpus);
    world.write("graph.yaml", "version: 1\ntrees: {\"*\": {path: linux, rev: HEAD}, mainline: {path: nowhere, rev: HEAD}}\n");
    let output = world.graph(&["plan", "--offline", "--base", "HEAD", "--format", "json"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let told = super::read(&output);
    assert_eq!(told["summary"]["removed"], 0, "{:#}", told["summary"]);
    let unknown = of_change(&told, &["unknown"]);
    assert!(!unknown.is_empty(), "{:#}", told["summary"]);
    assert!(
        unknown
            .iter()
            .all(|name| name.split('/').nth(1).is_some_and(|config| config.contains("mainline"))),
        "{unknown:?}"
    );
}
