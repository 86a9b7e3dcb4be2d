//! `graph init` and `graph doctor` as strangers use them.

use super::two_boards;
use crate::world::World;

/// A kas that knows its version and nothing else.
fn kas(world: &World, version: &str, format: u32) {
    use std::os::unix::fs::PermissionsExt;
    let text = format!(
        "#!/bin/sh\necho 'kas {version} (configuration format version {format}, earliest compatible version 1)'\n"
    );
    world.write("bin/kas", &text);
    std::fs::set_permissions(world.path("bin/kas"), std::fs::Permissions::from_mode(0o755))
        .expect("it is ours");
    world.write("graph.yaml", "version: 1\nkas: {program: bin/kas}\n");
}

/// What doctor says of the files.
fn files(world: &World) -> String {
    let output = world.graph(&["doctor"]);
    let mut lines = Vec::new();
    let mut inside = false;
    for line in output.stdout.lines() {
        inside = line.contains(" kas files ") || (inside && line.starts_with(' '));
        if inside {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[test]
fn doctor_tells_which_versions_of_kas_refuse_the_project() {
    let world = two_boards();
    world.write("kas/base.yaml", &(world.read("kas/base.yaml") + "_source_dir: .\n"));
    kas(&world, "5.2", 21);
    insta::assert_snapshot!(files(&world), @"
    ok       kas files         they need kas 3.3 or later (format 14, `kas/one.yaml:2`)
    ok       kas files         kas 5.3 and later refuse `_source_dir` in `kas/base.yaml:9`, which may only be in the first file of a chain
    ");
    kas(&world, "5.5", 23);
    insta::assert_snapshot!(files(&world), @"
    ok       kas files         they need kas 3.3 or later (format 14, `kas/one.yaml:2`)
    warning  kas files         kas 5.5 refuses `_source_dir` in `kas/base.yaml:9`, which may only be in the first file of a chain
                               hint: `graph` builds all the same: it gives kas one flattened file
                               hint: to run kas by hand, take 5.2 or earlier, or move `_source_dir` to a first file of its own
    ");
    world.edit("kas/two.yaml", "14", "20");
    kas(&world, "4.8", 19);
    insta::assert_snapshot!(files(&world), @"
    broken   kas files         kas 4.8 refuses format 20 (`kas/two.yaml:2`): it reads up to 19
                               hint: use kas 5.0 or later; `kas: {version: …}` in `graph.yaml`
    ok       kas files         kas 5.3 and later refuse `_source_dir` in `kas/base.yaml:9`, which may only be in the first file of a chain
    ");
    assert_eq!(world.graph(&["doctor"]).code, Some(3));
    assert!(!world.path(".graph").exists(), "it changes nothing");
}

#[test]
fn doctor_tells_that_files_are_wrong() {
    let world = two_boards();
    world.remove("kas/base.yaml");
    kas(&world, "5.2", 21);
    insta::assert_snapshot!(files(&world), @"
    broken   kas files         they have 2 errors
                               hint: `graph list` says what is wrong and where
    ");
}

/// Both boards read the file, and it is one warning.
#[test]
fn a_late_source_dir_is_one_warning_a_file() {
    let world = two_boards();
    world.write("kas/base.yaml", &(world.read("kas/base.yaml") + "_source_dir: .\n"));
    insta::assert_snapshot!(world.graph(&["list"]), @"
    exit status 0
    --- stdout
    image/one-scarthgap	machine=one workflow=manual yocto_branch=scarthgap	machines.json:4	
    image/two-scarthgap	machine=two yocto_branch=scarthgap	machines.json:5
    --- stderr
    warning: kas 5.3 and later refuse `kas/base.yaml`: `_source_dir` may only be in the first file of a chain
     --> kas/base.yaml:9:14
      |
    9 | _source_dir: .
      |              ^
      |
      = hint: kas 5.2 accepts it; builds are not affected, for kas gets one flattened file
    ");
}

#[test]
fn an_empty_directory() {
    let world = World::empty();
    insta::assert_snapshot!(world.graph(&["init"]), @"
    exit status 0
    --- stdout
    wrote `graph.yaml`
    there is no `machines.json` here: name it under `sources`
    ");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: this project names no machines and no kernels
    hint: name a `machines.json` under `sources.machines` in `graph.yaml`, or a `build-configs.yaml` under `sources.kernels`
    ");
    insta::assert_snapshot!(files(&world), @"
    broken   kas files         no `machines.json` is named or found
                               hint: name it under `sources.machines` in `graph.yaml`
    ");
}
