//! What a build ends with: how every node ended, and where things are.

use std::sync::Arc;

use graph::event::FailureReport;
use graph::name::NodeName;
use graph::record::Outcome;
use graph::schedule::Ending;
use serde::Serialize;

use super::VERSION;
use super::reason::outcome_name;
use super::wire::seconds;

/// A run that is over.
#[derive(Debug, Clone, Serialize)]
pub struct RunSummaryView {
    /// The version of the form.
    pub version: u32,
    /// The run's number.
    pub run: i64,
    /// Wall time.
    #[serde(rename = "wall_s", serialize_with = "seconds")]
    pub wall_ms: u64,
    /// Whether the user stopped it.
    pub stopped: bool,
    /// How many nodes ended how.
    pub endings: Endings,
    /// The nodes that were not fresh, in the order in which they ended.
    pub nodes: Vec<EndedView>,
    /// The directory of the outputs.
    pub out: String,
    /// The directory of the logs.
    pub logs: String,
}

/// How many nodes ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Endings {
    /// Ran well.
    pub built: usize,
    /// Nothing to do.
    pub fresh: usize,
    /// Put in place from the store.
    pub restored: usize,
    /// Ran and failed.
    pub failed: usize,
    /// Ended by the user or a signal.
    pub interrupted: usize,
    /// Could not run, because a need did not end well.
    pub skipped: usize,
    /// Not started before the run was stopped.
    pub not_started: usize,
}

/// One node that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndedView {
    /// Its name.
    pub name: NodeName,
    /// How it ended.
    pub ending: EndingKind,
    /// Wall time of its execution.
    #[serde(rename = "wall_s", serialize_with = "seconds")]
    pub wall_ms: u64,
    /// The node because of which it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<NodeName>,
    /// How it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
}

/// The ways to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndingKind {
    /// Nothing to do.
    Fresh,
    /// Ran well.
    Built,
    /// Put in place from the store.
    Restored,
    /// Ran and failed.
    Failed,
    /// Ended by the user or a signal.
    Interrupted,
    /// Could not run, because a need did not end well.
    Skipped,
    /// Not started before the run was stopped.
    NotStarted,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureView {
    /// How it ended.
    pub outcome: &'static str,
    /// In one line.
    pub message: String,
    /// The path of its log; empty where nothing was run.
    pub log: Arc<str>,
    /// The last lines of its log.
    pub tail: Vec<String>,
    /// Logs that its log names as the cause, each with its last lines.
    pub causes: Vec<(String, Vec<String>)>,
}

impl EndingKind {
    /// The word for an ending.
    #[must_use]
    pub fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Fresh => Self::Fresh,
            Ending::Built => Self::Built,
            Ending::Restored => Self::Restored,
            Ending::Failed(Outcome::Interrupted) => Self::Interrupted,
            Ending::Failed(_) => Self::Failed,
            Ending::Skipped(_) => Self::Skipped,
            Ending::NotStarted => Self::NotStarted,
        }
    }

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Built => "built",
            Self::Restored => "restored",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
            Self::NotStarted => "not started",
        }
    }
}

impl Endings {
    /// Counts one more.
    pub fn count(&mut self, kind: EndingKind) {
        match kind {
            EndingKind::Fresh => self.fresh += 1,
            EndingKind::Built => self.built += 1,
            EndingKind::Restored => self.restored += 1,
            EndingKind::Failed => self.failed += 1,
            EndingKind::Interrupted => self.interrupted += 1,
            EndingKind::Skipped => self.skipped += 1,
            EndingKind::NotStarted => self.not_started += 1,
        }
    }

    /// Each kind that occurred, with how often, what was done first.
    pub fn iter(&self) -> impl Iterator<Item = (EndingKind, usize)> + use<> {
        [
            (EndingKind::Built, self.built),
            (EndingKind::Restored, self.restored),
            (EndingKind::Fresh, self.fresh),
            (EndingKind::Failed, self.failed),
            (EndingKind::Interrupted, self.interrupted),
            (EndingKind::Skipped, self.skipped),
            (EndingKind::NotStarted, self.not_started),
        ]
        .into_iter()
        .filter(|&(_, count)| count > 0)
    }
}

impl RunSummaryView {
    /// That everything was fresh, so that there was no run.
    #[must_use]
    pub fn all_fresh(fresh: usize, out: String, logs: String) -> Self {
        Self {
            version: VERSION,
            run: 0,
            wall_ms: 0,
            stopped: false,
            endings: Endings { fresh, ..Endings::default() },
            nodes: Vec::new(),
            out,
            logs,
        }
    }
}

impl EndedView {
    /// A node with its end.
    #[must_use]
    pub fn of(
        name: NodeName,
        ending: &Ending,
        wall_ms: u64,
        failure: Option<&FailureReport>,
    ) -> Self {
        let because = match ending {
            Ending::Skipped(need) => Some(need.clone()),
            _ => None,
        };
        let bare = match ending {
            Ending::Failed(outcome) => Some(FailureView {
                outcome: outcome_name(*outcome),
                message: outcome_name(*outcome).to_owned(),
                log: "".into(),
                tail: Vec::new(),
                causes: Vec::new(),
            }),
            _ => None,
        };
        let failure = failure.map(FailureView::of).or(bare);
        Self { name, ending: EndingKind::of(ending), wall_ms, because, failure }
    }
}

impl FailureView {
    fn of(report: &FailureReport) -> Self {
        Self {
            outcome: outcome_name(report.outcome),
            message: report.message.clone(),
            log: report.log.clone(),
            tail: report.tail.clone(),
            causes: report.causes.clone(),
        }
    }
}
