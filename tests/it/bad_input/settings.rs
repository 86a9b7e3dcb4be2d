//! `graph.yaml`.

use super::two_boards;

#[test]
fn every_problem_of_the_settings_is_shown() {
    let world = two_boards();
    world.write(
        "graph.yaml",
        "version: 2
sorces: {machines: a.json}
run:
  jobs: many
  memroy: 3
cache: {dir: /, budget: big}
kas: {version: 5.10}
shared: [a]
",
    );
    insta::assert_snapshot!(world.graph(&["plan"]), @r#"
    exit status 2
    --- stderr
    error: `version` must be 1, the only version that this `graph` knows, not the integer `2`
     --> graph.yaml:1:10
      |
    1 | version: 2
      |          ^

    error: unknown key `sorces`
     --> graph.yaml:2:1
      |
    2 | sorces: {machines: a.json}
      | ^^^^^^
      |
      = hint: did you mean `sources`?

    error: `run.jobs` must be `auto` or a number from 1, not the string "many"
     --> graph.yaml:4:9
      |
    4 |   jobs: many
      |         ^^^^

    error: unknown key `memroy` in `run`
     --> graph.yaml:5:3
      |
    5 |   memroy: 3
      |   ^^^^^^
      |
      = hint: did you mean `memory`?

    error: 2 problems in one line
     --> graph.yaml:6:14
      |
    6 | cache: {dir: /, budget: big}
      |              ^          ^^^ `cache.budget`: `big` is not a size such as `50GiB` or `500MB`
      |              |
      |              `cache.dir`: `/` is not the name of a directory of its own

    error: `kas.version` must be a string, not the number `5.1`
     --> graph.yaml:7:16
      |
    7 | kas: {version: 5.10}
      |                ^^^^
      |
      = hint: write the version in quotes: YAML reads 5.10 as 5.1

    error: `shared` must be a mapping, not a list
     --> graph.yaml:8:9
      |
    8 | shared: [a]
      |         ^

    8 errors
    "#);
}

#[test]
fn settings_that_are_not_yaml() {
    let world = two_boards();
    world.write("graph.yaml", "version: 1\nrun: {jobs: 1\nx: [");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: this is not YAML: did not find expected ',' or '}'
     --> graph.yaml:3:2
      |
    3 | x: [
      |  ^
    ");
    world.write("graph.yaml", "version: 1\n\trun: {}\n");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: this is not YAML: found a tab character that violates indentation
     --> graph.yaml:2:1
      |
    2 |     run: {}
      | ^^^^^^^
      |
      = hint: indent with spaces
    ");
    std::fs::write(world.path("graph.yaml"), b"\xff\xfe").expect("it is written");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: the settings are not written in UTF-8
     --> graph.yaml
    ");
}

/// Settings that cannot be read are not passed over.
#[test]
fn settings_that_are_no_file() {
    let world = two_boards();
    std::fs::create_dir(world.path("graph.yaml")).expect("a directory");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: the settings cannot be read: is a directory
     --> graph.yaml
    ");
    std::fs::remove_dir(world.path("graph.yaml")).expect("it is empty");
    std::os::unix::fs::symlink("gone.yaml", world.path("graph.yaml")).expect("a link");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: the settings cannot be read: no such file or directory
     --> graph.yaml
    ");
}

#[test]
fn sources_that_are_not_there() {
    let world = two_boards();
    world
        .write("graph.yaml", "version: 1\nsources:\n  machines: [machines.json, nope.json, kas]\n");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: 2 problems in one line
     --> graph.yaml:3:29
      |
    3 |   machines: [machines.json, nope.json, kas]
      |                             ^^^^^^^^^  ^^^ `kas` cannot be read: is a directory
      |                             |
      |                             there is no `nope.json`

    2 errors
    ");
    world.write("graph.yaml", "version: 1\nsources: {machines: []}\n");
    insta::assert_snapshot!(world.graph(&["plan"]), @"
    exit status 2
    --- stderr
    error: this project names no machines and no kernels
    hint: name a `machines.json` under `sources.machines` in `graph.yaml`, or a `build-configs.yaml` under `sources.kernels`
    ");
}
