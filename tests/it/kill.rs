//! `graph` is killed with SIGKILL at random moments of a build. Whatever it leaves is right: nothing half done is
//! fresh, no process is left, and the next build finishes the work.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::world::World;

/// How often it is killed.
const TIMES: u64 = 50;

/// The latest moment; a whole build takes longer.
const LATEST_MS: u64 = 3_000;

/// How long what the killed one left may take to be gone.
const PATIENCE: Duration = Duration::from_secs(20);

/// The outputs by node and file name.
type Outputs = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

#[test]
fn a_build_that_is_killed_at_any_moment_leaves_nothing_half_done() {
    let world = World::new();
    world.graph_ok(&["build", "--jobs", "4"]);
    let whole = outputs(&world);
    assert_eq!(whole.len(), 14);
    forget(&world);

    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut killed_while_building = 0;
    for time in 0..TIMES {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = Duration::from_millis((seed >> 33) % LATEST_MS);
        let mut child = world
            .command(&["build", "--jobs", "4"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("graph starts");
        std::thread::sleep(moment);
        child.kill().expect("a child can be killed");
        let ended = child.wait().expect("a child can be waited for");
        killed_while_building += u32::from(ended.code().is_none());
        let left = processes_after(&world);
        assert!(left.is_empty(), "kill {time} after {moment:?} left {left:#?}");
        let fresh = fresh(&world);
        let now = outputs(&world);
        for node in &fresh {
            assert_eq!(
                now.get(node),
                whole.get(node),
                "kill {time} after {moment:?}: `{node}` is fresh"
            );
        }
        if fresh.len() == whole.len() {
            forget(&world);
        }
    }
    assert!(killed_while_building > 30, "only {killed_while_building} were killed in time");

    world.graph_ok(&["build", "--jobs", "4"]);
    assert_eq!(outputs(&world), whole);
    let again = world.graph_ok(&["build"]);
    assert!(again.stdout.contains("nothing to do"), "{again}");
    world.graph_ok(&["cache", "verify"]);
}

/// Removes what the cache knows, but not the clones and the shared state that make the next build quick.
fn forget(world: &World) {
    fs::remove_dir_all(world.path(".graph")).expect("the state directory can be removed");
}

/// The nodes that the plan calls fresh.
fn fresh(world: &World) -> Vec<String> {
    let plan = world.graph_ok(&["plan", "--all", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("a plan is JSON");
    let nodes = plan["nodes"].as_array().expect("a plan has nodes");
    let is_fresh = |node: &&serde_json::Value| node["verdict"] == "fresh";
    nodes
        .iter()
        .filter(is_fresh)
        .map(|node| node["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn outputs(world: &World) -> Outputs {
    let mut outputs = Outputs::new();
    for kind in ["image", "sdk"] {
        let Ok(nodes) = fs::read_dir(world.path(".graph/out").join(kind)) else { continue };
        for node in nodes.flatten() {
            let name = node.file_name().into_string().expect("a node's directory is text");
            if name.starts_with('.') {
                continue;
            }
            let files = outputs.entry(format!("{kind}/{name}")).or_default();
            for file in fs::read_dir(node.path()).expect("a node has outputs").flatten() {
                let content = fs::read(file.path()).expect("an output can be read");
                files.insert(file.file_name().into_string().expect("a file name is text"), content);
            }
        }
    }
    outputs
}

/// The processes that work in the world once everything had time to end.
pub(crate) fn processes_after(world: &World) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let left = processes(world.root());
        if left.is_empty() || begun.elapsed() > PATIENCE {
            return left;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn processes(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").expect("there is a /proc").flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let of_world = |path: &str| {
            fs::read_link(process.path().join(path)).is_ok_and(|to| to.starts_with(root))
        };
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        if of_world("cwd") || words.contains(&*root.to_string_lossy()) {
            found.push(format!("{pid}: {words}"));
        }
    }
    found
}
