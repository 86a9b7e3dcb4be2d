//! The chains of a real project, as kas 5.2 merged them. Knows where the expectations lie, not how a chain is loaded.

use std::fs;
use std::io;
use std::path::Path;

use graph_cli::front::kas::{Chain, Directories, FileCache, load_chain};
use serde_json::Value as Json;

use crate::corpus::corpus;
use crate::kas_values::json;

/// Copies a directory tree of regular files.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            // Not `fs::copy`: the corpus is read-only, and its permissions would come along.
            fs::write(target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// The chain that an expectation was made of.
fn chain(kind: &str, machine: &str, machines: &Json) -> String {
    let listed = machines["machines"].as_array().into_iter().flatten();
    let config =
        listed.filter(|entry| entry["name"] == machine).find_map(|entry| entry["config"].as_str());
    match kind {
        "chain" => format!("kas/sourcedir.yaml:{}", config.unwrap_or_default()),
        _ => format!(
            "kas/build-configs/release/{machine}-scarthgap.yaml:kas/build-configs/shared-vols.yaml"
        ),
    }
}

#[test]
fn every_chain_of_the_real_project_is_merged_as_kas_does() {
    let Some(corpus) = corpus() else { return };
    let corpus = corpus.join("meta-pantavisor");
    let project = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(project.path()).unwrap();
    copy(&corpus.join("kas"), &root.join("kas")).unwrap();
    assert!(
        std::process::Command::new("git")
            .args(["init", "-q"])
            .arg(&root)
            .status()
            .unwrap()
            .success()
    );
    let machines: Json =
        serde_json::from_slice(&fs::read(corpus.join(".github/machines.json")).unwrap()).unwrap();
    let files = FileCache::new(&root);
    let mut compared = 0;
    for entry in fs::read_dir(corpus.join("expected")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (kind, machine) = name.split_once('-').unwrap();
        let expected: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let chain = Chain::parse(&chain(kind, machine, &machines)).unwrap();
        let merged = load_chain(&chain, &Directories::new(&root, &root), &files)
            .unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        let names = |all: Vec<&str>| Json::from(all);
        // As text, because the order of keys counts.
        assert_eq!(json(&merged.config).to_string(), expected["config"].to_string(), "{name}");
        let order = merged.files.iter().map(|file| &*file.name).collect();
        assert_eq!(names(order), expected["files"], "{name}");
        let missing = merged.missing_repos.iter().map(|id| &**id).collect();
        assert_eq!(names(missing), expected["missing_repos"], "{name}");
        compared += 1;
    }
    assert_eq!(compared, 22, "every expectation of the corpus is compared");
}
