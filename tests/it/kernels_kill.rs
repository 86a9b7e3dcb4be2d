//! Kernel builds that are killed, interrupted, and held up by each other. Whatever they leave is right.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::kernel_world::{KernelWorld, config, kernel};
use crate::kernels_table::not_fresh;
use crate::kill::processes_after;

/// How long anything may take that should happen soon.
const PATIENCE: Duration = Duration::from_secs(60);

fn arm64() -> String {
    kernel("gcc-12", "arm64", "defconfig")
}

/// A world in which what all kernels compile takes so many seconds.
fn slow(seconds: &str) -> KernelWorld {
    let world = KernelWorld::small();
    world.change("lib/string.c", "// A piece", &format!("#pragma toy sleep {seconds}\n// A piece"));
    world
}

fn start(world: &KernelWorld, arguments: &[&str]) -> Child {
    let mut command = world.world().command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("graph starts")
}

/// All that a node has logged in any run.
fn logs(world: &KernelWorld, node: &str) -> String {
    let runs = fs::read_dir(world.world().path(".graph/logs")).into_iter().flatten().flatten();
    let name = format!("{}.log", node.replace('/', "~"));
    runs.map(|run| fs::read_to_string(run.path().join(&name)).unwrap_or_default()).collect()
}

/// Waits until a node's log has a text.
fn until(world: &KernelWorld, child: &mut Child, node: &str, text: &str) {
    let begun = Instant::now();
    while !logs(world, node).contains(text) {
        assert!(begun.elapsed() < PATIENCE, "`{text}` does not come");
        assert_eq!(child.try_wait().expect("a child"), None, "it ended before `{text}`");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn images(world: &KernelWorld) -> Vec<(String, Option<Vec<u8>>)> {
    let builds = [
        (kernel("gcc-12", "arm64", "defconfig"), "kernel/Image"),
        (kernel("gcc-12", "arm64", "defconfig"), "modules.tar.xz"),
        (kernel("gcc-12", "x86_64", "x86_64_defconfig"), "kernel/bzImage"),
        (kernel("gcc-12", "x86_64", "tinyconfig"), "kernel/bzImage"),
        (config("gcc-12", "arm64", "defconfig"), ".config"),
        (config("gcc-12", "x86_64", "x86_64_defconfig+ticks"), ".config"),
    ];
    let read = |(node, file): (String, &str)| {
        let content = fs::read(world.world().path(&format!(".graph/out/{node}/{file}")));
        (node, content.ok())
    };
    builds.map(read).into()
}

#[test]
fn kernels_that_are_killed_leave_nothing_half_done() {
    let world = slow("0.2");
    world.world().graph_ok(&["build"]);
    let whole = images(&world);
    let state = world.world().path(".graph");
    fs::remove_dir_all(&state).expect("the state can be removed");
    let mut killed = 0;
    for moment in [30, 200, 450, 700, 1_000, 1_400, 1_900, 400, 800, 1_200] {
        let mut child = world
            .world()
            .command(&["build", "--jobs", "2"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("graph starts");
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().expect("a child can be killed");
        killed += u32::from(child.wait().expect("a child").code().is_none());
        let left = processes_after(world.world());
        assert!(left.is_empty(), "killed after {moment} ms: {left:#?}");
        let stale = not_fresh(&world);
        for ((node, now), (_, then)) in images(&world).into_iter().zip(&whole) {
            assert!(stale.contains(&node) || now == *then, "{moment} ms: `{node}` is fresh");
        }
        if stale.is_empty() {
            fs::remove_dir_all(&state).expect("the state can be removed");
        }
    }
    assert!(killed >= 5, "only {killed} were killed in time");
    world.world().graph_ok(&["build"]);
    assert!(images(&world) == whole);
    let again = world.world().graph_ok(&["build"]);
    assert!(again.stdout.contains("nothing to do"), "{again}");
    world.world().graph_ok(&["cache", "verify"]);
}

#[test]
fn kernels_that_are_interrupted_end_in_order() {
    let world = slow("30");
    let mut child = start(&world, &["build", &arm64()]);
    until(&world, &mut child, &arm64(), "CC      lib/string.o");
    let begun = Instant::now();
    let mut kill = Command::new("kill");
    let status = kill.args(["-s", "INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
    let output = world.world().ended(child);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(output.code, Some(130), "{output}");
    assert!(output.stdout.contains(&format!("interrupted {}", arm64())), "{output}");
    assert_eq!(processes_after(world.world()), [""; 0]);
    let plan = world.world().graph_ok(&["plan", "arch=arm64"]);
    assert!(plan.stdout.contains("last run was interrupted"), "{plan}");
    assert!(!world.world().path(".graph/out").join(arm64()).exists());
    world.change("lib/string.c", "#pragma toy sleep 30\n", "");
    world.world().graph_ok(&["build", "arch=arm64"]);
    assert!(world.world().path(".graph/out").join(arm64()).join("kernel/Image").exists());
}

#[test]
fn kernels_wait_for_another_build_of_the_project() {
    let world = slow("4");
    let mut first = start(&world, &["build", &arm64()]);
    until(&world, &mut first, &arm64(), "CC      lib/string.o");
    let holder = format!("`build` (process {} on ", first.id());
    let hasty = world.graph(&["build", "--no-wait", &arm64()]);
    assert_eq!(hasty.code, Some(3), "{hasty}");
    assert!(hasty.stderr.contains(&holder), "{hasty}");
    let second = world.world().graph_ok(&["build", &arm64()]);
    assert!(second.stderr.contains(&holder), "{second}");
    assert!(second.stdout.contains("nothing to do"), "{second}");
    let first = world.world().ended(first);
    assert_eq!(first.code, Some(0), "{first}");
}
