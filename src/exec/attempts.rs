//! The attempts at one node, and the record of how they ended. Knows no schedule.

use std::sync::Arc;
use std::time::Instant;

use graph::event::{Event, FailureReport};
use graph::record::{Cost, Outcome, Record};
use graph::schedule::Finished;
use graph::spec::Node;
use graph::verdict::Judgement;
use tokio::task::spawn_blocking;

use crate::exec::job::{Events, Execution, Executor, Job, Retry};
use crate::exec::run::Journal;
use crate::exec::stop::{Stop, Stopping};

/// How something that was started has ended, and what to tell of it.
pub(super) struct Ended {
    pub(super) finished: Finished,
    pub(super) wall_ms: u64,
    pub(super) failure: Option<Arc<FailureReport>>,
    pub(super) retry: Retry,
}

/// The attempts at one node.
pub(super) struct Attempts<E, J> {
    pub(super) executor: Arc<E>,
    pub(super) journal: Arc<J>,
    pub(super) events: Events,
    pub(super) stopping: Stopping,
    pub(super) retries: u32,
}

impl<E: Executor, J: Journal> Attempts<E, J> {
    pub(super) async fn run(
        self,
        (node, needs): (Arc<Node>, Vec<Arc<Record>>),
        judgement: Judgement,
    ) -> anyhow::Result<Ended> {
        let begun = Instant::now();
        let mut cost = Cost::default();
        let mut attempt = 1;
        let mut execution = loop {
            let job = Job { node: node.clone(), attempt, needs: needs.clone() };
            let execution =
                self.executor.execute(job, self.events.clone(), self.stopping.clone()).await;
            cost.cpu_ms += execution.cost.cpu_ms;
            cost.peak_memory = cost.peak_memory.max(execution.cost.peak_memory);
            let again = execution.outcome != Outcome::Succeeded
                && execution.retry == Retry::Worthwhile
                && attempt <= self.retries
                && *self.stopping.borrow() == Stop::No;
            if !again {
                break execution;
            }
            attempt += 1;
            let (node, failure) = (node.name.clone(), execution.failure);
            self.events.tell(Event::NodeRetried { node, attempt, failure }).await;
        };
        cost.wall_ms = millis(begun);
        execution.cost = cost;
        let log = self.executor.log(&node.name);
        let journal = self.journal;
        spawn_blocking(move || record(&*journal, &node, &judgement, execution, log)).await?
    }
}

/// Records an execution, as a success only if what was hashed is what was built.
fn record<J: Journal>(
    journal: &J,
    node: &Node,
    judgement: &Judgement,
    mut execution: Execution,
    log: Arc<str>,
) -> anyhow::Result<Ended> {
    let (wall_ms, retry) = (execution.cost.wall_ms, execution.retry);
    if execution.outcome == Outcome::Succeeded {
        let doubt = doubt(journal, node, judgement)?;
        let Some(doubt) = doubt else {
            let record = journal.succeeded(node, judgement, &execution)?;
            let finished = Finished::Succeeded(record);
            return Ok(Ended { finished, wall_ms, failure: None, retry });
        };
        execution.outcome = Outcome::Unsure;
        execution.failure = Some(report(Outcome::Unsure, doubt, log));
    }
    journal.failed(node, judgement, &execution)?;
    let finished = Finished::Failed(execution.outcome);
    Ok(Ended { finished, wall_ms, failure: execution.failure, retry })
}

/// Why nobody knows what was built, if so.
fn doubt<J: Journal>(
    journal: &J,
    node: &Node,
    judgement: &Judgement,
) -> anyhow::Result<Option<String>> {
    let changed = journal.changed(node, judgement)?;
    if changed.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = changed.iter().map(|name| format!("`{name}`")).collect();
    Ok(Some(format!("it ran well, but what went into it changed meanwhile: {}", names.join(", "))))
}

/// What is told of a failure that no program speaks of.
pub(super) fn report(outcome: Outcome, message: String, log: Arc<str>) -> Arc<FailureReport> {
    Arc::new(FailureReport { outcome, message, log, tail: Vec::new(), causes: Vec::new() })
}

/// The time since then.
pub(super) fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
