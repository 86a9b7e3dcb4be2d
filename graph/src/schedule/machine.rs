//! The state machine itself. Has no effects and no clock.
//!
//! A node that is ready stands in the one line of what is to be judged. Judged stale or restorable, with no slot
//! free, it stands in the line of its pool and is judged once more when a slot is free, since by then its key may
//! have been executed under another name. So each node is judged twice at most, however long it has to wait.
//!
//! Within a pool, one that does not fit the free memory holds back those behind it. Letting the small ones pass
//! would keep the host fuller, and would let a big one starve until nothing else is left.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::line::Line;
use super::priority::Ranks;
use super::slots::{Slot, Slots};
use super::words::{Ending, Finished, Next, OnFailure};
use crate::digest::Digest;
use crate::facts::Facts;
use crate::judged::{Case, Judged};
use crate::keyed::Keyed;
use crate::model::{Graph, NodeId};
use crate::own::Owns;
use crate::plan::{Basis, Plan};
use crate::record::{Availability, Outcome, Record, Records, Remembered};
use crate::resource::{Capacity, Pool};
use crate::verdict::{Judgement, Rebuild, Verdict};

#[derive(Debug, Clone)]
enum State {
    Excluded,
    Waiting {
        open_needs: usize,
    },
    /// To be judged.
    Ready,
    /// In line for a slot in which it holds so much memory.
    InLine {
        memory: u64,
    },
    Running,
    Settled(Ending),
}

/// What holds a slot.
#[derive(Debug)]
struct Running {
    /// None once it was given back early.
    slot: Option<Slot>,
    doing: Doing,
}

/// What is done.
#[derive(Debug)]
enum Doing {
    /// The execution of this index. A node runs without one if there is an obstacle to its key, or if no other can have it.
    Execute(Option<usize>),
    Restore {
        key: Option<Digest>,
        from: Arc<Record>,
    },
}

/// What became of a key in this run.
#[derive(Debug)]
enum Execution {
    /// It runs; the nodes that wait for its end have the same key.
    Running { twins: Vec<NodeId> },
    /// It ran well, under the name of this node.
    Succeeded(NodeId),
    /// It failed, under the name of this node.
    Failed(NodeId),
    /// Nothing: it was interrupted, or what it left is out of reach.
    Void,
}

/// A run under way.
pub struct Schedule<'a> {
    graph: &'a Graph,
    facts: &'a Facts,
    records: Records,
    on_failure: OnFailure,
    stopped: bool,
    basis: Arc<Basis>,
    ranks: Ranks,
    forced: Vec<bool>,
    owns: Arc<Owns>,
    /// What was recorded of each node in this run, by its index.
    recorded: Vec<Option<Arc<Record>>>,
    states: Vec<State>,
    running: HashMap<NodeId, Running, RandomState>,
    made: Vec<Option<Digest>>,
    executions: Keyed<Execution>,
    slots: Slots,
    /// What is to be judged, by rank.
    ready: Line,
    /// What waits for a slot, by pool, by rank.
    lines: [Line; Pool::ALL.len()],
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
        limits: (Capacity, OnFailure),
    ) -> Self {
        Self::after(&Plan::default(), graph, wanted, forced, (facts, records), limits)
    }

    /// As [`Schedule::new`], and quicker where the plan was made of the same, to which stamps may have been added.
    #[must_use]
    pub fn after(
        plan: &Plan,
        graph: &'a Graph,
        wanted: &[NodeId],
        forced: impl IntoIterator<Item = NodeId>,
        (facts, records): (&'a Facts, Records),
        (capacity, on_failure): (Capacity, OnFailure),
    ) -> Self {
        let order = graph.closure(wanted);
        let basis = plan.basis_of((graph, &order), (facts, &records));
        let without = || Arc::new(Basis::without_plan(graph, order, (facts, &records)));
        let basis = basis.unwrap_or_else(without);
        let ranks = Ranks::of(graph, &basis.order, &basis.lasts);
        let line = Line::new(ranks.len());
        let mut schedule = Self {
            graph,
            facts,
            on_failure,
            stopped: false,
            records,
            owns: basis.owns.for_a_run(graph, facts),
            basis,
            ranks,
            forced: vec![false; graph.len()],
            recorded: vec![None; graph.len()],
            states: vec![State::Excluded; graph.len()],
            running: HashMap::default(),
            made: vec![None; graph.len()],
            executions: Keyed::default(),
            slots: Slots::new(capacity),
            ready: line.clone(),
            lines: std::array::from_fn(|_| line.clone()),
            settled: VecDeque::new(),
        };
        forced.into_iter().for_each(|id| schedule.forced[id.index()] = true);
        for index in 0..schedule.order().len() {
            let id = schedule.order()[index];
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
                return if self.running.is_empty() { Next::Done } else { Next::Wait };
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
        if let Some(slot) = self.running.get_mut(&id).and_then(|running| running.slot.take()) {
            self.slots.give_back(slot);
        }
    }

    /// Takes note that what was started has ended.
    ///
    /// # Panics
    /// When the node was not started, or has ended before: the loop that drives has lost count.
    pub fn finish(&mut self, id: NodeId, finished: Finished) {
        let Some(Running { slot, doing }) = self.running.remove(&id) else {
            panic!("only what was started ends: {:?}", self.graph.node(id).name);
        };
        if let Some(slot) = slot {
            self.slots.give_back(slot);
        }
        match finished {
            Finished::Succeeded(record) => {
                self.remember(id, record);
                self.settle_well(id, Ending::Built);
                self.end_execution(&doing, Execution::Succeeded(id));
            }
            Finished::Restored(record) => {
                self.remember(id, record);
                self.settle_well(id, Ending::Restored);
            }
            Finished::Failed(outcome) => {
                self.stopped |= self.on_failure == OnFailure::Stop;
                self.settle(id, Ending::Failed(outcome));
                // An interruption says nothing of what was run, so a twin may still have its turn.
                let tells = outcome != Outcome::Interrupted;
                let end = if tells { Execution::Failed(id) } else { Execution::Void };
                self.end_execution(&doing, end);
            }
            Finished::NotRestored => {
                if let Doing::Restore { key, from } = doing {
                    self.records.forget(&from);
                    let execution = key.and_then(|key| self.executions.find(&key));
                    let execution = execution.map(|index| self.executions.value(index));
                    if let Some(execution @ Execution::Succeeded(_)) = execution {
                        *execution = Execution::Void;
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
        let record = |need: &NodeId| self.record(*need).cloned();
        self.graph.needs(id).iter().filter_map(record).collect()
    }

    /// Every node of the run, needs first.
    #[must_use]
    pub fn order(&self) -> &[NodeId] {
        &self.basis.order
    }

    /// The first in line of all that is to be judged or fits; a stopped run takes them as they come.
    fn next_in_line(&mut self) -> Option<NodeId> {
        let fits = |pool: &Pool| {
            let first = self.lines[*pool as usize].first()?;
            let State::InLine { memory } = self.states[self.ranks.node(first).index()] else {
                unreachable!("only what waits for a slot stands in the line for one");
            };
            let slot = Slot { pool: *pool, memory };
            (self.stopped || self.slots.fits(slot)).then_some((first, Some(*pool)))
        };
        let ready = self.ready.first().map(|first| (first, None));
        let waiting = Pool::ALL.iter().filter_map(fits);
        let (first, line) = waiting.chain(ready).min_by_key(|(first, _)| *first)?;
        match line {
            Some(pool) => self.lines[pool as usize].remove(first),
            None => self.ready.remove(first),
        }
        Some(self.ranks.node(first))
    }

    /// Judges a node and starts or settles it, or puts it in the line where it belongs.
    fn dispatch(&mut self, id: NodeId) -> Option<Next> {
        if self.is_still_fresh(id) {
            self.made[id.index()] = self.basis.left(id);
            self.settle(id, Ending::Fresh);
            return None;
        }
        let judged = self.case(id).judge(|need| self.made[need.index()]);
        match &judged.verdict {
            Verdict::Fresh => {
                self.settle_well(id, Ending::Fresh);
                None
            }
            Verdict::Open(_) => unreachable!("a node is ready only when its needs have settled"),
            Verdict::Restorable { from, .. } => {
                let from = from.clone();
                self.restore(id, judged, from)
            }
            Verdict::Stale(_) => {
                let key = judged.execution_key;
                let execution = key.and_then(|key| self.executions.find(&key));
                match execution.map(|index| self.executions.value(index)) {
                    Some(Execution::Running { twins }) => {
                        twins.push(id);
                        None
                    }
                    Some(Execution::Succeeded(first)) => {
                        let record = self.recorded[first.index()].clone();
                        self.restore(id, judged, record.expect("what ran well has a record"))
                    }
                    Some(Execution::Failed(first)) => {
                        let first = self.graph.node(*first).name.clone();
                        self.settle(id, Ending::Skipped(first));
                        None
                    }
                    Some(Execution::Void) | None => self.start(id, judged.verdict, key),
                }
            }
        }
    }

    fn start(&mut self, id: NodeId, verdict: Verdict, key: Option<Digest>) -> Option<Next> {
        let slot = Slot { pool: self.graph.node(id).pool, memory: self.expected_memory(id) };
        if !self.has_room(id, slot) {
            return None;
        }
        let running = || Execution::Running { twins: Vec::new() };
        let execution = key.map(|key| self.executions.insert(key, running()));
        self.occupy(id, slot, Doing::Execute(execution));
        Some(Next::Start(id, self.judgement(id, verdict)))
    }

    fn restore(&mut self, id: NodeId, judged: Judged, from: Arc<Record>) -> Option<Next> {
        let Judged { verdict, execution_key: key } = judged;
        let slot = Slot { pool: Pool::Light, memory: 0 };
        if !self.has_room(id, slot) {
            return None;
        }
        self.occupy(id, slot, Doing::Restore { key, from: from.clone() });
        Some(Next::Restore(id, self.judgement(id, verdict), from))
    }

    /// Whether a slot is free for a node, which else stands in line for one.
    fn has_room(&mut self, id: NodeId, slot: Slot) -> bool {
        let fits = self.slots.fits(slot);
        if !fits {
            self.states[id.index()] = State::InLine { memory: slot.memory };
            self.lines[slot.pool as usize].insert(self.ranks.rank(id));
        }
        fits
    }

    fn occupy(&mut self, id: NodeId, slot: Slot, doing: Doing) {
        self.slots.take(slot);
        self.states[id.index()] = State::Running;
        self.running.insert(id, Running { slot: Some(slot), doing });
    }

    /// Notes what became of a key and lets its twins be judged again.
    fn end_execution(&mut self, doing: &Doing, end: Execution) {
        let &Doing::Execute(Some(index)) = doing else { return };
        let before = std::mem::replace(self.executions.value(index), end);
        if let Execution::Running { twins } = before {
            twins.into_iter().for_each(|twin| self.make_ready(twin));
        }
    }

    /// Whether nothing has happened to what a node needs since the plan found both to be fresh.
    fn is_still_fresh(&self, id: NodeId) -> bool {
        let stands = |need: &NodeId| {
            let is_fresh = self.ending(*need) == Some(&Ending::Fresh);
            is_fresh && self.basis.is_fresh(*need)
        };
        self.basis.is_fresh(id)
            && !self.forced[id.index()]
            && self.graph.needs(id).iter().all(stands)
    }

    fn case(&self, id: NodeId) -> Case<'_> {
        let Self { graph, facts, records, .. } = self;
        let rebuild = if self.forced[id.index()] { Rebuild::Forced } else { Rebuild::Stale };
        let (own, last) = (self.owns.get(id), self.basis.lasts.get(id));
        Case { graph, id, facts, own, last, records, rebuild }
    }

    fn judgement(&self, id: NodeId, verdict: Verdict) -> Judgement {
        self.case(id).judgement(verdict, |need| self.made[need.index()])
    }

    fn make_ready(&mut self, id: NodeId) {
        self.states[id.index()] = State::Ready;
        self.ready.insert(self.ranks.rank(id));
    }

    fn expected_memory(&self, id: NodeId) -> u64 {
        self.basis.lasts.get(id).map_or(0, |last| last.record.cost.peak_memory)
    }

    /// Outputs that were made under another name count under this node's own record.
    fn remember(&mut self, id: NodeId, record: Arc<Record>) {
        let name = &self.graph.node(id).name;
        let record = if record.node == *name {
            record
        } else {
            Arc::new(Record { node: name.clone(), ..Record::clone(&record) })
        };
        self.recorded[id.index()] = Some(record.clone());
        self.records.insert_key(&Remembered { record, available: Availability::InPlace });
    }

    /// What a node that has settled well has left.
    fn record(&self, id: NodeId) -> Option<&Arc<Record>> {
        let last = || self.basis.lasts.get(id).map(|last| &last.record);
        self.recorded[id.index()].as_ref().or_else(last)
    }

    fn settle_well(&mut self, id: NodeId, ending: Ending) {
        // Nobody asks what those have left that nobody needs.
        if !self.graph.dependents(id).is_empty() {
            let made = self.record(id).expect("what settles well has a record").made();
            self.made[id.index()] = Some(made);
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
