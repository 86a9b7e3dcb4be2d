//! Making room takes what it should, and nothing that anyone relies on.

use std::fs;
use std::time::Duration;

use cache::{Cache, GcReport, Mode, Policy};
use graph::record::Availability;

use crate::world::{World, available, node};

fn room<'a>(world: &World, cache: &Cache, change: impl FnOnce(&mut Policy<'a>)) -> GcReport {
    let mut policy = Policy::with_budget(u64::MAX, world.now());
    change(&mut policy);
    let guard = Cache::try_lock(&world.dir(), "graph cache gc", world.now()).unwrap();
    let before = (world.artifacts(), cache.stat().unwrap());
    let foretold = cache.gc(&guard, &policy, Mode::DryRun).unwrap();
    assert_eq!((world.artifacts(), cache.stat().unwrap()), before, "a dry run changes nothing");
    let done = cache.gc(&guard, &policy, Mode::Remove).unwrap();
    assert_eq!(foretold, done, "a dry run tells what will be");
    assert_eq!(cache.stat().unwrap().artifact_bytes, done.kept);
    assert_eq!(cache.verify().unwrap(), []);
    let again = cache.gc(&guard, &policy, Mode::Remove).unwrap();
    let nothing =
        GcReport { kept: done.kept, over_budget: done.over_budget, ..GcReport::default() };
    assert_eq!(again, nothing, "what is done is done");
    done
}

#[test]
fn old_artifacts_go_and_last_successes_stay() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let block = |c: &str| c.repeat(4096);
    let old = world.build(&run, "image/a", "1", &[("x", &block("1"))]);
    let newer = world.build(&run, "image/a", "2", &[("x", &block("2"))]);
    world.build(&run, "image/a", "3", &[("x", &block("3"))]);
    world.build(&run, "image/b", "4", &[("x", &block("4"))]);
    world.fail(&run, "image/b", "5");
    drop(run);

    let report = room(&world, &cache, |policy| policy.budget = 3 * 4096);
    assert_eq!(
        (report.artifacts, report.evicted, report.freed, report.over_budget),
        (1, 1, 4096, 0)
    );
    let records = cache.records_for([]).unwrap();
    assert!(records.succeeded(&old.key).is_none(), "nothing claims what is gone");
    assert_eq!(records.succeeded(&newer.key).unwrap().available, Availability::InStore);

    let report = room(&world, &cache, |policy| policy.budget = 0);
    assert_eq!((report.artifacts, report.kept, report.over_budget), (1, 8192, 8192));
    fs::remove_dir_all(world.dir().join("out")).unwrap();
    assert_eq!(available(&cache, "image/a"), Some(Availability::InStore));
    let past = cache.history(&node("image/a"), 9).unwrap();
    assert_eq!(past.len(), 3, "what is remembered of them stays");
}

#[test]
fn nobodys_artifacts_and_leftovers_go_at_any_budget() {
    let world = World::new();
    let cache = world.open();
    drop(world.begin(&cache));
    let orphan = world.artifact("orphan");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "orphan").unwrap();
    fs::create_dir_all(world.dir().join("store/tmp")).unwrap();
    fs::write(world.dir().join("store/tmp/put-x"), "half").unwrap();
    fs::create_dir_all(world.dir().join("out/.unfinished/place-x/new")).unwrap();
    let report = room(&world, &cache, |_| {});
    assert_eq!((report.artifacts, report.leftovers), (1, 2));
    assert!(!orphan.exists());
}

#[test]
fn nodes_that_are_gone_go_after_a_grace() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    for name in ["image/stays", "image/goes", "image/goes/not"] {
        world.build(&run, name, "1", &[("x", name)]);
        fs::create_dir_all(world.dir().join("work").join(name)).unwrap();
    }
    drop(run);
    let live = [node("image/stays"), node("image/goes/not")];
    let report = room(&world, &cache, |policy| policy.live = Some(&live));
    assert_eq!(report, GcReport { kept: report.kept, ..GcReport::default() }, "not yet");
    let report = room(&world, &cache, |policy| {
        policy.live = Some(&live);
        policy.grace = Duration::ZERO;
        policy.budget = 0;
    });
    assert_eq!((report.artifacts, report.executions), (1, 1));
    assert_eq!(available(&cache, "image/goes"), None);
    assert!(world.dir().join("work/image/goes/not").exists(), "a node that exists lies in it");
    assert_eq!(available(&cache, "image/stays"), Some(Availability::InPlace));

    let only = [node("image/stays")];
    let report = room(&world, &cache, |policy| {
        policy.live = Some(&only);
        policy.grace = Duration::ZERO;
    });
    assert_eq!(report.dirs.len(), 4, "{:?}", report.dirs);
    assert!(!world.dir().join("work/image/goes").exists());
    assert!(world.dir().join("work/image/stays").exists());
}

#[test]
fn old_runs_go_with_their_logs_and_what_only_they_knew() {
    let world = World::new();
    let cache = world.open();
    for round in 0..6 {
        let run = world.begin(&cache);
        let value = round.to_string();
        world.fail(&run, "image/a", &value);
        let tree = crate::world::part("value", &value).digest;
        cache.keep_manifest(&tree, &[("file", tree)]).unwrap();
        fs::create_dir_all(world.dir().join("logs").join(run.id().to_string())).unwrap();
    }
    let report = room(&world, &cache, |policy| policy.keep_runs = 2);
    assert_eq!((report.runs, report.executions, report.dirs.len()), (4, 4, 4));
    assert_eq!(cache.runs(9).unwrap().len(), 2);
    let past = cache.history(&node("image/a"), 9).unwrap();
    assert_eq!(past.len(), 2);
    assert!(past[1].reasons().is_none(), "what it was compared with is forgotten");
    let manifest =
        |round: &str| cache.manifest(&crate::world::part("value", round).digest).unwrap().is_some();
    assert!(!manifest("0") && manifest("5"));
    let db = rusqlite::Connection::open(world.dir().join("cache.db")).unwrap();
    let parts: i64 = db.query_row("SELECT count(*) FROM parts", [], |row| row.get(0)).unwrap();
    assert_eq!(parts, 2);
}

#[test]
fn clear_forgets_everything() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "one")]);
    assert!(cache.clear(run.guard()).unwrap() > 0);
    assert_eq!(available(&cache, "image/a"), None);
    let stat = cache.stat().unwrap();
    assert_eq!((stat.artifacts, stat.nodes, stat.runs), (0, 0, 0));
    assert!(!world.dir().join("out").exists());
    drop(run);
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "one")]);
    assert_eq!(available(&cache, "image/a"), Some(Availability::InPlace));
}
