//! Nothing that a configuration or a build says is a command: to a terminal, to GitHub's runner, to Markdown.

use super::two_boards;
use crate::world::World;

const HOSTILE: &str = "##[error]x ::error::y \u{1b}[31mz";

/// Hostile text wherever a configuration can have it.
fn hostile() -> World {
    let mut world = two_boards();
    world.set_env("GITHUB_ACTIONS", "true");
    world.set_env("CI", "true");
    let yaml = r###"distro: "##[error]x ::error::y \x1b[31mz"
local_conf_header:
  "##[group]id": "::error::one\n::stop-commands::x\n##[error]two\n \x1b]0;title\a"
env:
  "X##[warning]": a
"###;
    let base = world.read("kas/base.yaml").replace("distro: toy\n", yaml);
    world.write("kas/base.yaml", &base);
    world
}

/// Whether a line is an order to the runner or a terminal. The annotations that are meant are taken out first.
fn check(said: &str) {
    for line in said.lines() {
        assert!(!line.contains("##["), "{line:?}\n{said}");
        assert!(!line.contains('\u{1b}'), "{line:?}\n{said}");
        assert!(!line.trim_start().starts_with("::"), "{line:?}\n{said}");
    }
}

#[test]
fn nothing_is_a_command() {
    let world = hostile();
    let node = "image/one-scarthgap";
    for arguments in [
        &["list"][..],
        &["plan", "--offline"],
        &["plan", "--offline", "--all", "--force"],
        &["show", node, "--offline"],
        &["why", node, "--offline"],
        &["runs"],
    ] {
        let output = world.graph_ok(arguments);
        check(&output.stdout);
        let meant = |line: &&str| !line.starts_with("::warning") && !line.starts_with("::error");
        check(&output.stderr.lines().filter(meant).collect::<Vec<_>>().join("\n"));
    }
    let shown = world.graph_ok(&["show", node, "--offline", "--format", "json"]).stdout;
    check(&shown);
    let view: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON");
    let parts = view["parts"].as_array().expect("a list");
    let distro = parts.iter().find(|part| part["name"] == "distro").expect("it is a part");
    assert_eq!(distro["value"], HOSTILE, "scripts get what was written");
}

#[test]
fn problems_are_no_commands() {
    let world = hostile();
    world.edit("kas/one.yaml", "machine: one", "\"##[error]key\\n::error::a\": 1\nmachine: one");
    let output = world.graph(&["plan", "::error::x", "##[error]y"]);
    let (meant, rest): (Vec<&str>, Vec<&str>) =
        output.stderr.lines().partition(|line| line.starts_with("::error file="));
    check(&rest.join("\n"));
    insta::assert_snapshot!(meant.join("\n"), @r"::error file=kas/one.yaml,line=3,col=1::unknown key `#\u{23}[error]key\n::error::a`%0Ahint: the known keys are `header`, `build_system`, `defaults`, `overrides`, `machine`, `distro`, `env`, `target`, `task`, `repos`, `bblayers_conf_header`, `local_conf_header`, `proxy_config`, `menu_configuration`, `artifacts`, `signers`, `buildtools`");
    let world = hostile();
    let output = world.graph(&["plan", "::error::x", "##[error]y"]);
    insta::assert_snapshot!(output, @r"
    exit status 2
    --- stderr
    error: no node matches `::error::x`
      = hint: `graph list` has all names and labels

    error: no node matches `#\u{23}[error]y`
      = hint: `graph list` has all names and labels

    2 errors
    ::error::no node matches `::error::x`%0Ahint: `graph list` has all names and labels
    ::error::no node matches `#\u{23}[error]y`%0Ahint: `graph list` has all names and labels
    ");
}

#[test]
fn a_log_is_no_command() {
    let world = hostile();
    let kas = r"#!/bin/sh
case $1 in
--version) echo 'kas 5.2 (configuration format version 21, earliest compatible version 1)' ;;
*) printf '##[error]x\n::error::y\n  ::stop-commands::z\n\033[31mred\033]0;title\a\n'; exit 1 ;;
esac
";
    world.write("bin/kas", kas);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(world.path("bin/kas"), executable).expect("it is ours");
    world.write("graph.yaml", "version: 1\nkas: {program: bin/kas}\n");
    let built = world.graph(&["build", "image/one-scarthgap"]);
    assert_eq!(built.code, Some(1), "{built}");
    check(&built.stdout);
    assert!(!built.stderr.contains("##[") && !built.stderr.contains('\u{1b}'), "{built}");
    let log = world.graph_ok(&["log", "image/one-scarthgap"]).stdout;
    assert!(log.contains(r"\u{3a}:error::y"), "{log}");
    check(&log);
}
