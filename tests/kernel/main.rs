//! Real kernels: Debian's Linux 6.1, from its source package, built by `graph` from a `build-configs.yaml`.
//!
//! It takes minutes and needs what a kernel needs (`linux-source-6.1 flex bison bc libelf-dev libssl-dev`, a compiler),
//! so it is a target of its own: `cargo test --features real-kernel --test kernel`.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod project;

use std::time::{Duration, Instant};

use crate::project::{Project, compilers_below, is_read, linux};

/// A variant whose `.config` ends as that of the first one does.
const TWIN: &str = "kernel/linux-6.1/same/x86_64/tinyconfig+CONFIG_EXPERT=y";
const TINY: &str = "kernel/linux-6.1/small/x86_64/tinyconfig";
const CONSOLE: &str = "kernel/linux-6.1/small/x86_64/tinyconfig+CONFIG_PRINTK=y+CONFIG_TTY=y+CONFIG_SERIAL_8250=y+CONFIG_SERIAL_8250_CONSOLE=y";

/// One story, told in order, because every kernel takes a minute and each step rests on the one before.
#[test]
fn three_names_of_two_kernels() {
    let linux = linux();
    let project = Project::new(&linux);

    let list = project.graph_ok(&["list"]);
    let kernels: Vec<&str> =
        list.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
    for name in [TINY, CONSOLE, TWIN] {
        assert!(kernels.contains(&name), "{name} in {list}");
        assert!(kernels.contains(&name.replacen("kernel/", "config/", 1).as_str()), "{list}");
    }
    assert_eq!(kernels.len(), 6, "{list}");

    let begun = Instant::now();
    let built = project.graph_ok(&["build"]);
    println!("{built}\nbuilt in {:.0?}", begun.elapsed());
    assert!(built.stdout.starts_with("5 built · 1 restored"), "the twin is one build: {built}");
    for name in [TINY, CONSOLE, TWIN] {
        for artifact in
            ["bzImage", "System.map", "kernel.config", "bmeta.json", "steps.json", "artifacts.json"]
        {
            assert!(project.artifact(name, artifact).is_some(), "{name} has no {artifact}");
        }
        let bmeta: serde_json::Value =
            serde_json::from_slice(&project.artifact(name, "bmeta.json").unwrap()).unwrap();
        let (_, defconfig) = name.rsplit_once('/').unwrap();
        assert_eq!(bmeta["kernel"]["defconfig_full"], defconfig, "{bmeta:#}");
        assert_eq!(bmeta["revision"]["describe"], "v6.1.192", "{bmeta:#}");
    }
    assert_eq!(project.artifact(TINY, "bzImage"), project.artifact(TWIN, "bzImage"));
    assert_ne!(project.artifact(TINY, "bzImage"), project.artifact(CONSOLE, "bzImage"));

    let again = project.graph_ok(&["build"]);
    assert!(again.stdout.contains("nothing to do"), "{again}");

    what_no_kernel_reads(&project);
    what_one_reads(&project);
    what_leaves_the_configuration_as_it_was(&project);
    a_killed_build_and_one_elsewhere(&project, &linux);
}

/// Documentation, another architecture, a driver that is not configured.
fn what_no_kernel_reads(project: &Project) {
    for path in [
        "Documentation/admin-guide/README.rst",
        "arch/arm64/kernel/setup.c",
        "drivers/gpu/drm/drm_drv.c",
    ] {
        project.append(path, "\n");
    }
    let plan = project.graph_ok(&["plan", "--exit-code"]);
    assert!(plan.stdout.contains("nothing to do"), "{plan}");
}

/// A source of all: the plan names it, and git takes it back.
fn what_one_reads(project: &Project) {
    project.append("kernel/fork.c", "\n");
    let plan = project.graph(&["plan", "--exit-code"]);
    assert_eq!(plan.status.code(), Some(10), "{plan}");
    let why = project.graph_ok(&["why", TINY]);
    assert!(is_read(&why, "kernel/fork.c"), "{why}");
    project.undo();
    let plan = project.graph_ok(&["plan", "--exit-code"]);
    assert!(plan.stdout.contains("nothing to do"), "{plan}");
}

/// A help text: every configuration is made again and ends as it was, so that no kernel is built.
fn what_leaves_the_configuration_as_it_was(project: &Project) {
    project.append("init/Kconfig", "\n# a comment\n");
    let built = project.graph_ok(&["build"]);
    assert!(built.stdout.starts_with("3 built · 3 fresh"), "{built}");
}

/// Killed in the middle, nothing of it goes on; at another place and through a compiler cache, which has what the killed one
/// compiled, the same key leaves the same bytes.
fn a_killed_build_and_one_elsewhere(first: &Project, linux: &std::path::Path) {
    let second = Project::new(linux);
    second.use_ccache();
    let mut child = second.command(&["build", TINY]).spawn().unwrap();
    let begun = Instant::now();
    while compilers_below(child.id()) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(120), "no compiler was ever seen");
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(10));
    child.kill().unwrap();
    child.wait().unwrap();
    second.no_process_is_left();
    assert_eq!(second.artifact(TINY, "bzImage"), None);

    second.graph_ok(&["build", TINY]);
    assert!(second.files_in_ccache() > 100, "the cache was not used");
    for artifact in ["bzImage", "System.map", "kernel.config"] {
        assert_eq!(
            first.artifact(TINY, artifact),
            second.artifact(TINY, artifact),
            "{artifact} of one key differs between two places"
        );
    }
}
