//! What is told of a run while it goes on. One type feeds the terminal, CI logs and machine-readable logs.

use std::sync::Arc;

use crate::name::NodeName;
use crate::plan::Tally;
use crate::record::Outcome;
use crate::schedule::Ending;
use crate::verdict::Reason;

/// One thing that happened in a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins; this is what the plan foresees.
    RunStarted {
        /// The run's number.
        run: i64,
        /// The forecast.
        tally: Tally,
        /// How long it may take in all, in milliseconds, where that can be told.
        estimate_ms: Option<u64>,
    },
    /// A node begins to run.
    NodeStarted {
        /// The node.
        node: NodeName,
        /// Why it runs.
        reasons: Arc<[Reason]>,
        /// How long it took last time, in milliseconds.
        estimate_ms: Option<u64>,
        /// Where its log is.
        log: Arc<str>,
    },
    /// A step of a node begins.
    StepStarted {
        /// The node.
        node: NodeName,
        /// The step.
        step: &'static str,
    },
    /// A node wrote a line to its log. Untrusted text.
    Line {
        /// The node.
        node: NodeName,
        /// The line, without its end, secrets taken out.
        line: Arc<str>,
    },
    /// A node failed in a way that may pass, and runs again.
    NodeRetried {
        /// The node.
        node: NodeName,
        /// Which attempt begins, from 2.
        attempt: u32,
        /// What to show of the one that failed.
        failure: Option<Arc<FailureReport>>,
    },
    /// Nothing of a node runs any more; what it left is being kept and recorded.
    RecordingStarted {
        /// The node.
        node: NodeName,
    },
    /// A node has settled.
    NodeEnded {
        /// The node.
        node: NodeName,
        /// How.
        ending: Ending,
        /// Wall time of the execution in milliseconds; 0 if there was none.
        wall_ms: u64,
        /// For one that failed: what to show of it.
        failure: Option<Arc<FailureReport>>,
    },
    /// The user asked to stop; nothing more is started.
    Stopping,
    /// The run is over.
    RunEnded {
        /// Wall time in milliseconds.
        wall_ms: u64,
    },
}

/// What is shown of a node that failed. All text is untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReport {
    /// How it ended.
    pub outcome: Outcome,
    /// In one line: `step build: exit status 1`.
    pub message: String,
    /// The path of its log; empty where nothing was run.
    pub log: Arc<str>,
    /// The last lines of its log.
    pub tail: Vec<String>,
    /// Logs that the log names as the cause (bitbake's `Logfile of failure`), each with its last lines.
    pub causes: Vec<(String, Vec<String>)>,
}
