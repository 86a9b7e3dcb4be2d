//! A base that is not there: the exact remedy is told, and it is one.

use std::path::Path;

use super::{boards, commit};
use crate::world::{Output, World};

/// A clone of the project in a directory beside it.
fn clone(world: &World, arguments: &[&str]) {
    let from = format!("file://{}", world.root().display());
    let to = world.path("../clone");
    let to = to.to_str().expect("the path is text");
    world.git("", &[&["clone", "-q"], arguments, &[&from, to]].concat());
}

fn plan(world: &World, base: &str) -> Output {
    let mut command = world.command(&["-C", "../clone", "plan", "--offline", "--base", base]);
    world.run(&mut command)
}

/// Runs the command that a message has in backticks after `hint: `.
fn remedy(world: &World, output: &Output) -> String {
    let hint = output.stderr.lines().find_map(|line| line.split("hint: `").nth(1));
    let hint = hint.unwrap_or_else(|| panic!("no remedy: {output}"));
    let command = hint.split('`').next().expect("it ends").to_owned();
    let arguments: Vec<&str> = command.split(' ').collect();
    assert_eq!(arguments[0], "git", "{output}");
    world.git("../clone", &arguments[1..]);
    command
}

#[test]
fn a_shallow_clone_says_how_it_is_made_deeper() {
    let world = boards();
    let first = world.git("", &["rev-parse", "HEAD"]).trim().to_owned();
    world.git("", &["branch", "release"]);
    world.edit("kas/oak.yaml", "machine: oak", "machine: oak-two");
    commit(&world, "The second");
    for (base, expected) in [
        ("HEAD~1", "git fetch --unshallow"),
        ("origin/release", "git fetch --depth=1 origin release:refs/remotes/origin/release"),
        (&first, &format!("git fetch --depth=1 origin {first}")),
    ] {
        world.git("", &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        clone(&world, &["--depth=1"]);
        let output = plan(&world, base);
        assert_eq!(output.code, Some(3), "{output}");
        assert_eq!(output.stdout, "", "nothing is told that is not so");
        assert_eq!(remedy(&world, &output), expected, "{output}");
        let output = plan(&world, base);
        assert_eq!(output.code, Some(0), "{output}");
        assert!(output.stdout.starts_with("1 of 2 to rebuild since"), "{output}");
        std::fs::remove_dir_all(world.path("../clone")).expect("the clone");
    }
}

#[test]
fn a_revision_that_nobody_has_is_the_users() {
    let world = boards();
    let plan = |base: &str| world.graph(&["plan", "--offline", "--base", base]);
    for base in ["no-such-branch", "HEAD~9", "--all", "a b", "`x`"] {
        let output = plan(base);
        assert_eq!(output.code, Some(2), "{output}");
        assert_eq!(output.stdout, "", "{output}");
    }
    world.git("", &["remote", "add", "origin", "file:///nowhere"]);
    let output = plan("origin/main");
    assert_eq!(output.code, Some(3), "{output}");
    assert!(output.stderr.contains("`git fetch origin main:refs/remotes/origin/main`"), "{output}");
    std::fs::remove_dir_all(world.path(".git")).expect("the repository");
    let output = plan("HEAD");
    assert_eq!(output.code, Some(2), "{output}");
    assert!(output.stderr.contains("no git repository"), "{output}");
}

#[test]
fn what_a_partial_clone_lacks_is_not_fetched_behind_the_back() {
    let world = boards();
    world.edit("kas/oak.yaml", "machine: oak", "machine: oak-two");
    commit(&world, "The second");
    world.git("", &["config", "uploadpack.allowFilter", "true"]);
    clone(&world, &["--filter=blob:none"]);
    let output = plan(&world, "HEAD~1");
    assert_eq!(output.code, Some(3), "{output}");
    assert!(output.stderr.contains("git archive"), "{output}");
    let base = world.git("../clone", &["rev-parse", "HEAD~1"]);
    let archive = world.path("../base.tar");
    let archive = archive.to_str().expect("the path is text");
    world.git("../clone", &["archive", "-o", archive, base.trim()]);
    assert!(Path::new(archive).exists());
    let output = plan(&world, "HEAD~1");
    assert!(output.stdout.starts_with("1 of 2 to rebuild since"), "{output}");
}
