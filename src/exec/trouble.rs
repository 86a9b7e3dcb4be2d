//! Why a node did not succeed, before it is made a report. Data only.

use graph::record::Outcome;

use crate::exec::job::Retry;

/// Why a node did not succeed.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) outcome: Outcome,
    pub(super) message: String,
    pub(super) retry: Retry,
}

impl Trouble {
    /// One that has nothing to do with what the steps do.
    pub(super) fn ours(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, message: message.into(), retry: Retry::Pointless }
    }
}
