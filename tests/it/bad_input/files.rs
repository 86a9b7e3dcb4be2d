//! Files: missing ones, wrong ones, and includes that lead nowhere or in a circle.

use super::{include, two_boards};
use crate::world::World;

fn list(world: &World) -> String {
    world.graph(&["list"]).to_string()
}

#[test]
fn a_file_of_a_chain_is_missing() {
    let world = two_boards();
    world.remove("kas/two.yaml");
    insta::assert_snapshot!(list(&world), @r#"
    exit status 2
    --- stderr
    error: the chain's file `kas/two.yaml` does not exist
     --> machines.json:5:32
      |
    5 |     {"name": "two", "config": "kas/two.yaml:kas/base.yaml"}
      |                                ^^^^^^^^^^^^
      |
      = hint: did you mean `kas/one.yaml`?
    "#);
}

#[test]
fn an_included_file_is_missing() {
    let world = two_boards();
    include(&world, "kas/one.yaml", "    - kas/bse.yaml\n");
    insta::assert_snapshot!(list(&world), @"
    exit status 2
    --- stderr
    error: the included file `kas/bse.yaml` does not exist
     --> kas/one.yaml:4:7
      |
    4 |     - kas/bse.yaml
      |       ^^^^^^^^^^^^
      |
      = hint: did you mean `kas/base.yaml`?
    ");
}

#[test]
fn an_include_names_a_repository_that_nobody_defined() {
    let world = two_boards();
    include(&world, "kas/one.yaml", "    - repo: pokky\n      file: a.yaml\n");
    insta::assert_snapshot!(list(&world), @"
    exit status 2
    --- stderr
    error: an include names the repository `pokky`, which `repos` does not have
     --> kas/one.yaml:4:13
      |
    4 |     - repo: pokky
      |             ^^^^^
      |
      = hint: did you mean `poky`?
    ");
}

#[test]
fn an_include_leads_out_of_its_repository() {
    let world = two_boards();
    world.write("../secret.yaml", "header: {version: 14}\n");
    std::os::unix::fs::symlink("../../secret.yaml", world.path("kas/link.yaml")).expect("a link");
    include(
        &world,
        "kas/one.yaml",
        "    - ../secret.yaml\n    - /etc/hostname\n    - kas/link.yaml\n",
    );
    insta::assert_snapshot!(list(&world), @"
    exit status 2
    --- stderr
    error: the included file `../secret.yaml` lies out of its repository
     --> kas/one.yaml:4:7
      |
    4 |     - ../secret.yaml
      |       ^^^^^^^^^^^^^^
      |
      = hint: an include is a path in the repository of the file that includes it, or names a `repo`

    error: the included file `/etc/hostname` lies out of its repository
     --> kas/one.yaml:5:7
      |
    5 |     - /etc/hostname
      |       ^^^^^^^^^^^^^
      |
      = hint: an include is a path in the repository of the file that includes it, or names a `repo`

    error: the included file `kas/link.yaml` lies out of its repository
     --> kas/one.yaml:6:7
      |
    6 |     - kas/link.yaml
      |       ^^^^^^^^^^^^^
      |
      = hint: an include is a path in the repository of the file that includes it, or names a `repo`

    3 errors
    ");
}

#[test]
fn includes_in_a_circle_are_one_problem_wherever_they_are_entered() {
    let world = two_boards();
    include(&world, "kas/one.yaml", "    - kas/two.yaml\n");
    include(&world, "kas/two.yaml", "    - kas/one.yaml\n");
    insta::assert_snapshot!(list(&world), @"
    exit status 2
    --- stderr
    error: includes go in a circle: `kas/one.yaml` → `kas/two.yaml` → `kas/one.yaml`
     --> kas/two.yaml:4:7
      |
    4 |     - kas/one.yaml
      |       ^^^^^^^^^^^^
      |
     ::: kas/one.yaml:4:7
      |
    4 |     - kas/two.yaml
      |       ------------ includes `kas/two.yaml`
    ");
}

#[test]
fn unknown_keys_and_wrong_types_of_several_files_are_all_shown_once() {
    let world = two_boards();
    world.edit("machines.json", "\"workflows\"", "\"workflow\"");
    world.edit("machines.json", "\"two\"", "2");
    world.edit("kas/base.yaml", "distro: toy", "distor: toy\ntarget: {a: 1}");
    world.edit("kas/one.yaml", "version: 14", "version: \"14\"");
    insta::assert_snapshot!(list(&world), @r#"
    exit status 2
    --- stderr
    error: unknown key `workflow` in `machines[0]`
     --> machines.json:4:61
      |
    4 |     {"name": "one", "config": "kas/one.yaml:kas/base.yaml", "workflow": ["manual"]},
      |                                                             ^^^^^^^^^^
      |
      = hint: did you mean `workflows`?

    error: `machines[1].name` is an integer, and must be a string
     --> machines.json:5:14
      |
    5 |     {"name": 2, "config": "kas/two.yaml:kas/base.yaml"}
      |              ^

    error: `header.version` is a string, and must be an integer
     --> kas/one.yaml:2:12
      |
    2 |   version: "14"
      |            ^^^^

    error: unknown key `distor`
     --> kas/base.yaml:3:1
      |
    3 | distor: toy
      | ^^^^^^
      |
      = hint: did you mean `distro`?

    error: `target` is a mapping, and must be a string or a list
     --> kas/base.yaml:4:9
      |
    4 | target: {a: 1}
      |         ^^^^^^

    5 errors
    "#);
}

#[test]
fn a_commit_is_a_number_to_yaml() {
    for commit in ["12345678", "0123456"] {
        let world = two_boards();
        world.edit("kas/base.yaml", "0123456789abcdef0123456789abcdef01234567", commit);
        let output = world.graph(&["list"]);
        assert_eq!(output.code, Some(2), "{output}");
        let said = output.stderr;
        assert!(said.contains("--> kas/base.yaml:8:13"), "{said}");
        assert!(said.contains(&format!("= hint: quote it: '{commit}'")), "{said}");
    }
}

#[test]
fn kas_files_that_are_not_yaml() {
    let world = two_boards();
    world.write("kas/one.yaml", "header:\n  version: 14\nmachine: [one\n");
    std::fs::write(world.path("kas/two.yaml"), b"header: {version: 14}\nmachine: \xff\n")
        .expect("it is written");
    insta::assert_snapshot!(list(&world), @r#"
    exit status 2
    --- stderr
    error: expected `,` or `]`, and found the end of the file
     --> kas/one.yaml:4:1
      |
    4 |
      | ^
      |
     ::: kas/one.yaml:3:10
      |
    3 | machine: [one
      |          - it began here
      |
      = hint: check the indentation, the quotes and the brackets here and on the line above

    error: `kas/two.yaml` is not UTF-8
     --> machines.json:5:32
      |
    5 |     {"name": "two", "config": "kas/two.yaml:kas/base.yaml"}
      |                                ^^^^^^^^^^^^

    2 errors
    "#);
}

#[test]
fn machines_that_are_not_json() {
    let world = two_boards();
    world.write("machines.json", "version: 1\n");
    insta::assert_snapshot!(list(&world), @"
    exit status 2
    --- stderr
    error: this is not JSON: unexpected word
     --> machines.json:1:1
      |
    1 | version: 1
      | ^^^^^^^
    ");
    world.write("machines.json", "{\"yocto_branch\": \"x\",\n \"machines\": [],}\n");
    insta::assert_snapshot!(list(&world), @r#"
    exit status 2
    --- stderr
    error: this is not JSON: trailing commas are not allowed
     --> machines.json:2:16
      |
    2 |  "machines": [],}
      |                ^
    "#);
    world.write("machines.json", "");
    insta::assert_snapshot!(list(&world), @"
    exit status 2
    --- stderr
    error: this is not JSON: it is empty
     --> machines.json:1:1
      |
    1 |
      | ^
    ");
    world.write("machines.json", "[]");
    insta::assert_snapshot!(list(&world), @"
    exit status 2
    --- stderr
    error: the file is a list, and must be a mapping
     --> machines.json:1:1
      |
    1 | []
      | ^^
    ");
}

#[test]
fn a_kas_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let world = two_boards();
    let path = world.path("kas/two.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
    // To root, nothing is forbidden.
    if std::fs::read(&path).is_err() {
        let said = list(&world);
        assert!(said.contains("error: the chain's file `kas/two.yaml` cannot be read"), "{said}");
    }
}

#[test]
fn no_project_and_no_directory() {
    let world = World::empty();
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: there is no `graph.yaml`, `machines.json` or `build-configs.yaml` in `[ROOT]` or above it
    hint: run `graph init` where your kas files are, to begin
    hint: run `graph demo` to see it work on an example
    ");
    insta::assert_snapshot!(world.graph(&["-C", "nowhere", "plan"]), @"
    exit status 2
    --- stderr
    error: `[ROOT]/nowhere` cannot be used: no such file or directory
    hint: `-C` takes a directory of the project
    ");
    world.write("file", "");
    insta::assert_snapshot!(world.graph(&["-C", "file", "plan"]), @"
    exit status 2
    --- stderr
    error: `[ROOT]/file` is no directory
    hint: `-C` takes a directory of the project
    ");
}
