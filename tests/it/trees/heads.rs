//! Heads: every remote asked once, those that fail apart from those that answer, offline none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::fs;

use graph_cli::front::kernelci::{Trees, Unreachable};
use graph_cli::probe::Mode;

use super::world::{World, branch, id, why};

#[test]
fn every_remote_is_asked_once_and_fetched_only_for_what_is_new() {
    let world = World::new();
    let (one, two) = (world.repo("one"), world.repo("two"));
    let first = one.commit(&[("Makefile", "a")]);
    one.git(&["branch", "side"]);
    let other = two.commit(&[("Makefile", "b")]);
    let wanted = [
        branch("one", &one.url(), "main"),
        branch("two", &two.url(), "main"),
        branch("one", &one.url(), "side"),
        branch("again", &one.url(), "main"),
    ];
    let ids = |expect: [&str; 4]| {
        let heads = world.heads(&wanted);
        assert_eq!(heads.iter().map(id).collect::<Vec<_>>(), expect);
    };
    ids([&first, &other, &first, &first]);
    assert_eq!(world.calls(&["ls-remote"]).len(), 2);
    assert_eq!(world.told.lock().unwrap().len(), 4, "{:?}", world.told);

    ids([&first, &other, &first, &first]);
    assert_eq!(world.calls(&["ls-remote", "fetch", "rev-list", "describe"]).len(), 2);

    let second = one.commit(&[("Makefile", "c")]);
    ids([&second, &other, &first, &second]);
    let calls = world.calls(&["ls-remote", "fetch"]);
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert_eq!(calls.iter().filter(|call| call.contains("refs/heads/side")).count(), 1);
}

#[test]
fn who_does_not_answer_holds_up_nobody() {
    let world = World::new();
    let good = world.repo("good");
    let commit = good.commit(&[("Makefile", "a")]);
    let nowhere = "https://user:hunter2@localhost:1/linux.git";
    let heads = world.heads(&[
        branch("gone", "file:///nowhere/at/all", "main"),
        branch("good", &good.url(), "main"),
        branch("good", &good.url(), "gone"),
        branch("good", &good.url(), "a..b"),
        branch("far", nowhere, "main"),
        branch("odd", "ext::touch x", "main"),
    ]);
    assert_eq!(id(&heads[1]), commit);
    assert!(why(&heads[0]).contains("/nowhere/at/all") && why(&heads[0]).contains("--offline"));
    assert!(matches!(&heads[2], Err(Unreachable::NoSuchBranch(why)) if why.contains("`gone`")));
    assert!(matches!(&heads[3], Err(Unreachable::NoSuchBranch(why)) if why.contains("`a..b`")));
    assert!(why(&heads[4]).contains("localhost") && !why(&heads[4]).contains("hunter2"));
    assert!(matches!(&heads[5], Err(Unreachable::Remote(why)) if why.contains("helper")));
}

#[test]
fn offline_takes_what_was_last_known_and_says_its_age_once() {
    let world = World::new();
    let (one, two) = (world.repo("one"), world.repo("two"));
    let first = one.commit(&[("arch/a/configs/x_defconfig", "")]);
    one.git(&["branch", "side"]);
    let other = two.commit(&[("Makefile", "b")]);
    let mut wanted = vec![
        branch("one", &one.url(), "main"),
        branch("one", &one.url(), "side"),
        branch("two", &two.url(), "main"),
    ];
    let (unknown, said) = world.trees(Mode::Offline, 0, |trees| trees.heads(&wanted));
    assert!(unknown.iter().all(|head| why(head).contains("nobody knows branch")), "{unknown:?}");
    assert_eq!(said, [""; 0]);
    assert_eq!(world.calls(&["ls-remote", "fetch"]), [""; 0]);

    let below = ["arch/a/configs".to_owned()];
    world.heads(&wanted);
    let look = |trees: &graph_cli::cmd::trees::KernelTrees<'_>| {
        let heads = trees.heads(&wanted);
        let commit = &heads[0].as_ref().unwrap().commit;
        assert_eq!(*trees.files(commit, &below).unwrap(), ["arch/a/configs/x_defconfig"]);
        heads
    };
    world.trees(Mode::Online, 0, look);
    one.commit(&[("Makefile", "c")]);
    fs::rename(world.dir.path().join("up/two"), world.dir.path().join("up/gone")).unwrap();
    world.calls(&[]);
    let (heads, said) = world.trees(Mode::Offline, 2, look);
    assert_eq!(heads.iter().map(id).collect::<Vec<_>>(), [&first, &first, &other]);
    assert_eq!(said, ["offline: the branches of 2 repositories are as of 2 days ago"]);
    let config: Vec<String> = world.calls(&["--git-dir", "ls-remote", "fetch", "rev-parse"]);
    assert_eq!(config, [""; 0], "all of it is remembered");

    // Online, what was last known is not taken for what is so now.
    let heads = world.heads(&wanted);
    assert!(why(&heads[2]).starts_with("cannot ask"), "{heads:?}");

    wanted.truncate(1);
    fs::remove_dir_all(world.mirrors()).unwrap();
    let (heads, said) = world.trees(Mode::Offline, 2, |trees| trees.heads(&wanted));
    assert!(why(&heads[0]).contains("is not at hand"), "{heads:?}");
    assert_eq!(said, [""; 0]);
}
