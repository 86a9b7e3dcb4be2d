//! With a cache, what is told of a base also has what this host would do.

use super::{commit, compared, of_change, text};
use crate::kernel_world::{KernelWorld, config, kernel};

#[test]
fn a_change_is_stale_then_built_here_and_in_the_store_after_that() {
    let small = KernelWorld::small();
    let world = small.world();
    world.write(".gitignore", "*\n!/build-configs.yaml\n!/graph.yaml\n!/.gitignore\n");
    world.git("", &["init", "-q", "-b", "main"]);
    commit(world, "The first");
    world.graph_ok(&["plan"]);
    assert_eq!(compared(world, &["HEAD"])["summary"]["stale_otherwise"], 8, "nothing was built");
    world.graph_ok(&["build"]);
    assert_eq!(compared(world, &["HEAD"])["summary"]["stale_otherwise"], 0);

    let (from, to) = ("CONFIG_HIGH_RES_TIMERS=y", "CONFIG_HIGH_RES_TIMERS=n");
    world.edit("build-configs.yaml", from, to);
    let told = compared(world, &["HEAD"]);
    let (ticks, kernel) = (
        config("gcc-12", "x86_64", "x86_64_defconfig+ticks"),
        kernel("gcc-12", "x86_64", "x86_64_defconfig+ticks"),
    );
    let nodes = told["nodes"].as_array().expect("nodes");
    let said: Vec<(&str, &str, &str)> = nodes
        .iter()
        .map(|node| (text(&node["name"]), text(&node["change"]), text(&node["verdict"])))
        .collect();
    assert_eq!(said, [(&*ticks, "changed", "stale"), (&*kernel, "follows", "open")]);
    assert!(told["summary"]["estimate_s"].is_number(), "both have run before: {told:#}");
    assert_eq!(told["causes"][0]["nodes"].as_array().map(Vec::len), Some(2), "{told:#}");

    world.graph_ok(&["build"]);
    let told = compared(world, &["HEAD"]);
    assert_eq!(of_change(&told, &["changed", "follows"]).len(), 2);
    assert_eq!((&told["summary"]["fresh"], &told["summary"]["rebuild"]), (&2.into(), &2.into()));

    commit(world, "Change it");
    world.edit("build-configs.yaml", to, from);
    let told = compared(world, &["HEAD"]);
    assert_eq!(told["summary"]["restorable"], 2, "what was built before is in the store: {told:#}");
}
