//! What the schedule and the loop that drives it say to each other. Decides nothing.

use std::sync::Arc;

use crate::model::NodeId;
use crate::name::NodeName;
use crate::record::{Outcome, Record};
use crate::verdict::Judgement;

/// What the driving loop is to do.
#[derive(Debug, Clone)]
pub enum Next {
    /// Run the node; the judgement says why, and its fingerprint belongs in the record.
    Start(NodeId, Judgement),
    /// Put the outputs of an earlier execution in place and record them under this node's own name; told of the
    /// end with [`Finished::Restored`].
    Restore(NodeId, Judgement, Arc<Record>),
    /// A node has settled: tell people. Said of every node once, also of those that the loop started.
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
    /// It did not run, because this node failed: one that it needs, directly or not, or one with the same key.
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

    /// How a node settles whose need, called `name`, has settled like this; `None` if it may go on.
    pub(super) fn passed_on(&self, name: &NodeName) -> Option<Self> {
        match self {
            Self::Fresh | Self::Built | Self::Restored => None,
            Self::Failed(_) => Some(Self::Skipped(name.clone())),
            Self::Skipped(_) | Self::NotStarted => Some(self.clone()),
        }
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
