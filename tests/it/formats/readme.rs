//! The workflows of README.md: their commands are run as a runner would run them. That GitHub reads them is checked in
//! `.ci/run`, with its own parser.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::outputs;
use crate::bad_input::two_boards;
use crate::world::{Output, World};

/// The workflows that the README shows.
fn workflows() -> Vec<Value> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks = text.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap());
    let workflows: Vec<Value> = blocks
        .filter(|block| block.contains("\njobs:\n"))
        .map(|block| yaml_serde::from_str(block).unwrap())
        .collect();
    assert_eq!(workflows.len(), 2);
    workflows
}

/// The commands of a job, each with its variables.
fn commands(workflow: &Value, job: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let steps = workflow["jobs"][job]["steps"].as_array().unwrap();
    let run = |step: &Value| {
        let env = step["env"].as_object().into_iter().flatten();
        let env = env.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        Some((step["run"].as_str()?.to_owned(), env.collect()))
    };
    steps.iter().filter_map(run).collect()
}

/// A pull request: a base that a remote has, and a change of one board.
fn pull_request() -> World {
    let mut world = two_boards();
    world.git(".", &["add", "-A"]);
    world.git(".", &["commit", "-qm", "first"]);
    world.git(".", &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    world.edit(
        "kas/two.yaml",
        "machine: two\n",
        "machine: two\nlocal_conf_header:\n  x: |\n    A = \"1\"\n",
    );
    world.git(".", &["commit", "-qam", "Second"]);
    let program = Path::new(env!("CARGO_BIN_EXE_graph")).parent().unwrap().to_str().unwrap();
    let path = std::env::var("PATH").unwrap();
    world.set_env("PATH", &format!("{program}:{path}"));
    for (name, file) in [("GITHUB_OUTPUT", "../output"), ("GITHUB_STEP_SUMMARY", "../summary")] {
        world.write(file, "");
        world.set_env(name, world.path(file).to_str().unwrap());
    }
    world.set_env("GITHUB_BASE_REF", "main");
    world.set_env("GITHUB_ACTIONS", "true");
    world
}

/// As the runner does on Linux.
fn run(world: &World, script: &str) -> Output {
    let done = world.run(world.program("bash").args(["-e", "-c", script]));
    assert_eq!(done.code, Some(0), "{script}\n{done}");
    done
}

#[test]
fn a_pull_request_gets_its_plan() {
    let world = pull_request();
    let commands = commands(&workflows()[0], "plan");
    assert_eq!(commands.len(), 1);
    run(&world, &commands[0].0);
    let summary = world.read("../summary");
    assert!(
        summary.starts_with("### 1 of 2 to rebuild since <code>origin/main</code>"),
        "{summary}"
    );
    assert!(
        summary.contains("<code>local&#95;conf&#95;header.x</code>")
            || summary.contains("<code>local_conf_header.x</code>"),
        "{summary}"
    );
    assert!(summary.contains("Second"), "{summary}");
}

#[test]
fn a_pull_request_gets_its_jobs() {
    let mut world = pull_request();
    let workflow = &workflows()[1];
    run(&world, &commands(workflow, "plan")[0].0);
    let text = world.read("../output");
    let found = outputs(&text);
    assert_eq!((found["any"], found["stale"], found["jobs"]), ("true", "1", "1"));
    assert!(world.read("../summary").starts_with("### 1 of 2 to rebuild"));
    let outputs_of_job = &workflow["jobs"]["plan"]["outputs"];
    assert_eq!(outputs_of_job["matrix"], "${{ steps.plan.outputs.matrix }}");
    assert_eq!(workflow["jobs"]["plan"]["steps"][1]["id"], "plan");
    assert_eq!(
        workflow["jobs"]["build"]["strategy"]["matrix"],
        "${{ fromJSON(needs.plan.outputs.matrix) }}"
    );
    // In place of `graph`, what says with what it was called.
    world.write("../bin/graph", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    fs::set_permissions(world.path("../bin/graph"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", world.path("../bin").display(), std::env::var("PATH").unwrap());
    world.set_env("PATH", &path);
    let matrix: Value = serde_json::from_str(found["matrix"]).unwrap();
    for job in matrix["include"].as_array().unwrap() {
        for (script, env) in commands(workflow, "build") {
            for (name, value) in env {
                let key =
                    value.strip_prefix("${{ matrix.").and_then(|rest| rest.strip_suffix(" }}"));
                world.set_env(&name, job[key.unwrap()].as_str().unwrap());
            }
            assert_eq!(run(&world, &script).stdout, "build\nimage/two-scarthgap\n");
        }
    }
}
