//! A digest is never old, however quickly a file changes, and hardly ever computed twice.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use cache::{Cache, Content, Links};
use graph::digest::Digest;

use crate::world::World;

fn digest(cache: &Cache, path: &Path) -> Content {
    cache.contents(&[path], Links::AsLinks).remove(0)
}

fn known(content: &str) -> Content {
    Content::Known { digest: Digest::of(content.as_bytes()), executable: false }
}

fn remembered(world: &World) -> i64 {
    let db = rusqlite::Connection::open(world.dir().join("cache.db")).unwrap();
    db.query_row("SELECT count(*) FROM files", [], |row| row.get(0)).unwrap()
}

#[test]
fn edits_of_equal_length_within_a_tick_are_seen() {
    let world = World::new();
    let cache = world.open();
    let path = world.path("file");
    for round in 0..2000 {
        let content = format!("content {round:04}");
        fs::write(&path, &content).unwrap();
        assert_eq!(digest(&cache, &path), known(&content), "round {round}");
    }
    assert_eq!(remembered(&world), 0, "nothing so young is trusted");
}

#[test]
fn a_modification_time_put_back_hides_nothing() {
    let world = World::new();
    let cache = world.open();
    let path = world.path("file");
    let then = SystemTime::now() - Duration::from_secs(1000);
    for content in ["one", "two"] {
        fs::write(&path, content).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
        assert_eq!(digest(&cache, &path), known(content));
        std::thread::sleep(Duration::from_millis(2100));
        assert_eq!(digest(&cache, &path), known(content));
        assert_eq!(remembered(&world), 1, "it is old enough now");
        assert_eq!(digest(&cache, &path), known(content));
    }
    let future = SystemTime::now() + Duration::from_secs(1000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(future).unwrap();
    assert_eq!(digest(&cache, &path), known("two"));
}

#[test]
fn what_is_remembered_is_not_read_again() {
    let world = World::new();
    let cache = world.open();
    let path = world.path("file");
    fs::write(&path, "true").unwrap();
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(digest(&cache, &path), known("true"));
    let db = rusqlite::Connection::open(world.dir().join("cache.db")).unwrap();
    let lie = Digest::of(b"lie");
    db.execute("UPDATE files SET digest = ?1", [lie.as_bytes()]).unwrap();
    assert_eq!(digest(&cache, &path), known("lie"), "it was read though nothing changed");
    fs::rename(&path, world.path("renamed")).unwrap();
    fs::write(&path, "true").unwrap();
    assert_eq!(digest(&cache, &path), known("true"), "another file of that name");
}

#[test]
fn everything_that_a_path_can_be_is_told_apart() {
    let world = World::new();
    let cache = world.open();
    let paths = ["plain", "program", "link", "dangling", "none", "dir", "plain/below", "pipe"];
    let paths = paths.map(|name| world.path(name));
    fs::write(&paths[0], "text").unwrap();
    fs::write(&paths[1], "text").unwrap();
    fs::set_permissions(&paths[1], fs::Permissions::from_mode(0o755)).unwrap();
    symlink("plain", &paths[2]).unwrap();
    symlink("text", &paths[3]).unwrap();
    fs::create_dir(&paths[5]).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&paths[7]).status().unwrap();
    assert!(made.success());

    let as_links = cache.contents(&paths, Links::AsLinks);
    assert_eq!(as_links[0], known("text"));
    assert_eq!(as_links[1], Content::Known { digest: Digest::of(b"text"), executable: true });
    let [Content::Known { digest: link, .. }, Content::Known { digest: dangling, .. }] =
        &as_links[2..4]
    else {
        panic!("a link has content of its own: {as_links:?}")
    };
    assert!(link != dangling && *dangling != Digest::of(b"text"));
    assert_eq!(as_links[4], Content::Missing);
    assert!(matches!(as_links[5], Content::Unreadable(_)));
    assert_eq!(as_links[6], Content::Missing);
    assert!(matches!(as_links[7], Content::Unreadable(_)), "a pipe must not block");

    let followed = cache.contents(&paths[..4], Links::Followed);
    assert_eq!(followed[2], known("text"));
    assert_eq!(followed[3], Content::Missing);
}

#[test]
fn large_files_and_many_files_have_plain_digests() {
    let world = World::new();
    let cache = world.open();
    let mut large = vec![7_u8; 40 << 20];
    large[39 << 20] = 1;
    fs::write(world.path("large"), &large).unwrap();
    let Content::Known { digest, .. } = digest(&cache, &world.path("large")) else { panic!() };
    assert_eq!(digest, Digest::of(&large));
    let paths: Vec<_> = (0..300).map(|n| world.path(&format!("f{n}"))).collect();
    for (n, path) in paths.iter().enumerate() {
        fs::write(path, n.to_string()).unwrap();
    }
    let expected: Vec<_> = (0..300).map(|n: usize| known(&n.to_string())).collect();
    assert_eq!(cache.contents(&paths, Links::AsLinks), expected);
}

/// Makes something of one of a few kinds.
fn make(path: &Path, kind: u8) {
    match kind {
        0 | 1 => fs::write(path, "text").unwrap(),
        2 => {
            fs::write(path, "program").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        3 => symlink("f0", path).unwrap(),
        4 => symlink("none", path).unwrap(),
        5 => fs::create_dir(path).unwrap(),
        _ => {}
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    /// Neighbours are looked at together, from their directory. What is found is what each by itself is found to be.
    #[test]
    fn together_is_as_one_by_one(
        kinds in proptest::collection::vec(0..7_u8, 1..40),
        asked in proptest::collection::vec((0..44_usize, 0..6_u8), 1..150),
    ) {
        let world = World::new();
        let cache = world.open();
        fs::create_dir(world.path("d")).unwrap();
        symlink("d", world.path("l")).unwrap();
        for (at, kind) in kinds.iter().enumerate() {
            make(&world.path(&format!("d/f{at}")), *kind);
        }
        let path = |(at, how): &(usize, u8)| match how {
            0 | 1 => world.path(&format!("d/f{at}")),
            2 => world.path(&format!("l/f{at}")),
            3 => world.path(&format!("d//f{at}")),
            4 => world.path(&format!("d/../d/f{at}/")),
            _ => world.path(&format!("d/f{at}/..")),
        };
        for links in [Links::AsLinks, Links::Followed] {
            let mut paths: Vec<_> = asked.iter().map(path).collect();
            for _ in 0..2 {
                let alone: Vec<_> =
                    paths.iter().map(|path| cache.contents(&[path], links).remove(0)).collect();
                assert_eq!(cache.contents(&paths, links), alone);
                paths.sort();
            }
        }
    }
}
