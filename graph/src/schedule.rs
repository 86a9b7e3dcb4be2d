//! A run under way, as a state machine without effects: what may start now, and what follows from an end.
//!
//! The one loop that drives it asks [`Schedule::advance`] until it says [`Next::Wait`] or [`Next::Done`], does what
//! it says, and tells it of every end with [`Schedule::finish`]. Time, processes and disks are the loop's affair.
//!
//! Invariants:
//! - a node starts only when all its needs have settled well;
//! - never more nodes of a pool run than it has slots, and their expected memory fits, unless one runs alone;
//! - when a node could start, it is judged again, with what its needs really left: that is early cutoff;
//! - of nodes with one key, one runs, and the others are judged again when it has ended.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use crate::digest::Digest;
use crate::facts::Facts;
use crate::model::{Graph, NodeId};
use crate::name::NodeName;
use crate::record::{Availability, Outcome, Record, Records, Remembered};
use crate::resource::{Capacity, Pool};
use crate::verdict::{Judgement, Rebuild, Verdict, judge};

/// What the driving loop is to do.
#[derive(Debug, Clone)]
pub enum Next {
    /// Run the node; the judgement says why, and its fingerprint belongs in the record.
    Start(NodeId, Judgement),
    /// Put the outputs of an earlier execution in place; told of the end with [`Finished::Restored`].
    Restore(NodeId, Judgement, Arc<Record>),
    /// A node has settled without effect: fresh, or skipped. Tell people.
    Settled(NodeId, Ending),
    /// Nothing can start until something ends.
    Wait,
    /// Everything has settled and nothing runs.
    Done,
}

/// How something that was started has ended.
#[derive(Debug, Clone)]
pub enum Finished {
    /// It ran well, and this was recorded.
    Succeeded(Arc<Record>),
    /// It ran, and this is how it failed.
    Failed(Outcome),
    /// The outputs are in place, and this was recorded.
    Restored(Arc<Record>),
    /// The outputs could not be put in place; the node must run.
    NotRestored,
}

/// How a node has settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// There was nothing to do.
    Fresh,
    /// It ran well.
    Built,
    /// Its outputs were put in place from the store.
    Restored,
    /// It ran and failed.
    Failed(Outcome),
    /// It could not run, because this node did not end well.
    Skipped(NodeName),
    /// The run was stopped before its turn.
    NotStarted,
}

impl Ending {
    /// Whether its outputs can be relied on.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Fresh | Self::Built | Self::Restored)
    }
}

/// What happens to the rest of a run when a node fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Whatever does not need the failed node still runs.
    KeepGoing,
    /// Nothing more starts.
    Stop,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Waiting { open_needs: usize },
    Ready,
    Running { pool: Pool, memory: u64, key: Option<Digest> },
    Settled(Ending),
}

/// A run under way.
pub struct Schedule<'a> {
    graph: &'a Graph,
    facts: &'a Facts,
    records: Records,
    forced: HashSet<NodeId>,
    capacity: Capacity,
    on_failure: OnFailure,
    stopped: bool,
    order: Vec<NodeId>,
    states: HashMap<NodeId, State>,
    made: HashMap<NodeName, Digest>,
    ready: BinaryHeap<Candidate>,
    deferred: Vec<Candidate>,
    twins: HashMap<Digest, Vec<NodeId>>,
    settled: Vec<(NodeId, Ending)>,
    priority: HashMap<NodeId, u64>,
    running: usize,
}

/// Ordered by the length of the path that hangs on it, then by place in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    priority: u64,
    order: std::cmp::Reverse<NodeId>,
}

impl<'a> Schedule<'a> {
    /// A run of the wanted nodes and all they need. `forced` ones run even if fresh.
    #[must_use]
    pub fn new(
        graph: &'a Graph,
        wanted: &[NodeId],
        forced: impl IntoIterator<Item = NodeId>,
        (facts, records): (&'a Facts, Records),
        (capacity, on_failure): (Capacity, OnFailure),
    ) -> Self {
        let order = graph.closure(wanted);
        let priority = critical_paths(graph, &order, &records);
        let mut schedule = Self {
            graph,
            facts,
            records,
            forced: forced.into_iter().collect(),
            capacity,
            on_failure,
            stopped: false,
            states: HashMap::with_capacity(order.len()),
            order,
            made: HashMap::new(),
            ready: BinaryHeap::new(),
            deferred: Vec::new(),
            twins: HashMap::new(),
            settled: Vec::new(),
            priority,
            running: 0,
        };
        for id in schedule.order.clone() {
            let open_needs = graph.needs(id).len();
            schedule.states.insert(id, State::Waiting { open_needs });
            if open_needs == 0 {
                schedule.make_ready(id);
            }
        }
        schedule
    }

    /// What to do now.
    pub fn advance(&mut self) -> Next {
        if let Some((id, ending)) = self.settled.pop() {
            return Next::Settled(id, ending);
        }
        while let Some(candidate) = self.ready.pop() {
            let id = candidate.order.0;
            if self.stopped {
                self.settle(id, Ending::NotStarted);
                return self.advance();
            }
            let judgement = self.judge(id);
            match &judgement.verdict {
                Verdict::Fresh => {
                    let record = self
                        .records
                        .last(&self.graph.node(id).name)
                        .map(|last| last.record.clone());
                    self.settle_well(id, Ending::Fresh, record.as_deref());
                    return self.advance();
                }
                Verdict::Open(_) => {
                    unreachable!("a node is ready only when its needs have settled")
                }
                Verdict::Restorable { from, .. } => {
                    let from = from.clone();
                    self.start(id, Pool::Light, judgement.fingerprint.key.as_ref().ok().copied());
                    return Next::Restore(id, judgement, from);
                }
                Verdict::Stale(_) => {
                    let key = judgement.fingerprint.key.as_ref().ok().copied();
                    if let Some(waiting) = key.and_then(|key| self.twins.get_mut(&key)) {
                        waiting.push(id);
                        continue;
                    }
                    let pool = self.graph.node(id).pool;
                    if !self.fits(id, pool) {
                        self.deferred.push(candidate);
                        continue;
                    }
                    self.start(id, pool, key);
                    return Next::Start(id, judgement);
                }
            }
        }
        self.ready.extend(self.deferred.drain(..));
        if self.running > 0 { Next::Wait } else { Next::Done }
    }

    /// Takes note that what was started has ended.
    pub fn finish(&mut self, id: NodeId, finished: Finished) {
        let Some(State::Running { key, .. }) = self.states.get(&id) else {
            unreachable!("only what was started ends");
        };
        let key = *key;
        self.running -= 1;
        self.states.insert(id, State::Ready);
        match finished {
            Finished::Succeeded(record) => {
                self.remember(&record);
                self.settle_well(id, Ending::Built, Some(&record));
            }
            Finished::Restored(record) => {
                self.remember(&record);
                self.settle_well(id, Ending::Restored, Some(&record));
            }
            Finished::Failed(outcome) => {
                self.stopped |= self.on_failure == OnFailure::Stop;
                self.settle(id, Ending::Failed(outcome));
            }
            Finished::NotRestored => {
                self.forced.insert(id);
                self.make_ready(id);
            }
        }
        for twin in key.and_then(|key| self.twins.remove(&key)).unwrap_or_default() {
            self.make_ready(twin);
        }
    }

    /// Starts nothing more; what runs goes on until its end is told.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// How a node has settled, if it has.
    #[must_use]
    pub fn ending(&self, id: NodeId) -> Option<&Ending> {
        match self.states.get(&id) {
            Some(State::Settled(ending)) => Some(ending),
            _ => None,
        }
    }

    /// Every node of the run, needs first.
    #[must_use]
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    fn judge(&self, id: NodeId) -> Judgement {
        let rebuild = if self.forced.contains(&id) { Rebuild::Forced } else { Rebuild::Stale };
        judge(
            self.graph.node(id),
            self.facts,
            |need| self.made.get(need).copied(),
            &self.records,
            rebuild,
        )
    }

    fn make_ready(&mut self, id: NodeId) {
        self.states.insert(id, State::Ready);
        let priority = self.priority.get(&id).copied().unwrap_or(0);
        self.ready.push(Candidate { priority, order: std::cmp::Reverse(id) });
    }

    fn expected_memory(&self, id: NodeId) -> u64 {
        self.records.last(&self.graph.node(id).name).map_or(0, |last| last.record.cost.peak_memory)
    }

    fn fits(&self, id: NodeId, pool: Pool) -> bool {
        let running = || {
            self.states.values().filter_map(|state| match state {
                State::Running { pool, memory, .. } => Some((*pool, *memory)),
                _ => None,
            })
        };
        if self.running == 0 {
            return true;
        }
        let in_pool = running().filter(|(other, _)| *other == pool).count();
        let memory: u64 = running().map(|(_, memory)| memory).sum();
        in_pool < self.capacity.slots(pool)
            && memory.saturating_add(self.expected_memory(id)) <= self.capacity.memory
    }

    fn start(&mut self, id: NodeId, pool: Pool, key: Option<Digest>) {
        let memory = self.expected_memory(id);
        self.states.insert(id, State::Running { pool, memory, key });
        self.running += 1;
        if let Some(key) = key {
            self.twins.entry(key).or_default();
        }
    }

    fn remember(&mut self, record: &Arc<Record>) {
        let remembered = Remembered { record: record.clone(), available: Availability::InPlace };
        self.records.insert_last(remembered.clone());
        self.records.insert_key(remembered);
    }

    fn settle_well(&mut self, id: NodeId, ending: Ending, record: Option<&Record>) {
        if let Some(record) = record {
            self.made.insert(self.graph.node(id).name.clone(), record.made());
        }
        self.settle(id, ending);
    }

    /// Settles a node, and with one that did not end well all that hangs on it.
    fn settle(&mut self, id: NodeId, ending: Ending) {
        let good = ending.is_good();
        let stopped = ending == Ending::NotStarted;
        self.settled.insert(0, (id, ending.clone()));
        self.states.insert(id, State::Settled(ending));
        for &dependent in self.graph.dependents(id) {
            match self.states.get_mut(&dependent) {
                Some(State::Waiting { open_needs }) if good => {
                    *open_needs -= 1;
                    if *open_needs == 0 {
                        self.make_ready(dependent);
                    }
                }
                Some(State::Waiting { .. }) if stopped => {
                    self.settle(dependent, Ending::NotStarted);
                }
                Some(State::Waiting { .. }) => {
                    self.settle(dependent, Ending::Skipped(self.graph.node(id).name.clone()));
                }
                _ => {}
            }
        }
    }
}

/// The time that hangs on each node: its own last duration and the longest of its dependents'. A node that
/// never ran counts as a minute, so that what is unknown starts early.
fn critical_paths(graph: &Graph, order: &[NodeId], records: &Records) -> HashMap<NodeId, u64> {
    const UNKNOWN_MS: u64 = 60_000;
    let mut paths: HashMap<NodeId, u64> = HashMap::with_capacity(order.len());
    for &id in order.iter().rev() {
        let own =
            records.last(&graph.node(id).name).map_or(UNKNOWN_MS, |last| last.record.cost.wall_ms);
        let after = graph
            .dependents(id)
            .iter()
            .filter_map(|next| paths.get(next))
            .max()
            .copied()
            .unwrap_or(0);
        paths.insert(id, own.saturating_add(after));
    }
    paths
}
