//! What builds of kernels leave, and how the other verbs tell of it, through the program. Compilers only pretend.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::kernel_world::{KernelWorld, SMALL, config, kernel};
use crate::kernels_table::{json, not_fresh, reached};

const X86: &str = "x86_64_defconfig";
const TWIN: &str = "x86_64_defconfig+ticks";

fn out(world: &KernelWorld, node: &str, file: &str) -> Vec<u8> {
    let path = world.world().path(&format!(".graph/out/{node}/{file}"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn out_json(world: &KernelWorld, node: &str, file: &str) -> Value {
    serde_json::from_slice(&out(world, node, file)).expect("it is JSON")
}

/// The matrix with more build configs at its end and more trees.
fn more(world: &KernelWorld, trees: &str, build_configs: &str) {
    world.matrix(&(SMALL.replace("trees:\n", &format!("trees:\n{trees}")) + build_configs));
}

/// A build config of one build of a tree.
fn one(name: &str, tree: &str, branch: &str) -> String {
    format!(
        "  {name}:\n    tree: {tree}\n    branch: {branch}\n    variants:\n      gcc-12:\n        \
         build_environment: gcc-12\n        architectures: {{arm64: {{filters: \
         [{{passlist: {{defconfig: ['defconfig']}}}}, {{blocklist: {{defconfig: ['server']}}}}]}}}}\n"
    )
}

#[test]
fn kernels_lie_where_users_look() {
    let world = KernelWorld::small();
    let (nodes, built) = reached(&world);
    assert_eq!((nodes.len(), built), (8, 7), "the twin is restored");
    let arm64 = kernel("gcc-12", "arm64", "defconfig");
    for file in [
        "kernel/Image",
        "kernel/System.map",
        "config/kernel.config",
        "modules.tar.xz",
        "dtbs/acme/robot.dtb",
        "bmeta.json",
        "artifacts.json",
        "steps.json",
    ] {
        assert!(!out(&world, &arm64, file).is_empty(), "{file}");
    }
    let final_config = out(&world, &config("gcc-12", "arm64", "defconfig"), ".config");
    assert_eq!(out(&world, &arm64, "config/kernel.config"), final_config);
    let steps = out_json(&world, &arm64, "steps.json");
    let steps = steps.as_array().expect("a list");
    let names: BTreeSet<_> = steps.iter().filter_map(|step| step["name"].as_str()).collect();
    for name in ["kernel", "modules", "modules_install", "dtbs"] {
        assert!(names.contains(name), "{name} in {names:?}");
    }
    assert!(steps.iter().all(|step| step["status"] == "PASS"), "{steps:?}");

    let (one, twin) = (kernel("gcc-12", "x86_64", X86), kernel("gcc-12", "x86_64", TWIN));
    for file in ["kernel/bzImage", "modules.tar.xz", "kernel/System.map"] {
        assert!(out(&world, &one, file) == out(&world, &twin, file), "{file}");
    }
    for (node, name) in [(&one, X86), (&twin, TWIN)] {
        let bmeta = out_json(&world, node, "bmeta.json");
        assert_eq!(bmeta["kernel"]["defconfig_full"], name);
        let path = bmeta["kernel"]["publish_path"].as_str().expect("a path");
        assert!(path.contains(&format!("/{name}/")), "{path}");
    }
    let shown = world.world().graph_ok(&["show", &one]);
    assert!(shown.stdout.contains(&format!("same as    {twin}")), "{shown}");
    let log = world.world().graph_ok(&["log", &arm64]);
    assert!(log.stdout.contains("step modules: make -C ") && log.stdout.contains("  CC      "));
    let again = world.world().graph_ok(&["build"]);
    assert!(again.stdout.contains("nothing to do"), "{again}");
    world.world().graph_ok(&["cache", "verify"]);
}

#[test]
fn kernels_are_chosen_by_their_labels() {
    let world = KernelWorld::small();
    let all = json(&world, &["list", "--format", "json"]);
    let all = all["nodes"].as_array().expect("a list").clone();
    assert_eq!(all.len(), 8);
    for node in &all {
        let labels = &node["labels"];
        for (key, value) in [("tree", "mainline"), ("branch", "master"), ("variant", "gcc-12")] {
            assert_eq!(labels[key][0], value, "{node}");
        }
        let name = node["name"].as_str().expect("a name");
        let defconfig = labels["defconfig"][0].as_str().expect("a defconfig");
        assert!(name.ends_with(&format!("/{defconfig}")), "{name}");
    }
    let count = |selectors: &[&str]| {
        let list = json(&world, &[&["list", "--format", "json"], selectors].concat());
        list["nodes"].as_array().expect("a list").len()
    };
    assert_eq!(count(&["arch=arm64"]), 2);
    assert_eq!(count(&["build_config=mainline"]), 8);
    assert_eq!(count(&["kernel/**", "!arch=arm64"]), 3);
    assert_eq!(count(&["defconfig=*+ticks"]), 2);
    let none = world.graph(&["list", "arch=mips"]);
    assert_eq!(none.code, Some(2), "{none}");

    // A filter more: its nodes are gone, and who asks is told by which.
    world.world().graph_ok(&["build", "arch=arm64"]);
    world.world().edit("build-configs.yaml", "['server_']", "['server_', 'defconfig']");
    assert_eq!(count(&[]), 6);
    let rejected = json(&world, &["list", "--excluded", "--format", "json"]);
    let rejected = rejected["excluded"].as_array().expect("a list").clone();
    assert_eq!(rejected.len(), 2, "{rejected:?}");
    for node in &rejected {
        assert_eq!(node["declared"], "build-configs.yaml:20", "{node}");
        assert!(node["why"].as_str().is_some_and(|why| why.contains("contains `")), "{node}");
    }
}

#[test]
fn kernels_tell_why_they_are_stale() {
    let world = KernelWorld::small();
    world.world().graph_ok(&["build"]);
    world.change("include/linux/net.h", "u32 tension", "u32 slack");
    let arm64 = kernel("gcc-12", "arm64", "defconfig");
    let why = world.world().graph_ok(&["why", &arm64]);
    assert!(why.stdout.contains("source changed"), "{why}");
    assert!(why.stdout.contains("changed include/linux/net.h"), "{why}");
    assert!(
        why.stdout.contains("\nalso changed, but rebuilds nothing by itself\n  commit"),
        "{why}"
    );
    world.world().graph_ok(&["build"]);
    let past = world.world().graph_ok(&["why", &arm64, "--run", "2"]);
    assert!(past.stdout.contains("source changed"), "{past}");

    // A tag is told to whoever asks, and builds nothing.
    let tree = world.tree().to_str().expect("the path is text").to_owned();
    world.world().git("linux", &["tag", "-a", "-m", "v9", "v9.0"]);
    world.world().git("linux", &["push", "--quiet", &tree, "v9.0"]);
    assert_eq!(not_fresh(&world), BTreeSet::new());
    let shown = world.world().graph_ok(&["show", &arm64]);
    assert!(
        shown
            .stdout
            .lines()
            .any(|line| line.trim().starts_with("describe") && line.contains("v9.0")),
        "{shown}"
    );
}

#[test]
fn kernels_follow_every_commit_where_that_is_asked_for() {
    let world = KernelWorld::small();
    world.world().graph_ok(&["build"]);
    let settings = world.world().read("graph.yaml");
    world.world().write("graph.yaml", &format!("{settings}source: commit\n"));
    world.world().graph_ok(&["build"]);
    world.change("README", "toy", "small");
    assert_eq!(not_fresh(&world).len(), 8);
    world.world().write("graph.yaml", &settings);
    assert_eq!(reached(&world).1, 0, "what was read did not change");
}

#[test]
fn kernels_of_another_name_are_restored() {
    let world = KernelWorld::small();
    world.world().graph_ok(&["build"]);
    more(&world, "  second: {url: \"@TREE@\"}\n", &one("again", "second", "master"));
    let (nodes, built) = reached(&world);
    let twin = "kernel/again/gcc-12/arm64/defconfig";
    assert_eq!((nodes.len(), built), (2, 0), "{nodes:?}");
    let bmeta = out_json(&world, twin, "bmeta.json");
    assert_eq!(bmeta["revision"]["tree"], "second");
    let path = bmeta["kernel"]["publish_path"].as_str().expect("a path");
    assert!(path.starts_with("second/master/"), "{path}");
    let arm64 = kernel("gcc-12", "arm64", "defconfig");
    assert!(out(&world, twin, "kernel/Image") == out(&world, &arm64, "kernel/Image"));
    assert_eq!(out_json(&world, &arm64, "bmeta.json")["revision"]["tree"], "mainline");
}

#[test]
fn kernels_are_built_without_asking_a_remote() {
    let mut world = KernelWorld::small();
    world.world().graph_ok(&["plan"]);
    let calls = world.world().path("calls");
    let git = "#!/bin/sh\nfor word; do case $word in ls-remote|fetch|clone|pull)\n\
               echo \"$*\" >> \"$GIT_CALLS\"; exit 1;; esac; done\nPATH=${PATH#*:}\nexec git \"$@\"\n";
    world.world().write("bin/git", git);
    fs::set_permissions(world.world().path("bin/git"), fs::Permissions::from_mode(0o755))
        .expect("it is ours");
    let bin = world.world().path("bin").display().to_string();
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{bin}:{}:{path}", world.toolchain().display());
    world.world_mut().set_env("PATH", &path);
    world.world_mut().set_env("GIT_CALLS", &calls.display().to_string());
    world.change("lib/string.c", "piece of string", "length of string");
    fs::remove_file(&calls).ok();
    let plan = world.world().graph_ok(&["plan", "--offline"]);
    assert!(plan.stderr.contains("warning: offline: the branches of `file://"), "{plan}");
    assert!(plan.stderr.contains("are as of "), "{plan}");
    let build = world.world().graph_ok(&["build", "--offline", "arch=arm64"]);
    assert!(build.stdout.contains("2 built"), "{build}");
    assert!(!calls.exists(), "{}", fs::read_to_string(&calls).unwrap_or_default());
    let online = world.graph(&["plan"]);
    assert!(calls.exists(), "that it is asked is seen at all: {online}");
}

#[test]
fn kernels_of_trees_that_are_there_are_built() {
    let world = KernelWorld::small();
    let build_configs = one("lost", "mainline", "no-such-branch") + &one("gone", "gone", "master");
    more(&world, "  gone: {url: \"file:///nowhere/of/it.git\"}\n", &build_configs);
    let output = world.graph(&["build", "arch=arm64"]);
    assert_eq!(output.code, Some(3), "{output}");
    assert!(output.stdout.contains("2 built"), "{output}");
    for told in [
        "warning: the tree `gone`, `file:///nowhere/of/it.git`, cannot be reached",
        "warning: `lost` is left out: ",
        "has no branch `no-such-branch`",
        "branch: no-such-branch\n",
    ] {
        assert_eq!(output.stderr.matches(told).count(), 1, "{told}: {output}");
    }
    let again = world.graph(&["build", "arch=arm64"]);
    assert_eq!(again.code, Some(3), "{again}");
    assert!(again.stdout.contains("nothing to do"), "{again}");
}

#[test]
fn kernels_whose_compiler_is_missing_are_told_once() {
    let world = KernelWorld::small();
    world.matrix(&SMALL.replace("aarch64-linux-gnu-", "s390x-linux-gnu-"));
    world.world().edit(
        "build-configs.yaml",
        "          arm64:\n",
        "          arm64:\n            extra_configs: [allnoconfig]\n",
    );
    let output = world.graph(&["build"]);
    assert_eq!(output.code, Some(3), "{output}");
    let told = "warning: `s390x-linux-gnu-gcc` is not installed, and 4 nodes wait for it";
    assert_eq!(output.stderr.matches(told).count(), 1, "{output}");
    assert!(output.stdout.contains("5 built · 1 restored · 2 failed · 2 skipped"), "{output}");
    assert_eq!(not_fresh(&world).len(), 4);
}

#[test]
fn kernels_are_the_same_with_ccache_and_without() {
    let mut world = KernelWorld::small();
    world.world().graph_ok(&["build", "arch=arm64"]);
    let arm64 = kernel("gcc-12", "arm64", "defconfig");
    let files = ["kernel/Image", "modules.tar.xz", "kernel/System.map"];
    let before = files.map(|file| out(&world, &arm64, file));
    // A PATH on which there is no ccache.
    let bin = world.world().path("bin");
    fs::create_dir_all(&bin).expect("a directory");
    let path = std::env::var("PATH").expect("there is a PATH");
    for dir in std::env::split_paths(&path) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| !name.contains("cache")) {
                std::os::unix::fs::symlink(entry.path(), bin.join(&name)).ok();
            }
        }
    }
    let path = format!("{}:{}", world.toolchain().display(), bin.display());
    world.world_mut().set_env("PATH", &path);
    let settings = world.world().read("graph.yaml");
    let git = "  git: shared/git\n";
    world
        .world()
        .write("graph.yaml", &settings.replace(git, &format!("{git}  ccache: shared/ccache\n")));
    let output = world.world().graph_ok(&["build", "--force", "arch=arm64"]);
    assert!(output.stderr.contains("ccache"), "{output}");
    assert!(output.stderr.contains("warning: "), "{output}");
    assert!(files.map(|file| out(&world, &arm64, file)) == before);
}
