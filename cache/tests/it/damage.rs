//! A cache in any state ends in a message that says what to do, and stays as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cache::{Cache, Error};

use crate::world::{World, available, node};

/// The message and the hints, with the directory taken out.
fn said(world: &World, error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    for hint in error.hints() {
        text += &format!("\nhint: {hint}");
    }
    text.replace(&world.dir().display().to_string(), "[dir]")
}

fn refused(world: &World) -> Error {
    match (Cache::open(&world.dir()), Cache::open_to_plan(&world.dir())) {
        (Err(error), Err(_)) => error,
        _ => panic!("it was opened"),
    }
}

/// A cache with a record in it, closed.
fn used() -> World {
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    world.build(&run, "image/a", "1", &[("x", "one")]);
    for n in 0..200 {
        world.fail(&run, &format!("image/n{n}"), &n.to_string());
    }
    drop((run, cache));
    world
}

fn snapshot(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_cache_of_a_newer_graph_is_left_alone() {
    let world = used();
    let db = world.dir().join("cache.db");
    let raise = || {
        let connection = rusqlite::Connection::open(&db).unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        connection
    };
    drop(raise());
    let before = snapshot(&world.dir());
    insta::assert_snapshot!(said(&world, &refused(&world)), @r"
    `[dir]/cache.db` was made by a newer graph (format 7; this one knows 5)
    hint: use that graph, or another state directory (`cache.dir`)
    ");
    assert_eq!(snapshot(&world.dir()), before);

    // The number may still be in the log alone, while the newer graph is at work.
    let world = used();
    let db = world.dir().join("cache.db");
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    let before = snapshot(&world.dir());
    assert!(matches!(refused(&world), Error::Newer { found: 7, known: 5, .. }));
    let is_shared = |path: &Path| path.to_string_lossy().ends_with("-shm");
    let unshared = |files: Vec<(std::path::PathBuf, _)>| -> Vec<_> {
        files.into_iter().filter(|(path, _)| !is_shared(path)).collect()
    };
    assert_eq!(unshared(snapshot(&world.dir())), unshared(before));
}

#[test]
fn what_is_no_database_is_said_to_be_none() {
    let world = used();
    let db = world.dir().join("cache.db");
    fs::write(&db, "this is not a database, and never was one".repeat(9)).unwrap();
    insta::assert_snapshot!(said(&world, &refused(&world)), @r"
    `[dir]/cache.db` is damaged: it is no SQLite database
    hint: delete `[dir]/cache.db` or move it away: only time is lost, nothing is ever wrong without it
    ");
    assert!(fs::read_to_string(&db).unwrap().starts_with("this is not"));

    let guard = Cache::try_lock(&world.dir(), "graph cache", 1).unwrap();
    let aside = Cache::set_aside(&world.dir(), &guard).unwrap();
    drop(guard);
    assert_eq!(aside.file_name().unwrap(), "cache.db.aside-1");
    let cache = world.open();
    assert_eq!(available(&cache, "image/a"), None);
    assert!(fs::read_to_string(aside).unwrap().starts_with("this is not"));
}

#[test]
fn a_database_of_something_else_is_not_taken_over() {
    let world = World::new();
    fs::create_dir(world.dir()).unwrap();
    let db = world.dir().join("cache.db");
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection.execute_batch("CREATE TABLE photos (id)").unwrap();
    drop(connection);
    let error = refused(&world);
    assert!(said(&world, &error).contains("a database of some other program"), "{error}");
}

#[test]
fn a_database_without_its_end_is_found_out() {
    for left in [50, 1000, 4096 * 3, 4096 * 9 + 17] {
        let world = used();
        let db = fs::File::options().write(true).open(world.dir().join("cache.db")).unwrap();
        assert!(db.metadata().unwrap().len() > left);
        db.set_len(left).unwrap();
        let error = refused(&world);
        assert!(matches!(error, Error::Damaged { .. }), "{left}: {error}");
    }
    let world = used();
    fs::write(world.dir().join("cache.db"), "").unwrap();
    assert_eq!(available(&world.open(), "image/a"), None, "nothing is a new cache");
}

#[test]
fn damage_inside_is_an_error_where_it_is_read() {
    let world = used();
    let db = world.dir().join("cache.db");
    let mut bytes = fs::read(&db).unwrap();
    for at in (4096..bytes.len()).step_by(64) {
        bytes[at..at + 8].fill(0xa5);
    }
    fs::write(&db, bytes).unwrap();
    let error = match Cache::open(&world.dir()) {
        Err(error) => error,
        Ok(cache) => cache.records_for([&node("image/a")]).unwrap_err(),
    };
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(said(&world, &error).contains("only time is lost"));
}

#[test]
fn rows_that_make_no_sense_are_damage_and_no_panic() {
    for change in [
        "UPDATE executions SET outputs = x'ff'",
        "UPDATE executions SET outcome = 77",
        "UPDATE executions SET key_tail = x'00'",
        "UPDATE executions SET peak_memory = -1",
        "DELETE FROM texts WHERE text = 'x'",
        "DROP TABLE nodes",
    ] {
        let world = used();
        let db = rusqlite::Connection::open(world.dir().join("cache.db")).unwrap();
        db.execute_batch(change).unwrap();
        let found = world.open().records_for([&node("image/a"), &node("image/n1")]);
        assert!(matches!(found, Err(Error::Damaged { .. })), "{change}: {found:?}");
    }
}

#[test]
fn a_directory_in_the_wrong_place_is_named() {
    let world = World::new();
    fs::create_dir_all(world.dir().join("cache.db")).unwrap();
    insta::assert_snapshot!(said(&world, &refused(&world)), @"
    `[dir]/cache.db` is not a regular file
    hint: move `[dir]/cache.db` away, or name another directory (`cache.dir`)
    ");
    let world = World::new();
    fs::write(world.dir(), "a file").unwrap();
    let error = refused(&world);
    assert!(said(&world, &error).starts_with("cannot create `[dir]`: "), "{error}");
}

/// Permissions say nothing to root, so this shows something only where tests run as someone else.
#[test]
fn without_permission_the_owner_is_the_hint() {
    let world = used();
    let db = world.dir().join("cache.db");
    fs::set_permissions(&db, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&db).is_ok() {
        return;
    }
    insta::assert_snapshot!(said(&world, &refused(&world)), @r"
    cannot open `[dir]/cache.db`: Permission denied (os error 13)
    hint: check who owns `[dir]/cache.db` and its permissions
    ");
}

#[test]
fn an_empty_state_directory_keeps_others_out() {
    let world = World::new();
    drop(world.open());
    assert_eq!(fs::read_to_string(world.dir().join(".gitignore")).unwrap(), "*\n");
    let tag = fs::read_to_string(world.dir().join("CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}
