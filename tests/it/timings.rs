//! `-v`: where the time of a command went, beside its output and never in it.

use crate::kernel_world::KernelWorld;
use crate::world::World;

/// Numbers differ from run to run; which spans there were does not.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    for char in line.chars() {
        match char {
            '0'..='9' | '.' if masked.ends_with('N') => {}
            '0'..='9' => masked.push('N'),
            other => masked.push(other),
        }
    }
    masked
}

/// The line that tells the times.
fn told(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| line.contains(" took ")).collect();
    assert_eq!(lines.len(), 1, "one line tells the times:\n{stderr}");
    masked(lines[0])
}

#[test]
fn a_command_tells_where_its_time_went() {
    let world = World::new();
    insta::assert_snapshot!(
        told(&world.graph_ok(&["list", "-v"]).stderr),
        @"list took N ms: open N, load N, parse N, chains N, check N, render N, other N"
    );
    let plan = told(&world.graph_ok(&["plan", "-v"]).stderr);
    assert!(plan.starts_with("plan took N ms: open N, "), "{plan}");
    has_in_order(
        &plan,
        &["parse", "chains", "lower", "facts", "records", "judge", "render", "other"],
    );
    let kernels = KernelWorld::new();
    let list = told(&kernels.graph(&["list", "-v"]).stderr);
    has_in_order(&list, &["parse", "trees", "expand", "lower", "render", "other"]);
}

/// A phase that somebody adds between two of them is no reason to fail.
fn has_in_order(line: &str, phases: &[&str]) {
    let mut rest = line;
    for phase in phases {
        let found = rest.split_once(&format!(" {phase} N"));
        rest = found.unwrap_or_else(|| panic!("`{phase}` is not in its place: {line}")).1;
    }
}

#[test]
fn times_are_no_part_of_the_output() {
    let world = World::new();
    let plain = world.graph_ok(&["plan", "--format", "json"]);
    assert!(!plain.stderr.contains(" took "), "{}", plain.stderr);
    assert_eq!(world.graph_ok(&["plan", "--format", "json", "-v"]).stdout, plain.stdout);
    assert_eq!(world.graph_ok(&["plan", "--format", "json", "-vv"]).stdout, plain.stdout);
    let spans = world.run(world.command(&["list"]).env("GRAPH_LOG", "graph_cli=info"));
    assert!(spans.stderr.contains("chains"), "a filter shows each span:\n{}", spans.stderr);
    assert!(!spans.stderr.contains(" took "), "{}", spans.stderr);
}

#[test]
fn a_command_that_fails_tells_its_times_too() {
    let world = World::new();
    let failed = world.graph(&["plan", "-v", "image/none"]);
    assert_eq!(failed.code, Some(2), "{failed}");
    told(&failed.stderr);
}
