//! A `build-configs.yaml` that is wrong: sections, names that nothing defines, filters, patterns, paths.

use graph_cli::report::diagnostics::{Form, diagnostics};

use crate::kernel_trees::ToldTrees;
use crate::kernelci::load_kernels;
use crate::report::boards::{page, plain};

const GOOD: &str = "\
trees:
  mainline: {url: 'https://example.invalid/linux.git'}
fragments:
  debug: {path: kernel/configs/debug.config}
build_environments:
  gcc-12:
    cc: gcc
    cc_version: 12
    arch_params:
      arm64: {cross_compile: 'aarch64-linux-gnu-'}
build_configs:
  mainline:
    tree: mainline
    branch: master
    variants:
      gcc:
        build_environment: gcc-12
        fragments: [debug]
        architectures:
          arm64:
            filters:
              - blocklist: {defconfig: [small]}
";

/// What is said of files.
fn told(files: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let trees =
        ToldTrees::with("v6.1", &["arch/arm64/configs/defconfig", "kernel/configs/debug.config"]);
    let problems = match load_kernels(dir.path(), &names, &trees) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    };
    plain(|out| diagnostics(&problems, Form::Snippets, &page(100), out))
}

/// What is said of the good file with some edits.
fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = GOOD.to_owned();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "`{from}` stands there once");
        text = text.replace(from, to);
    }
    told(&[("k.yaml", &text)])
}

#[test]
fn nothing_is_said_of_a_good_file() {
    assert_eq!(edited(&[]), "");
}

#[test]
fn names_that_no_section_defines() {
    let edits = [
        ("tree: mainline", "tree: mainlin"),
        ("build_environment: gcc-12", "build_environment: gcc-21"),
        ("fragments: [debug]", "fragments: [debg, ima]"),
    ];
    insta::assert_snapshot!(edited(&edits), @"
    error: there is no tree `mainlin`
      --> k.yaml:13:11
       |
    13 |     tree: mainlin
       |           ^^^^^^^
       |
       = hint: did you mean `mainline`?

    error: there is no build environment `gcc-21`
      --> k.yaml:17:28
       |
    17 |         build_environment: gcc-21
       |                            ^^^^^^
       |
       = hint: did you mean `gcc-12`?

    error: 2 problems in one line
      --> k.yaml:18:21
       |
    18 |         fragments: [debg, ima]
       |                     ^^^^  ^^^ there is no fragment `ima`
       |                     |
       |                     there is no fragment `debg`
       |
       = hint: did you mean `debug`?

    4 errors
    ");
}

#[test]
fn keys_and_types() {
    let edits = [
        ("branch: master", "branch: 5.10"),
        ("cc: gcc\n", "cc: [gcc]\n    compiler: gcc\n"),
        ("{path: kernel/configs/debug.config}", "{paths: kernel/configs/debug.config}"),
        ("fragments: [debug]", "fragments: debug"),
        (
            "arm64:\n",
            "arm64:\n            base_defconfg: defconfig\n            extra_configs: [1]\n",
        ),
    ];
    insta::assert_snapshot!(edited(&edits), @"
    error: `fragments.debug` has no `path`
     --> k.yaml:4:10
      |
    4 |   debug: {paths: kernel/configs/debug.config}
      |          ^

    error: `build_environments.gcc-12.cc` is a list, and must be a string
     --> k.yaml:7:9
      |
    7 |     cc: [gcc]
      |         ^^^^^

    error: `build_configs.mainline.branch` is a number, and must be a string
      --> k.yaml:15:13
       |
    15 |     branch: 5.10
       |             ^^^^
       |
       = hint: put it in quotes

    error: `build_configs.mainline.variants.gcc.fragments` is a string, and must be a list
      --> k.yaml:19:20
       |
    19 |         fragments: debug
       |                    ^^^^^
       |
       = hint: put it in brackets

    error: `arm64.extra_configs[0]` is an integer, and must be a string
      --> k.yaml:23:29
       |
    23 |             extra_configs: [1]
       |                             ^
       |
       = hint: put it in quotes

    warning: `paths` does nothing in `fragments.debug`
     --> k.yaml:4:11
      |
    4 |   debug: {paths: kernel/configs/debug.config}
      |           ^^^^^
      |
      = hint: did you mean `path`?

    warning: `compiler` does nothing in `build_environments.gcc-12`
     --> k.yaml:8:5
      |
    8 |     compiler: gcc
      |     ^^^^^^^^
      |
      = hint: one of `cc`, `cc_version`, `arch_params`, `arch_map`, `cross_compile`, `cross_compile_compat`

    warning: `base_defconfg` does nothing in `arm64`
      --> k.yaml:22:13
       |
    22 |             base_defconfg: defconfig
       |             ^^^^^^^^^^^^^
       |
       = hint: did you mean `base_defconfig`?

    5 errors · 3 warnings
    ");
}

/// What is said of filters in place of the one of the good file.
fn filtered(filters: &[&str]) -> String {
    let filters: Vec<String> = filters.iter().map(|filter| format!("- {filter}")).collect();
    edited(&[("- blocklist: {defconfig: [small]}", &filters.join("\n              "))])
}

#[test]
fn filters() {
    let filters = [
        "blocklist: {defconfig: small, kernal: [v4]}",
        "denylist: {defconfig: [x]}",
        "passlist: {kernel: [v4, 5.10], tree: }",
        "regex: [defconfig]",
        "regex: {defconfig: x, tree: y}",
        "regex: {}",
        "blocklist",
    ];
    insta::assert_snapshot!(filtered(&filters), @"
    error: `filters[0].blocklist.defconfig` is a string, and must be a list
      --> k.yaml:22:40
       |
    22 |               - blocklist: {defconfig: small, kernal: [v4]}
       |                                        ^^^^^
       |
       = hint: put it in brackets

    error: there is no filter of the kind `denylist`
      --> k.yaml:23:17
       |
    23 |               - denylist: {defconfig: [x]}
       |                 ^^^^^^^^
       |
       = hint: one of `blocklist`, `passlist`, `regex`, `combination`

    error: 2 problems in one line
      --> k.yaml:24:41
       |
    24 |               - passlist: {kernel: [v4, 5.10], tree: }
       |                                         ^^^^        ^ `filters[2].passlist.tree` is null, and must be a list
       |                                         |
       |                                         `filters[2].passlist.kernel[1]` is a number, and must be a string
       |
       = hint: put it in quotes

    error: `filters[3].regex` is a list, and must be a mapping
      --> k.yaml:25:24
       |
    25 |               - regex: [defconfig]
       |                        ^^^^^^^^^^^

    error: `filters[6]` is a string, and must be a mapping
      --> k.yaml:28:17
       |
    28 |               - blocklist
       |                 ^^^^^^^^^

    warning: filters see no `kernal`
      --> k.yaml:22:47
       |
    22 |               - blocklist: {defconfig: small, kernal: [v4]}
       |                                               ^^^^^^
       |
       = hint: did you mean `kernel`?

    warning: of a regex only the first key counts, so `tree` does not
      --> k.yaml:26:39
       |
    26 |               - regex: {defconfig: x, tree: y}
       |                                       ^^^^
       |
       = hint: write a `regex` of its own for each key

    warning: an empty regex accepts nothing
      --> k.yaml:27:24
       |
    27 |               - regex: {}
       |                        ^^

    6 errors · 3 warnings
    ");
}

#[test]
fn combinations() {
    let filters = [
        "combination: {keys: defconfig, values: [[x]]}",
        "combination: {keys: [defconfig, branch], values: [[x], y]}",
        "combination: {keys: [defconfig]}",
    ];
    insta::assert_snapshot!(filtered(&filters), @"
    error: `filters[0].combination.keys` is a string, and must be a list
      --> k.yaml:22:37
       |
    22 |               - combination: {keys: defconfig, values: [[x]]}
       |                                     ^^^^^^^^^
       |
       = hint: put it in brackets

    error: `filters[1].combination.values[1]` is a string, and must be a list
      --> k.yaml:23:72
       |
    23 |               - combination: {keys: [defconfig, branch], values: [[x], y]}
       |                                                                        ^
       |
       = hint: put it in brackets

    error: `filters[2].combination` has no `values`
      --> k.yaml:24:30
       |
    24 |               - combination: {keys: [defconfig]}
       |                              ^

    warning: `filters[1].combination.values[0]` is never equal: 1 of 2 values
      --> k.yaml:23:67
       |
    23 |               - combination: {keys: [defconfig, branch], values: [[x], y]}
       |                                                                   ^^^

    3 errors · 1 warning
    ");
}

#[test]
fn patterns() {
    let filters = [
        "regex: {defconfig: '[a-z', branch: 'x'}",
        "regex: {defconfig: '(?<name>x)'}",
        "regex: {defconfig: 'def.*+'}",
        "regex: {defconfig: 'defconfig\\z'}",
        "regex: {defconfig: '[[:alpha:]]+'}",
    ];
    insta::assert_snapshot!(filtered(&filters), @r#"
    error: `[a-z` is no pattern of Python: unterminated character set, at character 1
      --> k.yaml:22:36
       |
    22 |               - regex: {defconfig: '[a-z', branch: 'x'}
       |                                    ^^^^^^

    error: `(?<name>x)` is no pattern of Python: unknown extension ?<n, at character 1
      --> k.yaml:23:36
       |
    23 |               - regex: {defconfig: '(?<name>x)'}
       |                                    ^^^^^^^^^^^^
       |
       = hint: Python names a group with `(?P<name>…)`

    error: `def.*+` is no pattern of Python: multiple repeat, at character 6
      --> k.yaml:24:36
       |
    24 |               - regex: {defconfig: 'def.*+'}
       |                                    ^^^^^^^^
       |
       = hint: possessive repeats came with Python 3.11; write it without

    error: `defconfig\z` is no pattern of Python: bad escape \z, at character 10
      --> k.yaml:25:36
       |
    25 |               - regex: {defconfig: 'defconfig\z'}
       |                                    ^^^^^^^^^^^^^
       |
       = hint: the end of the text is `\Z`

    error: `[[:alpha:]]+` is no pattern of Python: Python has no POSIX classes, at character 2
      --> k.yaml:26:36
       |
    26 |               - regex: {defconfig: '[[:alpha:]]+'}
       |                                    ^^^^^^^^^^^^^^
       |
       = hint: write the characters, as in `[A-Za-z]`

    5 errors
    "#);
}

#[test]
fn a_pattern_without_end() {
    let tree = "branch: master";
    let regex = "- regex: {branch: '(?:a|(?!x)a)+c'}";
    let branch = format!("branch: {}b", "a".repeat(40));
    let edits = [(tree, branch.as_str()), ("- blocklist: {defconfig: [small]}", regex)];
    insta::assert_snapshot!(edited(&edits), @"
    error: to match `(?:a|(?!x)a)+c` takes too long
      --> k.yaml:22:33
       |
    22 |               - regex: {branch: '(?:a|(?!x)a)+c'}
       |                                 ^^^^^^^^^^^^^^^^
       |
       = hint: repeats within repeats take time that doubles with every letter
    ");
}

#[test]
fn what_leads_out_of_the_tree_or_into_a_shell() {
    let edits = [
        ("path: kernel/configs/debug.config", "path: ../../etc/passwd"),
        ("https://example.invalid/linux.git", "ext::sh -c whoami"),
        ("aarch64-linux-gnu-'", "$(shell reboot)-', opts: {'--eval': x, LD: '`x`'}"),
        ("cc: gcc", "cc: gcc;reboot"),
        ("branch: master", "branch: --upload-pack=x"),
        (
            "arm64:\n",
            "arm64:\n            base_defconfig: /etc/passwd\n            extra_configs: [-f, defconfig+../x.config, 'a;b', 'defconfig+KCONFIG_ALLCONFIG=/etc/x', \"a\\eb\", '']\n",
        ),
    ];
    insta::assert_snapshot!(edited(&edits), @r#"
    error: `ext::sh -c whoami` cannot be the `url` of a tree: it names a program that git would run
     --> k.yaml:2:19
      |
    2 |   mainline: {url: 'ext::sh -c whoami'}
      |                   ^^^^^^^^^^^^^^^^^^^

    error: `../../etc/passwd` cannot be the `path` of a fragment: it leads out of the tree
     --> k.yaml:4:17
      |
    4 |   debug: {path: ../../etc/passwd}
      |                 ^^^^^^^^^^^^^^^^

    error: `gcc;reboot` cannot be a compiler: make hands it to a shell, so it has nothing but letters, digits and `._+/-`
     --> k.yaml:7:9
      |
    7 |     cc: gcc;reboot
      |         ^^^^^^^^^^

    error: 3 problems in one line
      --> k.yaml:10:30
       |
    10 |       arm64: {cross_compile: '$(shell reboot)-', opts: {'--eval': x, LD: '`x`'}}
       |                              ^^^^^^^^^^^^^^^^^^         ^^^^^^^^         ^^^^^ ``x`` cannot be a value for make: make hands it to a shell, so it has nothing but letters, digits, spaces and `._+/,:=@%-`
       |                              |                          |
       |                              |                          `--eval` cannot be a variable: it has nothing but letters, digits and `_`
       |                              `$(shell reboot)-` cannot be the prefix of a cross compiler: make hands it to a shell, so it has nothing but letters, digits and `._+/-`

    error: `--upload-pack=x` cannot be a branch: git has no such names
      --> k.yaml:14:13
       |
    14 |     branch: --upload-pack=x
       |             ^^^^^^^^^^^^^^^

    error: `/etc/passwd` cannot be a defconfig: it leads out of the tree
      --> k.yaml:21:29
       |
    21 |             base_defconfig: /etc/passwd
       |                             ^^^^^^^^^^^

    error: 6 problems in one line
      --> k.yaml:22:29
       |
    22 |             extra_configs: [-f, defconfig+../x.config, 'a;b', 'defconfig+KCONFIG_ALLCONFI…
       |                             ^^ `-f` cannot be a defconfig: a path in the tree has nothing but letters, digits and `._/@,=-`
       |
      ::: k.yaml:22:33
       |
    22 |             extra_configs: [-f, defconfig+../x.config, 'a;b', 'defconfig+KCONFIG_ALLCONFI…
       |                                 ^^^^^^^^^^^^^^^^^^^^^ `../x.config` cannot be a part of a defconfig: it leads out of the tree
       |
      ::: k.yaml:22:56
       |
    22 | … extra_configs: [-f, defconfig+../x.config, 'a;b', 'defconfig+KCONFIG_ALLCONFIG=/etc/x',…
       |                                              ^^^^^ `a;b` cannot be a defconfig: a path in the tree has nothing but letters, digits and `._/@,=-`
       |
      ::: k.yaml:22:63
       |
    22 | …configs: [-f, defconfig+../x.config, 'a;b', 'defconfig+KCONFIG_ALLCONFIG=/etc/x', "a\eb"…
       |                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `defconfig+KCONFIG_ALLCONFIG=/etc/x` cannot be a defconfig: it leads out of the tree
       |
      ::: k.yaml:22:101
       |
    22 | …a;b', 'defconfig+KCONFIG_ALLCONFIG=/etc/x', "a\eb", '']
       |                                              ^^^^^^ `a\u{1b}b` cannot be a defconfig: a path in the tree has nothing but letters, digits and `._/@,=-`
       |
      ::: k.yaml:22:109
       |
    22 | …efconfig+KCONFIG_ALLCONFIG=/etc/x', "a\eb", '']
       |                                              ^^ a defconfig is empty

    14 errors
    "#);
}

#[test]
fn what_is_defined_twice_or_not_used() {
    let first = GOOD.replace("gcc-12:", "gcc-11: {cc: gcc}\n  gcc-12:");
    let more = "\
trees:
  mainline: {url: 'https://example.invalid/other.git'}
  next: {url: 'https://example.invalid/next.git'}
fragments:
  a: {path: a}
  b: {path: b}
";
    insta::assert_snapshot!(told(&[("a.yaml", &first), ("b.yaml", more)]), @"
    error: `trees.mainline` is defined in two files
     --> b.yaml:2:3
      |
    2 |   mainline: {url: 'https://example.invalid/other.git'}
      |   ^^^^^^^^
      |
     ::: a.yaml:2:3
      |
    2 |   mainline: {url: 'https://example.invalid/linux.git'}
      |   -------- the first is here
    ");
    let second = "  second: {tree: mainline, branch: master, variants: {}}\n";
    let archs = "          riscv: {extra_configs: [defconfig+debgu, defconfig+debug]}\n";
    let unused = "fragments:\n  ima: {path: ima}\n  kvm: {path: kvm}\n";
    let text = GOOD.replace("fragments:\n", unused) + archs + second;
    insta::assert_snapshot!(told(&[("k.yaml", &text)]), @"
    warning: 2 fragments are not used: `ima`, `kvm`
     --> k.yaml:4:3
      |
    4 |   ima: {path: ima}
      |   ^^^

    warning: 2 problems in one line
      --> k.yaml:25:11
       |
    25 |           riscv: {extra_configs: [defconfig+debgu, defconfig+debug]}
       |           ^^^^^                   ^^^^^^^^^^^^^^^ `debgu` in `defconfig+debgu` is no fragment
       |           |
       |           the build environment `gcc-12` has no `arch_params` for `riscv`
       |
      ::: k.yaml:8:3
       |
     8 |   gcc-12:
       |   ------ the environment is here
       |
       = hint: without a `cross_compile`, `gcc` of this host builds it
       = hint: did you mean `debug`?

    warning: `mainline` and `second` are of the same branch, `master` of `mainline`
      --> k.yaml:26:3
       |
    26 |   second: {tree: mainline, branch: master, variants: {}}
       |   ^^^^^^
       |
      ::: k.yaml:14:3
       |
    14 |   mainline:
       |   -------- the first is here
       |
       = hint: KernelCI wants one build config for a tree and branch

    4 warnings
    ");
}

#[test]
fn files_that_are_nothing() {
    insta::assert_snapshot!(told(&[("k.yaml", "build_config:\n  a: {tree: b}\n")]), @"
    error: there are no `build_configs`
     --> k.yaml:1:1
      |
    1 | build_config:
      | ^^^^^^^^^^^^
      |
      = hint: `build_config` is no section; did you mean `build_configs`?
    ");
    insta::assert_snapshot!(told(&[("k.yaml", "")]), @"
    error: there are no `build_configs`
     --> k.yaml
    ");
    insta::assert_snapshot!(told(&[("k.yaml", "- trees\n")]), @"
    error: the file is a list, and must be a mapping
     --> k.yaml
    ");
    insta::assert_snapshot!(told(&[("k.yaml", "trees: [a]\nbuild_configs: {1: x}\n")]), @"
    error: `trees` is a list, and must be a mapping
     --> k.yaml:1:8
      |
    1 | trees: [a]
      |        ^^^

    error: a name in `build_configs` is no string to YAML
     --> k.yaml:2:17
      |
    2 | build_configs: {1: x}
      |                 ^
      |
      = hint: put it in quotes

    2 errors
    ");
    insta::assert_snapshot!(told(&[("k.yaml", "trees: {a: {url: *b}}\n")]), @"
    error: the alias `*b` has no anchor
     --> k.yaml:1:18
      |
    1 | trees: {a: {url: *b}}
      |                  ^^
      |
      = hint: define `&b` before it, or quote the value if it is a text
    ");
}
