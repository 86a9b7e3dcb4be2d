//! `graph plan --format github`: outputs of a step, jobs for a matrix.

use std::fs;
use std::process::Command;

use graph::facts::Facts;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::plan::{Plan, plan};
use graph::record::Records;
use graph::shards::units;
use graph::spec::{Node, Spec};
use graph_cli::report::github;
use graph_cli::report::view::jobs::{JobView, MatrixView, Split, is_safe};
use serde_json::Value;

use super::{HOSTILE, outputs};
use crate::bad_input::two_boards;
use crate::report::boards::State;

/// Nodes of these names without anything, and their plan.
pub(super) fn planned(names: &[NodeName]) -> (Graph, Plan) {
    let declared = State::default().graph();
    let first = declared.node(declared.ids().next().unwrap());
    let node = |name: &NodeName| Node { name: name.clone(), ..first.clone() };
    let graph = Graph::build(Spec { nodes: names.iter().map(node).collect() }).unwrap();
    let all: Vec<NodeId> = graph.ids().collect();
    let mut plan = plan(&graph, &all, &[], &Facts::default(), &Records::default());
    // They are all made of the same; for the jobs they are to be different.
    plan.entries.iter_mut().for_each(|entry| entry.duplicate_of = None);
    (graph, plan)
}

fn words(shell: &str, script: &str, selectors: &str) -> Vec<String> {
    let mut command = Command::new(shell);
    let done = command.args(["-c", script]).env("SELECTORS", selectors).output().unwrap();
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn matrix(outputs: &str) -> Value {
    let line = outputs.lines().find_map(|line| line.strip_prefix("matrix=")).expect("a matrix");
    serde_json::from_str(line).unwrap()
}

#[test]
fn outputs_are_lines_of_the_file_that_the_runner_names() {
    let mut world = two_boards();
    world.set_env("GITHUB_OUTPUT", world.path("out").to_str().unwrap());
    world.set_env("GITHUB_STEP_SUMMARY", world.path("summary").to_str().unwrap());
    world.write("out", "before=1");
    let told = world.graph(&["plan", "--offline", "--format", "github"]);
    assert_eq!(told.code, Some(0), "{told}");
    insta::assert_snapshot!(told.stdout, @"2 of 2 stale · causes: never built, tool kas");
    insta::assert_snapshot!(world.read("out"), @r#"
    before=1
    any=true
    stale=2
    open=0
    restorable=0
    fresh=0
    total=2
    estimate_s=
    jobs=2
    matrix={"include":[{"id":"image-one-scarthgap","name":"image/one-scarthgap","selectors":"image/one-scarthgap","nodes":1,"estimate_s":null},{"id":"image-two-scarthgap","name":"image/two-scarthgap","selectors":"image/two-scarthgap","nodes":1,"estimate_s":null}]}
    "#);
    assert!(world.read("summary").starts_with("### 2 of 2 stale"), "{}", world.read("summary"));
    // A second step finds the lines of the first ended.
    world.graph_ok(&["plan", "--offline", "--format", "github", "--shards", "1"]);
    let text = world.read("out");
    let (_, second) = text.rsplit_once("any=").unwrap();
    insta::assert_snapshot!(matrix(second).to_string(), @r#"{"include":[{"id":"shard-1-of-1","name":"shard 1 of 1, 2 nodes","selectors":"image/{one-scarthgap,two-scarthgap}","nodes":2,"estimate_s":null}]}"#);
}

#[test]
fn without_a_runner_they_are_on_standard_output() {
    let world = two_boards();
    let told = world.graph_ok(&["plan", "--offline", "--format", "github", "image/one-scarthgap"]);
    let found = outputs(&told.stdout);
    assert_eq!((found["any"], found["stale"], found["jobs"]), ("true", "1", "1"));
}

#[test]
fn files_that_cannot_be_written_are_told_and_the_rest_too() {
    let mut world = two_boards();
    fs::write(world.path("summary"), "").unwrap();
    world.set_env("GITHUB_OUTPUT", world.path("no/such/out").to_str().unwrap());
    world.set_env("GITHUB_STEP_SUMMARY", world.path("summary").to_str().unwrap());
    let told = world.graph(&["plan", "--offline", "--format", "github"]);
    assert_eq!(told.code, Some(3), "{told}");
    assert_eq!(outputs(&told.stdout)["jobs"], "2");
    assert!(world.read("summary").starts_with("### 2 of 2 stale"));
    insta::assert_snapshot!(told.to_string().split("--- stderr").nth(1).unwrap(), @"

    error: cannot write `$GITHUB_OUTPUT`, `[ROOT]/no/such/out`: no such file or directory
    hint: the outputs are on standard output, but no other job will see them
    ");
    world.set_env("GITHUB_OUTPUT", world.path("out").to_str().unwrap());
    world.set_env("GITHUB_STEP_SUMMARY", "/dev/null/summary");
    let told = world.graph_ok(&["plan", "--offline", "--format", "github"]);
    assert!(told.stderr.contains("warning: cannot write `$GITHUB_STEP_SUMMARY`"), "{told}");
    assert_eq!(outputs(&world.read("out"))["jobs"], "2");
}

#[test]
fn more_jobs_than_github_takes_are_put_together() {
    let world = two_boards();
    let machine = |at| {
        format!(
            r#"{{"name": "m{at}", "config": "kas/one.yaml:kas/base.yaml", "build_target": "t{at}"}}"#
        )
    };
    let all: Vec<String> = (0..300).map(machine).collect();
    let machines = format!(r#"{{"yocto_branch": "x", "machines": [{}]}}"#, all.join(",\n"));
    world.write("machines.json", &machines);
    let told = world.graph_ok(&["plan", "--offline", "--format", "github"]);
    let matrix = matrix(&told.stdout);
    let jobs = matrix["include"].as_array().unwrap();
    assert_eq!((outputs(&told.stdout)["stale"], jobs.len()), ("300", 256));
    let nodes: u64 = jobs.iter().map(|job| job["nodes"].as_u64().unwrap()).sum();
    assert_eq!(nodes, 300);
    assert!(told.stderr.contains("300 jobs are more than the 256 that GitHub takes"), "{told}");
    let again = world.graph_ok(&["plan", "--offline", "--format", "github"]);
    assert_eq!(again.stdout, told.stdout, "the same every time");
}

#[test]
fn shards_are_for_jobs_and_have_their_limits() {
    let world = two_boards();
    for arguments in [
        &["plan", "--shards", "2"][..],
        &["plan", "--format", "github", "--shards", "0"],
        &["plan", "--format", "github", "--shards", "257"],
        &["plan", "--format", "github", "--if-reverted", "machine"],
        &["plan", "--base", "HEAD", "--if-reverted", "machine"],
    ] {
        let told = world.graph(arguments);
        assert_eq!(told.code, Some(2), "{told}");
        assert_eq!(told.stdout, "");
    }
}

#[test]
fn what_github_or_a_runner_would_not_take_is_an_error() {
    let job = |selectors: usize| JobView {
        id: "x".to_owned(),
        name: "x".to_owned(),
        selectors: "s".repeat(selectors),
        nodes: 1,
        estimate_ms: None,
    };
    let jobs = |include: Vec<JobView>| github::jobs(&MatrixView { include }).map(|text| text.len());
    assert!(jobs(vec![job(100_000)]).is_ok());
    let told = jobs(vec![job(140_000)]).unwrap_err().to_string();
    assert_eq!(
        told,
        "the selectors of the job `x` have 140000 characters, and a variable holds 131000"
    );
    let told = jobs((0..6).map(|_| job(100_000)).collect()).unwrap_err().to_string();
    assert!(told.starts_with("the matrix has 600"), "{told}");
    assert_eq!(
        github::jobs(&MatrixView { include: Vec::new() }).unwrap(),
        "jobs=0\nmatrix={\"include\":[]}\n"
    );
}

#[test]
fn hostile_names_are_words_to_every_shell() {
    let names: Vec<NodeName> = HOSTILE
        .iter()
        .flat_map(|name| {
            ["kernel", "image"].map(|kind| NodeName::new(kind, [*name, "x", *name]).unwrap())
        })
        .collect();
    let (graph, plan) = planned(&names);
    let units = units(&graph, &plan);
    assert_eq!(units.len(), names.len());
    let one = graph::shards::deal(&graph, units.clone(), |_| "".into(), 1);
    for matrix in
        [MatrixView::of(&graph, &units, Split::Units), MatrixView::of(&graph, &one, Split::Shards)]
    {
        let text = github::jobs(&matrix).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains("${{") && !text.contains("::"), "{text}");
        let read: Value =
            serde_json::from_str(text.lines().last().unwrap().strip_prefix("matrix=").unwrap())
                .unwrap();
        let jobs = read["include"].as_array().unwrap();
        let mut ids: Vec<&str> = jobs.iter().map(|job| job["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), jobs.len(), "ids are unique");
        let fit = |id: &&str| {
            id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        assert!(ids.iter().all(fit), "{ids:?}");
        for job in jobs {
            let selectors = job["selectors"].as_str().unwrap();
            assert!(is_safe(selectors), "{selectors}");
            let meant = |words: &[String]| {
                let found = graph.select(words).unwrap_or_else(|bad| panic!("{bad:?}"));
                assert_eq!(found.len() as u64, job["nodes"].as_u64().unwrap(), "{words:?}");
            };
            meant(&selectors.split(' ').map(str::to_owned).collect::<Vec<_>>());
            let print = "printf '%s\\n'";
            for shell in ["sh", "bash"] {
                // From a variable, as documented, and written into the script, as people do.
                meant(&words(shell, &format!("{print} $SELECTORS"), selectors));
                meant(&words(shell, &format!("{print} {selectors}"), ""));
            }
        }
    }
}

#[test]
fn a_command_to_the_runner_is_text_in_its_log() {
    let mut world = two_boards();
    world.set_env("GITHUB_ACTIONS", "true");
    world.edit(
        "kas/base.yaml",
        "distro: toy\n",
        "distro: toy\nlocal_conf_header:\n  \"::error::x\": a\n",
    );
    for format in ["text", "github", "markdown", "json"] {
        let told = world.graph_ok(&["plan", "--offline", "--format", format]);
        let is_command = |line: &str| line.trim_start().starts_with("::");
        assert!(!told.stdout.lines().any(is_command), "{told}");
    }
}
