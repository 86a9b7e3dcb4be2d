//! A simulated world: facts that change, a cache that remembers, an executor that takes time, fails and is stopped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::facts::{Fact, Facts};
use graph::fingerprint::Fingerprint;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::plan::{Plan, plan};
use graph::record::{Availability, Cost, Outcome, OutputFile, Record, Records, Remembered};
use graph::resource::{Capacity, Pool};
use graph::schedule::{Ending, Finished, Next, OnFailure, Schedule};
use graph::spec::{Action, Input, Label, Node, Place, Role, Source};
use graph::verdict::{Reason, Rebuild, Verdict, judge};

pub(crate) fn name(text: &str) -> NodeName {
    NodeName::parse(text).unwrap()
}

/// A node without anything; tests add what they are about.
pub(crate) fn node(text: &str, needs: &[&str]) -> Node {
    Node {
        name: name(text),
        labels: Vec::new().into(),
        inputs: Vec::new().into(),
        needs: needs.iter().map(|need| name(need)).collect(),
        action: Action::default(),
        outputs: Vec::new().into(),
        declared: Place { file: "machines.json".into(), line: 1, column: 1 },
        pool: Pool::Build,
        unresolved: Vec::new(),
    }
}

pub(crate) fn file(path: &str) -> Source {
    Source::File(path.into())
}

/// An input with the content of a file. What a node makes depends on it, unless its name begins with `noise`.
pub(crate) fn input(part: &str, path: &str, role: Role) -> Input {
    Input { part: part.into(), source: file(path), declared: None, role }
}

pub(crate) fn label(key: &'static str, value: &str) -> Label {
    Label { key, value: value.into() }
}

/// Everything outside the engine.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) facts: Facts,
    last: HashMap<NodeName, Remembered>,
    store: HashMap<Digest, Arc<Record>>,
    runs: i64,
}

/// The plan of a whole graph; checks that the short ways that it takes lead where the judge's long way does.
pub(crate) fn plan_both_ways(
    graph: &Graph,
    forced: &[NodeId],
    facts: &Facts,
    records: &Records,
) -> Plan {
    let all: Vec<NodeId> = graph.ids().collect();
    let plan = plan(graph, &all, forced, facts, records);
    let mut made: HashMap<&NodeName, Digest> = HashMap::new();
    let mut first_with: HashMap<Digest, NodeId> = HashMap::new();
    for entry in &plan.entries {
        let node = graph.node(entry.id);
        let rebuild = if forced.contains(&entry.id) { Rebuild::Forced } else { Rebuild::Stale };
        let long = judge(node, facts, |need| made.get(need).copied(), records, rebuild);
        assert_eq!(entry.judgement, long, "the short way says what the long way says");
        let key = long.fingerprint.execution_key();
        let first = match (&long.verdict, key) {
            (Verdict::Stale(_), Some(key)) => Some(*first_with.entry(key).or_insert(entry.id)),
            _ => None,
        };
        assert_eq!(entry.duplicate_of, first.filter(|first| *first != entry.id));
        match &long.verdict {
            Verdict::Fresh => {
                made.insert(&node.name, records.last(&node.name).unwrap().record.made())
            }
            Verdict::Restorable { from, .. } => made.insert(&node.name, from.made()),
            Verdict::Stale(_) | Verdict::Open(_) => None,
        };
    }
    plan
}

/// How one run goes.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub(crate) builds: usize,
    pub(crate) lights: usize,
    pub(crate) memory: u64,
    pub(crate) on_failure: OnFailure,
    /// Nodes, by index, that end like this when they run.
    pub(crate) failing: BTreeMap<usize, Outcome>,
    /// Nodes, by index, that cannot be restored.
    pub(crate) unrestorable: BTreeSet<usize>,
    pub(crate) forced: BTreeSet<usize>,
    /// After so many ends the run is stopped, and what runs is interrupted.
    pub(crate) stop_after: Option<usize>,
    /// Durations, taken in turn.
    pub(crate) durations: Vec<u64>,
}

impl Course {
    pub(crate) fn smooth() -> Self {
        Self {
            builds: 2,
            lights: 2,
            memory: 1000,
            on_failure: OnFailure::KeepGoing,
            failing: BTreeMap::new(),
            unrestorable: BTreeSet::new(),
            forced: BTreeSet::new(),
            stop_after: None,
            durations: vec![3, 1, 2],
        }
    }
}

/// What was seen of a run.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) started: BTreeMap<NodeId, Fingerprint>,
    /// Nodes of which a restore was begun; a broken one is tried once.
    pub(crate) tried: BTreeSet<NodeId>,
    pub(crate) endings: BTreeMap<NodeId, Ending>,
}

struct Busy {
    until: u64,
    id: NodeId,
    pool: Pool,
    memory: u64,
    then: Finished,
}

impl World {
    pub(crate) fn set(&mut self, path: &str, content: &str) {
        self.facts.insert(file(path), Fact::text(content));
    }

    pub(crate) fn records(&self) -> Records {
        let mut records = Records::default();
        self.last.values().for_each(|last| records.insert_last(last.clone()));
        for record in self.store.values() {
            let available = Availability::InStore;
            records.insert_key(&Remembered { record: record.clone(), available });
        }
        records
    }

    /// Someone deletes what a node left, from the store too or not.
    pub(crate) fn lose_outputs(&mut self, name: &NodeName, from_store: bool) {
        let Some(last) = self.last.get_mut(name) else { return };
        if from_store {
            self.store.remove(&last.record.key);
        }
        let stored = self.store.contains_key(&last.record.key);
        last.available = if stored { Availability::InStore } else { Availability::Gone };
    }

    pub(crate) fn plan(&self, graph: &Graph, forced: &BTreeSet<usize>) -> Plan {
        let all: Vec<NodeId> = graph.ids().collect();
        let forced: Vec<NodeId> = forced.iter().map(|&index| all[index]).collect();
        plan_both_ways(graph, &forced, &self.facts, &self.records())
    }

    /// What is in place under a node's name, if its last execution went well.
    pub(crate) fn in_place(&self, name: &NodeName) -> Option<Digest> {
        let last = self.last.get(name)?;
        let good =
            last.record.outcome == Outcome::Succeeded && last.available == Availability::InPlace;
        good.then(|| last.record.made())
    }

    fn record(
        &mut self,
        node: &NodeName,
        fingerprint: &Fingerprint,
        outcome: Outcome,
    ) -> Arc<Record> {
        let key = fingerprint.key.clone().expect("nothing is recorded without a key");
        let content = |part: &&graph::fingerprint::Part| {
            part.role == Role::Key && !part.name.starts_with("noise")
        };
        let mut made = Fields::of("test outputs");
        for part in fingerprint.parts.iter().filter(content) {
            // What a need left goes into it, not what the need is called.
            made.add(part.name.split(' ').next().unwrap_or_default());
            made.add(part.digest.as_bytes());
        }
        let output =
            OutputFile { path: "out".into(), digest: made.finish(), size: 1, executable: false };
        let succeeded = outcome == Outcome::Succeeded;
        let record = Arc::new(Record {
            node: node.clone(),
            key,
            parts: fingerprint.parts.clone().into(),
            reads: None,
            outcome,
            outputs: if succeeded { vec![output] } else { Vec::new() },
            cost: Cost { wall_ms: 10, cpu_ms: 10, peak_memory: 400 },
            run: self.runs,
            ended: self.runs,
        });
        let available = Availability::InPlace;
        self.last.insert(node.clone(), Remembered { record: record.clone(), available });
        if succeeded {
            self.store.insert(key, record.clone());
        }
        record
    }

    /// Drives a schedule to its end and checks what must hold at every step.
    pub(crate) fn run(&mut self, graph: &Graph, course: &Course) -> Seen {
        self.runs += 1;
        let all: Vec<NodeId> = graph.ids().collect();
        let capacity = Capacity::new(course.builds, course.lights, course.memory);
        let forced = course.forced.iter().map(|&index| all[index]);
        let facts = self.facts.clone();
        let mut schedule = Schedule::new(
            graph,
            &all,
            forced,
            (&facts, self.records()),
            (capacity, course.on_failure),
        );
        let mut seen = Seen::default();
        let mut busy: Vec<Busy> = Vec::new();
        let (mut clock, mut ends, mut stopped) = (0, 0, course.stop_after == Some(0));
        if stopped {
            schedule.stop();
        }
        let mut durations = course.durations.iter().copied().cycle();
        loop {
            match schedule.advance() {
                Next::Settled(id, ending) => {
                    assert_eq!(schedule.ending(id), Some(&ending));
                    assert_eq!(seen.endings.insert(id, ending), None, "each node settles once");
                }
                Next::Start(id, judgement) => {
                    assert!(!stopped, "nothing starts after a stop");
                    check_start(graph, &schedule, id, &judgement.verdict);
                    let node = graph.node(id);
                    let memory = schedule_memory(&self.last, &node.name);
                    check_capacity(course, &busy, node.pool, memory);
                    assert!(
                        seen.started
                            .insert(id, Fingerprint::clone(&judgement.fingerprint))
                            .is_none()
                    );
                    let outcome = course.failing.get(&id.index()).copied();
                    let then = match (outcome, &judgement.fingerprint.key) {
                        (_, Err(_)) => Finished::Failed(Outcome::Failed),
                        (Some(outcome), Ok(_)) => Finished::Failed(outcome),
                        (None, Ok(_)) => Finished::Succeeded(Arc::new(unwritten(node))),
                    };
                    let until = clock + durations.next().unwrap();
                    busy.push(Busy { until, id, pool: node.pool, memory, then });
                }
                Next::Restore(id, judgement, from) => {
                    assert!(!stopped, "nothing starts after a stop");
                    check_start(graph, &schedule, id, &judgement.verdict);
                    check_capacity(course, &busy, Pool::Light, 0);
                    assert_eq!(judgement.fingerprint.key, Ok(from.key), "only what is proven");
                    let broken = seen.tried.insert(id) && course.unrestorable.contains(&id.index());
                    let then =
                        if broken { Finished::NotRestored } else { Finished::Restored(from) };
                    let until = clock + durations.next().unwrap();
                    busy.push(Busy { until, id, pool: Pool::Light, memory: 0, then });
                }
                Next::Wait => {
                    let first = (0..busy.len()).min_by_key(|&at| (busy[at].until, busy[at].id));
                    let Busy { until, id, then, .. } = busy.swap_remove(first.expect("it runs"));
                    clock = until;
                    let then = if stopped { interrupted(then) } else { then };
                    let then = self.write(graph, &seen, id, then);
                    schedule.finish(id, then);
                    ends += 1;
                    if course.stop_after == Some(ends) {
                        schedule.stop();
                        stopped = true;
                    }
                }
                Next::Done => break,
            }
        }
        assert!(busy.is_empty(), "done means that nothing runs");
        assert_eq!(seen.endings.len(), graph.len(), "every node settles");
        seen
    }

    /// The cache takes note of an end, and the loop tells the schedule what was recorded.
    fn write(&mut self, graph: &Graph, seen: &Seen, id: NodeId, then: Finished) -> Finished {
        let node = &graph.node(id).name;
        let fingerprint = seen.started.get(&id);
        match then {
            Finished::Succeeded(_) => {
                let fingerprint = fingerprint.expect("what ends was started");
                Finished::Succeeded(self.record(node, fingerprint, Outcome::Succeeded))
            }
            Finished::Failed(outcome) => {
                if let Some(fingerprint) = fingerprint.filter(|started| started.key.is_ok()) {
                    self.record(node, fingerprint, outcome);
                }
                Finished::Failed(outcome)
            }
            Finished::Restored(from) => {
                let record = Arc::new(Record { node: node.clone(), ..Record::clone(&from) });
                let available = Availability::InPlace;
                self.last.insert(node.clone(), Remembered { record, available });
                // The engine is told of the record that was restored from, and must count it under this name.
                Finished::Restored(from)
            }
            Finished::NotRestored => Finished::NotRestored,
        }
    }
}

fn unwritten(node: &Node) -> Record {
    Record {
        node: node.name.clone(),
        key: Digest::of(b""),
        parts: Vec::new().into(),
        reads: None,
        outcome: Outcome::Succeeded,
        outputs: Vec::new(),
        cost: Cost::default(),
        run: 0,
        ended: 0,
    }
}

fn interrupted(then: Finished) -> Finished {
    match then {
        Finished::Succeeded(_) => Finished::Failed(Outcome::Interrupted),
        other => other,
    }
}

fn schedule_memory(last: &HashMap<NodeName, Remembered>, name: &NodeName) -> u64 {
    last.get(name).map_or(0, |last| last.record.cost.peak_memory)
}

fn check_start(graph: &Graph, schedule: &Schedule<'_>, id: NodeId, verdict: &Verdict) {
    for &need in graph.needs(id) {
        assert!(schedule.ending(need).is_some_and(Ending::is_good), "needs end first");
    }
    assert!(!reasons(verdict).is_empty(), "what is not fresh has a reason");
}

fn check_capacity(course: &Course, busy: &[Busy], pool: Pool, memory: u64) {
    let slots = match pool {
        Pool::Build => course.builds,
        Pool::Shared | Pool::Light => course.lights,
    };
    let held: u64 = busy.iter().map(|busy| busy.memory).sum();
    let in_pool = busy.iter().filter(|busy| busy.pool == pool).count();
    assert!(
        busy.is_empty() || in_pool < slots && held + memory <= course.memory,
        "capacity is respected"
    );
}

pub(crate) fn reasons(verdict: &Verdict) -> &[Reason] {
    match verdict {
        Verdict::Stale(reasons) | Verdict::Restorable { reasons, .. } => reasons,
        Verdict::Fresh | Verdict::Open(_) => &[],
    }
}
