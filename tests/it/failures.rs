//! Builds that fail, and remotes that do not answer, as users see them.

use std::fs;

use crate::world::{Output, World, image};

fn told(text: &str, parts: &[&str], output: &Output) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not told\n{output}");
    }
}

/// How each node of a run has ended, in order of names.
fn endings(output: &Output) -> Vec<(String, String)> {
    let summary: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let nodes = summary["nodes"].as_array().expect("nodes").iter();
    let mut nodes: Vec<(String, String)> =
        nodes.map(|node| (text(&node["name"]), text(&node["ending"]))).collect();
    nodes.sort();
    nodes
}

fn ending(node: &str, ending: &str) -> (String, String) {
    (format!("{node}-scarthgap"), ending.to_owned())
}

#[test]
fn a_failure_shows_what_bitbake_says_of_it() {
    let world = World::new();
    world.toy("kas/bsp-rowan.yaml", "TOY_FAIL = \"hull:do_compile\"");
    let output = world.graph(&["build", &image("rowan-dev")]);
    assert_eq!(output.code, Some(1), "{output}");
    let log = "rowan-dev/hull/1.35/temp/log.do_compile.";
    let shown = output.stderr.rsplit_once(log).map_or("", |(_, rest)| rest);
    let shown: Vec<&str> = shown.lines().skip(1).collect();
    let expect = [
        "  | DEBUG: Executing shell function do_compile",
        "  | the toy was asked to fail here",
        "  | WARNING: exit code 1 from a shell command.",
    ];
    assert_eq!(shown, expect, "{output}");
    told(&output.stdout, &["  step build: exit status 2\n", "1 failed in "], &output);
}

#[test]
fn one_failure_stops_no_other_board_unless_it_is_to() {
    let world = World::new();
    world.toy("kas/bsp-birch.yaml", "TOY_FAIL = \"do_rootfs\"");
    world.edit("graph.yaml", "  jobs: auto", "  jobs: auto\n  retries: 0");
    let nodes = ["*/birch-gateway-*", "image/virt-arm64-*"];
    let build = |options: &[&str]| {
        let words = [&["build", "--format", "json", "--jobs", "1"], options, &nodes].concat();
        let output = world.graph(&words);
        assert_eq!(output.code, Some(1), "{output}");
        endings(&output)
    };
    assert_eq!(
        build(&[]),
        [
            ending("image/birch-gateway", "failed"),
            ending("image/virt-arm64", "built"),
            ending("sdk/birch-gateway", "skipped"),
        ]
    );
    fs::remove_dir_all(world.path(".graph")).expect("the state can be removed");
    assert_eq!(
        build(&["--fail-fast"]),
        [
            ending("image/birch-gateway", "failed"),
            ending("image/virt-arm64", "not-started"),
            ending("sdk/birch-gateway", "skipped"),
        ]
    );
}

#[test]
fn a_remote_that_does_not_answer_is_told_and_nothing_is_fresh_by_it() {
    let world = World::new();
    // Its branch of the applications floats.
    let board = image("alder-cam");
    world.graph_ok(&["build", &board]);
    fs::rename(world.path("upstream/meta-toyapps.git"), world.path("upstream/gone.git"))
        .expect("a repository can be moved");

    let unknown = "`repos.meta-toyapps.commit` is not known: git: ";
    let plan = world.graph_ok(&["plan", &board]);
    told(&plan.stdout, &["1 of 1 stale", "repos.meta-toyapps.commit unknown: git: "], &plan);
    told(&plan.stderr, &["warning: cannot ask `file://", "hint: `--offline` takes"], &plan);
    let build = world.graph(&["build", &board, &image("rowan-dev")]);
    assert_eq!(build.code, Some(3), "{build}");
    let parts = [&format!("  not built: {unknown}"), "1 built · 1 failed"];
    told(&build.stdout, &parts, &build);
    let offline = world.graph_ok(&["plan", "--offline", &board]);
    told(&offline.stderr, &["warning: offline: the refs of `file://", " as of "], &offline);
    let offline = world.graph_ok(&["build", "--offline", &board]);
    told(&offline.stdout, &["nothing to do"], &offline);

    fs::rename(world.path("upstream/gone.git"), world.path("upstream/meta-toyapps.git"))
        .expect("a repository can be moved");
    let plan = world.graph_ok(&["plan", &board]);
    told(&plan.stdout, &["the node is fresh"], &plan);

    // What really failed outweighs what could not be known.
    fs::rename(world.path("upstream/meta-toyapps.git"), world.path("upstream/gone.git"))
        .expect("a repository can be moved");
    world.toy("kas/bsp-rowan.yaml", "TOY_FAIL = \"do_rootfs\"");
    fs::remove_dir_all(world.path("shared/sstate")).expect("shared state can be removed");
    let build = world.graph(&["build", &board, "--force", &image("rowan-dev")]);
    assert_eq!(build.code, Some(1), "{build}");
    told(&build.stdout, &["2 failed", unknown], &build);
}
