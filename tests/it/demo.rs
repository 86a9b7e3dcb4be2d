//! `graph demo`, from its first command to its last. The world's kas is used, so that no test installs one.

use std::fs;

use crate::world::{BOARDS, World, image};

#[test]
fn the_demo_runs_to_its_end_twice() {
    let world = World::new();
    for region in ["US", "EU"] {
        let output = world.graph_ok(&["demo", "--keep", "--part", "boards", "."]);
        let commands: Vec<&str> =
            output.stdout.lines().filter(|line| line.starts_with("$ graph ")).collect();
        assert_eq!(
            commands,
            [
                "$ graph plan",
                "$ graph build",
                "$ graph build",
                "$ graph plan",
                "$ graph why image/birch-hmi-scarthgap",
                "$ graph build"
            ],
            "{output}"
        );
        for board in BOARDS {
            let out = world.path(".graph/out").join(image(board));
            let files = fs::read_dir(&out).unwrap_or_else(|error| panic!("{board}: {error}"));
            let wic = files
                .flatten()
                .map(|entry| entry.path())
                .find(|path| path.to_string_lossy().ends_with(".rootfs.wic"))
                .unwrap_or_else(|| panic!("{board} has no image"));
            let manifest = fs::read_to_string(wic).expect("a toy image is text");
            assert!(manifest.contains(&format!("MACHINE = \"{board}\"\n")), "{board}: {manifest}");
            if board.starts_with("birch-") {
                let line = format!("RADIO_REGION = \"{region}\"\n");
                assert!(manifest.contains(&line), "{board}: {manifest}");
            }
        }
    }
}

#[test]
fn kernels_are_written_beside_the_boards() {
    let world = World::empty();
    for parts in ["kernels", "boards,kernels", "boards", "kernels"] {
        world.graph_ok(&["demo", "--only-write", "--part", parts, "d"]);
        for file in ["build-configs.yaml", "linux/Makefile", "toolchain/bin/aarch64-linux-gnu-gcc"]
        {
            assert!(world.path("d/kernels").join(file).is_file(), "{file}");
        }
    }
    assert_eq!(world.git("d", &["status", "--porcelain"]), "", "the boards know nothing of them");
    assert_eq!(world.git("d/kernels/linux", &["status", "--porcelain"]), "");
    let output = world.graph(&["demo", "--only-write", "d/kernels"]);
    assert_eq!(output.code, Some(2), "boards do not go where kernels are\n{output}");
}

#[test]
fn a_directory_with_something_else_in_it_is_left_alone() {
    let world = World::empty();
    world.write("thesis/chapter-1.tex", "It was a dark and stormy night.\n");
    let output = world.graph(&["demo", "thesis"]);
    insta::assert_snapshot!(output, @"
    exit status 2
    --- stderr
    error: `[ROOT]/thesis` is not empty and holds no demo
    hint: name another directory: `graph demo DIR`
    ");
}
