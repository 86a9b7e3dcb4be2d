//! One builds at a time, and the other is told who.

use cache::{Cache, LockError};

use crate::world::World;

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
