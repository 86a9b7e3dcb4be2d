//! What builds read is kept with their records, found under both keys, and let go with them.

use cache::{Cache, Execution, Mode, Policy};
use graph::digest::Digest;
use graph::fingerprint::key_of;
use graph::reads::ReadSet;
use rusqlite::Connection;

use crate::world::{World, execution, node, part};

fn set(paths: &[&str]) -> ReadSet {
    ReadSet::new(paths.iter().map(|path| (*path).to_owned()), ["kernel.h".to_owned()])
}

/// An execution that read `paths` of a commit; under its wide key, all of the commit stands for them.
fn reading(cache: &Cache, name: &str, value: &str, paths: &[&str], ended: i64) -> Execution {
    let reads = Some(cache.keep_read_set(&set(paths)).unwrap());
    let whole = Some(part("value", &format!("all of {value}")));
    Execution { reads, whole, ..execution(name, value, ended) }
}

#[test]
fn a_set_is_what_was_kept() {
    let world = World::new();
    let cache = world.open();
    let kept = set(&["kernel/fork.c", "include/linux/fork.h", "Makefile", "kernel/fork.c"]);
    let digest = cache.keep_read_set(&kept).unwrap();
    assert_eq!(cache.keep_read_set(&kept).unwrap(), digest);
    assert_eq!(cache.read_set(&digest).unwrap(), Some(kept));
    assert_eq!(cache.read_set(&Digest::of(b"another")).unwrap(), None);
}

#[test]
fn an_execution_is_found_under_its_key_and_under_its_wide_key() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let one = reading(&cache, "kernel/a", "1", &["init/main.c"], world.now());
    let (key, wide) = (one.key.unwrap(), key_of(&[one.whole.clone().unwrap()]));
    let made = run.commit_success(one, &world.produce(&[("bzImage", "one")])).unwrap();
    let records = cache.records_for([&node("kernel/a")]).unwrap();
    let last = &records.last(&node("kernel/a")).unwrap().record;
    assert_eq!((last.reads, last.wide_key()), (made.reads, Some(wide)));
    for key in [key, wide] {
        assert_eq!(records.succeeded(&key).unwrap().record, made);
    }
    assert!(records.succeeded(&Digest::of(b"neither")).is_none());
    (0..100_u8).for_each(|n| assert!(records.succeeded(&Digest::of(&[n, n])).is_none()));
    assert_eq!(records.succeeded(&made.wide_key().unwrap()).unwrap().record, made);
}

#[test]
fn a_twin_has_its_own_of_what_tells_who_built_it() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let first = world.build(&run, "kernel/a", "1", &[("bmeta.json", "a"), ("bzImage", "image")]);
    let own = world.produce(&[("bmeta.json", "b")]);
    let twin = execution("kernel/b", "1", world.now());
    let twin = run.commit_restored(twin, &first, &own).unwrap();
    let read = |node: &str, path: &str| {
        std::fs::read_to_string(cache.out_dir(&crate::world::node(node)).join(path)).unwrap()
    };
    assert_eq!(
        (read("kernel/a", "bmeta.json"), read("kernel/b", "bmeta.json")),
        ("a".into(), "b".into())
    );
    assert_eq!(read("kernel/b", "bzImage"), "image");
    assert_eq!(twin.outputs[1], first.outputs[1]);
}

#[test]
fn a_set_goes_with_the_last_execution_that_names_it() {
    let world = World::new();
    let cache = world.open();
    let record = |value: &str, path: &str| {
        let run = world.begin(&cache);
        let execution = reading(&cache, "kernel/a", value, &[path], world.now());
        run.commit_success(execution, &world.produce(&[("bzImage", value)])).unwrap().reads.unwrap()
    };
    let (old, new) = (record("1", "old.c"), record("2", "new.c"));
    let guard = Cache::try_lock(&world.dir(), "gc", 0).unwrap();
    let policy = Policy { keep_runs: 1, ..Policy::with_budget(0, world.now()) };
    cache.gc(&guard, &policy, Mode::Remove).unwrap();
    assert!(cache.read_set(&new).unwrap().is_some());
    assert_eq!(cache.read_set(&old).unwrap(), None);
}

#[test]
fn a_damaged_set_was_never_kept() {
    let world = World::new();
    let cache = world.open();
    let digest = cache.keep_read_set(&set(&["Makefile"])).unwrap();
    let db = Connection::open(world.dir().join("cache.db")).unwrap();
    db.execute("UPDATE read_sets SET body = x'0100084d616b6566696c6500'", []).unwrap();
    assert_eq!(cache.read_set(&digest).unwrap(), None);
}

#[test]
fn a_cache_of_the_first_format_goes_on() {
    let world = World::new();
    std::fs::create_dir_all(world.dir()).unwrap();
    let db = Connection::open(world.dir().join("cache.db")).unwrap();
    db.execute_batch(include_str!("../../src/schema/v1.sql")).unwrap();
    db.execute_batch(
        "INSERT INTO texts VALUES (1, 0, 'kas 5.2');
         INSERT INTO tools VALUES (x'00', 'kas 5.2', 1);
         PRAGMA application_id = 0x67727068; PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(db);
    let cache = world.open();
    let run = world.begin(&cache);
    let made = world.build(&run, "image/a", "1", &[("x", "one")]);
    assert_eq!(cache.records_for([]).unwrap().succeeded(&made.key).unwrap().record, made);
    assert!(cache.keep_read_set(&set(&["Makefile"])).is_ok());
}
