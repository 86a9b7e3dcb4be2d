//! What executions have in common is stored once, and each has all of its own nonetheless.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cache::{Cache, Execution, Mode, Policy};
use graph::digest::Digest;
use graph::fingerprint::{Part, key_of};
use graph::name::NodeName;
use graph::record::{Outcome, Record};
use graph::spec::Role;
use proptest::prelude::{Just, Strategy, prop, prop_oneof, proptest};
use proptest::test_runner::Config;
use rusqlite::Connection;

use crate::world::{World, execution, node, part};

/// What a node enters as that needs another.
fn need(name: &str, left: Digest) -> Part {
    Part {
        name: format!("need {name}").into(),
        digest: left,
        shown: left.short().into(),
        declared: None,
        role: Role::Key,
    }
}

/// An execution with parts that those of the same `tree` and `arch` share, and its own.
fn of(name: &str, tree: u8, arch: u8, own: u8, needs: Vec<Part>, ended: i64) -> Execution {
    let mut parts = needs;
    parts.extend((0..6).map(|n| part(&format!("tool {n}"), "1")));
    parts.extend((0..3).map(|n| part(&format!("tree {n}"), &tree.to_string())));
    parts.extend((0..3).map(|n| part(&format!("make {n}"), &arch.to_string())));
    parts.push(part("defconfig", &own.to_string()));
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    let key = Some(key_of(&parts));
    let whole = own.is_multiple_of(2).then(|| part("tree 1", "all of it"));
    let reads = whole.as_ref().map(|_| Digest::of(&[own]));
    Execution { key, parts, whole, reads, ..execution(name, "", ended) }
}

#[derive(Debug, Clone)]
enum Act {
    Build { kind: &'static str, arch: u8, leaf: u8, tree: u8, own: u8, left: u8 },
    Fail { arch: u8, leaf: u8, tree: u8 },
    MakeRoom { keep_runs: usize, gone: u8 },
    NextRun,
}

fn any_act() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![Just("config"), Just("kernel")];
    prop_oneof![
        9 => (kind, 0..2_u8, 0..4_u8, 0..3_u8, 0..4_u8, 0..2_u8)
            .prop_map(|(kind, arch, leaf, tree, own, left)| Act::Build {
                kind, arch, leaf, tree, own, left
            }),
        1 => (0..2_u8, 0..4_u8, 0..3_u8).prop_map(|(arch, leaf, tree)| Act::Fail { arch, leaf, tree }),
        1 => (1..3_usize, 0..4_u8).prop_map(|(keep_runs, gone)| Act::MakeRoom { keep_runs, gone }),
        2 => Just(Act::NextRun),
    ]
}

type Written = BTreeMap<NodeName, Arc<Record>>;

/// Both ways of reading, and parts asked for in this order and the other.
fn check(cache: &Cache, written: &Written) {
    let names: Vec<&NodeName> = written.keys().collect();
    let all = cache.records_for(names.iter().copied()).unwrap();
    let others = cache.records_for(names.iter().copied()).unwrap();
    for name in names.iter().rev() {
        assert_eq!(others.last(name).unwrap().record, written[*name]);
    }
    for name in names {
        assert_eq!(all.last(name).unwrap().record, written[name]);
        let one = cache.records_for([name]).unwrap();
        assert_eq!(one.last(name).unwrap().record, written[name]);
        let newest = cache.history(name, 1).unwrap().swap_remove(0);
        assert_eq!(newest.record, written[name]);
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, ..Config::default() })]

    #[test]
    fn whatever_is_shared_each_has_all_of_its_own(acts in prop::collection::vec(any_act(), 1..30)) {
        let world = World::new();
        let cache = world.open();
        let mut run = Some(world.begin(&cache));
        let mut written = Written::new();
        for act in acts {
            match act {
                Act::Build { kind, arch, leaf, tree, own, left } => {
                    let name = format!("{kind}/t/{arch}/{leaf}");
                    let config = node(&format!("config/t/{arch}/{leaf}"));
                    // Its need may never have been built, or have left something else.
                    let made = written.get(&config).filter(|_| own != 3).map(|record| record.made());
                    let needs = match kind {
                        "kernel" => {
                            vec![need(config.as_str(), made.unwrap_or_else(|| Digest::of(b"other")))]
                        }
                        _ => Vec::new(),
                    };
                    let execution = of(&name, tree, arch, own, needs, world.now());
                    let produced = world.produce(&[("out", &left.to_string())]);
                    let run = run.as_ref().unwrap();
                    let record = run.commit_success(execution, &produced).unwrap();
                    written.insert(node(&name), record);
                }
                Act::Fail { arch, leaf, tree } => {
                    let name = format!("config/t/{arch}/{leaf}");
                    let execution = of(&name, tree, arch, 1, Vec::new(), world.now());
                    let run = run.as_ref().unwrap();
                    let record = run.commit_failure(execution, Outcome::Failed).unwrap();
                    written.insert(node(&name), record);
                }
                Act::MakeRoom { keep_runs, gone } => {
                    let live: Vec<NodeName> = written
                        .keys()
                        .filter(|name| !name.as_str().ends_with(&format!("/{gone}")))
                        .cloned()
                        .collect();
                    let policy = Policy {
                        live: Some(&live),
                        keep_runs,
                        grace: Duration::ZERO,
                        ..Policy::with_budget(0, world.now())
                    };
                    cache.gc(run.as_ref().unwrap().guard(), &policy, Mode::Remove).unwrap();
                    written.retain(|name, _| live.contains(name));
                    assert_eq!(cache.verify().unwrap(), []);
                }
                Act::NextRun => {
                    drop(run.take());
                    run = Some(world.begin(&cache));
                }
            }
            check(&cache, &written);
        }
    }
}

fn count(world: &World, what: &str) -> i64 {
    let db = Connection::open(world.dir().join("cache.db")).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn nodes_of_a_directory_share_a_list_and_so_do_they_after_a_commit() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    for tree in 0..2 {
        for leaf in 0..20 {
            let execution = of(&format!("config/t/a/{leaf}"), tree, 0, leaf, vec![], world.now());
            run.commit_success(execution, &[]).unwrap();
        }
    }
    assert_eq!(count(&world, "part_lists"), 2);
    assert_eq!(count(&world, "executions WHERE list IS NOT NULL"), 38);
    let guard = run.guard();
    let policy = Policy { keep_runs: 1, ..Policy::with_budget(0, world.now()) };
    cache.gc(guard, &policy, Mode::Remove).unwrap();
    assert_eq!((count(&world, "part_lists"), count(&world, "in_common")), (2, 0));
    cache.clear(guard).unwrap();
    for table in ["part_lists", "in_common", "parts", "texts", "nodes", "executions"] {
        assert_eq!(count(&world, table), 0, "{table}");
    }
}

/// The config is built again and leaves the same, so that the kernel is not: it still says what it needed.
#[test]
fn what_served_a_need_stays_as_long_as_the_need() {
    let world = World::new();
    let cache = world.open();
    let config = |value: &str| {
        let run = world.begin(&cache);
        world.build(&run, "config/t/a/x", value, &[(".config", "y")])
    };
    let made = config("1").made();
    let run = world.begin(&cache);
    let needs = vec![need("config/t/a/x", made)];
    let kernel = of("kernel/t/a/x", 0, 0, 0, needs, world.now());
    let kernel = run.commit_success(kernel, &[]).unwrap();
    drop(run);
    let digests = "executions WHERE length(parts) > 32";
    assert_eq!(count(&world, digests), 0, "no digest was stored");
    assert_eq!(config("2").made(), made);

    let room = |live: &[NodeName]| {
        let guard = Cache::try_lock(&world.dir(), "gc", 0).unwrap();
        let policy = Policy {
            live: Some(live),
            keep_runs: 1,
            grace: Duration::ZERO,
            ..Policy::with_budget(0, world.now())
        };
        cache.gc(&guard, &policy, Mode::Remove).unwrap()
    };
    let (name, other) = (node("kernel/t/a/x"), node("config/t/a/x"));
    assert_eq!(room(&[name.clone(), other.clone()]).executions, 0);
    assert_eq!(cache.records_for([&name]).unwrap().last(&name).unwrap().record, kernel);
    assert_eq!(room(std::slice::from_ref(&other)).executions, 2, "the kernel, and what it needed");
    assert_eq!(count(&world, "executions"), 1);
}

/// A cache as the third format has it: a kernel that needed a config, and read some of its commit.
const THIRD: &str = "
    INSERT INTO texts VALUES (1, 11, 'kernel/t/a'), (2, 12, 'value'), (3, 13, 'Image'), (4, 14, 'config/t/a');
    INSERT INTO texts VALUES (9, 19, 'gone');
    DELETE FROM texts WHERE id = 9;
    INSERT INTO nodes VALUES (1, 21, 4, 'x', NULL, NULL, NULL), (2, 22, 1, 'x', 7, 7, zeroblob(16)),
        (3, 23, 1, 'y', NULL, NULL, NULL);
    INSERT INTO parts VALUES (1, 31, 2, x'0101010101010101010101010101010101010101010101010101010101010101', '1', NULL, NULL,
        NULL, 0);
    INSERT INTO read_sets VALUES (x'0202020202020202020202020202020202020202020202020202020202020202', x'0000');
    INSERT INTO executions (id, node, run, outcome, cause, restored, kept, key_head, key_tail, ended, wall_ms, cpu_ms,
            peak_memory, parts, outputs, reads, wide_key)
        VALUES (7, 2, 1, 0, 0, 0, 1, 0x8786858483828180, x'88898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f', 5, 6, 7, 8,
            x'010101010404040404040404040404040404040404040404040404040404040404040404',
            x'0106010505050505050505050505050505050505050505050505050505050505050505',
            x'0202020202020202020202020202020202020202020202020202020202020202',
            x'0606060606060606060606060606060606060606060606060606060606060606');
    INSERT INTO executions SELECT 9, node, run, outcome, cause, restored, kept, previous, key_head, key_tail, ended, wall_ms,
        cpu_ms, peak_memory, parts, outputs, reads, wide_key FROM executions;
    DELETE FROM executions WHERE id = 9;
    PRAGMA application_id = 0x67727068; PRAGMA user_version = 3;";

#[test]
fn a_cache_of_the_third_format_goes_on() {
    let world = World::new();
    std::fs::create_dir_all(world.dir()).unwrap();
    let db = Connection::open(world.dir().join("cache.db")).unwrap();
    for step in [
        include_str!("../../src/schema/v1.sql"),
        include_str!("../../src/schema/v2.sql"),
        include_str!("../../src/schema/v3.sql"),
        THIRD,
    ] {
        db.execute_batch(step).unwrap();
    }
    drop(db);
    let cache = world.open();
    let name = node("kernel/t/a/x");
    let digest = |byte| Digest::from_bytes([byte; 32]);
    let records = cache.records_for([&name, &node("kernel/t/a/y")]).unwrap();
    assert!(records.last(&node("kernel/t/a/y")).is_none());
    let last = &records.last(&name).unwrap().record;
    let key = Digest::from_bytes(std::array::from_fn(|n| 0x80 + u8::try_from(n).unwrap()));
    assert_eq!((last.key, last.reads, last.wide_key()), (key, Some(digest(2)), None));
    assert_eq!((last.ended, last.cost.peak_memory), (5, 8));
    let parts = last.parts.iter().map(|part| (&*part.name, part.digest)).collect::<Vec<_>>();
    assert_eq!(parts, [("need config/t/a/x", digest(4)), ("value", digest(1))]);
    let outputs = last.outputs.iter().map(|output| (&*output.path, output.digest));
    assert_eq!(outputs.collect::<Vec<_>>(), [("Image", digest(5))]);
    assert_eq!(records.succeeded(&key).unwrap().record, *last);
    assert!(records.succeeded(&digest(6)).is_none(), "nobody knows what made that");
    assert_eq!(cache.read_set(&digest(2)).unwrap(), None, "its name is not that of what is in it");

    let run = world.begin(&cache);
    world.build(&run, "kernel/t/a/x", "1", &[("Image", "image")]);
    assert_eq!(count(&world, "executions WHERE id BETWEEN 8 AND 9"), 0, "ids are not used again");
    assert_eq!(count(&world, "texts WHERE id BETWEEN 5 AND 9"), 0);
    assert_eq!(cache.history(&name, 9).unwrap().len(), 2);
}
