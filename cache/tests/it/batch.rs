//! Successes that are written down together are as those that are written down one by one.

use std::fs;
use std::sync::Arc;

use cache::{Error, Execution, Produced, Run};
use graph::record::{Availability, Record};

use crate::world::{World, available, execution, produce};

/// What a build of `name` leaves: one file that is its own, and one that all share.
fn success(world: &World, name: &str, value: &str) -> (Execution, Vec<Produced>) {
    let work = world.path("work").join(name);
    let own = format!("{name} of {value}");
    let files = produce(&work, &[("own", own.as_str()), ("d/shared", "the same")]);
    (execution(name, value, world.now()), files)
}

fn together(run: &Run, all: Vec<(Execution, Vec<Produced>)>) -> Vec<Arc<Record>> {
    run.commit_successes(all).into_iter().map(Result::unwrap).collect()
}

#[test]
fn together_is_as_one_by_one() {
    let worlds = [World::new(), World::new()];
    let names: Vec<String> = (0..40).map(|n| format!("config/t{}/n{n}", n % 3)).collect();
    let mut left = Vec::new();
    for (world, at_a_time) in worlds.iter().zip([1, 40]) {
        let cache = world.open();
        let run = world.begin(&cache);
        let all: Vec<_> = names.iter().map(|name| success(world, name, "1")).collect();
        let records: Vec<Arc<Record>> =
            all.chunks(at_a_time).flat_map(|some| together(&run, some.to_vec())).collect();
        assert!(records.iter().map(|record| record.node.as_str()).eq(&names), "in their order");
        drop((run, cache));
        let cache = world.open();
        assert!(names.iter().all(|name| available(&cache, name) == Some(Availability::InPlace)));
        assert_eq!(cache.verify().unwrap(), []);
        assert_eq!(cache.stat().unwrap().leftovers, 0);
        let nodes: Vec<_> = records.iter().map(|record| &record.node).collect();
        let read = cache.records_for(nodes.iter().copied()).unwrap();
        for record in &records {
            assert_eq!(read.last(&record.node).unwrap().record, *record);
            let own = fs::read_to_string(cache.out_dir(&record.node).join("own")).unwrap();
            assert_eq!(own, format!("{} of 1", record.node));
        }
        left.push((records, world.artifacts().len()));
    }
    assert_eq!(left[0], left[1]);
    assert_eq!(left[0].1, 41);
}

#[test]
fn what_goes_wrong_with_one_costs_the_others_nothing() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let mut all: Vec<_> =
        ["a", "b", "c", "d"].map(|name| success(&world, &format!("image/{name}"), "1")).into();
    all[0].1[1].file = world.path("nowhere");
    all[2].0.key = None;
    let mut answers = run.commit_successes(all).into_iter();
    let mut next = || answers.next().unwrap();
    assert!(matches!(next(), Err(Error::Io { .. })));
    assert_eq!(next().unwrap().node.as_str(), "image/b");
    assert!(matches!(next(), Err(Error::Misuse(_))));
    assert_eq!(next().unwrap().node.as_str(), "image/d");
    let there = ["image/a", "image/b", "image/c", "image/d"].map(|name| available(&cache, name));
    let placed = Some(Availability::InPlace);
    assert_eq!(there, [None, placed, None, placed]);
    assert_eq!(cache.verify().unwrap(), []);
    assert_eq!(cache.stat().unwrap().leftovers, 0);
    assert!(run.commit_successes(Vec::new()).is_empty());
}

#[test]
fn of_two_results_of_a_node_the_later_one_is_in_place() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let first = success(&world, "image/a", "1");
    // The build goes on elsewhere, as both are handed over together.
    let mut second = success(&world, "image/b", "2");
    second.0.node = first.0.node.clone();
    let records = together(&run, vec![first, second]);
    let last = cache.records_for([&records[0].node]).unwrap();
    assert_eq!(last.last(&records[0].node).unwrap().record, records[1]);
    assert_eq!(available(&cache, "image/a"), Some(Availability::InPlace));
    let own = fs::read_to_string(cache.out_dir(&records[0].node).join("own")).unwrap();
    assert_eq!(own, "image/b of 2");
}
