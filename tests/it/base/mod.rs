//! `graph plan --base`: what a build of this tree would rebuild that one of another revision would not.

mod absent;
mod boards;
mod cache;
mod kernels;
mod sides;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{Output, World};

/// Commits everything that changed in the project.
fn commit(world: &World, subject: &str) {
    world.git("", &["add", "--all"]);
    world.git("", &["commit", "-q", "-m", subject]);
}

/// What is told of a base, as JSON.
fn compared(world: &World, arguments: &[&str]) -> Value {
    let arguments = [&["plan", "--offline", "--format", "json", "--base"], arguments].concat();
    read(&world.graph_ok(&arguments))
}

fn read(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

/// The names of the nodes of which one of these is told.
fn of_change(told: &Value, changes: &[&str]) -> BTreeSet<String> {
    let nodes = told["nodes"].as_array().expect("it has nodes").iter();
    let nodes = nodes.filter(|node| changes.contains(&text(&node["change"])));
    nodes.map(|node| text(&node["name"]).to_owned()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A project of two boards with a local layer, in a repository with one commit.
fn boards() -> World {
    let world = World::empty();
    world.write("graph.yaml", "version: 1\nignore: [\"/README*\", \"/patches/**\"]\n");
    let machine = |name: &str| format!("{{\"name\": \"{name}\", \"config\": \"kas/{name}.yaml\"}}");
    let machines = format!("[{}, {}]", machine("oak"), machine("elm"));
    world.write(
        "machines.json",
        &format!("{{\"yocto_branch\": \"scarthgap\", \"machines\": {machines}}}\n"),
    );
    world.write("kas/base.yaml", BASE);
    for name in ["oak", "elm"] {
        let includes = "header:\n  version: 16\n  includes:\n  - kas/base.yaml\n";
        world.write(&format!("kas/{name}.yaml"), &format!("{includes}machine: {name}\n"));
    }
    world.write("patches/one.patch", "one\n");
    world.write("recipes/tool.bb", "A = \"1\"\n");
    world.write("README.md", "Words.\n");
    world.write(".gitignore", "/.graph\n");
    world.git("", &["init", "-q", "-b", "main"]);
    commit(&world, "The first");
    world
}

const BASE: &str = "\
header:
  version: 16
target: core-image-minimal
repos:
  layer: {}
  poky:
    url: https://git.example.com/poky
    commit: 1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a
    patches:
      one: {repo: layer, path: patches/one.patch}
local_conf_header:
  base: |
    A = \"1\"
";
