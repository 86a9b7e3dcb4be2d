//! What is recorded comes back, and where outputs are is told as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cache::Cache;
use graph::fingerprint::key_of;
use graph::record::{Availability, Outcome};
use graph::verdict::{Reason, differences};

use crate::world::{World, available, damage, execution, node, part};

#[test]
fn a_success_comes_back_with_its_parts_and_outputs() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let written = world.build(&run, "image/a", "1", &[("b/x.wic", "image"), ("a.txt", "")]);
    assert_eq!(
        written.outputs.iter().map(|output| &output.path[..]).collect::<Vec<_>>(),
        ["a.txt", "b/x.wic"]
    );
    drop((run, cache));

    let cache = world.open();
    let name = node("image/a");
    let records = cache.records_for([&name, &node("image/unknown")]).unwrap();
    let last = records.last(&name).unwrap();
    assert_eq!(last.available, Availability::InPlace);
    assert_eq!(last.record, written);
    assert_eq!(last.record.made(), written.made());
    assert!(records.last(&node("image/unknown")).is_none());
    assert_eq!(fs::read_to_string(cache.out_dir(&name).join("b/x.wic")).unwrap(), "image");
    let same = records.succeeded(&written.key).unwrap();
    assert_eq!((same.record, same.available), (written, Availability::InStore));
}

#[test]
fn many_nodes_and_few_are_read_alike() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let names: Vec<String> = (0..40).map(|n| format!("kernel/next/gcc-12/arm64/def{n}")).collect();
    for name in &names {
        world.build(&run, name, name, &[("Image", name)]);
    }
    let nodes: Vec<_> = names.iter().map(|name| node(name)).collect();
    let all = cache.records_for(&nodes).unwrap();
    for name in &nodes {
        let one = cache.records_for([name]).unwrap();
        assert_eq!(one.last(name).unwrap().record, all.last(name).unwrap().record);
        assert_eq!(all.last(name).unwrap().available, Availability::InPlace);
    }
}

#[test]
fn outputs_are_looked_at_and_not_trusted() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "image"), ("y", "other")]);
    let file = cache.out_dir(&node("image/a")).join("x");
    let says = || available(&cache, "image/a").unwrap();

    fs::write(&file, "IMAGE").unwrap();
    assert_eq!(says(), Availability::InStore, "same length, other content");
    fs::write(&file, "image").unwrap();
    assert_eq!(says(), Availability::InPlace, "the content is what counts");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(says(), Availability::InStore, "it has become executable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(says(), Availability::InPlace);
    fs::remove_file(&file).unwrap();
    assert_eq!(says(), Availability::InStore);
    std::os::unix::fs::symlink("y", &file).unwrap();
    assert_eq!(says(), Availability::InStore, "a link is not what was made");
    fs::remove_file(world.artifact("image")).unwrap();
    assert_eq!(says(), Availability::Gone);
}

#[test]
fn an_artifact_of_another_length_is_not_in_the_store() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let record = world.build(&run, "image/a", "1", &[("x", "image")]);
    damage(&world.artifact("image"), "cut");
    let records = cache.records_for([]).unwrap();
    assert_eq!(records.succeeded(&record.key).unwrap().available, Availability::Gone);
    fs::remove_dir_all(cache.out_dir(&node("image/a"))).unwrap();
    assert_eq!(available(&cache, "image/a"), Some(Availability::Gone));
}

#[test]
fn a_failure_hides_no_success() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let good = world.build(&run, "image/a", "1", &[("x", "image")]);
    world.fail(&run, "image/a", "2");
    let name = node("image/a");
    let records = cache.records_for([&name]).unwrap();
    let last = records.last(&name).unwrap();
    assert_eq!((last.record.outcome, last.available), (Outcome::Failed, Availability::Gone));
    assert_eq!(records.succeeded(&good.key).unwrap().record, good);
    assert!(records.succeeded(&last.record.key).is_none());
    assert!(cache.out_dir(&name).join("x").exists(), "the last good outputs stay");
    let now = [part("value", "1")];
    assert!(matches!(&differences(&last.record.parts, &now)[..], [Reason::Changed { .. }]));
}

#[test]
fn what_was_built_can_be_restored_also_under_another_name() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let first = world.build(&run, "image/a", "1", &[("x", "one")]);
    world.build(&run, "image/a", "2", &[("x", "two")]);
    for name in ["image/a", "image/twin"] {
        let records = cache.records_for([&node(name)]).unwrap();
        let from = records.succeeded(&first.key).unwrap();
        assert_eq!(from.available, Availability::InStore);
        let restored =
            run.commit_restored(execution(name, "1", world.now()), &from.record, &[]).unwrap();
        assert_eq!((restored.made(), restored.cost), (first.made(), first.cost));
        assert_eq!(fs::read_to_string(cache.out_dir(&node(name)).join("x")).unwrap(), "one");
        assert_eq!(available(&cache, name), Some(Availability::InPlace));
    }
    world.fail(&run, "image/twin", "3");
    run.commit_restored(execution("image/twin", "1", world.now()), &first, &[]).unwrap();
    assert_eq!(available(&cache, "image/twin"), Some(Availability::InPlace), "they never left");
    let other = run.commit_restored(execution("image/b", "2", world.now()), &first, &[]);
    assert!(other.is_err(), "another key is another build");
}

#[test]
fn a_damaged_artifact_is_not_restored_and_leaves_what_is_there() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let first = world.build(&run, "image/a", "1", &[("w", "fine"), ("x", "one")]);
    world.build(&run, "image/a", "2", &[("x", "two")]);
    damage(&world.artifact("one"), "eno");
    let restore = || run.commit_restored(execution("image/a", "1", world.now()), &first, &[]);
    let error = restore().unwrap_err();
    assert!(error.is_not_available() && error.to_string().contains("damaged"), "{error}");
    assert!(!world.artifact("one").exists(), "it is never served again");
    assert!(restore().unwrap_err().is_not_available());
    let out = cache.out_dir(&node("image/a"));
    assert_eq!(fs::read_to_string(out.join("x")).unwrap(), "two");
    assert!(!out.join("w").exists());
    assert_eq!(available(&cache, "image/a"), Some(Availability::InPlace));
    assert_eq!(cache.stat().unwrap().leftovers, 0);
}

#[test]
fn a_node_without_outputs_is_in_place() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "one")]);
    world.build(&run, "image/a", "2", &[]);
    assert_eq!(available(&cache, "image/a"), Some(Availability::InPlace));
    assert!(!cache.out_dir(&node("image/a")).join("x").exists());
}

#[test]
fn needs_and_stamps_keep_their_nature() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let made = world.build(&run, "config/a/b", "1", &[(".config", "y")]).made();
    let mut execution = execution("kernel/a/b", "1", world.now());
    let mut stamp = part("describe", "v1-3-gabc");
    stamp.role = graph::spec::Role::Stamp;
    stamp.declared = None;
    let mut need = part("need config/a/b", "");
    (need.digest, need.shown, need.declared) = (made, made.short().into(), None);
    // It looks like a need, but was written by someone.
    let false_need = part("need config/a/c", "x");
    execution.parts = vec![stamp, need, false_need, part("value", "1")];
    execution.key = Some(key_of(&execution.parts));
    let written = run.commit_success(execution, &[]).unwrap();
    let name = node("kernel/a/b");
    let read = Cache::open(&world.dir()).unwrap().records_for([&name]).unwrap();
    assert_eq!(read.last(&name).unwrap().record.parts, written.parts);
    assert_eq!(read.last(&name).unwrap().record.parts.len(), 4);
}
