//! Has results recorded, those together that come together. Knows no schedule.
//!
//! To record one result costs several waits for the disk, and the next few cost hardly more with it than alone. So while
//! some are being recorded, those that end meanwhile gather, and are recorded together when that is done: a single one
//! waits for nobody, and a thousand small nodes wait for the disk a few dozen times. Where the disk is so quick that few
//! would gather, the next are left some time. What takes long to keep, such as an image, goes by itself, so that nobody
//! waits for that either; so does a failure, after which perhaps nothing more is to start.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use graph::model::NodeId;
use graph::record::{Outcome, Record};
use graph::schedule::Finished;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::exec::attempts::{Ended, Ran, report};
use crate::exec::collect::Found;
use crate::exec::job::Execution;
use crate::exec::run::{Journal, Success};

/// So many are recorded together at most.
const MOST: usize = 512;

/// The time from one to the next recording while something runs: nothing beside a build that somebody waits for.
const PAUSE: Duration = Duration::from_millis(50);

/// What leaves more than this many bytes is recorded by itself.
const LARGE: u64 = 8 << 20;

/// A node, and how it has ended now that it is recorded, or why it cannot be.
pub(super) type Recorded = (NodeId, anyhow::Result<Ended>);

/// Where results are handed in.
pub(super) struct Recorder<J> {
    journal: Arc<J>,
    line: UnboundedSender<(NodeId, Ran)>,
    told: UnboundedSender<Recorded>,
    hurry: Arc<Notify>,
}

impl<J: Journal> Recorder<J> {
    /// One for a run, and where it tells what is recorded. Must be called within a tokio runtime; it ends with the handle.
    pub(super) fn new(journal: Arc<J>) -> (Self, UnboundedReceiver<Recorded>) {
        let (line, waiting) = unbounded_channel();
        let (told, recorded) = unbounded_channel();
        let hurry = Arc::<Notify>::default();
        let all = record_together(journal.clone(), waiting, told.clone(), hurry.clone());
        tokio::spawn(all);
        (Self { journal, line, told, hurry }, recorded)
    }

    /// Has what waits recorded now: nothing runs that more of would gather by, and what is next may need just that.
    pub(super) fn hurry(&self) {
        self.hurry.notify_one();
    }

    /// Has a result recorded, as a success only if what was hashed is what was built.
    pub(super) fn record(&self, id: NodeId, ran: Ran) {
        if ran.execution.outcome == Outcome::Succeeded && is_small(&ran.execution) {
            self.line.send((id, ran)).expect("who records lives as long as this");
        } else {
            let (journal, told) = (self.journal.clone(), self.told.clone());
            tokio::spawn(async move { record(&journal, vec![(id, ran)], &told).await });
        }
    }
}

async fn record_together<J: Journal>(
    journal: Arc<J>,
    mut line: UnboundedReceiver<(NodeId, Ran)>,
    told: UnboundedSender<Recorded>,
    hurry: Arc<Notify>,
) {
    let mut waiting = Vec::new();
    while line.recv_many(&mut waiting, MOST).await > 0 {
        let begun = Instant::now();
        record(&journal, std::mem::take(&mut waiting), &told).await;
        timeout_at(begun + PAUSE, hurry.notified()).await.ok();
    }
}

/// Records results together. Each is told of, whatever happens.
async fn record<J: Journal>(
    journal: &Arc<J>,
    together: Vec<(NodeId, Ran)>,
    told: &UnboundedSender<Recorded>,
) {
    let (ids, ran): (Vec<NodeId>, Vec<Ran>) = together.into_iter().unzip();
    let journal = journal.clone();
    let written = spawn_blocking(move || written(&*journal, ran)).await;
    let answers = written.unwrap_or_else(|error| {
        ids.iter().map(|_| Err(anyhow!("a defect of graph: {error}"))).collect()
    });
    // Nobody listens any more where the run broke off.
    ids.into_iter().zip(answers).for_each(|recorded| drop(told.send(recorded)));
}

/// Looks at all, and records them. There is one answer to each, in their order.
fn written<J: Journal>(journal: &J, together: Vec<Ran>) -> Vec<anyhow::Result<Ended>> {
    let looked: Vec<_> = together.into_iter().map(|ran| look(journal, ran)).collect();
    let good: Vec<&Ran> =
        looked.iter().filter_map(|looked| looked.as_ref().ok()?.as_ref().ok()).collect();
    let mut kept = succeeded(journal, &good).into_iter();
    let answer = |looked: anyhow::Result<Result<Ran, Ended>>| match looked? {
        Err(ended) => Ok(ended),
        Ok(Ran { execution, .. }) => Ok(Ended {
            finished: Finished::Succeeded(kept.next().expect("there is an answer to each")?),
            wall_ms: execution.cost.wall_ms,
            failure: None,
            retry: execution.retry,
        }),
    };
    looked.into_iter().map(answer).collect()
}

fn succeeded<'a, J: Journal>(journal: &J, ran: &[&'a Ran]) -> Vec<anyhow::Result<Arc<Record>>> {
    let success = |ran: &&'a Ran| Success {
        node: &ran.node,
        judgement: &ran.judgement,
        execution: &ran.execution,
    };
    match ran {
        [] => Vec::new(),
        ran => journal.succeeded(&ran.iter().map(success).collect::<Vec<_>>()),
    }
}

/// A success that is to be recorded, or how it ended otherwise, which is recorded then.
fn look<J: Journal>(journal: &J, mut ran: Ran) -> anyhow::Result<Result<Ran, Ended>> {
    if ran.execution.outcome == Outcome::Succeeded {
        let Some(doubt) = doubt(journal, &ran)? else { return Ok(Ok(ran)) };
        ran.execution.outcome = Outcome::Unsure;
        ran.execution.failure = Some(report(Outcome::Unsure, doubt, ran.log));
    }
    let execution = &ran.execution;
    journal.failed(&ran.node, &ran.judgement, execution)?;
    Ok(Err(Ended {
        finished: Finished::Failed(execution.outcome),
        wall_ms: execution.cost.wall_ms,
        failure: execution.failure.clone(),
        retry: execution.retry,
    }))
}

/// Whether it is quick to keep: no large file, and nothing to be looked up in a commit.
fn is_small(execution: &Execution) -> bool {
    let size = |found: &Found| fs::metadata(&found.source).map_or(u64::MAX, |file| file.len());
    let all = execution.outputs.iter().map(size).fold(0, u64::saturating_add);
    execution.reads.is_none() && all <= LARGE
}

/// Why nobody knows what was built, if so.
fn doubt<J: Journal>(journal: &J, ran: &Ran) -> anyhow::Result<Option<String>> {
    let changed = journal.changed(&ran.node, &ran.judgement)?;
    if changed.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = changed.iter().map(|name| format!("`{name}`")).collect();
    Ok(Some(format!("it ran well, but what went into it changed meanwhile: {}", names.join(", "))))
}
