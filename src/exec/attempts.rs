//! The attempts at one node. Knows no schedule and no record.

use std::sync::Arc;
use std::time::Instant;

use graph::event::{Event, FailureReport};
use graph::record::{Cost, Outcome, Record};
use graph::schedule::Finished;
use graph::spec::Node;
use graph::verdict::Judgement;

use crate::exec::job::{Events, Execution, Executor, Job, Retry};
use crate::exec::stop::{Stop, Stopping};

/// How something that was started has ended, and what to tell of it.
pub(super) struct Ended {
    pub(super) finished: Finished,
    pub(super) wall_ms: u64,
    pub(super) failure: Option<Arc<FailureReport>>,
    pub(super) retry: Retry,
}

/// An execution that has ended and is yet to be recorded.
pub(super) struct Ran {
    pub(super) node: Arc<Node>,
    pub(super) judgement: Judgement,
    pub(super) execution: Execution,
    pub(super) log: Arc<str>,
}

/// The attempts at one node.
pub(super) struct Attempts<E> {
    pub(super) executor: Arc<E>,
    pub(super) events: Events,
    pub(super) stopping: Stopping,
    pub(super) retries: u32,
}

impl<E: Executor> Attempts<E> {
    pub(super) async fn run(
        self,
        (node, needs): (Arc<Node>, Vec<Arc<Record>>),
        judgement: Judgement,
    ) -> Ran {
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
        Ran { node, judgement, execution, log }
    }
}

/// What is told of a failure that no program speaks of.
pub(super) fn report(outcome: Outcome, message: String, log: Arc<str>) -> Arc<FailureReport> {
    Arc::new(FailureReport { outcome, message, log, tail: Vec::new(), causes: Vec::new() })
}

/// The time since then.
pub(super) fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
