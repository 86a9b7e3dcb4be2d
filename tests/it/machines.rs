//! `machines.json` to nodes: the real one of the corpus, and every way in which one can be wrong.

#![allow(
    clippy::unwrap_used,
    reason = "clippy takes only test functions for tests, not what they call"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use graph::spec::{Node, Piece, Presence, Role, Source, Template};
use graph_cli::diagnostic::{Diagnostics, Severity};
use graph_cli::front::kas::Directories;
use graph_cli::front::kernelci::NoneFresh;
use graph_cli::front::machines::Defaults;
use graph_cli::front::{Depth, Loaded, Sources, load};

use crate::corpus::corpus;
use crate::kernel_trees::NoTrees;
use crate::venv::python_of_kas;

fn sources() -> Sources {
    Sources {
        kernels: Vec::new(),
        excluded: false,
        depth: Depth::Whole,
        machines: vec![".github/machines.json".into()],
        settings: None,
        defaults: Defaults {
            build_target: "pantavisor-starter".to_owned(),
            output: "pantavisor-starter*.rootfs.wic*".to_owned(),
        },
        ignore: vec![".github/**".to_owned()],
        describe: Role::Stamp,
    }
}

fn load_at(root: &Path) -> Result<Loaded, Diagnostics> {
    load(&sources(), root, &Directories::new(root.join("nowhere"), root), &NoTrees, &NoneFresh)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::write(&to, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn git_init(root: &Path) {
    let status = Command::new("git").args(["init", "-q"]).current_dir(root).status().unwrap();
    assert!(status.success());
}

fn meta_pantavisor() -> Option<tempfile::TempDir> {
    let corpus = corpus()?.join("meta-pantavisor");
    let dir = tempfile::tempdir().unwrap();
    copy(&corpus.join("kas"), &dir.path().join("kas"));
    copy(&corpus.join(".github"), &dir.path().join(".github"));
    git_init(dir.path());
    Some(dir)
}

/// A node in a few lines: labels, target, outputs.
fn shown(node: &Node) -> String {
    let labels: Vec<String> =
        node.labels.iter().map(|label| format!("{}={}", label.key, label.value)).collect();
    let target = node.inputs.iter().find(|input| &*input.part == "target");
    let outputs = node.outputs.iter().map(|output| {
        let mark = if output.presence == Presence::Required { "" } else { "?" };
        format!("{}{mark}", output.pattern.trim_start_matches("build/tmp*/deploy/"))
    });
    format!(
        "{} @{} [{}]\n  {} -> {}",
        node.name,
        node.declared,
        labels.join(" "),
        target.map(|input| format!("{:?}", input.source)).unwrap_or_default(),
        outputs.collect::<Vec<_>>().join(" ")
    )
}

/// Problems one a line, with their other places and hints.
fn told(problems: &Diagnostics) -> String {
    let mut lines = Vec::new();
    for problem in problems.as_slice() {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        lines.push(format!("{severity}: {problem}"));
        let related = problem.related.iter();
        lines.extend(related.map(|(span, label)| format!("  {}: {label}", span.place())));
        lines.extend(problem.hints.iter().map(|hint| format!("  hint: {hint}")));
    }
    lines.join("\n")
}

#[test]
fn the_real_machines_are_these_nodes() {
    let Some(dir) = meta_pantavisor() else { return };
    let loaded = load_at(dir.path()).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    insta::assert_snapshot!(loaded.spec.nodes.iter().map(shown).collect::<Vec<_>>().join("\n"), @r#"
    image/sunxi-orange-pi-3lts-scarthgap @.github/machines.json:6 [machine=sunxi-orange-pi-3lts workflow=manual workflow=tag yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/sunxi-orange-pi-r1-scarthgap @.github/machines.json:11 [machine=sunxi-orange-pi-r1 workflow=manual workflow=tag yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/sunxi-bananapi-m2-berry-scarthgap @.github/machines.json:16 [machine=sunxi-bananapi-m2-berry workflow=manual workflow=tag workflow=onpush yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    sdk/sunxi-bananapi-m2-berry-scarthgap @.github/machines.json:16 [machine=sunxi-bananapi-m2-berry workflow=manual workflow=tag workflow=onpush yocto_branch=scarthgap]
      Value("pantavisor-starter") -> sdk/*.sh
    image/imx8qxp-b0-mek-scarthgap @.github/machines.json:22 [machine=imx8qxp-b0-mek workflow=manual workflow=tag yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/raspberrypi-armv8-scarthgap @.github/machines.json:27 [machine=raspberrypi-armv8 workflow=manual workflow=tag workflow=onpush yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    sdk/raspberrypi-armv8-scarthgap @.github/machines.json:27 [machine=raspberrypi-armv8 workflow=manual workflow=tag workflow=onpush yocto_branch=scarthgap]
      Value("pantavisor-starter") -> sdk/*.sh
    image/rpi-scarthgap @.github/machines.json:33 [machine=rpi workflow=manual workflow=tag yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/colibri-imx6ull-scarthgap @.github/machines.json:38 [machine=colibri-imx6ull workflow=manual yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* images/*/*pv_teziimg.tar.xz images/*/pantavisor-README.md **/*pvrexport.tgz? sdk/panta*.sh?
    image/radxa-rock5a-scarthgap @.github/machines.json:44 [machine=radxa-rock5a workflow=manual workflow=tag yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/imx8mn-var-som-scarthgap @.github/machines.json:49 [machine=imx8mn-var-som workflow=manual workflow=tag yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/imx8mm-var-dart-scarthgap @.github/machines.json:54 [machine=imx8mm-var-dart workflow=manual workflow=tag yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/docker-x86_64-scarthgap @.github/machines.json:61 [machine=docker-x86_64 workflow=manual workflow=tag workflow=onpush yocto_branch=scarthgap]
      Value("pantavisor-appengine-distro") -> images/*/pantavisor-appengine-distro-*.tar.gz **/*pvrexport.tgz? sdk/panta*.sh?
    "#);
    insta::assert_snapshot!(told(&loaded.warnings), @"
    warning: kas/bsp-base.yaml:13:14: kas 5.3 and later refuse `kas/bsp-base.yaml`: `_source_dir` may only be in the first file of a chain
      hint: kas 5.2 accepts it; builds are not affected, for kas gets one flattened file
    warning: kas/build-configs/build-base-starter.yaml:1:14: kas 5.3 and later refuse `kas/build-configs/build-base-starter.yaml`: `_source_dir` may only be in the first file of a chain
      hint: kas 5.2 accepts it; builds are not affected, for kas gets one flattened file
    warning: kas/build-configs/release/imx8qxp-b0-mek-scarthgap.yaml:101:19: the pinned file `kas/build-configs/release/imx8qxp-b0-mek-scarthgap.yaml` is out of date: first differing key `bblayers_conf_header.platform-nxp`
      kas/platforms/nxp.yaml:42: the chain has another value
      hint: the pinned file is what is built; `graph lock --keep` makes it anew of the chain
    warning: kas/appengine-base.yaml:13:14: kas 5.3 and later refuse `kas/appengine-base.yaml`: `_source_dir` may only be in the first file of a chain
      hint: kas 5.2 accepts it; builds are not affected, for kas gets one flattened file
    warning: kas/build-configs/build-appengine-distro.yaml:1:14: kas 5.3 and later refuse `kas/build-configs/build-appengine-distro.yaml`: `_source_dir` may only be in the first file of a chain
      hint: kas 5.2 accepts it; builds are not affected, for kas gets one flattened file
    ");
    assert!(loaded.missing.is_empty());
    assert!(loaded.reads.contains(".github/machines.json"));
    assert!(loaded.reads.contains("kas/platforms/nxp.yaml"));
    assert!(!loaded.reads.contains("kas/machines/qemuarm.yaml"));
    graph::model::Graph::build(loaded.spec).unwrap();
}

/// What kas takes from a configuration, it takes from the generated file too.
#[test]
fn kas_acts_alike_on_the_generated_file() {
    let Some(dir) = meta_pantavisor() else { return };
    let root = dir.path().canonicalize().unwrap();
    let loaded = load_at(&root).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    let work = root.join("work");
    let mut pairs = Vec::new();
    for node in loaded.spec.nodes.iter().filter(|node| node.name.kind() == "image") {
        let [Piece::Text(text)] = &node.action.files[0].content.0.to_vec()[..] else {
            panic!("the pinned files leave nothing open")
        };
        let generated = work.join(&*node.name.path()).join("graph.kas.yaml");
        fs::create_dir_all(generated.parent().unwrap()).unwrap();
        fs::write(&generated, &**text).unwrap();
        let title = node.name.as_str().trim_start_matches("image/");
        let chain =
            format!("kas/build-configs/release/{title}.yaml:kas/build-configs/shared-vols.yaml");
        let target = node.inputs.iter().find(|input| &*input.part == "target").unwrap();
        let Source::Value(target) = &target.source else { panic!("a target is a value") };
        pairs.push(serde_json::json!([chain, generated, &**target]));
    }
    assert_eq!(pairs.len(), 11);
    let order = serde_json::json!({"dir": root, "work": work, "pairs": pairs});
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/generated.py");
    let mut python = Command::new(python_of_kas())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(order.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", said(&output.stderr));
    assert_eq!(said(&output.stdout), "");
}

/// A project with a chain of one file, a machine in it being what a test says.
fn project(machines: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join(".github")).unwrap();
    fs::create_dir_all(dir.path().join("kas")).unwrap();
    fs::write(dir.path().join(".github/machines.json"), machines).unwrap();
    let yaml = "header:\n  version: 14\ntarget: from-chain\nrepos:\n  own:\n";
    fs::write(dir.path().join("kas/a.yaml"), yaml).unwrap();
    git_init(dir.path());
    dir
}

fn machines(list: &str) -> String {
    format!("{{\"yocto_branch\": \"scarthgap\", \"machines\": [\n{list}\n]}}\n")
}

fn problems(text: &str) -> String {
    let dir = project(text);
    match load_at(dir.path()) {
        Ok(loaded) => told(&loaded.warnings),
        Err(problems) => told(&problems),
    }
}

#[test]
fn an_empty_target_builds_what_the_chain_names() {
    let dir = project(&machines(
        r#"{"name": "a", "config": "kas/a.yaml", "build_target": "", "output": " *.tezi  *.tezi README.md", "sdk": 1},
{"name": "b", "config": "kas/a.yaml", "build_target": "mc:b:image", "sdk": 0},
{"name": "c", "config": "kas/a.yaml", "sdk": true}"#,
    ));
    let loaded = load_at(dir.path()).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    insta::assert_snapshot!(loaded.spec.nodes.iter().map(shown).collect::<Vec<_>>().join("\n"), @r#"
    image/a-scarthgap @.github/machines.json:2 [machine=a yocto_branch=scarthgap]
      Value("from-chain") -> images/*/*.tezi images/*/README.md **/*pvrexport.tgz? sdk/panta*.sh?
    sdk/a-scarthgap @.github/machines.json:2 [machine=a yocto_branch=scarthgap]
      Value("from-chain") -> sdk/*.sh
    image/b-scarthgap @.github/machines.json:3 [machine=b yocto_branch=scarthgap]
      Value("mc:b:image") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    image/c-scarthgap @.github/machines.json:4 [machine=c yocto_branch=scarthgap]
      Value("pantavisor-starter") -> images/*/pantavisor-starter*.rootfs.wic* **/*pvrexport.tgz? sdk/panta*.sh?
    "#);
    insta::assert_snapshot!(told(&loaded.warnings), @"warning: .github/machines.json:4:46: `machines[2].sdk` counts only if it is 1");
    let [_, sdk, ..] = loaded.spec.nodes.as_slice() else { panic!("there are nodes") };
    let args = sdk.action.steps[0].args.iter().map(|Template(pieces)| format!("{pieces:?}"));
    insta::assert_snapshot!(args.collect::<Vec<_>>().join("\n"), @r#"
    [Text("build")]
    [Text("--force-checkout")]
    [Text("-c")]
    [Text("populate_sdk")]
    [Dir(Work), Text("/graph.kas.yaml")]
    "#);
    assert_eq!(sdk.needs[0].as_str(), "image/a-scarthgap");
}

#[test]
fn a_pinned_file_is_built_and_compared_with_its_chain() {
    let dir = project(&machines(r#"{"name": "a", "config": "kas/a.yaml", "build_target": ""}"#));
    let release = dir.path().join("kas/build-configs/release");
    fs::create_dir_all(&release).unwrap();
    fs::write(
        dir.path().join("kas/build-configs/shared-vols.yaml"),
        "header: {version: 14}\nlocal_conf_header: {vols: x}\n",
    )
    .unwrap();
    let pinned = release.join("a-scarthgap.yaml");
    let warnings = |text: &str| {
        fs::write(&pinned, text).unwrap();
        let loaded = load_at(dir.path()).unwrap_or_else(|problems| panic!("{}", told(&problems)));
        let parts = loaded.spec.nodes[0].inputs.iter().map(|input| &*input.part);
        assert!(parts.clone().any(|part| part == "local_conf_header.vols"));
        assert!(loaded.reads.contains("kas/a.yaml"));
        told(&loaded.warnings)
    };
    assert_eq!(warnings("header: {version: 14}\nrepos: {own: null}\ntarget: [from-chain]\n"), "");
    insta::assert_snapshot!(warnings("header: {version: 14}\nrepos: {own: null}\ntarget: other\n"), @"
    warning: kas/build-configs/release/a-scarthgap.yaml:3:9: the pinned file `kas/build-configs/release/a-scarthgap.yaml` is out of date: first differing key `target`
      kas/a.yaml:3: the chain has another value
      hint: the pinned file is what is built; `graph lock --keep` makes it anew of the chain
    ");
    insta::assert_snapshot!(warnings("header: {version: 14}\nrepos: {own: null}\nmachine: x\ntarget: from-chain\n"), @"
    warning: kas/build-configs/release/a-scarthgap.yaml:3:10: the pinned file `kas/build-configs/release/a-scarthgap.yaml` is out of date: first differing key `machine`
      hint: only the pinned file has it
      hint: the pinned file is what is built; `graph lock --keep` makes it anew of the chain
    ");
    insta::assert_snapshot!(warnings("header: {version: 14}\ntarget: from-chain\n"), @"
    warning: kas/a.yaml:5:3: the pinned file `kas/build-configs/release/a-scarthgap.yaml` is out of date: first differing key `repos.own.layers`
      hint: only the chain has it
      hint: the pinned file is what is built; `graph lock --keep` makes it anew of the chain
    ");
}

#[test]
fn every_problem_is_told_at_once() {
    insta::assert_snapshot!(problems(&machines(
        r#"{"name": "../x", "config": "kas/a.yaml"},
{"name": "a;rm -rf", "config": "kas/a.yaml", "targt": "x"},
{"name": "a b", "config": "kas/a.yaml", "build_target": "x; reboot"},
{"name": "a\nb", "config": "kas/../../x.yaml"},
{"name": "ok", "config": "kas/a.yaml", "sdk": "1", "output": "../* {a,b} [x", "workflows": ["onpsh"]},
{"name": "ok", "config": "kas/b.yaml:kas/a.yaml", "build_target": "-k", "pvtest": ["remote/x", "else"]},
{"name": 7, "workflows": "tag", "output": ""},
"text""#
    )), @r"
    error: .github/machines.json:2:10: `../x` cannot be a `name`
      hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`
    error: .github/machines.json:3:46: unknown key `targt` in `machines[1]`
      hint: one of `name`, `config`, `workflows`, `build_target`, `output`, `sdk`, `pvtest`
    error: .github/machines.json:3:10: `a;rm -rf` cannot be a `name`
      hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`
    error: .github/machines.json:4:10: `a b` cannot be a `name`
      hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`
    error: .github/machines.json:4:57: `x; reboot` cannot be a target
      hint: one target, of letters, digits and `_.+:@/-`; leave `build_target` empty to build those of the kas files
    error: .github/machines.json:5:10: `a\nb` cannot be a `name`
      hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`
    error: .github/machines.json:5:28: `kas/../../x.yaml` of a chain leads out of the project
      hint: the files of a chain are relative to the project's root
    error: .github/machines.json:6:93: unknown workflow `onpsh`
      hint: did you mean `onpush`?
    error: .github/machines.json:6:62: `../*` cannot be an output: it has a `/`
      hint: outputs are globs over file names, with `*`, `?` and `[…]`
    error: .github/machines.json:6:62: `{a,b}` cannot be an output: it has a `{`
      hint: outputs are globs over file names, with `*`, `?` and `[…]`
    error: .github/machines.json:6:62: `[x` cannot be an output: it does not close its `[`
      hint: outputs are globs over file names, with `*`, `?` and `[…]`
    error: .github/machines.json:6:47: `machines[4].sdk` is a string, and must be 0 or 1
    error: .github/machines.json:7:96: `else` is not a test suite
      hint: `local`, `remote`, or a path below one of them
    error: .github/machines.json:7:67: `-k` cannot be a target
      hint: one target, of letters, digits and `_.+:@/-`; leave `build_target` empty to build those of the kas files
    error: .github/machines.json:8:10: `machines[6].name` is an integer, and must be a string
    error: .github/machines.json:8:1: `machines[6]` has no `config`
    error: .github/machines.json:8:26: `machines[6].workflows` is a string, and must be a list
    error: .github/machines.json:8:43: `output` names no file
      hint: leave it out for the default
    error: .github/machines.json:9:1: `machines[7]` is a string, and must be a mapping
    error: .github/machines.json:7:10: there are two machines `ok`
      .github/machines.json:6: the first is here
    error: .github/machines.json:7:27: the chain's file `kas/b.yaml` does not exist
      hint: did you mean `kas/a.yaml`?
    ");
}

#[test]
fn a_file_that_is_none_is_told() {
    let texts = ["[]", "{}", r#"{"yocto_branch": "a/b", "machines": {}}"#, "{"];
    insta::assert_snapshot!(texts.map(problems).join("\n--\n"), @"
    error: .github/machines.json:1:1: the file is a list, and must be a mapping
    --
    error: .github/machines.json:1:1: `yocto_branch` is missing
    error: .github/machines.json:1:1: `machines` is missing
    --
    error: .github/machines.json:1:18: `a/b` cannot be a `yocto_branch`
      hint: it begins with a letter or digit and has nothing but letters, digits, `.`, `_`, `+` and `-`
    error: .github/machines.json:1:37: `machines` is a mapping, and must be a list
    --
    error: .github/machines.json:1:1: this is not JSON: unterminated object
    ");
    let dir = project("{}");
    fs::remove_file(dir.path().join(".github/machines.json")).unwrap();
    insta::assert_snapshot!(told(&load_at(dir.path()).unwrap_err()), @"error: .github/machines.json: there is no `.github/machines.json`");
    fs::write(dir.path().join(".github/machines.json"), b"\xff").unwrap();
    insta::assert_snapshot!(told(&load_at(dir.path()).unwrap_err()), @"error: .github/machines.json: the machines are not written in UTF-8");
}

#[test]
fn a_repository_that_is_not_there_leaves_the_node_unresolved() {
    let dir = project(&machines(r#"{"name": "a", "config": "kas/a.yaml", "build_target": ""}"#));
    let yaml = "header:\n  version: 14\n  includes:\n  - repo: poky\n    file: kas/x.yaml\n\
        repos:\n  poky:\n    url: https://example.com/poky\n    branch: main\n";
    fs::write(dir.path().join("kas/a.yaml"), yaml).unwrap();
    let loaded = load_at(dir.path()).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    assert_eq!(loaded.spec.nodes[0].unresolved, ["the repository `poky` is not cloned yet"]);
    assert_eq!(loaded.missing.len(), 1);
    assert_eq!(&*loaded.missing[0].id, "poky");
}
