//! A build of many small nodes is killed with SIGKILL at random moments. Their results are recorded together, and still
//! every one that was reported is there afterwards, and nothing else claims to be.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

use graph_cli::exec::descendants;
use rustix::process::Pid;

use crate::exec_supervise::assert_gone;
use crate::kill::processes_after;
use crate::world::World;

/// How many nodes there are; a build of all takes some seconds.
const NODES: usize = 300;

/// How often it is killed, and how many it may report before.
const TIMES: usize = 12;
const MOST_REPORTED: usize = 60;

/// How long to wait for a report.
const PATIENCE: Duration = Duration::from_secs(60);

/// As kas, as far as a build goes: leaves one file that tells whose it is.
const KAS: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then
  echo "kas 5.2 (configuration format version 20, earliest compatible version 1)"
  exit
fi
at=$KAS_BUILD_DIR/tmp/deploy/images/m
mkdir -p "$at" && echo "of $GRAPH_NODE" > "$at/image.wic"
"#;

fn name(number: usize) -> String {
    format!("image/m{number}-scarthgap")
}

fn world() -> World {
    let world = World::empty();
    world.write("kas.sh", KAS);
    let mut permissions = fs::metadata(world.path("kas.sh")).expect("it was written").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(world.path("kas.sh"), permissions).expect("it is ours");
    world.write(
        "graph.yaml",
        "version: 1\nsources: {machines: machines.json}\nkas: {program: ./kas.sh}\n\
         defaults: {build_target: image, output: image.wic}\n",
    );
    world.write("base.yaml", "header: {version: 14}\ndistro: toy\ntarget: image\n");
    let mut machines = String::new();
    for number in 0..NODES {
        world.write(
            &format!("m/{number}.yaml"),
            &format!("header: {{version: 14}}\nmachine: m{number}\n"),
        );
        let comma = if number == 0 { "" } else { "," };
        write!(
            machines,
            r#"{comma}{{"name": "m{number}", "config": "base.yaml:m/{number}.yaml"}}"#
        )
        .expect("a string takes everything");
    }
    let machines = format!(r#"{{"yocto_branch": "scarthgap", "machines": [{machines}]}}"#);
    world.write("machines.json", &machines);
    world
}

/// What the display said was built, in whole lines.
fn reported(told: &str) -> BTreeSet<String> {
    let whole = told.rfind('\n').map_or("", |end| &told[..end]);
    let built = |line: &str| {
        let name = line.split_once(" built ")?.1.split(' ').next()?;
        name.contains('/').then(|| name.to_owned())
    };
    whole.lines().filter_map(built).collect()
}

fn fresh(world: &World) -> BTreeSet<String> {
    let plan = world.graph_ok(&["plan", "--offline", "--all", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("a plan is JSON");
    let nodes = plan["nodes"].as_array().expect("a plan has nodes");
    let fresh = nodes.iter().filter(|node| node["verdict"] == "fresh");
    fresh.map(|node| node["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn what_was_reported_outlives_a_kill() {
    let world = world();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut known = BTreeSet::new();
    let mut reported_before_a_kill = 0;
    for time in 0..TIMES {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = usize::try_from(seed >> 33).expect("31 bits fit");
        let (count, moment) = (random % MOST_REPORTED, Duration::from_micros(seed >> 50));
        let told = world.path("told.log");
        let mut child = world
            .command(&["build", "--offline", "--jobs", "4", "--progress", "plain"])
            .stdout(Stdio::null())
            .stderr(File::create(&told).expect("a file"))
            .spawn()
            .expect("graph starts");
        let begun = Instant::now();
        while child.try_wait().expect("a child").is_none()
            && reported(&fs::read_to_string(&told).expect("lines")).len() < count
            && begun.elapsed() < PATIENCE
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(moment);
        let below = Pid::from_raw(child.id().cast_signed()).map(descendants::below);
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
        // Supervisors too, which name no file of this world, at work or idle.
        for process in below.into_iter().flatten() {
            assert_gone(&process.pid.as_raw_nonzero().to_string());
        }
        let told = reported(&fs::read_to_string(&told).expect("the display's lines"));
        reported_before_a_kill += told.len();
        known.extend(told);
        let left = processes_after(&world);
        assert!(left.is_empty(), "kill {time} after {count} left {left:#?}");
        let fresh = fresh(&world);
        let lost: Vec<_> = known.difference(&fresh).collect();
        assert!(lost.is_empty(), "kill {time} after {count}: reported and lost: {lost:?}");
        for node in &fresh {
            let text = world.read(&format!(".graph/out/{node}/image.wic"));
            assert_eq!(text, format!("of {node}\n"), "kill {time} after {count}");
        }
        if fresh.len() == NODES {
            fs::remove_dir_all(world.path(".graph")).expect("the state can be removed");
            known.clear();
        }
    }
    assert!(reported_before_a_kill > TIMES, "only {reported_before_a_kill} were ever reported");
    world.graph_ok(&["build", "--offline", "--jobs", "4"]);
    assert_eq!(fresh(&world), (0..NODES).map(name).collect());
    world.graph_ok(&["cache", "verify"]);
}
