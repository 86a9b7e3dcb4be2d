//! The listing of a commit beside what git itself lists, and files below paths.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use graph::reads::Listing as _;
use graph::spec::Commit;
use graph_cli::front::kernelci::TreeBranch;
use graph_cli::probe::commit::Listing;

use super::world::{Repo, World, branch};

/// Files whose names sort otherwise as names, as paths and as git's trees have them.
const PATHS: [&str; 12] = [
    "a-b",
    "a/b",
    "a.b/c",
    "ab",
    "a0",
    "Kconfig",
    "a/Kconfig",
    "a/b0/Kconfig",
    "b/Kconfig.x",
    "b/Kconfi",
    "é/\"quoted\"\n",
    "b/ tab\there",
];

fn repo(world: &World) -> (Repo, String) {
    let repo = world.repo("linux");
    for path in PATHS {
        repo.write(path, path);
    }
    fs::set_permissions(repo.0.join("ab"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("a", repo.0.join("link")).unwrap();
    let commit = repo.commit(&[]);
    (repo, commit)
}

fn listing(repo: &Repo, commit: &str) -> Listing {
    let output = std::process::Command::new("git")
        .args(["ls-tree", "-r", "-z", "--full-tree", commit])
        .current_dir(&repo.0)
        .output()
        .unwrap();
    Listing::new(output.stdout).expect("it is a listing")
}

#[test]
fn a_listing_says_what_git_says() {
    let world = World::new();
    let (repo, commit) = repo(&world);
    let listing = listing(&repo, &commit);
    let lines = repo.git(&["-c", "core.quotePath=false", "ls-tree", "-r", "-z", &commit]);
    let lines: Vec<(&str, &str)> =
        lines.split_terminator('\0').map(|line| line.split_once('\t').unwrap()).collect();
    assert_eq!(lines.len(), PATHS.len() + 1);
    for (kind, path) in &lines {
        assert_eq!(listing.id(path), Some(kind.as_bytes()), "{path}");
        for other in [format!("{path}x"), format!("x{path}"), path.chars().skip(1).collect()] {
            let expect =
                lines.iter().find(|(_, path)| *path == other).map(|(kind, _)| kind.as_bytes());
            assert_eq!(listing.id(&other), expect);
        }
    }
    let paths: Vec<&[u8]> = lines.iter().map(|(_, path)| path.as_bytes()).collect();
    assert_eq!(listing.paths().collect::<Vec<_>>(), paths);
    let names = ["Kconfig", "Kconfig*", "Kconf*", "b", "b*", "*", "none", "none*", "a", "", "link"];
    for name in names {
        let bears = |path: &&str| {
            let own = path.rsplit('/').next().unwrap();
            name.strip_suffix('*').map_or(own == name, |prefix| own.starts_with(prefix))
        };
        let expect: Vec<&[u8]> =
            lines.iter().map(|(_, path)| *path).filter(bears).map(str::as_bytes).collect();
        assert_eq!(listing.bearing(name), expect, "{name}");
        assert_eq!(listing.bearers(name), listing.bearers(name));
    }
    assert_ne!(listing.bearers("Kconfig"), listing.bearers("Kconfig*"));
    assert_eq!(listing.bearers("none"), listing.bearers("gone*"));
}

#[test]
fn what_is_no_listing_is_refused() {
    assert!(Listing::new(Vec::new()).is_some_and(|listing| listing.id("a").is_none()));
    for text in
        ["100644 blob 1234", "x", "100644 blob 1234\ta", "100644 blob 1\tb\x00100644 blob 1\ta\0"]
    {
        assert!(Listing::new(text.as_bytes().to_vec()).is_none(), "{text:?}");
    }
}

fn files(world: &World, wanted: &TreeBranch, below: &[&str]) -> Vec<String> {
    let head = world.heads(std::slice::from_ref(wanted)).remove(0).unwrap();
    let below: Vec<String> = below.iter().map(|path| (*path).to_owned()).collect();
    world.probe(|probe| probe.files_of(&head.commit, &below)).unwrap().to_vec()
}

#[test]
fn files_below_paths_are_told_and_remembered() {
    let world = World::new();
    let (repo, _) = repo(&world);
    let wanted = branch("linux", &repo.url(), "main");
    let files = |below: &[&str]| files(&world, &wanted, below);
    assert_eq!(files(&["a"]), ["a/Kconfig", "a/b", "a/b0/Kconfig"]);
    assert_eq!(files(&["a/b0/", "Kconfig", "gone"]), ["Kconfig", "a/b0/Kconfig"]);
    assert_eq!(files(&["link", "../x", "/etc/passwd", "", "a/../ab", ":(top)a", "*"]), [""; 0]);
    let many: Vec<String> = (0..400).map(|at| format!("gone/{at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain(["a.b", "a/b"]).collect();
    assert_eq!(files(&many), ["a.b/c", "a/b"]);
    world.calls(&[]);
    assert_eq!(files(&["a"]), ["a/Kconfig", "a/b", "a/b0/Kconfig"]);
    assert_eq!(world.calls(&["ls-tree"]), [""; 0]);

    let commit = Commit {
        repository: graph::spec::Repository::Mirror(repo.url().into()),
        id: "0123456789".repeat(4).into(),
    };
    let why = world.probe(|probe| probe.files_of(&commit, &["a".into()])).unwrap_err();
    assert!(why.starts_with("commit `012345678901` is not at hand"), "{why}");
}
