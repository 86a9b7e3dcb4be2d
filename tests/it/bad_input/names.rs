//! Names that would mean something to a shell, a file system or a terminal.

use super::two_boards;

#[test]
fn two_machines_of_one_name() {
    let world = two_boards();
    world.edit("machines.json", "\"two\", \"config\"", "\"one\", \"config\"");
    insta::assert_snapshot!(world.graph(&["list"]), @r#"
    exit status 2
    --- stderr
    error: there are two machines `one`
     --> machines.json:5:14
      |
    5 |     {"name": "one", "config": "kas/two.yaml:kas/base.yaml"}
      |              ^^^^^
      |
     ::: machines.json:4:14
      |
    4 |     {"name": "one", "config": "kas/one.yaml:kas/base.yaml", "workflows": ["manual"]},
      |              ----- the first is here
    "#);
}

#[test]
fn two_machines_of_one_name_in_two_files() {
    let world = two_boards();
    world.write("graph.yaml", "version: 1\nsources: {machines: [machines.json, more.json]}\n");
    world.write(
        "more.json",
        r#"{"yocto_branch": "scarthgap", "machines": [{"name": "two", "config": "kas/two.yaml"}]}"#,
    );
    insta::assert_snapshot!(world.graph(&["list"]), @r#"
    exit status 2
    --- stderr
    error: there are two machines `two`
     --> more.json:1:53
      |
    1 | {"yocto_branch": "scarthgap", "machines": [{"name": "two", "config": "kas/two.yaml"}]}
      |                                                     ^^^^^
      |
     ::: machines.json:5:14
      |
    5 |     {"name": "two", "config": "kas/two.yaml:kas/base.yaml"}
      |              ----- the first is here
    "#);
}

#[test]
fn hostile_names() {
    let world = two_boards();
    world.write(
        "machines.json",
        r#"{"yocto_branch": "../..", "machines": [
 {"name": "../x", "config": "kas/one.yaml"},
 {"name": "a;rm -rf", "config": "kas/one.yaml"},
 {"name": "a b", "config": "kas/one.yaml"},
 {"name": "a\nb", "config": "kas/one.yaml"},
 {"name": "a\u001b[31mb", "config": "kas/one.yaml"},
 {"name": "-rf", "config": "kas/one.yaml"},
 {"name": "", "config": "kas/one.yaml"}
]}"#,
    );
    insta::assert_snapshot!(world.graph(&["list"]), @r#"
    exit status 2
    --- stderr
    error: `../..` cannot be a `yocto_branch`
     --> machines.json:1:18
      |
    1 | {"yocto_branch": "../..", "machines": [
      |                  ^^^^^^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    error: `../x` cannot be a `name`
     --> machines.json:2:11
      |
    2 |  {"name": "../x", "config": "kas/one.yaml"},
      |           ^^^^^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    error: `a;rm -rf` cannot be a `name`
     --> machines.json:3:11
      |
    3 |  {"name": "a;rm -rf", "config": "kas/one.yaml"},
      |           ^^^^^^^^^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    error: `a b` cannot be a `name`
     --> machines.json:4:11
      |
    4 |  {"name": "a b", "config": "kas/one.yaml"},
      |           ^^^^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    error: `a\nb` cannot be a `name`
     --> machines.json:5:11
      |
    5 |  {"name": "a\nb", "config": "kas/one.yaml"},
      |           ^^^^^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    error: `a\u{1b}[31mb` cannot be a `name`
     --> machines.json:6:11
      |
    6 |  {"name": "a\u001b[31mb", "config": "kas/one.yaml"},
      |           ^^^^^^^^^^^^^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    error: `-rf` cannot be a `name`
     --> machines.json:7:11
      |
    7 |  {"name": "-rf", "config": "kas/one.yaml"},
      |           ^^^^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    error: the `name` is empty
     --> machines.json:8:11
      |
    8 |  {"name": "", "config": "kas/one.yaml"}
      |           ^^
      |
      = hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`

    8 errors
    "#);
}

#[test]
fn hostile_values() {
    let world = two_boards();
    world.write(
        "machines.json",
        r#"{"yocto_branch": "scarthgap", "machines": [
 {"name": "a", "config": "../kas/one.yaml"},
 {"name": "b", "config": "/etc/passwd"},
 {"name": "c", "config": ""},
 {"name": "d", "config": "kas/one.yaml", "build_target": "x; rm -rf /"},
 {"name": "e", "config": "kas/one.yaml", "output": "../*"},
 {"name": "f", "config": "kas/one.yaml", "workflows": ["onpsh"], "pvtest": ["../x"]}
]}"#,
    );
    insta::assert_snapshot!(world.graph(&["list"]), @r#"
    exit status 2
    --- stderr
    error: `../kas/one.yaml` of a chain leads out of the project
     --> machines.json:2:26
      |
    2 |  {"name": "a", "config": "../kas/one.yaml"},
      |                          ^^^^^^^^^^^^^^^^^
      |
      = hint: the files of a chain are relative to the project's root

    error: `/etc/passwd` of a chain leads out of the project
     --> machines.json:3:26
      |
    3 |  {"name": "b", "config": "/etc/passwd"},
      |                          ^^^^^^^^^^^^^
      |
      = hint: the files of a chain are relative to the project's root

    error: the chain names no file
     --> machines.json:4:26
      |
    4 |  {"name": "c", "config": ""},
      |                          ^^

    error: `x; rm -rf /` cannot be a target
     --> machines.json:5:58
      |
    5 |  {"name": "d", "config": "kas/one.yaml", "build_target": "x; rm -rf /"},
      |                                                          ^^^^^^^^^^^^^
      |
      = hint: one target, of letters, digits and `_.+:@/-`; leave `build_target` empty to build those of the kas files

    error: `../*` cannot be an output: it has a `/`
     --> machines.json:6:52
      |
    6 |  {"name": "e", "config": "kas/one.yaml", "output": "../*"},
      |                                                    ^^^^^^
      |
      = hint: outputs are globs over file names, with `*`, `?` and `[…]`

    error: 2 problems in one line
     --> machines.json:7:56
      |
    7 |  {"name": "f", "config": "kas/one.yaml", "workflows": ["onpsh"], "pvtest": ["../x"]}
      |                                                        ^^^^^^^              ^^^^^^ `../x` is not a test suite
      |                                                        |
      |                                                        unknown workflow `onpsh`
      |
      = hint: did you mean `onpush`?
      = hint: `local`, `remote`, or a path below one of them

    7 errors
    "#);
}
