//! What is asked of an executor, and what it answers. Knows no schedule and no cache.

use std::sync::Arc;

use graph::event::{Event, FailureReport};
use graph::name::NodeName;
use graph::reads::ReadSet;
use graph::record::{Cost, Outcome, Record};
use graph::spec::Node;
use tokio::sync::mpsc;

use crate::exec::collect::Found;
use crate::exec::stop::Stopping;

/// One execution of a node.
#[derive(Debug, Clone)]
pub struct Job {
    /// The node.
    pub node: Arc<Node>,
    /// 1, or more when it is tried again.
    pub attempt: u32,
    /// What its needs left, in the order of its needs.
    pub needs: Vec<Arc<Record>>,
}

/// How an execution went.
#[derive(Debug, Clone)]
pub struct Execution {
    /// How it ended.
    pub outcome: Outcome,
    /// What it cost; of several attempts, all together.
    pub cost: Cost,
    /// What it left, if it succeeded.
    pub outputs: Vec<Found>,
    /// Which files of its checkout it read, if it succeeded and that was found out.
    pub reads: Option<ReadSet>,
    /// What to show, if it did not.
    pub failure: Option<Arc<FailureReport>>,
    /// Whether it could go better if tried again.
    pub retry: Retry,
}

/// Whether it makes sense to try again.
///
/// A step that fails may have met a flaky network or a race, and bitbake goes on where it stopped, so trying again is
/// cheap even where it is in vain. What failed for another reason fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It may go better.
    Worthwhile,
    /// It will go the same way.
    Pointless,
    /// It will go the same way, and so will every other node, until somebody makes room on a disk.
    WithMoreSpace,
}

/// Runs nodes.
pub trait Executor: Send + Sync + 'static {
    /// Runs a node until nothing of it is left. Failing is an answer, not an error.
    fn execute(
        &self,
        job: Job,
        events: Events,
        stopping: Stopping,
    ) -> impl Future<Output = Execution> + Send;

    /// Where the log of a node is, as it is told: below the project, from its root on.
    fn log(&self, node: &NodeName) -> Arc<str>;
}

/// Where what happens is told.
#[derive(Debug, Clone)]
pub struct Events(mpsc::Sender<Event>);

impl Events {
    /// Tells over a channel, whose length bounds what waits to be shown.
    #[must_use]
    pub fn new(sender: mpsc::Sender<Event>) -> Self {
        Self(sender)
    }

    /// Tells, and waits while the display is behind. That nobody listens any more is no reason to stop a build.
    pub async fn tell(&self, event: Event) {
        self.0.send(event).await.ok();
    }

    /// Tells if there is room: a display that is behind misses lines, never a build its time, and the log has all.
    pub fn tell_if_room(&self, event: Event) {
        self.0.try_send(event).ok();
    }
}
