//! The state machine itself. Has no effects and no clock.
//!
//! A node that is ready stands in the one line of what is to be judged. Judged stale or restorable, with no slot
//! free, it stands in the line of its pool and is judged once more when a slot is free, since by then its key may
//! have been executed under another name. So each node is judged twice at most, however long it has to wait.
//!
//! Within a pool, one that does not fit the free memory holds back those behind it. Letting the small ones pass
//! would keep the host fuller, and would let a big one starve until nothing else is left.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::priority::{Candidate, critical_paths};
use super::slots::{Slot, Slots};
use super::words::{Ending, Finished, Next, OnFailure};
use crate::digest::Digest;
use crate::facts::Facts;
use crate::model::{Graph, NodeId};
use crate::record::{Availability, Outcome, Record, Records, Remembered};
use crate::resource::{Capacity, Pool};
use crate::verdict::{Judgement, Rebuild, Verdict, judge_in};

#[derive(Debug, Clone)]
enum State {
    Excluded,
    Waiting {
        open_needs: usize,
    },
    Ready,
    /// The slot is `None` once it was given back early.
    Running {
        slot: Option<Slot>,
        doing: Doing,
    },
    Settled(Ending),
}

/// What is done under a key; only a node with an obstacle to its key runs without one.
#[derive(Debug, Clone)]
enum Doing {
    Execute(Option<Digest>),
    Restore { key: Option<Digest>, from: Arc<Record> },
}

/// What became of a key in this run.
#[derive(Debug)]
enum Execution {
    /// It runs; the nodes that wait for its end have the same key.
    Running { twins: Vec<NodeId> },
    /// It ran well.
    Succeeded(Arc<Record>),
    /// It failed, under the name of this node.
    Failed(NodeId),
}

/// A run under way.
pub struct Schedule<'a> {
    graph: &'a Graph,
    facts: &'a Facts,
    records: Records,
    on_failure: OnFailure,
    stopped: bool,
    order: Vec<NodeId>,
    priority: Vec<u64>,
    forced: Vec<bool>,
    states: Vec<State>,
    made: Vec<Option<Digest>>,
    executions: HashMap<Digest, Execution, RandomState>,
    slots: Slots,
    /// How many were started and have not been finished.
    under_way: usize,
    ready: BinaryHeap<Candidate>,
    /// What waits for a slot, by pool.
    lines: [BinaryHeap<Candidate>; Pool::ALL.len()],
    settled: VecDeque<(NodeId, Ending)>,
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
        let mut schedule = Self {
            graph,
            facts,
            on_failure,
            stopped: false,
            priority: critical_paths(graph, &order, &records),
            records,
            order,
            forced: vec![false; graph.len()],
            states: vec![State::Excluded; graph.len()],
            made: vec![None; graph.len()],
            executions: HashMap::default(),
            slots: Slots::new(capacity),
            under_way: 0,
            ready: BinaryHeap::new(),
            lines: Default::default(),
            settled: VecDeque::new(),
        };
        forced.into_iter().for_each(|id| schedule.forced[id.index()] = true);
        for index in 0..schedule.order.len() {
            let id = schedule.order[index];
            match graph.needs(id).len() {
                0 => schedule.make_ready(id),
                open_needs => schedule.states[id.index()] = State::Waiting { open_needs },
            }
        }
        schedule
    }

    /// What to do now.
    pub fn advance(&mut self) -> Next {
        loop {
            if let Some((id, ending)) = self.settled.pop_front() {
                return Next::Settled(id, ending);
            }
            let Some(id) = self.next_in_line() else {
                return if self.under_way == 0 { Next::Done } else { Next::Wait };
            };
            if self.stopped {
                self.settle(id, Ending::NotStarted);
            } else if let Some(next) = self.dispatch(id) {
                return next;
            }
        }
    }

    /// Gives back what a node holds of the host that runs no more, though how it ended is yet to be written down: others
    /// may start in its place, but nothing that needs it before [`Schedule::finish`].
    pub fn release(&mut self, id: NodeId) {
        if let State::Running { slot, .. } = &mut self.states[id.index()]
            && let Some(slot) = slot.take()
        {
            self.slots.give_back(slot);
        }
    }

    /// Takes note that what was started has ended.
    ///
    /// # Panics
    /// When the node was not started, or has ended before: the loop that drives has lost count.
    pub fn finish(&mut self, id: NodeId, finished: Finished) {
        let state = std::mem::replace(&mut self.states[id.index()], State::Ready);
        let State::Running { slot, doing } = state else {
            panic!("only what was started ends: {:?}", self.graph.node(id).name);
        };
        self.under_way -= 1;
        if let Some(slot) = slot {
            self.slots.give_back(slot);
        }
        match finished {
            Finished::Succeeded(record) => {
                let record = self.remember(id, record);
                self.settle_well(id, Ending::Built, &record);
                self.end_execution(&doing, Some(Execution::Succeeded(record)));
            }
            Finished::Restored(record) => {
                let record = self.remember(id, record);
                self.settle_well(id, Ending::Restored, &record);
            }
            Finished::Failed(outcome) => {
                self.stopped |= self.on_failure == OnFailure::Stop;
                self.settle(id, Ending::Failed(outcome));
                // An interruption says nothing of what was run, so a twin may still have its turn.
                let tells = outcome != Outcome::Interrupted;
                self.end_execution(&doing, tells.then_some(Execution::Failed(id)));
            }
            Finished::NotRestored => {
                if let Doing::Restore { key, from } = doing {
                    self.records.forget(&from);
                    if let Some(key) = key
                        && let Some(Execution::Succeeded(_)) = self.executions.get(&key)
                    {
                        self.executions.remove(&key);
                    }
                }
                self.make_ready(id);
            }
        }
    }

    /// Starts nothing more; what runs goes on until its end is told.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// How a node has settled, if it has.
    #[must_use]
    pub fn ending(&self, id: NodeId) -> Option<&Ending> {
        match &self.states[id.index()] {
            State::Settled(ending) => Some(ending),
            _ => None,
        }
    }

    /// What the needs of a node that was started have left, in the order of its needs.
    #[must_use]
    pub fn needs_of(&self, id: NodeId) -> Vec<Arc<Record>> {
        let last = |need: &NodeId| self.records.last(&self.graph.node(*need).name);
        let record = |need| last(need).map(|last| last.record.clone());
        self.graph.needs(id).iter().filter_map(record).collect()
    }

    /// Every node of the run, needs first.
    #[must_use]
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The first in line of all that is to be judged or fits; a stopped run takes them as they come.
    fn next_in_line(&mut self) -> Option<NodeId> {
        let fits = |pool: &Pool| {
            let first = self.lines[*pool as usize].peek().copied()?;
            let slot = Slot { pool: *pool, memory: first.memory };
            (self.stopped || self.slots.fits(slot)).then_some((first, Some(*pool)))
        };
        let ready = self.ready.peek().map(|first| (*first, None));
        let waiting = Pool::ALL.iter().filter_map(fits);
        let (first, line) = waiting.chain(ready).max_by_key(|(first, _)| *first)?;
        match line {
            Some(pool) => self.lines[pool as usize].pop(),
            None => self.ready.pop(),
        };
        Some(first.node.0)
    }

    /// Judges a node and starts or settles it, or puts it in the line where it belongs.
    fn dispatch(&mut self, id: NodeId) -> Option<Next> {
        let judgement = self.judge(id);
        match &judgement.verdict {
            Verdict::Fresh => {
                let last = self.records.last(&self.graph.node(id).name);
                let record = last.expect("a fresh node has a record").record.clone();
                self.settle_well(id, Ending::Fresh, &record);
                None
            }
            Verdict::Open(_) => unreachable!("a node is ready only when its needs have settled"),
            Verdict::Restorable { from, .. } => {
                let from = from.clone();
                self.restore(id, judgement, from)
            }
            Verdict::Stale(_) => {
                let key = judgement.execution_key;
                match key.and_then(|key| self.executions.get_mut(&key)) {
                    Some(Execution::Running { twins }) => {
                        twins.push(id);
                        None
                    }
                    Some(Execution::Succeeded(record)) => {
                        let record = record.clone();
                        self.restore(id, judgement, record)
                    }
                    Some(Execution::Failed(first)) => {
                        let first = self.graph.node(*first).name.clone();
                        self.settle(id, Ending::Skipped(first));
                        None
                    }
                    None => self.start(id, judgement, key),
                }
            }
        }
    }

    fn start(&mut self, id: NodeId, judgement: Judgement, key: Option<Digest>) -> Option<Next> {
        let slot = Slot { pool: self.graph.node(id).pool, memory: self.expected_memory(id) };
        if !self.occupy(id, slot, Doing::Execute(key)) {
            return None;
        }
        if let Some(key) = key {
            self.executions.insert(key, Execution::Running { twins: Vec::new() });
        }
        Some(Next::Start(id, judgement))
    }

    fn restore(&mut self, id: NodeId, judgement: Judgement, from: Arc<Record>) -> Option<Next> {
        let slot = Slot { pool: Pool::Light, memory: 0 };
        let doing = Doing::Restore { key: judgement.execution_key, from: from.clone() };
        self.occupy(id, slot, doing).then_some(Next::Restore(id, judgement, from))
    }

    /// Takes a slot for a node, or puts the node in line for one.
    fn occupy(&mut self, id: NodeId, slot: Slot, doing: Doing) -> bool {
        if self.slots.fits(slot) {
            self.slots.take(slot);
            self.under_way += 1;
            self.states[id.index()] = State::Running { slot: Some(slot), doing };
            return true;
        }
        let candidate = Candidate { memory: slot.memory, ..self.candidate(id) };
        self.lines[slot.pool as usize].push(candidate);
        false
    }

    /// Notes what became of a key and lets its twins be judged again. `None` means that nothing was learned.
    fn end_execution(&mut self, doing: &Doing, end: Option<Execution>) {
        let &Doing::Execute(Some(key)) = doing else { return };
        let before = match end {
            Some(end) => self.executions.insert(key, end),
            None => self.executions.remove(&key),
        };
        if let Some(Execution::Running { twins }) = before {
            twins.into_iter().for_each(|twin| self.make_ready(twin));
        }
    }

    fn judge(&self, id: NodeId) -> Judgement {
        let rebuild = if self.forced[id.index()] { Rebuild::Forced } else { Rebuild::Stale };
        judge_in((self.graph, id), self.facts, &self.made, &self.records, rebuild)
    }

    fn make_ready(&mut self, id: NodeId) {
        self.states[id.index()] = State::Ready;
        self.ready.push(self.candidate(id));
    }

    fn candidate(&self, id: NodeId) -> Candidate {
        Candidate { priority: self.priority[id.index()], node: Reverse(id), memory: 0 }
    }

    fn expected_memory(&self, id: NodeId) -> u64 {
        self.records.last(&self.graph.node(id).name).map_or(0, |last| last.record.cost.peak_memory)
    }

    /// Outputs that were made under another name count under this node's own record.
    fn remember(&mut self, id: NodeId, record: Arc<Record>) -> Arc<Record> {
        let name = &self.graph.node(id).name;
        let record = if record.node == *name {
            record
        } else {
            Arc::new(Record { node: name.clone(), ..Record::clone(&record) })
        };
        let remembered = Remembered { record: record.clone(), available: Availability::InPlace };
        self.records.insert_key(&remembered);
        self.records.insert_last(remembered);
        record
    }

    fn settle_well(&mut self, id: NodeId, ending: Ending, record: &Record) {
        // Nobody asks what those have left that nobody needs.
        if !self.graph.dependents(id).is_empty() {
            self.made[id.index()] = Some(record.made());
        }
        self.settle(id, ending);
    }

    /// Settles a node, and with one that did not end well all that hangs on it. The line of what is to be told
    /// is the work list too: no recursion, however deep the graph.
    fn settle(&mut self, id: NodeId, ending: Ending) {
        let mut at = self.settled.len();
        self.states[id.index()] = State::Settled(ending.clone());
        self.settled.push_back((id, ending));
        while let Some((id, ending)) = self.settled.get(at).cloned() {
            at += 1;
            let passed_on = ending.passed_on(&self.graph.node(id).name);
            for &dependent in self.graph.dependents(id) {
                let State::Waiting { open_needs } = &mut self.states[dependent.index()] else {
                    continue;
                };
                match &passed_on {
                    Some(ending) => {
                        self.states[dependent.index()] = State::Settled(ending.clone());
                        self.settled.push_back((dependent, ending.clone()));
                    }
                    None if *open_needs > 1 => *open_needs -= 1,
                    None => self.make_ready(dependent),
                }
            }
        }
    }
}
