//! A cache that cannot be used: it is left as it is, and nothing is built in its place.

use std::fs;

use super::two_boards;
use crate::world::World;

/// Permissions do not stop root, and a directory stops everyone.
#[test]
fn the_cache_cannot_be_read() {
    let world = two_boards();
    fs::create_dir_all(world.path(".graph/cache.db")).expect("a directory");
    insta::assert_snapshot!(world.graph(&["plan", "--offline"]), @"
    exit status 3
    --- stderr
    error: `[ROOT]/.graph/cache.db` is not a regular file
    hint: move `[ROOT]/.graph/cache.db` away, or name another directory (`cache.dir`)
    ");
    assert_eq!(world.graph(&["build"]).code, Some(3));
}

#[test]
fn the_state_directory_is_a_file() {
    let world = two_boards();
    world.write(".graph", "x");
    insta::assert_snapshot!(world.graph(&["plan", "--offline"]), @"
    exit status 3
    --- stderr
    error: cannot create `[ROOT]/.graph`: file exists
    hint: a file is where a directory should be: move `[ROOT]/.graph` away, or name another one (`cache.dir`)
    ");
}

#[test]
fn the_cache_is_garbage() {
    let world = two_boards();
    world.write(".graph/cache.db", &"garbage ".repeat(1000));
    insta::assert_snapshot!(world.graph(&["plan", "--offline"]), @"
    exit status 3
    --- stderr
    error: `[ROOT]/.graph/cache.db` is damaged: it is no SQLite database
    hint: delete `[ROOT]/.graph/cache.db` or move it away: only time is lost, nothing is ever wrong without it
    ");
    insta::assert_snapshot!(world.graph(&["build"]), @"
    exit status 3
    --- stderr
    error: `[ROOT]/.graph/cache.db` is damaged: it is no SQLite database
    hint: delete `[ROOT]/.graph/cache.db` or move it away: only time is lost, nothing is ever wrong without it
    ");
    assert!(world.read(".graph/cache.db").starts_with("garbage"), "it is left as it is");
}

#[test]
fn the_cache_is_cut_short() {
    let world = two_boards();
    world.graph_ok(&["plan", "--offline"]);
    let file = fs::OpenOptions::new().write(true).open(world.path(".graph/cache.db"));
    file.and_then(|file| file.set_len(6000)).expect("it is cut");
    insta::assert_snapshot!(world.graph(&["plan", "--offline"]), @"
    exit status 3
    --- stderr
    error: `[ROOT]/.graph/cache.db` is damaged: its end is missing
    hint: delete `[ROOT]/.graph/cache.db` or move it away: only time is lost, nothing is ever wrong without it
    ");
    insta::assert_snapshot!(world.graph(&["runs"]), @"
    exit status 3
    --- stderr
    error: `[ROOT]/.graph/cache.db` is damaged: its end is missing
    hint: delete `[ROOT]/.graph/cache.db` or move it away: only time is lost, nothing is ever wrong without it
    ");
}

#[test]
fn the_cache_was_made_by_a_newer_graph() {
    let world = two_boards();
    world.graph_ok(&["plan", "--offline"]);
    newer(&world);
    let before = fs::read(world.path(".graph/cache.db")).expect("it is there");
    insta::assert_snapshot!(world.graph(&["plan", "--offline"]), @"
    exit status 3
    --- stderr
    error: `[ROOT]/.graph/cache.db` was made by a newer graph (format 999; this one knows 5)
    hint: use that graph, or another state directory (`cache.dir`)
    ");
    assert_eq!(world.graph(&["build"]).code, Some(3));
    let after = fs::read(world.path(".graph/cache.db")).expect("it is there");
    assert!(before == after, "it is left as it is");
}

/// The format is the `user_version` of SQLite's header.
fn newer(world: &World) {
    let path = world.path(".graph/cache.db");
    let mut bytes = fs::read(&path).expect("it is there");
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&path, bytes).expect("it is written");
}
