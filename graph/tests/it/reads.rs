//! Nodes that depend on a commit, narrowed to what their last build read: whatever is called fresh or restored is what a
//! clean build would have left, though what a build reads depends on what it reads.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::executed::{Executed, HasRead};
use graph::facts::{Fact, Facts};
use graph::fingerprint::Fingerprint;
use graph::model::Graph;
use graph::name::NodeName;
use graph::reads::{Listing, ReadSet};
use graph::record::{
    Availability, Cost, Outcome, OutputFile, Record, Recorded, Records, Remembered,
};
use graph::resource::Capacity;
use graph::schedule::{Finished, Next, OnFailure, Schedule};
use graph::spec::{Commit, Input, Node, Repository, Role, Source, Spec};
use graph::verdict::{Reason, Verdict};
use proptest::prelude::{Just, Strategy, prop, prop_oneof, proptest};

use crate::world::{name, node, plan_both_ways};

/// Files by path; each holds one number.
type Files = BTreeMap<String, Vec<u8>>;

struct Tree<'a>(&'a Files);

impl Listing for Tree<'_> {
    fn id(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    fn bearers(&self, name: &str) -> Digest {
        let mut fields = Fields::of("test bearers");
        let is_named = |path: &&String| path.rsplit('/').next() == Some(name);
        self.0.keys().filter(is_named).for_each(|path| fields.add(path));
        fields.finish()
    }
}

/// A kernel: the number with which its build begins, and the commit that it builds.
#[derive(Debug, Clone)]
struct Kernel {
    config: u8,
    files: Files,
}

/// What a clean build leaves, and what it reads: each file says which comes next, and one that includes is found in the
/// first of two directories that has it.
fn build(kernel: &Kernel) -> (Digest, ReadSet) {
    let mut made = Fields::of("test outputs").field([kernel.config]);
    let (mut paths, mut next) = (BTreeSet::new(), kernel.config % 4);
    for _ in 0..3 {
        let near = format!("near/{next}.h");
        let path = if kernel.files.contains_key(&near) { near } else { format!("far/{next}.h") };
        let content = kernel.files.get(&path).cloned().unwrap_or_default();
        made.add(&content);
        next = content.first().map_or(next, |byte| byte % 4);
        paths.insert(path);
    }
    let names: Vec<String> =
        paths.iter().filter_map(|path| Some(path.rsplit('/').next()?.to_owned())).collect();
    (made.finish(), ReadSet::new(paths, names))
}

fn commit_of(files: &Files) -> Arc<Commit> {
    let mut id = Fields::of("test commit");
    for (path, content) in files {
        id.add(path);
        id.add(content);
    }
    let repository = Repository::Mirror("https://example.com/linux.git".into());
    Arc::new(Commit { repository, id: id.finish().to_string().into() })
}

fn graph_of(kernels: &[Kernel]) -> Graph {
    let nodes = kernels.iter().enumerate().map(|(index, kernel)| {
        let input = |part: &str, source| Input {
            part: part.into(),
            source,
            declared: None,
            role: Role::Key,
        };
        let config = Source::Value(kernel.config.to_string().into());
        let source = Source::Commit(commit_of(&kernel.files));
        let inputs = vec![input("config", config), input("source", source)];
        Node { inputs: inputs.into(), ..node(&format!("kernel/{index}"), &[]) }
    });
    Graph::build(Spec { nodes: nodes.collect() }).unwrap()
}

/// The cache.
#[derive(Default)]
struct World {
    last: HashMap<NodeName, Arc<Record>>,
    store: Vec<Arc<Record>>,
    sets: HashMap<Digest, ReadSet>,
}

impl World {
    fn records(&self) -> Records {
        let mut records = Records::default();
        for record in &self.store {
            let available = Availability::InStore;
            records.insert_key(&Remembered { record: record.clone(), available });
        }
        for record in self.last.values() {
            let available = Availability::InPlace;
            records.insert_last(Remembered { record: record.clone(), available });
        }
        records
    }

    fn facts(&self, kernels: &[Kernel]) -> Facts {
        let mut facts = Facts::default();
        for (index, kernel) in kernels.iter().enumerate() {
            let commit = commit_of(&kernel.files);
            facts.insert(Source::Commit(commit.clone()), Fact::text(&commit.id));
            let last = self.last.get(&name(&format!("kernel/{index}")));
            let Some(reads) = last.and_then(|last| last.reads) else { continue };
            if let Some(set) = self.sets.get(&reads) {
                let value = Fact::content(set.value(&Tree(&kernel.files)));
                facts.insert(Source::Read(commit, Box::new(reads)), value);
            }
        }
        facts
    }

    fn record(&mut self, node: &Node, executed: Executed, made: Digest) -> Arc<Record> {
        let outputs =
            vec![OutputFile { path: "image".into(), digest: made, size: 1, executable: false }];
        let record = Arc::new(Record {
            node: node.name.clone(),
            key: executed.key.unwrap(),
            parts: Recorded { parts: executed.parts, whole: executed.whole }.into(),
            reads: executed.reads,
            outcome: Outcome::Succeeded,
            outputs,
            cost: Cost::default(),
            run: 1,
            ended: 1,
        });
        self.last.insert(node.name.clone(), record.clone());
        self.store.push(record.clone());
        record
    }

    fn executed(&mut self, node: &Node, fingerprint: &Fingerprint, kernel: &Kernel) -> Arc<Record> {
        let (made, set) = build(kernel);
        let read = HasRead { set: set.digest(), value: set.value(&Tree(&kernel.files)) };
        self.sets.insert(set.digest(), set);
        self.record(node, Executed::built(node, fingerprint, Some(read)), made)
    }

    /// Runs what is stale; gives how many were executed.
    fn run(&mut self, kernels: &[Kernel]) -> usize {
        let graph = graph_of(kernels);
        let all: Vec<_> = graph.ids().collect();
        let (facts, records) = (self.facts(kernels), self.records());
        let limits = (Capacity::new(2, 2, 100), OnFailure::KeepGoing);
        let mut schedule = Schedule::new(&graph, &all, [], (&facts, records), limits);
        let (mut executed, mut running) = (0, Vec::new());
        loop {
            match schedule.advance() {
                Next::Settled(..) => {}
                Next::Start(id, judgement) => running.push((id, judgement, None)),
                Next::Restore(id, judgement, from) => running.push((id, judgement, Some(from))),
                Next::Wait => {
                    let (id, judgement, from) = running.remove(0);
                    let (node, fingerprint) = (graph.node(id), &judgement.fingerprint);
                    schedule.finish(
                        id,
                        match from {
                            None => {
                                executed += 1;
                                let kernel = &kernels[id.index()];
                                Finished::Succeeded(self.executed(node, fingerprint, kernel))
                            }
                            Some(from) => {
                                let restored = Executed::restored(node, fingerprint, &from);
                                assert_eq!(restored.key, Some(from.key), "one build, one key");
                                let made = from.outputs[0].digest;
                                Finished::Restored(self.record(node, restored, made))
                            }
                        },
                    );
                }
                Next::Done => break,
            }
        }
        executed
    }

    /// Every node has what a clean build of it leaves, and the plan says that nothing is to be done.
    fn check(&self, kernels: &[Kernel]) {
        self.check_made(kernels);
        let verdicts = self.verdicts(kernels);
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Fresh), "{verdicts:?}");
    }

    fn check_made(&self, kernels: &[Kernel]) {
        let graph = graph_of(kernels);
        for id in graph.ids() {
            let last = &self.last[&graph.node(id).name];
            assert_eq!(last.outputs[0].digest, build(&kernels[id.index()]).0, "{id:?}");
        }
    }

    fn verdicts(&self, kernels: &[Kernel]) -> Vec<Verdict> {
        let graph = graph_of(kernels);
        let plan = plan_both_ways(&graph, &[], &self.facts(kernels), &self.records());
        plan.entries.into_iter().map(|entry| entry.judgement.verdict).collect()
    }
}

fn files(contents: &[(&str, u8)]) -> Files {
    contents.iter().map(|(path, number)| ((*path).to_owned(), vec![*number])).collect()
}

/// Begins at 0, goes on to 1 and stays there; 2 and 3 are read by nobody.
fn chain() -> Files {
    files(&[("far/0.h", 1), ("far/1.h", 1), ("far/2.h", 7), ("far/3.h", 7)])
}

#[test]
fn what_was_not_read_changes_nothing() {
    let mut kernels = [Kernel { config: 0, files: chain() }];
    let mut world = World::default();
    assert_eq!(world.run(&kernels), 1);
    world.check(&kernels);
    kernels[0].files.insert("far/2.h".to_owned(), vec![8]);
    kernels[0].files.insert("far/README".to_owned(), vec![8]);
    world.check(&kernels);
}

#[test]
fn what_was_read_or_would_be_found_first_does() {
    for (path, number) in [("far/1.h", 5), ("near/1.h", 1)] {
        let mut kernels = [Kernel { config: 0, files: chain() }];
        let mut world = World::default();
        world.run(&kernels);
        kernels[0].files.insert(path.to_owned(), vec![number]);
        match &world.verdicts(&kernels)[..] {
            [Verdict::Stale(reasons)] => match &reasons[..] {
                [Reason::Changed { new, .. }] => assert_eq!(&*new.name, "source"),
                other => panic!("{path}: {other:?}"),
            },
            other => panic!("{path}: {other:?}"),
        }
        assert_eq!(world.run(&kernels), 1);
        world.check(&kernels);
    }
}

/// Both were built from the same files with one config; with another, they read what differs between their commits.
#[test]
fn equal_in_what_was_read_is_not_equal_in_what_will_be() {
    let mut other = chain();
    other.insert("far/2.h".to_owned(), vec![9]);
    let mut kernels = [Kernel { config: 0, files: chain() }, Kernel { config: 0, files: other }];
    let mut world = World::default();
    world.run(&kernels);
    kernels.iter_mut().for_each(|kernel| kernel.config = 2);
    assert_eq!(world.run(&kernels), 2);
    world.check(&kernels);
}

#[test]
fn one_commit_is_built_once_also_for_a_name_that_comes_later() {
    let mut kernels = vec![Kernel { config: 0, files: chain() }; 2];
    let mut world = World::default();
    assert_eq!(world.run(&kernels), 1);
    world.check(&kernels);
    kernels.push(kernels[0].clone());
    assert_eq!(world.run(&kernels), 0, "it is found under all of its commit");
    world.check(&kernels);
}

#[test]
fn a_set_that_was_forgotten_makes_no_node_fresh_that_is_not() {
    let mut kernels = [Kernel { config: 0, files: chain() }];
    let mut world = World::default();
    world.run(&kernels);
    world.sets.clear();
    assert!(matches!(&world.verdicts(&kernels)[..], [Verdict::Restorable { .. }]));
    kernels[0].files.insert("far/2.h".to_owned(), vec![8]);
    assert!(matches!(&world.verdicts(&kernels)[..], [Verdict::Stale(_)]));
}

#[derive(Debug, Clone)]
enum Edit {
    Config(usize, u8),
    Write(usize, String, u8),
    Remove(usize, String),
    /// A node moves to the commit of another.
    Follow(usize, usize),
    ForgetSets,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let path =
        || (prop_oneof![Just("near"), Just("far")], 0..4).prop_map(|(d, n)| format!("{d}/{n}.h"));
    let edit = prop_oneof![
        (0..3_usize, 0..4_u8).prop_map(|(node, config)| Edit::Config(node, config)),
        (0..3_usize, path(), 0..6_u8).prop_map(|(node, path, to)| Edit::Write(node, path, to)),
        (0..3_usize, path()).prop_map(|(node, path)| Edit::Remove(node, path)),
        (0..3_usize, 0..3_usize).prop_map(|(node, of)| Edit::Follow(node, of)),
        Just(Edit::ForgetSets),
    ];
    prop::collection::vec(edit, 1..4)
}

proptest! {
    #[test]
    fn a_build_after_edits_is_a_clean_build(rounds in prop::collection::vec(edits(), 1..8)) {
        let mut kernels = vec![Kernel { config: 0, files: chain() }; 3];
        let mut world = World::default();
        world.run(&kernels);
        let mut forgot = false;
        for edits in rounds {
            // What is restored of an execution whose set is gone is restored again the next time.
            let edits_forget = edits.iter().any(|edit| matches!(edit, Edit::ForgetSets));
            for edit in edits {
                match edit {
                    Edit::Config(node, config) => kernels[node].config = config,
                    Edit::Write(node, path, to) => drop(kernels[node].files.insert(path, vec![to])),
                    Edit::Remove(node, path) => drop(kernels[node].files.remove(&path)),
                    Edit::Follow(node, of) => kernels[node].files = kernels[of].files.clone(),
                    Edit::ForgetSets => world.sets.clear(),
                }
            }
            world.run(&kernels);
            world.check_made(&kernels);
            assert_eq!(world.run(&kernels), 0);
            forgot |= edits_forget;
            if !forgot {
                world.check(&kernels);
            }
        }
    }
}
