//! The one loop that drives a run: asks the schedule what may start, starts it, awaits its end, has it recorded. Decides
//! nothing itself: what runs is the schedule's word, how it runs the executor's, what is kept the journal's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use graph::event::{Event, FailureReport};
use graph::fingerprint::Obstacle;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::plan::Tally;
use graph::record::{Outcome, Record};
use graph::schedule::{Ending, Finished, Next, Schedule};
use graph::spec::Node;
use graph::verdict::{Judgement, Reasons, Verdict};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use crate::exec::attempts::{Attempts, Ended, Ran, millis, report};
use crate::exec::job::{Events, Execution, Executor, Retry};
use crate::exec::recorder::{Recorded, Recorder};
use crate::exec::stop::{Stop, Stopping};

/// A node that ran well.
#[derive(Debug, Clone, Copy)]
pub struct Success<'a> {
    /// The node.
    pub node: &'a Node,
    /// What it was judged when it was started.
    pub judgement: &'a Judgement,
    /// How it went.
    pub execution: &'a Execution,
}

/// Where a run records what happened. Called on threads that may block.
///
/// An error of any of these ends the run in order: what cannot be recorded must not be built further upon.
pub trait Journal: Send + Sync + 'static {
    /// The inputs that are no longer as they were when the node was judged, in users' words.
    ///
    /// # Errors
    /// When they cannot be looked at.
    fn changed(&self, node: &Node, judgement: &Judgement) -> anyhow::Result<Vec<String>>;

    /// Keeps the outputs of nodes that ran well and records them, in that order; of which each answer is that of the
    /// success at its place. An error means that of that one nothing is recorded.
    fn succeeded(&self, successes: &[Success<'_>]) -> Vec<anyhow::Result<Arc<Record>>>;

    /// Records an execution that did not succeed.
    ///
    /// # Errors
    /// When that fails.
    fn failed(
        &self,
        node: &Node,
        judgement: &Judgement,
        execution: &Execution,
    ) -> anyhow::Result<()>;

    /// Puts the outputs of an earlier execution in place and records that; `None` if they are not there after all.
    ///
    /// # Errors
    /// When they are there and it fails.
    fn restored(
        &self,
        node: &Node,
        judgement: &Judgement,
        from: &Arc<Record>,
    ) -> anyhow::Result<Option<Arc<Record>>>;
}

/// What the loop is told of the run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The run's number.
    pub run: i64,
    /// The forecast, to be told.
    pub tally: Tally,
    /// How long it may take in all, in milliseconds.
    pub estimate_ms: Option<u64>,
    /// How long single nodes took last time, in milliseconds.
    pub estimates: HashMap<NodeName, u64>,
    /// How often a node that failed is tried again.
    pub retries: u32,
}

/// How a run went.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How each node has settled, in the order in which they did.
    pub endings: Vec<(NodeName, Ending)>,
    /// What to show of those that failed.
    pub failures: Vec<(NodeName, Arc<FailureReport>)>,
    /// How many of those that failed were not even begun, because not all that goes into them is known.
    pub refused: usize,
    /// Whether a disk was full, and nothing more was started because of that.
    pub out_of_space: bool,
    /// Whether it was asked to stop.
    pub stopped: bool,
    /// Wall time in milliseconds.
    pub wall_ms: u64,
}

/// A run that could not go on. What is in the summary happened all the same.
#[derive(Debug, thiserror::Error)]
#[error("the run could not go on: {error:#}")]
pub struct Broken {
    /// Why.
    pub error: anyhow::Error,
    /// What happened until it had stopped.
    pub summary: Summary,
}

/// Drives a schedule to its end.
///
/// # Errors
/// When something could not be recorded or we are at fault. Everything that ran has ended then, too.
pub async fn run<E: Executor, J: Journal>(
    (graph, schedule): (&Graph, Schedule<'_>),
    (executor, journal): (Arc<E>, Arc<J>),
    events: Events,
    options: Options,
    stopping: Stopping,
) -> Result<Summary, Broken> {
    let begun = Instant::now();
    let opening = Event::RunStarted {
        run: options.run,
        tally: options.tally,
        estimate_ms: options.estimate_ms,
    };
    events.tell(opening).await;
    let (recorder, recorded) = Recorder::new(journal.clone());
    let mut drive = Drive {
        graph,
        recorder,
        recorded,
        unrecorded: 0,
        schedule,
        executor,
        journal,
        events,
        options,
        stop: watch::channel(Stop::No).0,
        tasks: JoinSet::new(),
        ids: HashMap::new(),
        told: HashSet::new(),
        summary: Summary::default(),
        broken: None,
    };
    drive.until_done(stopping).await;
    let mut summary = drive.summary;
    summary.wall_ms = millis(begun);
    drive.events.tell(Event::RunEnded { wall_ms: summary.wall_ms }).await;
    match drive.broken {
        Some(error) => Err(Broken { error, summary }),
        None => Ok(summary),
    }
}

/// So many results may wait to be recorded before no more nodes are started in their place.
const BACKLOG: usize = 256;

/// What a task tells at its end.
enum Told {
    /// A node has run, and is to be recorded.
    Ran(Box<Ran>),
    /// It was put in place and is recorded.
    Restored(Ended),
}

struct Drive<'a, E, J> {
    graph: &'a Graph,
    schedule: Schedule<'a>,
    executor: Arc<E>,
    journal: Arc<J>,
    events: Events,
    options: Options,
    /// What running nodes listen to: what was asked from outside, or what a defect of ours demands.
    stop: watch::Sender<Stop>,
    recorder: Recorder<J>,
    recorded: UnboundedReceiver<Recorded>,
    /// How many have ended and are not recorded yet.
    unrecorded: usize,
    tasks: JoinSet<anyhow::Result<Told>>,
    ids: HashMap<Id, NodeId>,
    told: HashSet<NodeId>,
    summary: Summary,
    broken: Option<anyhow::Error>,
}

impl<E: Executor, J: Journal> Drive<'_, E, J> {
    async fn until_done(&mut self, mut stopping: Stopping) {
        let asked = *stopping.borrow_and_update();
        self.heed(asked).await;
        let mut may_stop = true;
        loop {
            match self.schedule.advance() {
                Next::Start(id, judgement) => self.start(id, judgement).await,
                Next::Restore(id, judgement, from) => self.restore(id, judgement, from),
                Next::Settled(id, ending) => self.settled(id, ending, 0, None).await,
                Next::Wait => {
                    if self.tasks.is_empty() {
                        self.recorder.hurry();
                    }
                    tokio::select! {
                        Some(ended) = self.tasks.join_next_with_id() => self.ended(ended).await,
                        Some((id, recorded)) = self.recorded.recv() => {
                            self.unrecorded -= 1;
                            self.finished(id, recorded).await;
                        }
                        changed = stopping.changed(), if may_stop => {
                            may_stop = changed.is_ok();
                            let asked = *stopping.borrow_and_update();
                            self.heed(asked).await;
                        }
                    }
                }
                Next::Done => return,
            }
            if may_stop && stopping.has_changed().unwrap_or(false) {
                let asked = *stopping.borrow_and_update();
                self.heed(asked).await;
            }
        }
    }

    async fn heed(&mut self, asked: Stop) {
        if asked == Stop::No {
            return;
        }
        if !self.summary.stopped {
            self.summary.stopped = true;
            self.events.tell(Event::Stopping).await;
        }
        self.stop(asked);
    }

    fn stop(&mut self, how: Stop) {
        self.schedule.stop();
        self.stop.send_modify(|level| *level = how.max(*level));
    }

    async fn start(&mut self, id: NodeId, judgement: Judgement) {
        if let Err(obstacles) = &judgement.fingerprint.key {
            return self.refuse(id, obstacles).await;
        }
        let node = Arc::new(self.graph.node(id).clone());
        let reasons = match &judgement.verdict {
            Verdict::Stale(reasons) | Verdict::Restorable { reasons, .. } => reasons.clone(),
            Verdict::Fresh | Verdict::Open(_) => Reasons::default(),
        };
        let started = Event::NodeStarted {
            node: node.name.clone(),
            reasons: reasons.into(),
            estimate_ms: self.options.estimates.get(&node.name).copied(),
            log: self.executor.log(&node.name),
        };
        self.events.tell(started).await;
        let attempts = Attempts {
            executor: self.executor.clone(),
            events: self.events.clone(),
            stopping: self.stop.subscribe(),
            retries: self.options.retries,
        };
        let needs = self.schedule.needs_of(id);
        let ran = attempts.run((node, needs), judgement);
        let handle = self.tasks.spawn(async move { Ok(Told::Ran(Box::new(ran.await))) });
        self.ids.insert(handle.id(), id);
    }

    /// A node without a key is not run: nothing that it left could be trusted. Nor is it recorded, so that it is as
    /// fresh as it was once all is known again.
    async fn refuse(&mut self, id: NodeId, obstacles: &[Obstacle]) {
        let why: Vec<String> = obstacles.iter().map(in_words).collect();
        let message = format!("not built: {}", why.join("; "));
        self.schedule.finish(id, Finished::Failed(Outcome::Failed));
        self.summary.refused += 1;
        let failure = Some(report(Outcome::Failed, message, "".into()));
        self.settled(id, Ending::Failed(Outcome::Failed), 0, failure).await;
    }

    fn restore(&mut self, id: NodeId, judgement: Judgement, from: Arc<Record>) {
        let (journal, node) = (self.journal.clone(), self.graph.node(id).clone());
        let handle = self.tasks.spawn_blocking(move || {
            let begun = Instant::now();
            let finished = match journal.restored(&node, &judgement, &from)? {
                Some(record) => Finished::Restored(record),
                None => Finished::NotRestored,
            };
            let wall_ms = millis(begun);
            let (failure, retry) = (None, Retry::Pointless);
            Ok(Told::Restored(Ended { finished, wall_ms, failure, retry }))
        });
        self.ids.insert(handle.id(), id);
    }

    async fn ended(&mut self, ended: Result<(Id, anyhow::Result<Told>), JoinError>) {
        let (task, result) = match ended {
            Ok((task, result)) => (task, result),
            Err(error) => (error.id(), Err(anyhow::anyhow!("a defect of graph: {error}"))),
        };
        let id = self.ids.remove(&task).expect("every task is noted when it is started");
        match result {
            Ok(Told::Ran(ran)) => self.record(id, *ran).await,
            Ok(Told::Restored(ended)) => self.finished(id, Ok(ended)).await,
            Err(error) => self.finished(id, Err(error)).await,
        }
    }

    async fn finished(&mut self, id: NodeId, result: anyhow::Result<Ended>) {
        let Ended { finished, wall_ms, failure, retry } = result.unwrap_or_else(|error| {
            let log = self.executor.log(&self.graph.node(id).name);
            let report = report(Outcome::Failed, format!("could not be recorded: {error:#}"), log);
            self.broken.get_or_insert(error);
            self.stop(Stop::InOrder);
            let finished = Finished::Failed(Outcome::Failed);
            Ended { finished, wall_ms: 0, failure: Some(report), retry: Retry::Pointless }
        });
        if retry == Retry::WithMoreSpace {
            self.summary.out_of_space = true;
            // What runs may end well; what would be started could not.
            self.schedule.stop();
        }
        let ending = match &finished {
            Finished::Succeeded(_) => Some(Ending::Built),
            Finished::Restored(_) => Some(Ending::Restored),
            Finished::Failed(outcome) => Some(Ending::Failed(*outcome)),
            Finished::NotRestored => None,
        };
        self.schedule.finish(id, finished);
        if let Some(ending) = ending {
            self.settled(id, ending, wall_ms, failure).await;
        }
    }

    /// Has a result recorded. Nothing of the node runs any more, so what it held of the host is given to the next while
    /// the disk is waited for; what needs the node waits for the record.
    async fn record(&mut self, id: NodeId, ran: Ran) {
        self.events.tell(Event::RecordingStarted { node: ran.node.name.clone() }).await;
        // After a failure it may be that nothing is to start any more.
        if ran.execution.outcome == Outcome::Succeeded && self.unrecorded < BACKLOG {
            self.schedule.release(id);
        }
        self.unrecorded += 1;
        self.recorder.record(id, ran);
    }

    /// Tells of a node's ending, once: the schedule repeats those that we told it.
    async fn settled(
        &mut self,
        id: NodeId,
        ending: Ending,
        wall_ms: u64,
        failure: Option<Arc<FailureReport>>,
    ) {
        if !self.told.insert(id) {
            return;
        }
        let node = self.graph.node(id).name.clone();
        if let Some(failure) = &failure {
            self.summary.failures.push((node.clone(), failure.clone()));
        }
        self.summary.endings.push((node.clone(), ending.clone()));
        self.events.tell(Event::NodeEnded { node, ending, wall_ms, failure }).await;
    }
}

fn in_words(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Open(need) => format!("`{need}` is not built"),
        Obstacle::Unknown { part, why, .. } => format!("`{part}` is not known: {why}"),
        Obstacle::Unresolved(what) => what.clone(),
    }
}
