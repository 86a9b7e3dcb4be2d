//! What an earlier build left in the work directory is not taken for what this one made.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use graph::record::Outcome;
use graph::spec::{Node, Source};

use crate::exec_world::{Ran, execute, input, node, required, settings, sh};
use crate::world::{World, image};

/// The names of the outputs of a board's image.
fn outputs(world: &World, board: &str) -> BTreeSet<String> {
    let dir = world.path(".graph/out").join(image(board));
    let entries = fs::read_dir(dir).expect("the board has outputs");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect()
}

fn log(world: &World, board: &str) -> String {
    world.graph_ok(&["log", &image(board)]).stdout
}

#[test]
fn the_image_of_the_machine_before_is_not_collected() {
    let world = World::new();
    let board = image("rowan-dev");
    world.graph_ok(&["build", &board]);
    assert_eq!(outputs(&world, "rowan-dev"), ["toy-image-rowan-dev.rootfs.wic".to_owned()].into());
    world.edit("kas/machines/rowan-dev.yaml", "machine: rowan-dev", "machine: virt-arm64");
    world.graph_ok(&["build", &board]);
    assert_eq!(outputs(&world, "rowan-dev"), ["toy-image-virt-arm64.rootfs.wic".to_owned()].into());
    assert!(log(&world, "rowan-dev").contains("the configuration is not as it was"));
}

#[test]
fn what_a_commit_no_longer_makes_is_not_collected() {
    let world = World::new();
    let pin = |from: &str, to: &str| world.edit("kas/base.lock.yaml", from, to);
    let board = image("rowan-dev");
    world.graph_ok(&["build", &board]);
    let class = "meta/classes/image.bbclass";
    let text = world.git("upstream/oe-toy.git", &["show", &format!("scarthgap:{class}")]);

    // Another name for what it makes: the required pattern has a match still, which is old.
    let renamed = format!("{text}IMAGE_FSTYPES = \"pvrexport\"\n");
    let commit = world.commit_upstream("oe-toy", &[(class, Some(&renamed))]);
    pin(world.commit("oe-toy", 3), &commit);
    let failed = world.graph(&["build", &board]);
    assert_eq!(failed.code, Some(1), "{failed}");
    assert!(failed.stdout.contains("no file matches"), "{failed}");
    assert!(log(&world, "rowan-dev").contains("made before the inputs changed"));

    // One that changes nothing in the image: it is made again all the same, and is as before.
    let recipe = "recipes-other/unused/unused_1.0.bb";
    let same = world.commit_upstream("oe-toy", &[(class, Some(&text)), (recipe, Some(""))]);
    pin(&commit, &same);
    world.graph_ok(&["build", &board]);
    assert_eq!(outputs(&world, "rowan-dev"), ["toy-image-rowan-dev.rootfs.wic".to_owned()].into());
}

/// A node that makes what its step is told, with a commit and a configuration among its inputs.
fn maker(configuration: &str, commit: &str, script: &str) -> Node {
    let mut node = sh(node("rpi"), script);
    node.inputs = vec![
        input("machine", Source::Value(Arc::from(configuration))),
        input("repos.poky.commit", Source::Value(Arc::from(commit))),
    ]
    .into();
    node.outputs = vec![required("build/tmp*/deploy/*")].into();
    node
}

fn run(root: &Path, node: Node) -> (Vec<String>, Ran) {
    let ran = execute(settings(root, &[]), node, None);
    let paths = ran.execution.outputs.iter().map(|found| found.path.clone()).collect();
    (paths, ran)
}

/// Makes a file as bitbake does: not if it is there already.
fn make(name: &str) -> String {
    format!(
        "mkdir -p build/tmp/deploy; [ -e build/tmp/deploy/{name} ] || echo > build/tmp/deploy/{name}; ls build/tmp; touch build/tmp/state-of-{name}"
    )
}

#[test]
fn only_what_is_of_these_inputs_is_collected() {
    let root = tempfile::tempdir().expect("a directory");
    let build =
        |configuration, commit, name| run(root.path(), maker(configuration, commit, &make(name)));
    let (first, _) = build("a", "1", "x");
    assert_eq!(first, ["x"]);

    // The same inputs: nothing is made, and what is there counts.
    let (again, ran) = build("a", "1", "x");
    assert_eq!(
        (again, ran.lines),
        (vec!["x".to_owned()], vec!["deploy".to_owned(), "state-of-x".to_owned()])
    );

    // Another commit, another name.
    let (renamed, ran) = build("a", "2", "y");
    assert_eq!(renamed, ["y"], "{}", ran.log);
    assert_eq!(
        ran.lines,
        ["deploy", "state-of-x", "deploy"],
        "first where it was, then in nothing"
    );

    // The next goes on with all that was there before, and knows what is of its inputs.
    let (third, ran) = build("a", "3", "z");
    assert_eq!(third, ["z"], "{}", ran.log);
    assert_eq!(ran.lines, ["deploy", "state-of-x", "state-of-y", "deploy"]);

    let (configured, ran) = build("b", "3", "z");
    assert_eq!((configured, ran.lines), (vec!["z".to_owned()], vec!["deploy".to_owned()]));
    assert!(!settings(root.path(), &[]).work.join("image/rpi/build/.before").exists());
}

#[test]
fn attempts_at_the_same_inputs_trust_each_other() {
    let root = tempfile::tempdir().expect("a directory");
    run(root.path(), maker("a", "1", &make("x")));
    let fails = format!("rm build/tmp/deploy/x; {}; exit 1", make("y"));
    let (_, ran) = run(root.path(), maker("a", "2", &fails));
    assert_eq!(ran.execution.outcome, Outcome::Failed);
    let (found, ran) = run(root.path(), maker("a", "2", &make("y")));
    assert_eq!(found, ["y"]);
    assert!(!ran.log.contains("once more"), "{}", ran.log);
}
