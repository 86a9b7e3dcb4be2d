//! Random configurations, filters above all, expanded by KernelCI 1.1 itself and by us: the same builds, and errors for
//! the same ones. Knows nothing of how either works.

mod generate;
mod patterns;

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::kernel_trees::ToldTrees;
use crate::kernelci::{load_kernels, rows};
use crate::python::ask_file;
use crate::venv::python_of_kernelci;
use generate::{DESCRIBE, GENERATED, PATHS, configuration};

/// The script that asks KernelCI.
pub(crate) const REFERENCE: &str = "kernelci_differential/reference.py";

const CONFIGURATIONS: u64 = 400;

#[test]
fn random_configurations_are_expanded_as_kernelci_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let kdir = dir.path().join("linux");
    // KernelCI writes the fragments that it generates into the tree; we know that it would.
    for path in PATHS.iter().chain(&GENERATED) {
        let path = kdir.join(path);
        fs::create_dir_all(path.parent().expect("it is below the tree")).expect("a directory");
        fs::write(path, "").expect("a file");
    }
    let configurations: Vec<Json> = (0..CONFIGURATIONS).map(configuration).collect();
    for (seed, configuration) in configurations.iter().enumerate() {
        fs::write(dir.path().join(format!("{seed}.yaml")), configuration.to_string())
            .expect("a file");
    }
    let answers = ask_kernelci(dir.path(), &kdir, configurations.len());
    let trees = ToldTrees::with(DESCRIBE, &PATHS);
    let (mut built, mut refused, mut excluded) = (0, 0, 0);
    for (seed, (configuration, theirs)) in configurations.iter().zip(&answers).enumerate() {
        let ours = load_kernels(dir.path(), &[&format!("{seed}.yaml")], &trees);
        match (ours, &theirs["builds"]) {
            (Ok(loaded), Json::Array(builds)) => {
                let builds: Vec<&str> = builds.iter().filter_map(Json::as_str).collect();
                assert_eq!(rows(&loaded), builds, "seed {seed}: {configuration:#}");
                built += builds.len();
                excluded += loaded.excluded_count;
            }
            (Err(_), Json::Null) => refused += 1,
            (Ok(_), _) => panic!("seed {seed}: only KernelCI fails: {theirs}\n{configuration:#}"),
            (Err(problems), _) => {
                let told: Vec<String> =
                    problems.as_slice().iter().map(ToString::to_string).collect();
                panic!("seed {seed}: only we fail: {}\n{configuration:#}", told.join("\n"));
            }
        }
    }
    assert!(built > 2_000, "{built} builds were compared");
    assert!(excluded > 1_500, "only {excluded} combinations were rejected");
    assert!(refused * 20 > configurations.len(), "only {refused} are refused");
    assert!(refused * 2 < configurations.len(), "{refused} are refused");
}

/// What KernelCI makes of each configuration, by one process for all of them.
fn ask_kernelci(dir: &Path, kdir: &Path, count: usize) -> Vec<Json> {
    let file = |seed: usize| dir.join(format!("{seed}.yaml"));
    let question = |seed| json!({"file": file(seed), "kdir": kdir, "kernel": DESCRIBE});
    let questions: Vec<Json> = (0..count).map(question).collect();
    ask_file(&python_of_kernelci(), REFERENCE, &questions)
}
