//! A disk that is full, at every moment at which it can become so: nothing half-written is taken for whole, the end is
//! that of a wrong environment, and with room again the next build is right.
//!
//! The disk is a small one in memory, mounted in a user namespace of the test's own: nobody needs to be root, and
//! nothing is left when the shell in which it is mounted ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::{Output, World, image};

/// Whether user namespaces can be had here. Where they cannot, nothing is tested, which CI must not take for a success.
pub(crate) fn can_mount() -> bool {
    let mut unshare = Command::new("unshare");
    unshare.args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    unshare.stdout(Stdio::null()).stderr(Stdio::null());
    let can = unshare.status().is_ok_and(|status| status.success());
    assert!(can || std::env::var_os("CI").is_none(), "no user namespaces: this is not tested");
    can
}

/// A world whose state lies on a disk of its own, which every command has to mount first.
fn world() -> World {
    let world = World::new();
    let state = world.disk().join("state");
    world.edit("graph.yaml", "\nrun:\n", &format!("\ncache: {{dir: {}}}\nrun:\n", state.display()));
    fs::create_dir_all(world.disk()).expect("a directory to mount on");
    world
}

impl World {
    fn disk(&self) -> std::path::PathBuf {
        self.root().parent().expect("the root is below the world").join("disk")
    }

    /// Runs a script of the shell in which `$GRAPH` is the program and `$DISK` the disk, of so many kilobytes.
    fn on_disk(&self, size: u32, script: &str) -> Output {
        let mut command = self.program("unshare");
        let mount = format!("mount -t tmpfs -o size={size}k tmpfs \"$DISK\" && {script}");
        command.args(["-rm", "sh", "-c", &mount]);
        command.env("GRAPH", env!("CARGO_BIN_EXE_graph")).env("DISK", self.disk());
        self.run(&mut command)
    }
}

/// Tells of each node what `plan --all` says of it.
fn fresh(plan: &str) -> BTreeSet<String> {
    let fresh = plan.lines().filter_map(|line| line.strip_prefix("fresh "));
    fresh.map(|name| name.trim().to_owned()).collect()
}

#[test]
fn a_disk_that_fills_up_ends_a_build_and_no_more() {
    if !can_mount() {
        return;
    }
    let world = world();
    let boards = format!("{} {}", image("rowan-dev"), image("virt-arm64"));
    // The shared directories lie elsewhere; filled, they make what follows quick.
    let script = format!("\"$GRAPH\" build {boards} && du -sk \"$DISK\"");
    let whole = world.on_disk(100 << 10, &script);
    assert_eq!(whole.code, Some(0), "{whole}");
    let used = whole.stdout.lines().last().and_then(|line| line.split('\t').next());
    let used: u32 = used.and_then(|used| used.parse().ok()).expect("du says what is used");

    let mut failed = 0;
    for size in (1..=9).map(|part| part * used / 8) {
        let script = format!(
            "\"$GRAPH\" build {boards}; echo \"status $?\"
             echo planned; \"$GRAPH\" plan --all {boards}; echo \"plan status $?\"
             ls \"$DISK/state/out/image\" 2>/dev/null
             mount -o remount,size=100m \"$DISK\"
             echo roomy; \"$GRAPH\" build {boards} && \"$GRAPH\" cache verify &&
                \"$GRAPH\" build {boards} && cat \"$DISK\"/state/out/image/*/*.wic"
        );
        let output = world.on_disk(size, &script);
        assert_eq!(output.code, Some(0), "{size} of {used} kB: {output}");
        let (first, rest) = output.stdout.split_once("planned\n").expect("both parts");
        let (plan, roomy) = rest.split_once("roomy\n").expect("all parts");
        if !first.ends_with("status 0\n") {
            assert!(first.ends_with("status 3\n"), "{size} of {used} kB: {output}");
            assert!(says_that_it_is_full(&output.stderr), "{size} of {used} kB: {output}");
            failed += 1;
        }
        // A plan may be impossible too, but then it says so.
        if plan.contains("plan status 0\n") {
            for node in fresh(plan) {
                let name = Path::new(&node).file_name().expect("a name").to_string_lossy();
                assert!(plan.lines().any(|line| line == name), "{size}: {node}\n{output}");
            }
        } else {
            assert!(plan.contains("plan status 3\n"), "{size} of {used} kB: {output}");
        }
        assert!(roomy.contains("nothing to do"), "{size} of {used} kB: {output}");
        assert_eq!(roomy.matches("a toy disk image of ").count(), 2, "{output}");
    }
    assert!(failed >= 4, "only {failed} sizes were too small");
}

fn says_that_it_is_full(stderr: &str) -> bool {
    stderr.lines().any(|line| {
        line.starts_with("error: ") && (line.contains("disk") && line.contains("full"))
            || line.starts_with("error: ") && line.contains("No space left on device")
    })
}

#[test]
fn a_full_disk_hinders_no_plan_and_its_hint_makes_room() {
    if !can_mount() {
        return;
    }
    let world = world();
    let board = image("rowan-dev");
    let script = format!(
        "\"$GRAPH\" build {board} && (cat /dev/zero >\"$DISK/ballast\" 2>/dev/null; true) &&
         echo planned && \"$GRAPH\" plan --all {board} && rm \"$DISK/ballast\" &&
         echo made && \"$GRAPH\" build --force {board} && \"$GRAPH\" cache gc --budget 0B"
    );
    let output = world.on_disk(20 << 10, &script);
    assert_eq!(output.code, Some(0), "{output}");
    let plan = output.stdout.split_once("planned\n").expect("both parts").1;
    assert!(plan.contains(&format!("fresh  {board}")), "{output}");
}
