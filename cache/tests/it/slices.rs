//! What is known of slices goes with the first execution that it does not know of.

use cache::{Cache, FreshSlice, Look, Mode, Placed, Policy, Proven, RunEnd};
use graph::digest::Digest;

use crate::world::{World, node};

fn next(nodes: usize) -> Vec<FreshSlice> {
    let digest = Digest::of(b"");
    let (declared, observed) = (digest, digest);
    let tools = vec!["gcc".to_owned()];
    vec![FreshSlice { name: "next".to_owned(), declared, tools, observed, nodes, excluded: 0 }]
}

fn placed(cache: &Cache) -> Placed {
    let nodes = ["kernel/next/a", "kernel/next/b"].map(node);
    cache.records_and_placed(&nodes).unwrap().1
}

#[test]
fn an_execution_takes_away_what_was_known_and_what_was_about_to_be() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "kernel/next/a", "1", &[("x", "one")]);
    drop(run);
    let before = placed(&cache);
    assert_eq!(cache.remember_slices(&before, next(2)).unwrap(), 0, "of one nothing is in place");
    assert_eq!(cache.remember_slices(&before, next(1)).unwrap(), 1);
    assert_eq!(cache.fresh_slices().unwrap(), next(1));
    for look in [Look::Files, Look::Directories] {
        assert_eq!(cache.are_in_place(&["next", "main"], look).unwrap(), [true, false]);
    }
    let run = world.begin(&cache);
    world.fail(&run, "kernel/next/a", "1");
    assert_eq!(cache.fresh_slices().unwrap(), []);
    assert_eq!(cache.remember_slices(&before, next(1)).unwrap(), 0);
    assert_eq!(cache.fresh_slices().unwrap(), []);
}

#[test]
fn a_run_knows_what_it_wrote_and_nothing_of_what_others_did() {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "kernel/next/a", "1", &[("x", "one")]);
    drop(run);
    let before = placed(&cache);
    let run = world.begin(&cache);
    world.build(&run, "kernel/next/b", "1", &[("x", "two")]);
    let close = |proven: &Proven| run.close(RunEnd::Complete, world.now(), [], &[], proven);
    close(&run.prove(&before, next(2))).unwrap();
    assert_eq!(cache.fresh_slices().unwrap(), next(2));
    world.build(&run, "image/c", "1", &[("x", "three")]);
    let proven = run.prove(&before, next(2));
    cache.gc(run.guard(), &Policy::with_budget(1 << 30, 10), Mode::Remove).unwrap();
    close(&proven).unwrap();
    assert_eq!(cache.fresh_slices().unwrap(), [], "making room counts as a change");
    let before = placed(&cache);
    std::fs::write(cache.out_dir(&node("kernel/next/a")).join("x"), "edited").unwrap();
    close(&run.prove(&before, next(2))).unwrap();
    assert_eq!(cache.fresh_slices().unwrap(), [], "it was in place then");
    assert_eq!(cache.remember_slices(&before, next(2)).unwrap(), 1, "that was then");
    assert_eq!(cache.are_in_place(&["next"], Look::Files).unwrap(), [false], "it is not now");
    let dir = cache.out_dir(&node("kernel/next/b"));
    std::fs::rename(&dir, dir.with_extension("old")).unwrap();
    std::fs::create_dir(&dir).unwrap();
    std::fs::copy(dir.with_extension("old").join("x"), dir.join("x")).unwrap();
    assert_eq!(cache.remember_slices(&before, next(2)).unwrap(), 0, "it was exchanged since");
}
