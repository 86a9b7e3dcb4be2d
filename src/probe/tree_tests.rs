//! The content of trees against git itself, on repositories made at random.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use graph::digest::Digest;
use graph::spec::Tree;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use super::content::Reread;
use super::git::Git;
use super::memory::{Memory, SeenRef};
use super::tree::{TreeContent, TreeProbe};
use crate::context::Environment;
use crate::process::Call;

/// Runs git with nothing of the user's configuration.
fn git(dir: &Path, args: &[&str]) -> Vec<u8> {
    let call = Call::new("git").dir(dir).env(environment(dir).iter()).args(args);
    call.answer().unwrap_or_else(|error| panic!("git {args:?}: {error}")).stdout
}

/// A home beside the repository, with excludes of its own.
fn environment(dir: &Path) -> Environment {
    let home = dir.ancestors().find(|dir| dir.join("home").is_dir()).unwrap().join("home");
    let path = std::env::var_os("PATH").unwrap_or_default();
    [
        ("HOME", home.into_os_string()),
        ("PATH", path),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_AUTHOR_NAME", "a".into()),
        ("GIT_AUTHOR_EMAIL", "a@example.org".into()),
        ("GIT_COMMITTER_NAME", "a".into()),
        ("GIT_COMMITTER_EMAIL", "a@example.org".into()),
    ]
    .into_iter()
    .collect()
}

struct World {
    temporary: tempfile::TempDir,
    notes: Notes,
    hits: Cell<usize>,
}

/// Remembers in memory.
#[derive(Default)]
struct Notes(Mutex<BTreeMap<Digest, String>>);

impl Memory for Notes {
    fn tool(&self, key: &Digest) -> Option<String> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn remember_tool(&self, key: &Digest, text: &str) {
        self.0.lock().unwrap().insert(*key, text.to_owned());
    }

    fn last_ref(&self, _: &str, _: &str) -> Option<SeenRef> {
        None
    }

    fn remember_refs(&self, _: &[(&str, &str, &str)]) {}
}

impl World {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let home = temporary.path().join("home");
        fs::create_dir_all(home.join(".config/git")).unwrap();
        fs::write(home.join(".config/git/ignore"), "*.global\n").unwrap();
        fs::write(home.join(".gitconfig"), "[protocol \"file\"]\n\tallow = always\n").unwrap();
        fs::create_dir(temporary.path().join("r")).unwrap();
        Self { temporary, notes: Notes::default(), hits: Cell::new(0) }
    }

    fn root(&self) -> PathBuf {
        self.temporary.path().join("r")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        if fs::create_dir_all(path.parent().unwrap()).is_ok() && !path.is_dir() {
            fs::write(path, text).ok();
        }
    }

    fn observe(&self, dir: &str, ours: &[PathBuf]) -> TreeContent {
        let git = Git::new(&environment(&self.root()), Path::new("/nowhere"), Default::default());
        let tree = Tree { dir: dir.into(), ignore: Vec::new(), except: Vec::new() };
        let observe = |memory: Option<&dyn Memory>, large_index| {
            // Each step starts git, so that no two of them come within one step of the clock.
            let began = SystemTime::now() + Duration::from_secs(60);
            let probe = TreeProbe { git: &git, files: &Reread, ours, memory, began, large_index };
            probe.observe(&self.root(), &tree).unwrap().expect("the tree is there")
        };
        let (small, large) = (observe(None, u64::MAX), observe(None, 0));
        assert_eq!(small, large, "both ways to list it tell the same");
        for _ in 0..2 {
            let remembered = observe(Some(&self.notes), 0);
            assert_eq!(remembered.digest, small.digest, "what is remembered is what is there");
            self.hits.set(self.hits.get() + usize::from(remembered.manifest.is_none()));
        }
        small
    }

    fn manifest(&self, dir: &str, ours: &[PathBuf]) -> Vec<(String, Digest)> {
        self.observe(dir, ours).manifest.expect("the long way lists all")
    }

    fn paths(&self, dir: &str) -> Vec<String> {
        self.manifest(dir, &[]).into_iter().map(|(path, _)| path).collect()
    }
}

/// One step in the life of a work tree.
#[derive(Debug, Clone)]
enum Step {
    Write(String, u8),
    Program(String),
    Link(String, String),
    Ignore(String, Vec<String>),
    Exclude(String),
    Delete(String),
    Add(String),
    ForceAdd(String),
    Unstage(String),
    Nest(String),
    Commit,
}

const NAMES: [&str; 9] = ["a", "b.o", "c.txt", "build", "keep.o", "x.global", "[odd", "é ü", "d"];

fn path() -> impl Strategy<Value = String> {
    let name = || proptest::sample::select(&NAMES[..]);
    prop_oneof![
        name().prop_map(str::to_owned),
        (name(), name()).prop_map(|(a, b)| format!("{a}/{b}")),
        (name(), name(), name()).prop_map(|(a, b, c)| format!("{a}/{b}/{c}")),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    let plain = [
        "*.o",
        "!keep.o",
        "build/",
        "/a",
        "a/b.o",
        "**/c.txt",
        "d/**",
        "!d/a",
        "*.txt",
        "\\[odd",
        "# c",
        "!*.global",
        "b*",
        "/build/*",
        "!/build/keep.o",
        "é*",
        "a/*/d",
    ];
    proptest::sample::select(plain.to_vec()).prop_map(str::to_owned)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (path(), any::<u8>()).prop_map(|(path, text)| Step::Write(path, text % 3)),
        1 => path().prop_map(Step::Program),
        1 => (path(), path()).prop_map(|(from, to)| Step::Link(from, to)),
        3 => (prop_oneof![Just(String::new()), path()], proptest::collection::vec(pattern(), 1..4))
            .prop_map(|(dir, patterns)| Step::Ignore(dir, patterns)),
        1 => pattern().prop_map(Step::Exclude),
        1 => path().prop_map(Step::Delete),
        2 => path().prop_map(Step::Add),
        1 => path().prop_map(Step::ForceAdd),
        1 => path().prop_map(Step::Unstage),
        1 => path().prop_map(Step::Nest),
        1 => Just(Step::Commit),
    ]
}

/// What cannot be done in the present state is left out: the point is where one ends, not how one gets there.
fn take(world: &World, step: &Step) {
    let root = world.root();
    let attempt = |args: &[&str]| {
        Call::new("git").dir(&root).env(environment(&root).iter()).args(args).answer().ok();
    };
    match step {
        Step::Write(path, text) => world.write(path, &text.to_string()),
        Step::Program(path) => {
            use std::os::unix::fs::PermissionsExt;
            world.write(path, "#!");
            fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o755)).ok();
        }
        Step::Link(path, to) => {
            std::os::unix::fs::symlink(to, root.join(path)).ok();
        }
        Step::Ignore(dir, patterns) => {
            world.write(format!("{dir}/.gitignore").trim_start_matches('/'), &patterns.join("\n"));
        }
        Step::Exclude(pattern) => fs::write(root.join(".git/info/exclude"), pattern).unwrap(),
        Step::Delete(path) => {
            let path = root.join(path);
            fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).ok();
        }
        Step::Add(path) => attempt(&["add", "--", path]),
        Step::ForceAdd(path) => attempt(&["add", "-f", "--", path]),
        Step::Unstage(path) => attempt(&["rm", "-r", "-q", "--cached", "--", path]),
        Step::Nest(path) => {
            // A repository without a commit is none to git, so it gets one.
            let nested = root.join(path);
            if !nested.exists() && fs::create_dir_all(&nested).is_ok() {
                git(&nested, &["init", "-q"]);
                fs::write(nested.join("inner"), "x").unwrap();
                git(&nested, &["add", "inner"]);
                git(&nested, &["commit", "-q", "-m", "x"]);
            }
        }
        Step::Commit => attempt(&["commit", "-q", "-m", "x"]),
    }
}

/// Path, mode and blob of every file as `git add -A` would commit the work tree now: an oracle that goes another way
/// than the listing does; and the repositories inside, which are submodules if they were added before.
fn as_git_adds_it(world: &World) -> (BTreeMap<String, String>, Vec<String>) {
    let root = world.root();
    let index = world.temporary.path().join("index");
    fs::copy(root.join(".git/index"), &index).ok();
    let mut env: Vec<_> =
        environment(&root).iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    env.push(("GIT_INDEX_FILE".into(), index.clone().into()));
    let call = |args: &[&str]| Call::new("git").dir(&root).env(env.clone()).args(args).answer();
    call(&["-c", "advice.addEmbeddedRepo=false", "add", "-A"]).expect("git adds the work tree");
    let listed = call(&["ls-files", "-s", "-z"]).expect("git lists the index").stdout;
    fs::remove_file(&index).ok();
    let listed = String::from_utf8(listed).unwrap();
    let entries = listed.split_terminator('\0').map(|entry| entry.split_once('\t').unwrap());
    let (nested, files): (Vec<_>, Vec<_>) =
        entries.partition(|(what, _)| what.starts_with("160000"));
    let files = files.into_iter().map(|(what, path)| (path.to_owned(), what.to_owned())).collect();
    (files, nested.into_iter().map(|(_, path)| format!("{path}/")).collect())
}

#[test]
fn trees_hold_what_git_would_commit() {
    let mut runner =
        TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    let steps = proptest::collection::vec(step(), 3..18);
    runner
        .run(&steps, |steps| {
            let world = World::new();
            git(&world.root(), &["init", "-q"]);
            steps.iter().for_each(|step| take(&world, step));
            let (expect, nested) = as_git_adds_it(&world);
            let mut observed: BTreeMap<_, _> = world.manifest(".", &[]).into_iter().collect();
            // Submodules are tried by a test of their own; `add -A` does not look into them.
            observed
                .retain(|path, _| !nested.iter().any(|repository| path.starts_with(repository)));
            let paths = |all: BTreeSet<&String>| all.into_iter().cloned().collect::<Vec<_>>();
            assert_eq!(paths(observed.keys().collect()), paths(expect.keys().collect()));
            for (a, digest_a) in &observed {
                for (b, digest_b) in &observed {
                    assert_eq!(digest_a == digest_b, expect[a] == expect[b], "{a} and {b}");
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn submodules_are_part_and_other_repositories_are_not() {
    let world = World::new();
    let (root, module) = (world.root(), world.temporary.path().join("module"));
    fs::create_dir(&module).unwrap();
    fs::write(module.join("in-module"), "1").unwrap();
    for args in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "x"]] {
        git(&module, args);
    }
    git(&root, &["init", "-q"]);
    git(&root, &["submodule", "--quiet", "add", module.to_str().unwrap(), "lib/m"]);
    git(&root, &["clone", "-q", module.to_str().unwrap(), "clone"]);
    world.write("a", "1");
    assert_eq!(world.paths("."), [".gitmodules", "a", "lib/m/in-module"]);

    let before = world.observe(".", &[]).digest;
    world.write("lib/m/new", "1");
    assert_ne!(world.observe(".", &[]).digest, before);
    world.write("clone/new", "1");
    fs::remove_file(root.join("lib/m/new")).unwrap();
    assert_eq!(world.observe(".", &[]).digest, before);
}

#[test]
fn where_no_git_is_everything_counts() {
    let world = World::new();
    world.write(".gitignore", "*.o");
    world.write("a.o", "1");
    world.write("sub/b", "1");
    world.write(".graph/cache.db", "1");
    world.write("clone/.git/HEAD", "1");
    world.write("clone/c", "1");
    std::os::unix::fs::symlink("..", world.root().join("up")).unwrap();
    let ours = [world.root().join(".graph")];
    let paths: Vec<_> = world.manifest(".", &ours).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [".gitignore", "a.o", "clone/c", "sub/b", "up"]);
}

#[test]
fn a_directory_that_git_ignores_as_a_whole_still_counts() {
    let world = World::new();
    git(&world.root(), &["init", "-q"]);
    world.write(".gitignore", "vendor/\n*.o\n");
    world.write("vendor/layer/conf", "1");
    world.write("own/a", "1");
    world.write("own/a.o", "1");
    assert_eq!(world.paths("vendor/layer"), ["conf"]);
    assert_eq!(world.paths("own"), ["a"]);
}

#[test]
fn committing_changes_nothing() {
    let world = World::new();
    let root = world.root();
    git(&root, &["init", "-q"]);
    world.write("a", "1");
    world.write("b", "1");
    let new = world.observe(".", &[]).digest;
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "x"]);
    assert_eq!(world.observe(".", &[]).digest, new);
    fs::remove_file(root.join("b")).unwrap();
    let gone = world.observe(".", &[]).digest;
    assert_ne!(gone, new);
    git(&root, &["commit", "-q", "-a", "-m", "y"]);
    assert_eq!(world.observe(".", &[]).digest, gone);
}

#[test]
fn what_is_remembered_of_a_tree_is_what_is_there() {
    let hits = Cell::new(0);
    let mut runner =
        TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let steps = proptest::collection::vec(step(), 6..18);
    runner
        .run(&steps, |steps| {
            let world = World::new();
            git(&world.root(), &["init", "-q"]);
            for step in &steps {
                take(&world, step);
                world.observe(".", &[]);
            }
            hits.set(hits.get() + world.hits.get());
            Ok(())
        })
        .unwrap();
    assert!(hits.get() > 0, "something was remembered");
}

#[test]
fn a_tree_is_looked_at_again_where_anything_could_count() {
    let world = World::new();
    let root = world.root();
    git(&root, &["init", "-q"]);
    world.write(".gitignore", "/build\nout/*\n!out/kept\n");
    for path in ["a", "sub/b", "build/x/y", "out/x", "alone/.gitignore", "alone/x"] {
        world.write(path, "1");
    }
    fs::create_dir_all(root.join("empty/below")).unwrap();
    world.write("alone/.gitignore", "*");
    git(&root, &["add", "a", "sub"]);
    let look = |what: &str, is_hit: bool| {
        let before = world.hits.get();
        let digest = world.observe(".", &[]).digest;
        assert_eq!(world.hits.get() - before == 2, is_hit, "{what}");
        digest
    };
    let first = look("the first time", false);
    assert_eq!(look("nothing changed", true), first);
    world.write("build/x/z", "1");
    assert_eq!(look("what is ignored as a whole changed", true), first);
    for (path, text) in [
        ("empty/below/new", "1"),
        ("out/kept", "1"),
        ("alone/.gitignore", "x"),
        ("sub/b", "2"),
        (".gitignore", "/build\n"),
    ] {
        let before = look("between", true);
        world.write(path, text);
        assert_ne!(look(path, false), before, "{path}");
    }
    let before = look("between", true);
    fs::write(world.temporary.path().join("home/.config/git/ignore"), "sub\nkept\n").unwrap();
    assert_ne!(look("the user's excludes", false), before);
    git(&root, &["config", "core.excludesFile", "/dev/null"]);
    assert_eq!(look("which excludes there are", false), before);
}
