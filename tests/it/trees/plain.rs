//! Names in local repositories, taken without starting git where nothing moved, against git itself over random lives of a
//! repository: everything that was remembered on the way is at hand after every step.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use graph::digest::Fields;
use graph::facts::Fact;
use graph::spec::{Commit, Repository, Source};
use graph_cli::probe::commit::Wish;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use super::world::{Repo, World};

const NAMES: [&str; 5] = ["main", "side", "a/b", "v1", "abc"];

#[derive(Debug, Clone)]
enum Step {
    Commit,
    Branch(usize),
    Tag(usize),
    Annotated(usize),
    DeleteBranch(usize),
    DeleteTag(usize),
    Switch(usize),
    Detach,
    Symbolic(usize, usize),
    Pack,
    Broken(usize),
    TopLevel(usize),
    Remote(usize),
    WorkTree,
    Replace,
    Away,
    Back,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || 0..NAMES.len();
    prop_oneof![
        3 => any::<()>().prop_map(|()| Step::Commit),
        3 => name().prop_map(Step::Branch),
        2 => name().prop_map(Step::Tag),
        2 => name().prop_map(Step::Annotated),
        2 => name().prop_map(Step::DeleteBranch),
        1 => name().prop_map(Step::DeleteTag),
        2 => name().prop_map(Step::Switch),
        1 => any::<()>().prop_map(|()| Step::Detach),
        2 => (name(), name()).prop_map(|(a, b)| Step::Symbolic(a, b)),
        3 => any::<()>().prop_map(|()| Step::Pack),
        1 => name().prop_map(Step::Broken),
        1 => name().prop_map(Step::TopLevel),
        1 => name().prop_map(Step::Remote),
        1 => any::<()>().prop_map(|()| Step::WorkTree),
        1 => any::<()>().prop_map(|()| Step::Replace),
        1 => any::<()>().prop_map(|()| Step::Away),
        1 => any::<()>().prop_map(|()| Step::Back),
    ]
}

/// What cannot be done in the present state is left out.
fn take(repo: &Repo, step: &Step) {
    let attempt = |args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut git = Command::new("git");
        git.args(identity).args(args).current_dir(&repo.0).stderr(Stdio::null());
        git.stdout(Stdio::null()).status().unwrap();
    };
    let of = |before: &str, at: &usize| format!("{before}{}", NAMES[*at]);
    let put = |path: PathBuf, text: &str| {
        if fs::create_dir_all(path.parent().unwrap()).is_ok() && !path.is_dir() {
            fs::write(path, text).ok();
        }
    };
    match step {
        Step::Commit => {
            static NEXT: AtomicUsize = AtomicUsize::new(3);
            let text = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
            fs::write(repo.0.join("a"), text).unwrap();
            attempt(&["commit", "-q", "-a", "--allow-empty", "-m", "x"]);
        }
        Step::Branch(at) => attempt(&["update-ref", &of("refs/heads/", at), "HEAD"]),
        Step::Tag(at) => attempt(&["tag", "-f", NAMES[*at]]),
        Step::Annotated(at) => attempt(&["tag", "-f", "-a", "-m", "x", NAMES[*at]]),
        Step::DeleteBranch(at) => attempt(&["update-ref", "-d", &of("refs/heads/", at)]),
        Step::DeleteTag(at) => attempt(&["tag", "-d", NAMES[*at]]),
        Step::Switch(at) => attempt(&["symbolic-ref", "HEAD", &of("refs/heads/", at)]),
        Step::Detach => attempt(&["checkout", "-q", "--detach", "HEAD"]),
        Step::Symbolic(a, b) => {
            attempt(&["symbolic-ref", &of("refs/heads/", a), &of("refs/heads/", b)]);
        }
        Step::Pack => attempt(&["pack-refs", "--all"]),
        Step::Broken(at) => put(repo.0.join(of(".git/refs/heads/", at)), "no commit\n"),
        Step::TopLevel(at) => put(repo.0.join(of(".git/", at)), &repo.git(&["rev-parse", "HEAD~"])),
        Step::Remote(at) => attempt(&["update-ref", &of("refs/remotes/", at), "HEAD~"]),
        Step::WorkTree => attempt(&["worktree", "add", "-q", "--detach", "../linked"]),
        Step::Replace => {
            let (old, new) = (repo.git(&["rev-parse", "v1^{}"]), repo.git(&["rev-parse", "HEAD"]));
            attempt(&["replace", "-f", &old, &new]);
        }
        Step::Away => fs::rename(repo.0.join(".git"), repo.0.join("away")).unwrap(),
        Step::Back => fs::rename(repo.0.join("away"), repo.0.join(".git")).unwrap(),
    }
}

/// What a name is to git, all of them asked in one process.
fn by_git(dir: &Path, names: &[String]) -> Vec<Option<String>> {
    said_by(Command::new("git"), dir, names, "commit")
}

/// The tree of each commit, whatever stands for it.
fn trees_by_git(dir: &Path, commits: &[String]) -> Vec<Option<String>> {
    let mut git = Command::new("git");
    git.env("GIT_NO_REPLACE_OBJECTS", "1");
    said_by(git, dir, commits, "tree")
}

fn said_by(mut git: Command, dir: &Path, names: &[String], kind: &str) -> Vec<Option<String>> {
    git.args(["cat-file", "--batch-check=%(objectname) %(objecttype)"]).current_dir(dir);
    git.env("GIT_CEILING_DIRECTORIES", dir.parent().unwrap());
    let mut git =
        git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let asked: String = names.iter().map(|name| format!("{name}^{{{kind}}}\n")).collect();
    git.stdin.take().unwrap().write_all(asked.as_bytes()).ok();
    let said = String::from_utf8(git.wait_with_output().unwrap().stdout).unwrap();
    let mut said = said.lines();
    let mut next = || Some(said.next()?.strip_suffix(kind)?.trim_end().to_owned());
    names.iter().map(|_| next()).collect()
}

/// The facts of commits as they are to be, given their trees, and as they are.
fn facts(world: &World, dir: &Path, commits: &[String]) -> [Vec<Fact>; 2] {
    let expect = trees_by_git(dir, commits).into_iter().zip(commits).map(|(tree, commit)| {
        let digest = Fields::of("graph fact commit v1").field(tree.unwrap()).finish();
        Fact::Known { digest, text: commit[..12].into() }
    });
    let repository = Repository::Local(dir.to_str().unwrap().into());
    let source = |id: &String| {
        let (repository, id) = (repository.clone(), id.as_str().into());
        Source::Commit(Arc::new(Commit { repository, id }))
    };
    let sources: Vec<Source> = commits.iter().map(source).collect();
    let asked: Vec<&Source> = sources.iter().collect();
    let seen = world.probe(|probe| probe.observe_sources(&asked).unwrap().facts);
    [expect.collect(), sources.iter().map(|source| seen.get(source)).collect()]
}

fn names() -> Vec<String> {
    let full = ["refs/heads/main", "refs/tags/v1", "heads/side", "main~1"].map(str::to_owned);
    NAMES.iter().map(|name| (*name).to_owned()).chain(["HEAD".to_owned()]).chain(full).collect()
}

fn ours(world: &World, dir: &Path, names: &[String]) -> Vec<Option<String>> {
    let wish =
        |name: &String| Wish::Revision { dir: dir.to_owned(), revision: name.as_str().into() };
    let wishes: Vec<Wish> = names.iter().map(wish).collect();
    let heads = world.probe(|probe| probe.heads(&wishes, &|_| ()).0);
    heads.into_iter().map(|head| Some(head.ok()?.commit.id.to_string())).collect()
}

#[test]
fn a_name_is_what_git_says_whatever_was_remembered() {
    let config = Config { cases: 10, failure_persistence: None, ..Config::default() };
    let (names, mut runner) = (names(), TestRunner::new(config));
    runner
        .run(&proptest::collection::vec(step(), 4..14), |steps| {
            let world = World::new();
            let repo = world.repo("linux");
            repo.commit(&[("a", "1")]);
            repo.commit(&[("a", "2")]);
            let linked = repo.0.parent().unwrap().join("linked");
            let mut is_away = false;
            for step in &steps {
                match step {
                    Step::Away if is_away => continue,
                    Step::Back if !is_away => continue,
                    Step::Away | Step::Back => is_away = !is_away,
                    _ if is_away => continue,
                    Step::TopLevel(_) | Step::Replace
                        if by_git(&repo.0, &["HEAD~".into(), "v1".into()]).contains(&None) =>
                    {
                        continue;
                    }
                    _ => {}
                }
                take(&repo, step);
                for dir in [&repo.0, &repo.0.join(".git"), &linked] {
                    let is_there = dir.join(".git").exists() || dir.join("HEAD").exists();
                    if is_there {
                        let named = by_git(dir, &names);
                        assert_eq!(ours(&world, dir, &names), named, "{steps:?}");
                        let commits: Vec<String> = named.into_iter().flatten().collect();
                        let [expect, facts] = facts(&world, dir, &commits);
                        assert_eq!(facts, expect, "{steps:?}");
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn git_is_started_only_where_something_moved() {
    let mut world = World::new();
    world.set_env("GIT_CONFIG_GLOBAL", Path::new("/dev/null"));
    let repos = ["one", "two", "bare"].map(|name| world.repo(name));
    let mut dirs: Vec<PathBuf> = Vec::new();
    for repo in &repos {
        repo.commit(&[("a", &repo.url())]);
        repo.tag("v6.1");
        dirs.push(repo.0.clone());
    }
    repos[1].git(&["pack-refs", "--all"]);
    repos[0].git(&["worktree", "add", "-q", "-b", "other", "../linked"]);
    dirs.extend([repos[0].0.join("../linked"), repos[2].0.join(".git")]);
    let names = ["HEAD", "main", "v6.1", "refs/heads/main"].map(str::to_owned);
    let look = || dirs.iter().map(|dir| ours(&world, dir, &names)).collect::<Vec<_>>();
    let first = look();
    let calls = || world.calls(&["rev-parse", "describe"]).len();
    assert!(calls() > 0 && first.iter().flatten().all(Option::is_some));
    assert_eq!((look(), calls()), (first.clone(), 0));

    let moved = repos[0].commit(&[("b", "1")]);
    let (second, asked) = (look(), calls());
    assert_eq!(second[0][0].as_ref(), Some(&moved));
    assert!(asked > 0 && second[1] == first[1] && second[0][2] == first[0][2]);
    assert_eq!((look(), calls()), (second, 0));

    // What git refuses to take apart without objects is asked each time.
    let odd = ["HEAD~0".to_owned(), moved[..10].to_owned()];
    for _ in 0..2 {
        assert_eq!(ours(&world, &dirs[0], &odd), [Some(moved.clone()), Some(moved.clone())]);
        assert!(calls() >= 2);
    }
}

#[test]
fn refs_that_are_not_in_files_are_asked_for() {
    let world = World::new();
    let repo = world.repo("tables");
    let migrate = ["refs", "migrate", "--ref-format=reftable"];
    repo.commit(&[("a", "1")]);
    let mut git = Command::new("git");
    let moved = git.args(migrate).current_dir(&repo.0).stderr(Stdio::null()).status();
    // An older git knows no such refs.
    if !moved.unwrap().success() {
        return;
    }
    let names = ["HEAD".to_owned(), "main".to_owned()];
    for text in ["2", "3"] {
        let commit = Some(repo.commit(&[("a", text)]));
        assert_eq!(ours(&world, &repo.0, &names), [commit.clone(), commit]);
    }
}

#[test]
fn a_tag_on_the_same_commit_is_noticed() {
    let world = World::new();
    let repo = world.repo("linux");
    repo.commit(&[("a", "1")]);
    let wish = [Wish::Revision { dir: repo.0.clone(), revision: "main".into() }];
    let describe = || {
        let head = world.probe(|probe| probe.heads(&wish, &|_| ()).0).remove(0).unwrap();
        (head.describe.to_string(), head.tagged)
    };
    assert!(!describe().1);
    repo.tag("v6.1");
    assert_eq!(describe(), ("v6.1".to_owned(), true));
    repo.git(&["pack-refs", "--all"]);
    assert_eq!(describe().0, "v6.1");
    repo.git(&["tag", "-d", "v6.1"]);
    assert!(!describe().1);
    repo.git(&["tag", "-a", "-m", "x", "v6.2"]);
    assert_eq!(describe().0, "v6.2");
}
