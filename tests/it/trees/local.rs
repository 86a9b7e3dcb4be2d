//! Local repositories in the place of trees: by name or glob, read and not written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use graph_cli::front::kernelci::Unreachable;

use super::world::{World, branch, id, why};

fn everything(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_tree_is_substituted_by_its_name_and_else_by_the_most_specific_glob() {
    let mut world = World::new();
    let repos = ["all", "stable", "exact"].map(|name| world.repo(name));
    let ids: Vec<String> = repos.iter().map(|repo| repo.commit(&[("a", &repo.url())])).collect();
    world.substitute("*", &repos[0].0, "HEAD");
    world.substitute("stable*", Path::new("up/stable"), "main");
    world.substitute("stable-rc", &repos[2].0, "refs/heads/main");
    let names = ["mainline", "stable", "stable-rt", "stable-rc"];
    let wanted = names.map(|name| branch(name, "https://localhost:1/x", "linux-6.1.y"));
    let before = everything(world.dir.path().join("up").as_path());
    let heads = world.heads(&wanted);
    assert_eq!(heads.iter().map(id).collect::<Vec<_>>(), [&ids[0], &ids[1], &ids[1], &ids[2]]);
    let commit = &heads[0].as_ref().unwrap().commit;
    assert_eq!(world.probe(|probe| probe.files_of(commit, &["a".into()])).unwrap().len(), 1);
    assert!(everything(world.dir.path().join("up").as_path()) == before, "nothing is written");
    assert!(!world.mirrors().exists());
    assert_eq!(world.calls(&["ls-remote", "fetch"]), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_local_repository_is_told() {
    let mut world = World::new();
    let repo = world.repo("linux");
    let first = repo.commit(&[("sub/a", "1")]);
    repo.tag("v6.1");
    repo.commit(&[("sub/a", "2")]);
    let plain = world.dir.path().join("plain");
    fs::create_dir(&plain).unwrap();
    let mut look = |path: &Path, rev: &str| {
        world.substitute("linux", path, rev);
        world.heads(&[branch("linux", "https://localhost:1/x", "main")]).remove(0)
    };
    assert_eq!(id(&look(&repo.0, "v6.1")), first);
    assert_eq!(id(&look(&repo.0, "HEAD~1")), first);
    assert_eq!(id(&look(&repo.0.join(".git"), &first)), first);
    let mut shown = |path: &Path, rev| why(&look(path, rev)).to_owned();
    assert!(shown(Path::new("gone"), "HEAD").contains("there is no directory"));
    assert!(shown(&plain, "HEAD").contains("is not a git repository"));
    // It is in a repository, but it is none.
    assert!(shown(&repo.0.join("sub"), "HEAD").contains("is not a git repository"));
    for rev in ["gone", "--all", "-h", "", "HEAD:sub", "HEAD^{tree}", "main..v6.1"] {
        let head = look(&repo.0, rev);
        assert!(matches!(head, Err(Unreachable::NoSuchBranch(_))), "{rev}: {head:?}");
        assert!(why(&head).contains("has no revision"), "{head:?}");
    }
}

#[test]
fn a_linked_work_tree_is_a_repository_too() {
    let mut world = World::new();
    let repo = world.repo("linux");
    repo.commit(&[("a", "1")]);
    repo.git(&["worktree", "add", "-q", "-b", "other", "../linked"]);
    let linked = super::world::Repo(world.dir.path().join("up/linked"));
    let commit = linked.commit(&[("b/c", "1")]);
    world.substitute("linux", &linked.0, "HEAD");
    let heads = world.heads(&[branch("linux", "https://localhost:1/x", "main")]);
    assert_eq!(id(&heads[0]), commit);
    let commit = &heads[0].as_ref().unwrap().commit;
    assert_eq!(*world.probe(|probe| probe.files_of(commit, &["b".into()])).unwrap(), ["b/c"]);
}
