//! One builds at a time, and the other is told who.

use std::thread;

use cache::{Cache, Content, Links, LockError};
use graph::record::Availability;

use crate::world::{World, available};

#[test]
fn the_second_is_told_who_is_first() {
    let world = World::new();
    let guard = Cache::try_lock(&world.dir(), "graph build image/a", 7).unwrap();
    let Err(LockError::Held(holder)) = Cache::try_lock(&world.dir(), "graph build", 8) else {
        panic!("two hold the lock")
    };
    assert_eq!((holder.pid, holder.started), (std::process::id(), 7));
    let said = LockError::Held(holder.clone()).to_string();
    assert!(said.starts_with("`graph build image/a` (process "), "{said}");
    assert!(said.ends_with(" is at work here"), "{said}");
    assert_eq!(Cache::locked_by(&world.dir()), Some(holder));
    drop(guard);
    assert_eq!(Cache::locked_by(&world.dir()), None);
    Cache::try_lock(&world.dir(), "graph build", 9).unwrap();
}

#[test]
fn a_plan_needs_no_lock() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "one")]);
    let plan = Cache::open_to_plan(&world.dir()).unwrap();
    assert!(plan.is_writable());
    assert!(plan.records_for([&crate::world::node("image/a")]).is_ok());
}

#[test]
fn many_may_make_the_same_cache_at_once() {
    for _ in 0..10 {
        let world = World::new();
        let dir = world.dir();
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| Cache::open(&dir).unwrap().stat().unwrap());
            }
        });
    }
}

#[test]
fn plans_go_on_while_a_build_writes() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "0", &[("x", "0")]);
    let dir = world.dir();
    let file = world.path("file");
    std::fs::write(&file, "text").unwrap();
    thread::scope(|scope| {
        let plans: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..40 {
                        let plan = Cache::open_to_plan(&dir).unwrap();
                        let found = available(&plan, "image/a").unwrap();
                        assert_ne!(found, Availability::Gone);
                        let content = plan.contents(&[&file], Links::AsLinks);
                        assert!(matches!(content[..], [Content::Known { .. }]));
                    }
                })
            })
            .collect();
        let mut value = 0;
        while plans.iter().any(|plan| !plan.is_finished()) {
            value += 1;
            world.build(&run, "image/a", &value.to_string(), &[("x", &value.to_string())]);
        }
    });
}
