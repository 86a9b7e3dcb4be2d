//! Kernel builds that go wrong: what fails alone, what is not believed, a full disk, and names that mean harm.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::full_disk::can_mount;
use crate::kernel_world::{KernelWorld, SMALL, config, kernel};
use crate::kernels_table::not_fresh;

fn arm64() -> String {
    kernel("gcc-12", "arm64", "defconfig")
}

fn exists(world: &KernelWorld, node: &str) -> bool {
    world.world().path(".graph/out").join(node).exists()
}

#[test]
fn kernels_that_do_not_compile_fail_alone() {
    let world = KernelWorld::small();
    world.change("drivers/gpio/gpio_toy.c", "// Pins.", "#error pins are bent");
    let output = world.graph(&["build"]);
    assert_eq!(output.code, Some(1), "{output}");
    assert!(output.stdout.contains(&format!("failed {}", arm64())), "{output}");
    assert!(output.stderr.contains("#error pins are bent"), "{output}");
    assert!(output.stdout.contains("1 failed"), "{output}");
    assert_eq!(not_fresh(&world), BTreeSet::from([arm64()]));
    assert!(!exists(&world, &arm64()));
    let log = world.world().graph_ok(&["log", &arm64()]);
    assert!(log.stdout.contains("drivers/gpio/gpio_toy.c:1: error: "), "{log}");

    // Modules fail after the kernel itself was built.
    world.change("drivers/gpio/gpio_toy.c", "#error pins are bent", "// Pins.");
    world.change("drivers/rtc/cuckoo.c", "// Cuckoo.", "#error no bird");
    let output = world.graph(&["build"]);
    assert_eq!(output.code, Some(1), "{output}");
    assert_eq!(not_fresh(&world).len(), 3, "those with the module");
    assert!(output.stdout.contains("step modules"), "{output}");
    world.change("drivers/rtc/cuckoo.c", "#error no bird", "// Cuckoo.");
    world.world().graph_ok(&["build"]);
    assert!(exists(&world, &arm64()));
}

#[test]
fn kernels_of_a_defconfig_that_make_does_not_know_fail_alone() {
    let world = KernelWorld::small();
    world.matrix(&SMALL.replace("[tinyconfig]", "[tinyconfig, no_such_defconfig]"));
    let output = world.graph(&["build"]);
    assert_eq!(output.code, Some(1), "{output}");
    let bad = config("gcc-12", "x86_64", "no_such_defconfig");
    assert!(output.stdout.contains(&format!("failed {bad}")), "{output}");
    assert!(output.stderr.contains("Can't find default configuration"), "{output}");
    let expect = BTreeSet::from([bad, kernel("gcc-12", "x86_64", "no_such_defconfig")]);
    assert_eq!(not_fresh(&world), expect);
}

#[test]
fn kernels_that_write_into_their_sources_are_not_believed() {
    for command in [
        "echo '// more' >> $(srctree)/lib/string.c",
        "rm $(srctree)/lib/kunit.c",
        "echo x > $(srctree)/lib/left-behind.h",
    ] {
        let world = KernelWorld::small();
        world.world().graph_ok(&["build", "arch=x86_64"]);
        let before = fs::read(bz_image(&world)).expect("an image");
        let line = format!("toy_clang_target := aarch64-linux-gnu\n$(shell {command})\n");
        world.change("arch/arm64/Makefile", "toy_clang_target := aarch64-linux-gnu\n", &line);
        let output = world.graph(&["build"]);
        assert_eq!(output.code, Some(1), "{command}: {output}");
        let stale = not_fresh(&world);
        for node in [arm64(), config("gcc-12", "arm64", "defconfig")] {
            assert!(stale.contains(&node), "{command}: {node}\n{output}");
            assert!(!exists(&world, &node), "{command}: {node}\n{output}");
        }
        assert!(output.stdout.contains("source"), "{command}: {output}");
        let x86 = world.graph(&["build", "--force", "arch=x86_64"]);
        assert_eq!(x86.code, Some(0), "{command}: {x86}");
        assert!(fs::read(bz_image(&world)).expect("an image") == before, "{command}");
    }
}

fn bz_image(world: &KernelWorld) -> std::path::PathBuf {
    let node = kernel("gcc-12", "x86_64", "x86_64_defconfig");
    world.world().path(".graph/out").join(node).join("kernel/bzImage")
}

#[test]
fn kernels_on_a_disk_that_fills_up() {
    if !can_mount() {
        return;
    }
    let world = KernelWorld::small();
    let disk = world.world().root().parent().expect("it is below the world").join("disk");
    fs::create_dir_all(&disk).expect("a directory to mount on");
    let settings = world.world().read("graph.yaml");
    let state = disk.join("state").display().to_string();
    world.world().write("graph.yaml", &format!("{settings}cache: {{dir: {state}}}\n"));
    let run = |size: u32, script: &str| {
        let mut command = world.world().program("unshare");
        let mount = format!("mount -t tmpfs -o size={size}k tmpfs \"$DISK\" && {script}");
        command.args(["-rm", "sh", "-c", &mount]);
        command.env("GRAPH", env!("CARGO_BIN_EXE_graph")).env("DISK", &disk);
        world.world().run(&mut command)
    };
    let whole = run(100 << 10, "\"$GRAPH\" build arch=arm64 && du -sk \"$DISK\"");
    assert_eq!(whole.code, Some(0), "{whole}");
    let used = whole.stdout.lines().last().and_then(|line| line.split('\t').next());
    let used: u32 = used.and_then(|used| used.parse().ok()).expect("du says what is used");
    let mut failed = 0;
    for size in [used / 3, used / 2, used * 2 / 3, used * 5 / 6] {
        let script = format!(
            "\"$GRAPH\" build arch=arm64; echo \"status $?\"
             echo planned; \"$GRAPH\" plan --all arch=arm64; echo \"plan status $?\"
             find \"$DISK/state/out\" -name Image 2>/dev/null
             mount -o remount,size=100m \"$DISK\"
             echo roomy; \"$GRAPH\" build arch=arm64 && \"$GRAPH\" cache verify &&
                \"$GRAPH\" build arch=arm64 && cat \"$DISK/state/out/{}/kernel/Image\"",
            arm64()
        );
        let output = run(size, &script);
        assert_eq!(output.code, Some(0), "{size} of {used} kB: {output}");
        let (first, rest) = output.stdout.split_once("planned\n").expect("both parts");
        let (plan, roomy) = rest.split_once("roomy\n").expect("all parts");
        if !first.ends_with("status 0\n") {
            failed += 1;
            let is_told = output.stderr.contains("full") || output.stderr.contains("No space left");
            assert!(is_told, "{size} of {used} kB: {output}");
        }
        if plan.contains(&format!("fresh  {}", arm64())) {
            assert!(plan.contains("/kernel/Image\n"), "{size} of {used} kB: {output}");
        }
        assert!(roomy.contains("nothing to do"), "{size} of {used} kB: {output}");
        assert!(roomy.contains("toy kernel: hello"), "{size} of {used} kB: {output}");
    }
    assert!(failed >= 2, "only {failed} sizes were too small");
}

/// Every path below a directory.
fn below(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&entry.path(), found);
        }
    }
}

#[test]
fn kernels_with_names_that_mean_harm_do_none() {
    const NAMES: [&str; 11] = [
        "$(shell touch @PWNED@)",
        "--eval=$(shell touch @PWNED@)",
        "'; touch @PWNED@; '",
        "$(touch @PWNED@)",
        "`touch @PWNED@`",
        "--eval=$(file >@PWNED@)",
        "../../../pwned",
        "..",
        "-f pwned",
        "\\e[31mred\\e]0;pwned\\a",
        "two\\nlines\\r",
    ];
    let places = [
        "a build config",
        "a tree",
        "a branch",
        "a variant",
        "an environment",
        "a defconfig",
        "a fragment",
        "a line",
        "an option",
        "a prefix",
    ];
    let world = KernelWorld::small();
    world.world().graph_ok(&["list"]);
    let top = world.world().root().parent().expect("the root is below the world").to_owned();
    let pwned = top.join("pwned");
    for name in NAMES {
        let name = name.replace("@PWNED@", &pwned.display().to_string());
        let quoted = format!("\"{name}\"");
        for what in places {
            let text = match what {
                "a build config" => {
                    SMALL.replace("  mainline:\n    tree", &format!("  {quoted}:\n    tree"))
                }
                "a tree" => SMALL
                    .replace("  mainline: {url", &format!("  {quoted}: {{url"))
                    .replace("tree: mainline", &format!("tree: {quoted}")),
                "a branch" => SMALL.replace("branch: master", &format!("branch: {quoted}")),
                "a variant" => SMALL.replace("      gcc-12:\n", &format!("      {quoted}:\n")),
                "an environment" => SMALL
                    .replace("\n  gcc-12:\n", &format!("\n  {quoted}:\n"))
                    .replace("build_environment: gcc-12", &format!("build_environment: {quoted}")),
                "a defconfig" => SMALL.replace("[tinyconfig]", &format!("[{quoted}]")),
                "a fragment" => SMALL
                    .replace("  ticks:", &format!("  {quoted}:"))
                    .replace("[ticks]", &format!("[{quoted}]")),
                "a line" => SMALL.replace("'CONFIG_HIGH_RES_TIMERS=y'", &quoted),
                "an option" => SMALL.replace(
                    "{cross_compile:",
                    &format!("{{opts: {{LLVM_IAS: {quoted}}}, cross_compile:"),
                ),
                _ => SMALL.replace("'aarch64-linux-gnu-'", &quoted),
            };
            assert_ne!(text, SMALL, "{what}");
            world.matrix(&text);
            for arguments in [&["list"][..], &["plan"], &["build", "--keep-going"], &["show", "**"]]
            {
                let output = world.graph(arguments);
                let shown = format!("{what} {name}, {arguments:?}:\n{output}");
                assert!(output.code.is_some_and(|code| code < 4), "{shown}");
                let is_plain =
                    |text: &str| text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control());
                assert!(!pwned.exists(), "{shown}");
                assert!(is_plain(&output.stdout) && is_plain(&output.stderr), "{shown:?}");
            }
        }
    }
    let mut paths = Vec::new();
    below(&top, &mut paths);
    let state = world.world().path(".graph").display().to_string();
    for path in paths.iter().filter(|path| path.contains("pwned")) {
        // What is named so lies below the state, percent-encoded and with its directories closed.
        assert!(path.starts_with(&state), "{path}");
        assert!(!path.ends_with("/pwned"), "{path}");
    }
    world.matrix(SMALL);
    world.world().graph_ok(&["build"]);
}
