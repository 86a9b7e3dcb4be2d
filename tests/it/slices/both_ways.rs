//! The shortcut of a plan leads where the long way leads: whatever is done to a project between two plans, the one that does
//! not expand what is known to be fresh tells the same as the one that judges every node.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use cache::{Cache, FreshSlice};
use graph::name::NodeName;
use serde_json::Value;

use super::project::{Project, TREES, build, commit, context, write_tool};
use crate::random::Random;

/// What both ways must tell: the counts, and each node that is not fresh, with its reasons.
fn told(plan: &Value) -> (Value, Vec<Value>) {
    let nodes = plan["nodes"].as_array().expect("there are nodes").iter();
    let not_fresh = nodes.filter(|node| node["verdict"] != "fresh").cloned().collect();
    (plan["summary"].clone(), not_fresh)
}

fn both_ways(settings: &str, can_edit_files: bool, seeds: std::ops::Range<u64>) {
    let (mut plans, mut known) = (0, 0);
    for seed in seeds {
        let mut random = Random::new(seed);
        let mut project = Project::new(settings);
        let mut story = Vec::new();
        for _ in 0..25 {
            story.push(project.step(&mut random, can_edit_files));
            if random.one_in(3) {
                // So that the next plan rests on what builds have written alone.
                continue;
            }
            known += usize::from(project.remembered() > 0);
            plans += 1;
            let first = project.plan(&[]);
            let second = project.plan(&[]);
            let all = project.plan(&["--all"]);
            assert_eq!(told(&first), told(&all), "seed {seed}: {story:#?}");
            assert_eq!(told(&second), told(&all), "seed {seed}, once more: {story:#?}");
            // The same said so that nobody can tell beforehand which slices are meant.
            let (short, long) = random.pick(&[
                ("kernel/cedar/**", "kerne[l]/cedar/**"),
                ("*/alder/*/*/tinyconfig*", "*/alde[r]/*/*/tinyconfig*"),
                ("build_config=cedar", "build_config=ceda[r]"),
            ]);
            let option = random.pick(&["--all", "--force", "--dry-run"]);
            let (short, long) = (project.plan(&[short, option]), project.plan(&[long, option]));
            assert_eq!(short, long, "seed {seed}, in part: {story:#?}");
        }
    }
    assert!(known * 3 > plans, "there was something to take a shortcut by: {known} of {plans}");
}

#[test]
fn a_plan_that_takes_the_shortcut_tells_the_same() {
    both_ways("", true, 0..4);
}

#[test]
fn a_plan_that_looks_at_directories_alone_tells_the_same_but_for_their_files() {
    both_ways("cache: {outputs: directories}\n", false, 10..13);
}

#[test]
fn what_is_known_is_not_looked_at_node_by_node() {
    let project = Project::new("");
    project.build(&[], None);
    assert_eq!(project.remembered(), TREES.len(), "a build that ends knows what is fresh");
    // What the plan tells of a build config that it does not expand can only be what was written down.
    let cache = Cache::open_to_plan(&project.world.path(".graph")).expect("the cache opens");
    let all = project.plan(&["--all"]);
    let names = all["nodes"].as_array().expect("there are nodes").iter();
    let names: Vec<NodeName> = names
        .map(|node| NodeName::parse(node["name"].as_str().expect("a name")).expect("a name"))
        .collect();
    let (_, placed) = cache.records_and_placed(&names).expect("they can be read");
    let known = cache.fresh_slices().expect("they can be read").into_iter();
    let altered = known.map(|one| FreshSlice { excluded: one.excluded + 10, ..one }).collect();
    let written = cache.remember_slices(&placed, altered).expect("it can be written");
    assert_eq!(written, TREES.len());
    let excluded = |plan: &Value| plan["summary"]["excluded"].as_u64().expect("a count");
    assert_eq!(excluded(&project.plan(&[])), excluded(&all) + 30);

    project.build(&["--force", "build_config=cedar"], None);
    assert_eq!(excluded(&project.plan(&[])), excluded(&all) + 20, "what was built is known anew");
    project.build(&["--force", "build_config=cedar"], Some("kernel"));
    assert_eq!(project.remembered(), 2, "a record of a node takes its slice away");
    let (plan, all) = (project.plan(&[]), project.plan(&["--all"]));
    assert_eq!(plan["summary"]["total"], all["summary"]["total"]);
}

#[test]
fn a_build_remembers_what_is_wholly_fresh_when_it_ends() {
    let project = Project::new("");
    project.build(&["kernel/cedar/**"], None);
    assert_eq!(project.remembered(), 1, "of the others nothing was built");
    project.build(&[], Some("tinyconfig"));
    assert_eq!(project.remembered(), 1, "of each of the others something failed");
    let tool = project.world.path("bin/pahole");
    project.build_while(&[], 0, Box::new(move || write_tool(&tool, 7)));
    assert_eq!(project.remembered(), 3);
    let (plan, all) = (project.plan(&[]), project.plan(&["--all"]));
    assert_eq!(told(&plan), told(&all), "they are those of the tool before");
    assert_eq!(plan["summary"]["fresh"], 0);
}

#[test]
fn what_changes_under_a_build_is_not_what_it_remembers() {
    let project = Project::new("");
    project.build(&[], None);
    let kernel = ["--force", "kernel/cedar/**"];
    let config = project.world.path(".graph/out/config/cedar/plain/x86_64/defconfig/.config");
    let edit = move || std::fs::write(&config, "edited").expect("it is there");
    project.build_while(&kernel, 0, Box::new(edit));
    assert_eq!(project.remembered(), 2, "an output is not what was put there");
    let (plan, all) = (project.plan(&[]), project.plan(&["--all"]));
    assert_eq!(told(&plan), told(&all));
    assert_eq!(plan["summary"]["restorable"], 1);

    project.build(&[], None);
    let settings = project.world.path("graph.yaml");
    let text = project.world.read("graph.yaml") + "source: commit\n";
    let write = move || std::fs::write(&settings, &text).expect("it can be written");
    project.build_while(&kernel, 0, Box::new(write));
    let (plan, all) = (project.plan(&[]), project.plan(&["--all"]));
    assert_eq!(told(&plan), told(&all), "the settings are others than those of the build");
    assert_eq!(plan["summary"]["fresh"], 0);
}

#[test]
fn what_a_run_did_not_look_at_was_fresh() {
    let project = Project::new("");
    project.build(&[], None);
    project.world.write("trees/alder/Kconfig", "1\n");
    commit(&project.world, "trees/alder");
    project.build(&[], None);
    let why = |node: &str| project.world.graph(&["why", node, "--run", "2"]);
    insta::assert_snapshot!(why("kernel/cedar/plain/x86_64/defconfig"), @"
    exit status 2
    --- stderr
    error: `kernel/cedar/plain/x86_64/defconfig` is of `cedar`, all of which was fresh in run 2
    hint: `graph runs` lists the runs that are remembered
    ");
    assert_eq!(why("kernel/alder/gcc-12/x86_64/tinyconfig+other").code, Some(0), "it was built");
}

/// Becomes the process that is killed, where the variable says so; alone it tests nothing.
#[test]
fn builder() {
    let Some(root) = std::env::var_os("GRAPH_TEST_SLICES") else { return };
    build(&context(&PathBuf::from(root)), &["--force"], None, None);
}

#[test]
fn a_build_that_was_killed_leaves_nothing_wrong() {
    const ROUNDS: u32 = 24;
    let project = Project::new("");
    let begin = || {
        let mut builder = Command::new(std::env::current_exe().expect("a path"));
        builder.args(["--exact", "slices::both_ways::builder"]);
        builder.env("GRAPH_TEST_SLICES", project.world.root());
        builder.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a builder")
    };
    let began = Instant::now();
    begin().wait().expect("an end");
    let whole = began.elapsed();
    assert_eq!(project.remembered(), TREES.len());
    for round in 0..ROUNDS {
        let mut builder = begin();
        // Most of them while it builds or ends, as far as others let it.
        std::thread::sleep(whole * (ROUNDS / 2 + round) / ROUNDS);
        builder.kill().expect("a builder");
        builder.wait().expect("an end");
        let (plan, all) = (project.plan(&[]), project.plan(&["--all"]));
        assert_eq!(told(&plan), told(&all), "killed in round {round}");
    }
}
