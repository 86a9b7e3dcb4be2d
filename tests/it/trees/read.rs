//! What builds have read, at other commits: beside a plain computation, and told to people.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::facts::Fact;
use graph::model::Graph;
use graph::name::NodeName;
use graph::reads::{Listing, ReadSet};
use graph::resource::Pool;
use graph::spec::{Action, Commit, Input, Node, Place, Repository, Role, Source, Spec};
use graph_cli::probe::commit::{Change, How};

use super::world::{Repo, World};

fn commit(repo: &Repo, id: &str) -> Arc<Commit> {
    let repository = Repository::Local(repo.0.to_str().unwrap().into());
    Arc::new(Commit { repository, id: id.into() })
}

fn set(paths: &[&str], names: &[&str]) -> ReadSet {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    ReadSet::new(owned(paths), owned(names))
}

/// A listing that looks through all files for each question.
struct Naive(BTreeMap<String, Vec<u8>>);

impl Naive {
    fn of(repo: &Repo, commit: &str) -> Self {
        let lines = repo.git(&["ls-tree", "-r", "-z", commit]);
        let entry = |line: &str| {
            let (id, path) = line.split_once('\t').unwrap();
            (path.to_owned(), id.as_bytes().to_vec())
        };
        Self(lines.split_terminator('\0').map(entry).collect())
    }
}

impl Listing for Naive {
    fn id(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    fn bearers(&self, name: &str) -> Digest {
        let mut fields = Fields::of("graph bearers v1");
        for path in self.0.keys() {
            let own = path.rsplit('/').next().unwrap();
            if name.strip_suffix('*').map_or(own == name, |prefix| own.starts_with(prefix)) {
                fields.add(path);
            }
        }
        fields.finish()
    }
}

#[test]
fn values_are_those_of_a_plain_computation_over_edits() {
    let world = World::new();
    let repo = world.repo("linux");
    let mut state: u64 = 7;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let path =
        |at: u64| format!("d{}/e{}/f{}.{}", at % 3, at % 5, at % 7, ["c", "h"][at as usize % 2]);
    let mut commits = Vec::new();
    for _ in 0..12 {
        for _ in 0..6 {
            let file = path(random(200));
            if random(4) == 0 {
                fs::remove_file(repo.0.join(file)).ok();
            } else {
                repo.write(&file, &random(3).to_string());
            }
        }
        commits.push(repo.commit(&[]));
    }
    let sets: Vec<ReadSet> = (0..5)
        .map(|_| {
            let paths: Vec<String> = (0..8).map(|_| path(random(200))).collect();
            let names = (0..3).map(|at| format!("f{}{}", random(7), [".c", ".h", "*"][at]));
            ReadSet::new(paths, names)
        })
        .collect();
    let wanted: Vec<(Arc<Commit>, ReadSet)> = commits
        .iter()
        .flat_map(|id| sets.iter().map(|set| (commit(&repo, id), set.clone())))
        .collect();
    let expect: Vec<Digest> =
        wanted.iter().map(|(commit, set)| set.value(&Naive::of(&repo, &commit.id))).collect();
    let values = || world.probe(|probe| probe.read_values(&wanted)).into_iter().map(Result::unwrap);
    assert!(values().eq(expect.iter().copied()));
    let distinct = commits.iter().map(|id| repo.git(&["rev-parse", &format!("{id}^{{tree}}")]));
    let distinct: std::collections::BTreeSet<String> = distinct.collect();
    assert_eq!(world.calls(&["ls-tree"]).len(), distinct.len(), "each is listed once");
    assert!(values().eq(expect.iter().copied()));
    assert_eq!(world.calls(&["ls-tree", "rev-parse"]), [""; 0], "all of it is remembered");

    // By digests, a set is asked for only where its value is not known.
    let named: Vec<(Arc<Commit>, Digest)> =
        wanted.iter().map(|(commit, set)| (commit.clone(), set.digest())).collect();
    let values = world.probe(|probe| probe.read_values_of(&named, &|_| panic!("it is known")));
    assert!(values.into_iter().map(Result::unwrap).eq(expect));
    let unknown = [(wanted[0].0.clone(), Digest::of(b"gone"))];
    for kept in [None, Some(sets[0].clone())] {
        let values = world.probe(|probe| probe.read_values_of(&unknown, &|_| kept.clone()));
        assert!(values[0].is_err(), "another set is not taken for it");
    }
}

#[test]
fn what_has_changed_of_what_was_read_is_told() {
    let world = World::new();
    let repo = world.repo("linux");
    let files = [("a/x.c", "1"), ("a/y.h", "1"), ("b/y.h", "1"), ("doc", "1"), ("same", "1")];
    let old = repo.commit(&files);
    fs::remove_file(repo.0.join("a/y.h")).unwrap();
    fs::remove_file(repo.0.join("b/y.h")).unwrap();
    let new = repo.commit(&[("a/x.c", "2"), ("c/y.h", "1"), ("doc", "2"), ("wished", "1")]);
    let set = set(&["a/x.c", "a/y.h", "same", "wished", "never"], &["y.h", "z*"]);
    let look = |old: &str| {
        world.probe(|probe| probe.changed_paths(&commit(&repo, old), &commit(&repo, &new), &set))
    };
    let change = |path: &str, how| Change { path: path.to_owned(), how };
    assert_eq!(
        look(&old).unwrap(),
        [
            change("a/x.c", How::Changed),
            change("a/y.h", How::Removed),
            change("b/y.h", How::Left),
            change("c/y.h", How::Joined),
            change("wished", How::Added),
        ]
    );
    assert_eq!(look(&new).unwrap(), []);
    let why = look(&"0123456789".repeat(4)).unwrap_err();
    assert!(why.starts_with("commit `012345678901` is not at hand"), "{why}");
}

fn node(at: usize, source: &Source) -> Node {
    let (source, role) = (source.clone(), Role::Key);
    let input = Input { part: "source".into(), source, declared: None, role };
    Node {
        name: NodeName::new("kernel", [format!("node-{at}").as_str()]).unwrap(),
        labels: Vec::new().into(),
        inputs: vec![input].into(),
        needs: Vec::new(),
        action: Action::default(),
        outputs: Vec::new().into(),
        declared: Place::file("build-configs.yaml"),
        pool: Pool::Build,
        unresolved: Vec::new(),
    }
}

#[test]
fn the_fact_of_a_commit_is_its_tree() {
    let world = World::new();
    let repo = world.repo("linux");
    let first = repo.commit(&[("a", "1")]);
    let same = repo.commit(&[]);
    let other = repo.commit(&[("a", "2")]);
    let gone = "0123456789".repeat(4);
    let sources = [&first, &same, &other, &gone].map(|id| Source::Commit(commit(&repo, id)));
    let nodes = sources.iter().enumerate().map(|(at, source)| node(at, source)).collect();
    let graph = Graph::build(Spec { nodes }).unwrap();
    let wanted: Vec<_> = graph.ids().collect();
    let facts = world.probe(|probe| probe.observe(&graph, &wanted).unwrap()).facts;
    let [first_fact, same_fact, other_fact, gone_fact] = sources.map(|source| facts.get(&source));
    let digest = |fact: &Fact| match fact {
        Fact::Known { digest, text } => (*digest, text.to_string()),
        other => panic!("{other:?}"),
    };
    assert_eq!(digest(&first_fact).1, first[..12]);
    assert_eq!(digest(&first_fact).0, digest(&same_fact).0);
    assert_ne!(digest(&first_fact).0, digest(&other_fact).0);
    assert!(matches!(gone_fact, Fact::Unknown(why) if why.contains("is not at hand")));
}
