//! Random configurations, filters above all, expanded by KernelCI 1.1 itself and by us: the same builds, and errors for
//! the same ones. Knows nothing of how either works.

mod generate;
mod patterns;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::kernel_trees::ToldTrees;
use crate::kernelci::{load_kernels, rows};
use crate::kernelci_venv::python;
use generate::{DESCRIBE, GENERATED, PATHS, configuration};

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
    let questions: String = (0..count)
        .map(|seed| {
            let file = dir.join(format!("{seed}.yaml"));
            format!("{}\n", json!({"file": file, "kdir": kdir, "kernel": DESCRIBE}))
        })
        .collect();
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/kernelci_differential/reference.py");
    let mut kernelci = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the venv's python starts");
    let mut stdin = kernelci.stdin.take().expect("it is piped");
    let feed = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = kernelci.wait_with_output().expect("python ends");
    feed.join().expect("the feeding thread ends").expect("python reads all questions");
    assert!(output.status.success(), "the script failed");
    let answers: Vec<Json> = output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("an answer is JSON"))
        .collect();
    assert_eq!(answers.len(), count, "every configuration has an answer");
    answers
}
