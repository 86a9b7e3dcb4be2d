//! The boards of the corpus: the nodes that are told are those whose chains reach what was edited, as found by walking
//! the includes in another way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{commit, compared, of_change, text};
use crate::corpus::corpus;
use crate::world::World;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory of the corpus") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("a copy");
        }
    }
}

/// The corpus in a repository, built from its chains.
fn world(corpus: &Path) -> World {
    let world = World::empty();
    copy(&corpus.join("meta-pantavisor"), world.root());
    fs::remove_dir_all(world.path("expected")).expect("answers are no part of it");
    // Boards that are pinned are built from their pinned files, which the edits do not reach.
    fs::remove_dir_all(world.path("kas/build-configs/release")).expect("pinned files");
    for path in patches(world.root()).into_keys() {
        world.write(&path, &format!("--- {path}\n"));
    }
    world.write("README.md", "Words.\n");
    world.write(
        "graph.yaml",
        "version: 1\nignore: [\".github/**\", \"/README*\", \"/patches/**\"]\n",
    );
    world.write(".gitignore", "/.graph\n");
    world.git("", &["init", "-q", "-b", "main"]);
    commit(&world, "The first");
    world
}

/// The patches that kas files name, each with those files.
fn patches(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in kas_files(root) {
        let text = fs::read_to_string(root.join(&file)).expect("a kas file");
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            if let Some(path) = line.trim().strip_prefix("path: patches/") {
                found.entry(format!("patches/{path}")).or_default().insert(file.clone());
            }
        }
    }
    found
}

fn kas_files(root: &Path) -> Vec<String> {
    let mut open = vec![root.join("kas")];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(root).expect("it is below the root");
                found.push(name.to_str().expect("it is text").to_owned());
            }
        }
    }
    found
}

/// The files of a chain: those that it names, and what they include, line by line.
fn chain(root: &Path, files: &str) -> BTreeSet<String> {
    let mut open: Vec<String> = files.split(':').map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    while let Some(file) = open.pop() {
        if !found.insert(file.clone()) {
            continue;
        }
        let text = fs::read_to_string(root.join(&file)).expect("a file of a chain");
        let after = text.lines().skip_while(|line| line.trim() != "includes:").skip(1);
        let items =
            after.map(str::trim).take_while(|line| line.starts_with('-') || line.starts_with('#'));
        let items = items.filter_map(|line| line.strip_prefix("- "));
        open.extend(items.map(|item| item.trim_matches(['"', '\'', ' ']).to_owned()));
    }
    found
}

/// The nodes whose chains have one of some files.
fn reached(root: &Path, edited: &BTreeSet<String>) -> BTreeSet<String> {
    let machines = fs::read_to_string(root.join(".github/machines.json")).expect("machines");
    let machines: Value = serde_json::from_str(&machines).expect("it is JSON");
    let branch = text(&machines["yocto_branch"]);
    let mut nodes = BTreeSet::new();
    for machine in machines["machines"].as_array().expect("a list") {
        let files = chain(root, text(&machine["config"]));
        if files.is_disjoint(edited) {
            continue;
        }
        let title = format!("{}-{branch}", text(&machine["name"]));
        nodes.insert(format!("image/{title}"));
        if machine["sdk"] == 1 {
            nodes.insert(format!("sdk/{title}"));
        }
    }
    nodes
}

const SHARED: &str = "kas/platforms/raspberrypi.yaml";
const MACHINE: &str = "kas/machines/docker-x86_64.yaml";
const PATCH: &str = "patches/meta-sunxi/0001-wks-root-label.patch";

#[test]
fn the_nodes_are_those_whose_chains_reach_the_edits() {
    let Some(corpus) = corpus() else { return };
    let world = world(&corpus);
    assert_eq!(compared(&world, &["HEAD"])["summary"]["rebuild"], 0, "a clean tree is its commit");
    let append = |file: &str, lines: &str| world.write(file, &(world.read(file) + lines));
    append(SHARED, "\nenv:\n  SHARED_EDIT: \"1\"\n");
    append(MACHINE, "\nenv:\n  MACHINE_EDIT: \"1\"\n");
    world.write(PATCH, "another\n");
    world.write("README.md", "Other words.\n");
    commit(&world, "Edit four files");

    let told = compared(&world, &["HEAD~1"]);
    let mut edited = BTreeSet::from([SHARED.to_owned(), MACHINE.to_owned()]);
    edited.extend(patches(world.root())[PATCH].iter().cloned());
    let expected = reached(world.root(), &edited);
    assert!(expected.len() > 4, "the edits reach some: {expected:?}");
    assert_eq!(of_change(&told, &["changed"]), expected);
    let summary = &told["summary"];
    assert_eq!(summary["rebuild"], expected.len());
    assert!(summary["unchanged"].as_u64().is_some_and(|unchanged| unchanged > 0), "{summary}");

    let causes: BTreeMap<&str, &Value> = told["causes"]
        .as_array()
        .expect("causes")
        .iter()
        .map(|one| (text(&one["part"]), one))
        .collect();
    let parts = ["env.MACHINE_EDIT", "env.SHARED_EDIT", "patch meta-sunxi/wks-root-label"];
    assert_eq!(causes.keys().copied().collect::<Vec<_>>(), parts, "the README is none");
    for cause in causes.values() {
        assert_eq!(text(&cause["blame"]["author"]), "Test", "{cause}");
        assert_eq!(text(&cause["blame"]["subject"]), "Edit four files");
    }
    assert!(text(&causes["env.SHARED_EDIT"]["declared"]).starts_with(&format!("{SHARED}:")));
    assert_eq!(world.git("", &["status", "--porcelain"]), "", "nothing was written");

    // What is not committed counts as part of the tree.
    append(MACHINE, "\n  AGAIN: \"1\"\n");
    let told = compared(&world, &["HEAD"]);
    let again = BTreeSet::from([MACHINE.to_owned()]);
    assert_eq!(of_change(&told, &["changed"]), reached(world.root(), &again));
    assert_eq!(told["causes"][0]["blame"]["kind"], "uncommitted", "{told:#}");
}
