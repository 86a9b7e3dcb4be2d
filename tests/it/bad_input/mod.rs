//! What users see when their input is bad: the whole of it, as they see it. Each test shows the message, its place and
//! the exit status.

mod cache;
mod doctor;
mod escapes;
mod files;
mod json;
mod kernels;
mod names;
mod repos;
mod secrets;
mod selectors;
mod settings;

use crate::world::World;

/// Two boards that share a file, and one repository that is cloned. No kas is there: plans do without one.
pub(crate) fn two_boards() -> World {
    let mut world = World::empty();
    world.set_env("COLUMNS", "120");
    world.write(
        "machines.json",
        r#"{
  "yocto_branch": "scarthgap",
  "machines": [
    {"name": "one", "config": "kas/one.yaml:kas/base.yaml", "workflows": ["manual"]},
    {"name": "two", "config": "kas/two.yaml:kas/base.yaml"}
  ]
}
"#,
    );
    world.write("kas/one.yaml", "header:\n  version: 14\nmachine: one\n");
    world.write("kas/two.yaml", "header:\n  version: 14\nmachine: two\n");
    world.write(
        "kas/base.yaml",
        "header:
  version: 14
distro: toy
repos:
  here:
  poky:
    url: https://example.invalid/poky.git
    commit: 0123456789abcdef0123456789abcdef01234567
",
    );
    world.git(".", &["init", "-q"]);
    world
}

/// Includes at the top of a file that has none.
pub(crate) fn include(world: &World, file: &str, includes: &str) {
    world.edit(file, "version: 14\n", &format!("version: 14\n  includes:\n{includes}"));
}
