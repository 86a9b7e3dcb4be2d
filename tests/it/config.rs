//! What `graph.yaml` may say, and what is said of one that is wrong.

use std::sync::Arc;

use graph_cli::config::{self, Kas, Settings, Stamps};
use graph_cli::diagnostic::{Diagnostics, SourceText};

fn parse(text: &str) -> Result<Settings, Diagnostics> {
    config::parse(&Arc::new(SourceText::new("graph.yaml", text)))
}

/// Every problem with the stretch of text that it is about, and its hints.
fn problems(text: &str) -> String {
    let problems = parse(text).expect_err("it is wrong");
    let mut told = String::new();
    for problem in problems.as_slice() {
        told.push_str(&problem.to_string());
        if let Some(span) = &problem.span {
            told.push_str(&format!(" [{}]", &span.source.text[span.bytes.clone()]));
        }
        told.push('\n');
        problem.hints.iter().for_each(|hint| told.push_str(&format!("  hint: {hint}\n")));
    }
    told
}

#[test]
fn the_example_of_the_design_is_read() {
    let settings = parse(
        r#"
version: 1
sources:
  machines: .github/machines.json
  kernels: [config/core, other.yaml]
defaults: {build_target: pantavisor-starter, output: "pantavisor-starter*.rootfs.wic*"}
shared:
  sstate: /shared/sstate
  downloads: /shared/dldir
  git: /shared/git
  ccache: /shared/ccache
cache: {dir: .graph, budget: 50GiB}
run: {jobs: auto, memory: auto, timeout: 6h, stall: 30m, retries: 1, keep_going: true}
kas: {version: "5.2"}
trees: {"*": {path: ../linux, rev: HEAD}}
ignore: [".github/**", "CHANGELOG*/**", "/README*"]
stamps: key
"#,
    )
    .expect("it is right");
    assert_eq!(settings.kas, Kas::Version("5.2".to_owned()));
    assert_eq!(settings.run.retries, 1);
    assert_eq!(settings.stamps, Stamps::Key);
    assert_eq!(settings.cache, config::Cache::default());
    assert_eq!(settings.defaults, config::Defaults::default());
    assert_eq!(settings.ignore, config::DEFAULT_IGNORE);
    assert_eq!(settings.sources.kernels.expect("kernels are named").0.len(), 2);
}

#[test]
fn a_section_without_keys_means_its_defaults() {
    let settings = parse("version: 1\nshared:\n  # sstate: /x\nrun:\n  jobs:\n").expect("right");
    assert_eq!(settings, Settings::default());
}

#[test]
fn all_problems_come_at_once_each_with_its_place() {
    let text = r#"version: 1
sources:
  machine: .github/machines.json
cache: {dir: .graph, budget: 50}
run:
  jbos: 4
  jobs: 0
  keep_going: yes
  retries: -1
  timeout: 6
  stall: half an hour
kas: {version: 5.10}
shared: [a]
trees: {mainline: {paht: ../linux}}
ignore: [ok, {a: b}]
stamps: recrod
xyz: 1
"#;
    insta::assert_snapshot!(problems(text), @r#"
    graph.yaml:3:3: unknown key `machine` in `sources` [machine]
      hint: did you mean `machines`?
    graph.yaml:4:30: `cache.budget` must be a size such as `50GiB`, not the integer `50` [50]
    graph.yaml:6:3: unknown key `jbos` in `run` [jbos]
      hint: did you mean `jobs`?
    graph.yaml:7:9: `run.jobs` must be `auto` or a number from 1, not the integer `0` [0]
    graph.yaml:8:15: `run.keep_going` must be a boolean, not the string "yes" [yes]
      hint: write `true` or `false`
    graph.yaml:9:12: `run.retries` must be a number from 0, not the integer `-1` [-1]
    graph.yaml:10:12: `run.timeout` must be a duration such as `6h`, or `none`, not the integer `6` [6]
    graph.yaml:11:10: `run.stall`: `half an hour` is not a duration such as `6h`, `30m` or `1h30m`, nor `none` [half an hour]
    graph.yaml:12:16: `kas.version` must be a string, not the number `5.1` [5.10]
      hint: write the version in quotes: YAML reads 5.10 as 5.1
    graph.yaml:13:9: `shared` must be a mapping, not a list [[]
    graph.yaml:14:20: unknown key `paht` in `trees.mainline` [paht]
      hint: did you mean `path`?
    graph.yaml:15:14: `ignore[1]` must be a string, not a mapping [{]
    graph.yaml:16:9: `stamps` must be `record` or `key`, not `recrod` [recrod]
    graph.yaml:17:1: unknown key `xyz` [xyz]
      hint: known keys are `version`, `sources`, `defaults`, `shared`, `cache`, `run`, `kas`, `trees`, `source`, `ignore`, `stamps`
    "#);
}

#[test]
fn kas_comes_from_exactly_one_place() {
    insta::assert_snapshot!(problems("version: 1\nkas: {version: '5.2', program: kas}\n"), @"graph.yaml:2:6: `kas`: only one of `version`, `image` and `program` can be given [{]");
    insta::assert_snapshot!(problems("version: 1\nkas: {}\n"), @"graph.yaml:2:6: `kas`: one of `version`, `image` and `program` must be given [{]");
    insta::assert_snapshot!(problems("version: 1\nkas: {program: --help}\n"), @"graph.yaml:2:16: `kas.program`: `--help` is not the name or path of a program [--help]");
    insta::assert_snapshot!(problems("version: 1\nkas: {version: '../../x'}\n"), @"graph.yaml:2:16: `kas.version`: `../../x` is not a version of kas such as `5.2` ['../../x']");
    insta::assert_snapshot!(problems("version: 1\nkas: {image: '-v/:/host'}\n"), @"graph.yaml:2:14: `kas.image`: `-v/:/host` is not the name of a container image ['-v/:/host']");
    insta::assert_snapshot!(problems("version: 1\nkas: {verzion: '5.2'}\n"), @"
    graph.yaml:2:7: unknown key `verzion` in `kas` [verzion]
      hint: did you mean `version`?
    ");
}

#[test]
fn paths_are_whole_and_the_state_directory_is_one_of_its_own() {
    insta::assert_snapshot!(problems("version: 1\nshared: {sstate: ~/s, git: ''}\n"), @"
    graph.yaml:2:18: `shared.sstate`: `~` is not expanded, write the whole path [~/s]
    graph.yaml:2:28: `shared.git`: the path is empty ['']
    ");
    insta::assert_snapshot!(problems("version: 1\ncache: {dir: ..}\n"), @"graph.yaml:2:14: `cache.dir`: `..` is not the name of a directory of its own [..]");
    insta::assert_snapshot!(problems("version: 1\ncache: {dir: /}\n"), @"graph.yaml:2:14: `cache.dir`: `/` is not the name of a directory of its own [/]");
}

#[test]
fn what_is_no_such_file_at_all_is_told() {
    insta::assert_snapshot!(problems(""), @"
    graph.yaml: the key `version` is missing
      hint: begin the file with `version: 1`
    ");
    insta::assert_snapshot!(problems("version: 2\n"), @"graph.yaml:1:10: `version` must be 1, the only version that this `graph` knows, not the integer `2` [2]");
    insta::assert_snapshot!(problems("- a\n"), @"graph.yaml:1:1: the file must be a mapping, not a list [- a]");
    insta::assert_snapshot!(problems("version: 1\nrun: {jobs: [\n"), @"graph.yaml:3:1: this is not YAML: did not find expected node content []");
    insta::assert_snapshot!(problems("version: 1\nversion: 1\n"), @r#"graph.yaml:1:1: this is not YAML: duplicate entry with key "version" [version]"#);
    insta::assert_snapshot!(problems("version: 1\nrun: &a\n  jobs: *b\n"), @"graph.yaml:3:9: this is not YAML: unknown anchor [*b]");
}

#[test]
fn the_checked_in_schema_is_the_one_that_the_types_make() {
    // To write it anew: `SNAPSHOTS=overwrite cargo test --test it schema`.
    snapbox::assert_data_eq!(
        config::json_schema(),
        snapbox::file!["../../graph.schema.json"].raw()
    );
}
