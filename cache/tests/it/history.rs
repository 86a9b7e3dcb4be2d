//! Runs and what happened in them can be asked for later, with the reasons of then.

use cache::{Before, Cause, Counts, InRun, Origin, Proven, RunEnd, RunStatus};
use graph::digest::Digest;
use graph::record::Outcome;
use graph::schedule::Ending;
use graph::verdict::Reason;

use crate::world::{World, execution, node};

#[test]
fn every_node_of_a_run_has_its_story() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "one")]);
    world.build(&run, "kernel/next/a", "1", &[("x", "one")]);
    let first = run.id();
    drop(run);

    let run = world.begin(&cache);
    world.build(&run, "image/a", "2", &[("x", "two")]);
    world.fail(&run, "image/b", "1");
    let endings = [
        (node("image/a"), Ending::Built),
        (node("image/b"), Ending::Failed(Outcome::Failed)),
        (node("sdk/b"), Ending::Skipped(node("image/b"))),
        (node("image/z"), Ending::NotStarted),
        (node("image/f"), Ending::Fresh),
    ];
    let endings = endings.iter().map(|(node, ending)| (node, ending));
    let unjudged = [("main", 3), ("next", 1)];
    let nothing = Proven::default();
    let counts = run.close(RunEnd::Complete, world.now(), endings, &unjudged, &nothing).unwrap();
    let expected =
        Counts { built: 1, failed: 1, skipped: 1, not_started: 1, fresh: 5, restored: 0 };
    assert_eq!(counts, expected);
    let second = run.id();
    drop(run);

    let in_run = |name: &str, run| cache.in_run(&node(name), run).unwrap();
    let Some(InRun::Executed(past)) = in_run("image/a", second) else { panic!("it was built") };
    assert!(matches!(&past.reasons().unwrap()[..], [Reason::Changed { old, new }]
        if &*old.shown == "1" && &*new.shown == "2"));
    let Some(InRun::Executed(past)) = in_run("image/a", first) else { panic!("it was built") };
    assert_eq!(past.reasons(), Some(vec![Reason::NeverBuilt]));
    assert!(matches!(in_run("image/b", second), Some(InRun::Executed(_))));
    assert!(
        matches!(in_run("sdk/b", second), Some(InRun::Skipped(because)) if because == node("image/b"))
    );
    assert!(matches!(in_run("image/z", second), Some(InRun::NotStarted)));
    assert!(matches!(in_run("image/f", second), Some(InRun::Fresh(None))));
    assert!(matches!(in_run("kernel/next/a", first), Some(InRun::Executed(_))));
    assert!(
        matches!(in_run("kernel/next/a", second), Some(InRun::FreshSlice(slice)) if slice == "next")
    );
    assert!(in_run("kernel/next/b", second).is_none(), "nobody knows whether it was there");
    assert!(in_run("image/b", first).is_none() && in_run("image/a", 99).is_none());

    let runs = cache.runs(10).unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!((runs[0].status, runs[0].counts), (RunStatus::Complete, expected));
    assert_eq!(runs[1].status, RunStatus::Interrupted, "it never said how it ended");
    assert_eq!(runs[1].counts.built, 2);
    assert_eq!(cache.runs(1).unwrap().len(), 1);
}

#[test]
fn a_run_that_goes_on_is_told_from_one_that_was_killed() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    assert_eq!(cache.runs(1).unwrap()[0].status, RunStatus::Running);
    drop(run);
    assert_eq!(cache.runs(1).unwrap()[0].status, RunStatus::Interrupted);
    assert_eq!(cache.runs(1).unwrap()[0].ended, None);
    let run = world.begin(&cache);
    let runs = cache.runs(2).unwrap();
    assert_eq!((runs[0].status, runs[1].status), (RunStatus::Running, RunStatus::Interrupted));
    assert!(runs[1].ended.is_some(), "the next run has closed it");
    drop(run);
}

#[test]
fn forced_missing_and_restored_are_remembered() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let record = world.build(&run, "image/a", "1", &[("x", "one")]);
    let mut again = execution("image/a", "1", world.now());
    again.cause = Cause::Forced;
    run.commit_success(again, &world.produce(&[("x", "one")])).unwrap();
    let mut restored = execution("image/a", "1", world.now());
    restored.cause = Cause::OutputsMissing;
    run.commit_restored(restored, &record, &[]).unwrap();
    world.fail(&run, "image/a", "2");
    world.build(&run, "image/a", "2", &[]);

    let past = cache.history(&node("image/a"), 10).unwrap();
    let reasons: Vec<_> = past.iter().map(|past| past.reasons().unwrap()).collect();
    assert_eq!(reasons[0], [Reason::LastRun(Outcome::Failed)]);
    assert!(matches!(reasons[1][..], [Reason::Changed { .. }]));
    assert_eq!(reasons[2], [Reason::OutputsMissing]);
    assert_eq!(reasons[3], [Reason::Forced]);
    assert_eq!(reasons[4], [Reason::NeverBuilt]);
    assert_eq!(past[2].origin, Origin::Restored);
    assert_eq!(past.len(), 5);
    let short = cache.history(&node("image/a"), 2).unwrap();
    assert!(short.len() == 2 && matches!(short[1].before, Before::Known(_)));
}

#[test]
fn a_million_fresh_nodes_take_no_room() {
    let world = World::new();
    let cache = world.open();
    let names: Vec<_> = (0..2000).map(|n| node(&format!("image/n{n}"))).collect();
    for _ in 0..3 {
        let run = world.begin(&cache);
        let endings = names.iter().map(|name| (name, &Ending::Fresh));
        run.close(RunEnd::Complete, world.now(), endings, &[], &Proven::default()).unwrap();
    }
    let run = cache.runs(1).unwrap()[0].id;
    assert!(matches!(cache.in_run(&names[1999], run).unwrap(), Some(InRun::Fresh(_))));
    let db = rusqlite::Connection::open(world.dir().join("cache.db")).unwrap();
    let most: i64 =
        db.query_row("SELECT max(length(fresh)) FROM runs", [], |row| row.get(0)).unwrap();
    assert!(most < 8, "{most} bytes");
}

#[test]
fn refs_tools_and_manifests_are_remembered() {
    let world = World::new();
    let cache = world.open();
    let (url, other) = ("https://user:secret@host/poky", "https://user:other@host/poky");
    assert_eq!(cache.last_refs(&[(url, "refs/heads/main")]).unwrap(), [None]);
    cache.remember_refs(&[(url, "refs/heads/main", "aaaa")], 5).unwrap();
    cache.remember_refs(&[(other, "refs/heads/main", "bbbb")], 7).unwrap();
    let seen = cache.last_refs(&[(url, "refs/heads/main")]).unwrap().remove(0).unwrap();
    assert_eq!((seen.commit.as_str(), seen.seen), ("bbbb", 7));
    for file in std::fs::read_dir(world.dir()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!content.windows(6).any(|bytes| bytes == b"secret"), "the password is on the disk");
    }

    let digest = |text: &str| Digest::of(text.as_bytes());
    assert_eq!(cache.tools_said(&[digest("kas")]).unwrap(), [None]);
    cache.remember_tools(&[(digest("kas"), "kas 5.2".to_owned())], 5).unwrap();
    assert_eq!(cache.tools_said(&[digest("kas")]).unwrap(), [Some("kas 5.2".to_owned())]);
    // So many are not looked up one by one; most were never told, and some are asked for twice.
    let many: Vec<Digest> = (0..5000).map(|n| digest(&(n % 4800).to_string())).collect();
    let told: Vec<(Digest, String)> =
        many.iter().step_by(3).map(|key| (*key, key.to_string())).collect();
    cache.remember_tools(&told, 5).unwrap();
    let one_by_one: Vec<Option<String>> =
        many.iter().map(|key| cache.tools_said(&[*key]).unwrap().remove(0)).collect();
    assert_eq!(cache.tools_said(&many).unwrap(), one_by_one);
    assert!(one_by_one.iter().flatten().count() >= told.len());

    let files = [("meta/b.bb", digest("b")), ("meta/a.bb", digest("a"))];
    assert_eq!(cache.manifest(&digest("tree")).unwrap(), None);
    cache.keep_manifest(&digest("tree"), &files).unwrap();
    cache.keep_manifest(&digest("tree"), &files).unwrap();
    let kept = cache.manifest(&digest("tree")).unwrap().unwrap();
    assert_eq!(kept[0], ("meta/a.bb".to_owned(), digest("a")));
    assert_eq!(kept.len(), 2);
}
