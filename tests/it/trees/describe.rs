//! Descriptions: those of git itself, whatever the history, and new ones where the tags are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::process::Command;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use super::world::{Repo, World, branch};

fn described(world: &World, repo: &Repo) -> (String, String) {
    let head = world.heads(&[branch("linux", &repo.url(), "main")]).remove(0).unwrap();
    (head.describe.to_string(), head.describe_verbose.to_string())
}

/// What git says in a clone with all of the history and all tags.
fn by_git(repo: &Repo, args: &[&str]) -> Option<String> {
    let output =
        Command::new("git").arg("describe").args(args).arg("main").current_dir(&repo.0).output();
    let output = output.expect("git runs");
    let text = String::from_utf8(output.stdout).expect("text").trim().to_owned();
    output.status.success().then_some(text)
}

fn check(world: &World, repo: &Repo) {
    let expect = (
        by_git(repo, &["--always", "--match=v[1-9]*"]).expect("there is a commit"),
        by_git(repo, &["--match=v[1-9]*"]).unwrap_or_default(),
    );
    assert_eq!(described(world, repo), expect);
}

#[derive(Debug, Clone)]
enum Step {
    Commit,
    Merge(u8),
    Tag(String),
    LightTag(String),
    Untag(u8),
    MoveTag(u8),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop_oneof!["v[1-4]\\.[0-3]", "v0\\.[0-3]", "next-[0-3]", "v[1-3]/x"];
    prop_oneof![
        4 => Just(Step::Commit),
        1 => any::<u8>().prop_map(Step::Merge),
        3 => name.clone().prop_map(Step::Tag),
        1 => name.prop_map(Step::LightTag),
        1 => any::<u8>().prop_map(Step::Untag),
        1 => any::<u8>().prop_map(Step::MoveTag),
        3 => Just(Step::Look),
    ]
}

/// Does a step; one that makes no sense now is passed over.
fn act(repo: &Repo, step: &Step) {
    let attempt = |args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut git = Command::new("git");
        git.args(identity).args(args).current_dir(&repo.0).output().expect("git runs");
    };
    let tags = repo.git(&["tag", "-l"]);
    let tag = |at: &u8| tags.lines().cycle().nth(usize::from(*at)).unwrap_or("v1.0").to_owned();
    match step {
        Step::Commit => attempt(&["commit", "-q", "--allow-empty", "-m", "x"]),
        Step::Merge(back) => {
            let from = format!("main~{}", back % 4 + 1);
            attempt(&["checkout", "-q", "--detach", &from]);
            attempt(&["commit", "-q", "--allow-empty", "-m", "side"]);
            attempt(&["tag", "-a", "-m", "x", &format!("v9.{back}")]);
            let side = repo.git(&["rev-parse", "HEAD"]);
            attempt(&["checkout", "-q", "main"]);
            attempt(&["merge", "-q", "--no-ff", "-m", "merge", &side]);
        }
        Step::Tag(name) => attempt(&["tag", "-a", "-m", "x", name]),
        Step::LightTag(name) => attempt(&["tag", name]),
        Step::Untag(at) => attempt(&["tag", "-d", &tag(at)]),
        Step::MoveTag(at) => attempt(&["tag", "-f", "-a", "-m", "y", &tag(at), "main~1"]),
        Step::Look => {}
    }
}

#[test]
fn a_mirror_describes_as_a_full_clone_does() {
    let mut runner =
        TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let histories = proptest::collection::vec(step(), 4..14);
    runner
        .run(&histories, |steps| {
            let world = World::new();
            let repo = world.repo("linux");
            repo.commit(&[("a", "1")]);
            for step in &steps {
                act(&repo, step);
                if matches!(step, Step::Look) {
                    check(&world, &repo);
                }
            }
            check(&world, &repo);
            Ok(())
        })
        .expect("all are described alike");
}

#[test]
fn a_tag_that_is_made_later_or_removed_counts() {
    let mut world = World::new();
    let repo = world.repo("linux");
    let first = repo.commit(&[("a", "1")]);
    repo.commit(&[("a", "2")]);
    let (describe, verbose) = described(&world, &repo);
    assert!(repo.git(&["rev-parse", "main"]).starts_with(&describe));
    assert_eq!(verbose, "");
    repo.git(&["tag", "-a", "-m", "x", "v6.1", &first]);
    let (describe, verbose) = described(&world, &repo);
    assert!(describe.starts_with("v6.1-1-g"), "{describe}");
    assert_eq!(verbose, describe);
    repo.tag("v6.1-rc9");
    assert_eq!(described(&world, &repo).0, "v6.1-rc9");
    repo.git(&["tag", "-d", "v6.1-rc9"]);
    assert!(described(&world, &repo).0.starts_with("v6.1-1-g"));

    // The same of a repository that is only read.
    world.substitute("linux", &repo.0, "HEAD");
    world.calls(&[]);
    assert!(described(&world, &repo).0.starts_with("v6.1-1-g"));
    described(&world, &repo);
    assert_eq!(world.calls(&["describe"]).len(), 1, "it is remembered");
    repo.tag("v6.2");
    assert_eq!(described(&world, &repo).0, "v6.2");
    repo.git(&["pack-refs", "--all"]);
    assert_eq!(described(&world, &repo).0, "v6.2");
}

#[test]
fn a_revision_is_described_by_any_tag_as_kernelci_does() {
    let world = World::new();
    let repo = world.repo("linux");
    repo.commit(&[("a", "1")]);
    repo.tag("v6.1");
    repo.commit(&[("a", "2")]);
    repo.tag("next/20230728");
    let head = world.heads(&[branch("next", &repo.url(), "main")]).remove(0).unwrap();
    assert!(head.describe.starts_with("v6.1-1-g"), "{head:?}");
    let describe = |tree: &str| world.probe(|probe| probe.describe_in(tree, &head.commit)).unwrap();
    assert_eq!(describe("next"), "next_20230728");
    assert_eq!(describe("soc"), *head.describe);
}
