//! The example project is what it says: real kas reads it as we mean it, and builds it with the toy bitbake.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::world::{BOARDS, World};

/// The chain and the target of each board, as `machines.json` has them.
fn machines(world: &World) -> BTreeMap<String, (String, Option<String>)> {
    let text: Value = serde_json::from_str(&world.read(".github/machines.json")).expect("JSON");
    let machines = text["machines"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let entry = |machine: &Value| {
        let config = text(&machine["config"]).expect("a chain");
        (text(&machine["name"]).expect("a name"), (config, text(&machine["build_target"])))
    };
    machines.iter().map(entry).collect()
}

fn dump(world: &World, chain: &str) -> Value {
    let output = world.kas("dump", &["dump", "--format", "json", chain]);
    assert_eq!(output.code, Some(0), "{output}");
    serde_json::from_str(&output.stdout).expect("kas dumps JSON")
}

/// What tells that a chain has read a fragment: the header of the same name.
fn fragments(merged: &Value) -> BTreeSet<&str> {
    merged["local_conf_header"].as_object().expect("a mapping").keys().map(String::as_str).collect()
}

#[test]
fn real_kas_reads_each_chain_as_it_is_meant() {
    let world = World::new();
    let machines = machines(&world);
    let merged: BTreeMap<&str, Value> =
        BOARDS.iter().map(|board| (*board, dump(&world, &machines[*board].0))).collect();
    let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for board in BOARDS {
        assert_eq!(merged[board]["machine"], board);
        for fragment in fragments(&merged[board]) {
            readers.entry(fragment).or_default().push(board);
        }
    }
    let all = format!("{} boards", BOARDS.len());
    let table: String = readers
        .iter()
        .filter(|(fragment, _)| !BOARDS.contains(fragment))
        .map(|(fragment, boards)| {
            let boards = boards.join(" ");
            let boards = if boards == BOARDS.join(" ") { all.clone() } else { boards };
            format!("{fragment}: {boards}\n")
        })
        .collect();
    insta::assert_snapshot!(table, @r"
    10-directories: 12 boards
    20-base: 12 boards
    birch-radio: birch-gateway birch-hmi birch-sensor
    bsp-alder: alder-one alder-two alder-mini alder-cam
    bsp-birch: birch-gateway birch-hmi birch-sensor
    bsp-cedar: cedar-nuc cedar-rack
    bsp-rowan: rowan-dev
    bsp-virt: virt-arm64 virt-x86-64
    with-apps: alder-one alder-two alder-cam birch-gateway birch-hmi cedar-nuc cedar-rack
    with-kiosk: alder-cam birch-hmi cedar-nuc
    with-ota: alder-two birch-gateway cedar-rack
    ");

    let rack = &merged["cedar-rack"]["overrides"]["repos"];
    assert_eq!(rack["meta-toyapps"]["commit"], world.commit("meta-toyapps", 3));
    assert_eq!(rack["oe-toy"]["commit"], world.commit("oe-toy", 3));
    assert_eq!(merged["alder-two"]["overrides"]["repos"]["meta-toyapps"], Value::Null);
    assert_eq!(merged["alder-two"]["env"]["UPDATE_KEY_ID"], Value::Null);
    assert_eq!(merged["birch-hmi"]["target"].as_array().map(Vec::len), Some(2));
}

/// A release file is its chain with commits. To renew one, see README.md of the example.
#[test]
fn release_files_are_their_chains_pinned() {
    let world = World::new();
    let machines = machines(&world);
    let directory = "kas/build-configs/release";
    let mut found = Vec::new();
    for entry in fs::read_dir(world.path(directory)).expect("a directory of release files") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        let board =
            name.strip_suffix("-scarthgap.yaml").expect("the name of a release file").to_owned();
        let mut chain = dump(&world, &machines[&board].0);
        let mut release = dump(&world, &format!("{directory}/{name}"));
        chain.as_object_mut().expect("a mapping").remove("overrides");
        for (_, repo) in release["repos"].as_object_mut().expect("a mapping") {
            if let Some(repo) = repo.as_object_mut() {
                assert!(repo.remove("commit").is_some(), "{name}: {repo:?} is not pinned");
            }
        }
        assert_eq!(release, chain, "{name} is not its chain");
        found.push(board);
    }
    found.sort();
    assert_eq!(found, ["alder-one", "cedar-nuc"]);
}

#[test]
fn histories_are_the_same_everywhere() {
    let (one, other) = (World::new(), World::new());
    for (repo, count) in [("oe-toy", 3), ("meta-toybsp", 3), ("meta-toyapps", 4)] {
        for number in 1..=count {
            assert_eq!(one.commit(repo, number), other.commit(repo, number));
        }
        one.git(&format!("upstream/{repo}.git"), &["fsck", "--strict"]);
    }
    assert_eq!(one.git(".", &["ls-files", "upstream", "shared"]), "", "git leaves them alone");
    assert_eq!(one.git(".", &["status", "--porcelain"]), " M graph.yaml\n", "only the world's kas");
}

/// Three that between them have a patch, a quilt series, an include from a layer, a lock file of their own, an
/// archive, and two targets of which one is a multiconfig's.
#[test]
fn real_kas_builds_it() {
    let world = World::new();
    let machines = machines(&world);
    for (board, outputs) in [
        ("alder-mini", &["toy-image-alder-mini.rootfs.wic"][..]),
        ("birch-hmi", &["toy-image-birch-hmi.rootfs.wic", "toy-recovery-birch-hmi.rootfs.wic"]),
        ("cedar-rack", &["toy-image-cedar-rack.rootfs.wic", "toy-image-cedar-rack.pvrexport.tgz"]),
    ] {
        build(&world, board, &machines[board].0);
        for output in outputs {
            assert!(deployed(&world, board).join(output).is_file(), "{board}: {output}");
        }
    }
    let manifest = |board: &str| {
        let path = deployed(&world, board).join(format!("toy-image-{board}.rootfs.wic"));
        fs::read_to_string(path).expect("a toy image is text")
    };
    let birch = manifest("birch-hmi");
    assert!(birch.contains("RADIO_REGION = \"EU\"\n"), "{birch}");
    assert!(birch.contains("package kiosk "), "{birch}");

    world.edit("kas/bsp-birch.yaml", "\"EU\"", "\"US\"");
    build(&world, "birch-hmi", &machines["birch-hmi"].0);
    assert!(manifest("birch-hmi").contains("RADIO_REGION = \"US\"\n"));
    world.edit("kas/bsp-birch.yaml", "\"US\"", "\"EU\"");
    build(&world, "birch-hmi", &machines["birch-hmi"].0);
    assert_eq!(manifest("birch-hmi"), birch, "the same inputs make the same bytes");
}

fn build(world: &World, board: &str, chain: &str) {
    let output = world.kas(board, &["build", "--force-checkout", chain]);
    assert_eq!(output.code, Some(0), "{output}");
}

fn deployed(world: &World, board: &str) -> std::path::PathBuf {
    world.kas_work(board).join("build/tmp-scarthgap/deploy/images").join(board)
}

#[test]
fn the_toy_fails_as_bitbake_does() {
    let world = World::new();
    let chain = "kas/machines/alder-mini.yaml:kas/base.yaml";
    world.toy(
        "kas/machines/alder-mini.yaml",
        "TOY_FAIL = \"do_rootfs\"\nTOY_FAIL_UNLESS = \"../mended\"",
    );
    let output = world.kas("fail", &["build", chain]);
    // What kas ends with when bitbake fails, and it logs to its standard error.
    assert_eq!(output.code, Some(2), "{output}");
    let line = output.stderr.lines().find(|line| line.contains("Logfile of failure stored in: "));
    let log = line.and_then(|line| line.split("stored in: ").nth(1)).expect("a log is named");
    assert!(fs::read_to_string(log).expect("the log is there").contains("asked to fail"));

    fs::write(world.kas_work("fail").join("mended"), "").expect("a file");
    let output = world.kas("fail", &["build", chain]);
    assert_eq!(output.code, Some(0), "{output}");
    assert!(output.stderr.contains("didn't need to be rerun"), "{output}");
}

#[test]
fn the_toy_leaves_a_server_behind_when_asked() {
    let world = World::new();
    world.toy("kas/machines/alder-mini.yaml", "TOY_SERVER = \"30\"\nTOY_NO_OUTPUT = \"1\"");
    let chain = "kas/machines/alder-mini.yaml:kas/base.yaml";
    let output = world.kas("server", &["build", chain]);
    assert_eq!(output.code, Some(0), "{output}");
    assert!(!world.kas_work("server").join("build/tmp-scarthgap/deploy").exists());
    let servers = processes_naming(&world.kas_work("server"));
    assert_eq!(servers.len(), 1, "{servers:?}");
    for id in servers {
        world.run(world.program("kill").args(["-KILL", &id]));
    }
}

/// The processes whose arguments name a directory.
fn processes_naming(dir: &Path) -> Vec<String> {
    let dir = dir.to_str().expect("text");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("a list of processes").flatten() {
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&arguments).contains(dir) {
            found.extend(entry.file_name().into_string());
        }
    }
    found
}
