//! Files, directories, and several of both; what is left out.

use graph_cli::front::kas::Directories;
use graph_cli::front::kernelci::NoneFresh;
use graph_cli::front::load;

use super::{load_kernels, rows, sources, write};
use crate::kernel_trees::ToldTrees;

const TREES: &str = "trees:\n  one: {url: 'https://example.invalid/one.git'}\n  two: {url: 'https://user:secret@example.invalid/two.git'}\n";
const ENVIRONMENTS: &str = "build_environments:\n  gcc-12: {cc: gcc, cc_version: 12}\n";
const CONFIGS: &str = "
anchors:
  - &gcc
    build_environment: gcc-12
    fragments: [debug, ima]
    architectures:
      arm64:
        extra_configs: [allnoconfig, defconfig+CONFIG_A=y]
        filters:
          - blocklist: {defconfig: [small]}
fragments:
  debug: {path: kernel/configs/debug.config}
  ima: {path: kernel/configs/ima.config}
build_configs:
  one: {tree: one, branch: master, variants: {gcc: *gcc}}
  two: {tree: two, branch: next, variants: {gcc: *gcc}}
  three: {tree: two, branch: fixes, variants: {gcc: *gcc}}
";

fn trees() -> ToldTrees {
    let paths = [
        "arch/arm64/configs/defconfig",
        "arch/arm64/configs/small_defconfig",
        "kernel/configs/debug.config",
    ];
    ToldTrees::with("v6.1", &paths)
}

#[test]
fn a_directory_is_all_its_files_and_sections_merge() {
    let dir = tempfile::tempdir().expect("a directory");
    write(
        dir.path(),
        &[
            ("config/core/trees.yaml", TREES),
            ("config/core/build-configs.yaml", CONFIGS),
            ("config/core/environments.yaml", ENVIRONMENTS),
            (
                "config/core/test-configs.yaml",
                "test_plans:\n  boot: {rootfs: x}\ndevice_types: {a: 1}\n",
            ),
            ("config/core/empty.yaml", "# nothing yet\n"),
            ("config/core/notes.yml", "{"),
            ("config/core/.hidden.yaml", "{"),
            ("config/core/deeper/more.yaml", "{"),
        ],
    );
    let loaded = load_kernels(dir.path(), &["config/core"], &trees()).expect("all is well");
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let of_one: Vec<String> =
        rows(&loaded).into_iter().filter(|row| row.starts_with("one\t")).collect();
    assert_eq!(
        of_one,
        [
            "one\tgcc-12\tarm64\tallnoconfig",
            "one\tgcc-12\tarm64\tdefconfig",
            "one\tgcc-12\tarm64\tdefconfig+CONFIG_A=y",
            "one\tgcc-12\tarm64\tdefconfig+debug",
        ]
    );
    let excluded = &loaded.excluded[0];
    assert_eq!(excluded.name.as_str(), "kernel/one/gcc/arm64/small_defconfig");
    assert_eq!(excluded.declared.to_string(), "config/core/build-configs.yaml:10");
    assert_eq!(excluded.why, "`defconfig` `small_defconfig` contains `small`");
    assert_eq!((loaded.excluded.len(), loaded.excluded_count), (3, 3));
    assert_eq!(loaded.reads.len(), 5);
    let declared = &loaded.spec.nodes[0].declared;
    assert_eq!(declared.to_string(), "config/core/build-configs.yaml:7");
}

#[test]
fn several_files_are_one_and_none_is_read_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let (trees_file, configs) = ("a.yaml", "b/configs.yaml");
    write(dir.path(), &[(trees_file, TREES), (configs, CONFIGS), ("b/env.yaml", ENVIRONMENTS)]);
    let loaded = load_kernels(dir.path(), &[trees_file, "b", configs], &trees());
    assert_eq!(rows(&loaded.expect("all is well")).len(), 12);
}

#[test]
fn a_tree_out_of_reach_and_a_branch_that_is_not_there_leave_out_what_is_built_of_them() {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), &[("k.yaml", &format!("{TREES}{ENVIRONMENTS}{CONFIGS}"))]);
    let out_of_reach = ToldTrees { unreachable: &["two"], ..trees() };
    let loaded = load_kernels(dir.path(), &["k.yaml"], &out_of_reach).expect("the others go on");
    assert_eq!(loaded.left_out, ["two", "three"]);
    assert_eq!(rows(&loaded).len(), 4);
    let told: Vec<String> = loaded.warnings.as_slice().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "k.yaml:3:14: the tree `two`, `https://***@example.invalid/two.git`, cannot be reached, so `two` and `three` are left out: could not resolve host"
        ]
    );
    let no_branch = ToldTrees { without: &["fixes"], ..trees() };
    let loaded = load_kernels(dir.path(), &["k.yaml"], &no_branch).expect("the others go on");
    assert_eq!(loaded.left_out, ["three"]);
    let told: Vec<String> = loaded.warnings.as_slice().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["k.yaml:22:30: `three` is left out: `two` has no branch `fixes`"]);
}

#[test]
fn machines_and_kernels_are_one_spec() {
    let dir = tempfile::tempdir().expect("a directory");
    write(
        dir.path(),
        &[
            ("k.yaml", &format!("{TREES}{ENVIRONMENTS}{CONFIGS}")),
            (
                "machines.json",
                r#"{"yocto_branch": "x", "machines": [{"name": "m", "config": "a.yaml"}]}"#,
            ),
            ("a.yaml", "header: {version: 14}\nmachine: m\n"),
        ],
    );
    let git =
        std::process::Command::new("git").args(["init", "-q"]).current_dir(dir.path()).status();
    assert!(git.expect("git starts").success());
    let mut both = sources(vec!["k.yaml".into()]);
    both.machines = vec!["machines.json".into()];
    let root = dir.path();
    let checkouts = Directories::new(root.join("nowhere"), root);
    let loaded = load(&both, root, &checkouts, &trees(), &NoneFresh).expect("all is well");
    let kinds =
        |kind: &str| loaded.spec.nodes.iter().filter(|node| node.name.kind() == kind).count();
    assert_eq!((kinds("image"), kinds("config"), kinds("kernel")), (1, 12, 12));
    let reads: Vec<&str> = loaded.reads.iter().map(String::as_str).collect();
    assert_eq!(reads, ["a.yaml", "k.yaml", "machines.json"]);

    write(root, &[("a.yaml", "machine: m\n"), ("k.yaml", "build_configs: 1\n")]);
    let problems = load(&both, root, &checkouts, &trees(), &NoneFresh).expect_err("both are wrong");
    let files: Vec<String> = problems
        .as_slice()
        .iter()
        .filter_map(|problem| Some(problem.place()?.file.to_string()))
        .collect();
    assert!(
        files.contains(&"a.yaml".to_owned()) && files.contains(&"k.yaml".to_owned()),
        "{files:?}"
    );
}
