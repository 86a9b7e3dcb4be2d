//! A run under way, as its displays see it: what runs, what has ended. Draws nothing and reads no clock.

use std::sync::Arc;
use std::time::Duration;

use graph::event::Event;
use graph::name::NodeName;
use graph::plan::Tally;
use indexmap::IndexMap;

use super::view::VERSION;
use super::view::summary::{EndedView, EndingKind, Endings, RunSummaryView};

/// What is shown in place of the step of a node that is being recorded.
const RECORDING: &str = "recording";

/// What is recorded in less time is nothing to look at: of small nodes dozens wait for the same flush of the disk.
const WORTH_SHOWING: Duration = Duration::from_secs(1);

/// What is known of a run so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) run: i64,
    pub(super) tally: Tally,
    pub(super) estimate_ms: Option<u64>,
    /// What runs or is being recorded, in the order in which it began.
    running: IndexMap<NodeName, Running>,
    pub(super) endings: Endings,
    pub(super) stopping: bool,
    ended: Vec<EndedView>,
    wall_ms: u64,
}

/// A node that runs or is being recorded.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) since: Duration,
    pub(super) estimate_ms: Option<u64>,
    pub(super) step: Option<&'static str>,
    /// When its programs had ended and what it left began to be recorded.
    recording_since: Option<Duration>,
    /// The last line of its log that said anything. Untrusted.
    pub(super) line: Option<Arc<str>>,
}

impl Progress {
    /// Takes note of an event, `elapsed` after the run began.
    pub(super) fn note(&mut self, event: &Event, elapsed: Duration) {
        match event {
            Event::RunStarted { run, tally, estimate_ms } => {
                (self.run, self.tally, self.estimate_ms) = (*run, *tally, *estimate_ms);
                self.endings.fresh += tally.unjudged;
            }
            Event::NodeStarted { node, estimate_ms, .. } => {
                let estimate_ms = *estimate_ms;
                let running = Running {
                    since: elapsed,
                    estimate_ms,
                    step: None,
                    recording_since: None,
                    line: None,
                };
                self.running.insert(node.clone(), running);
            }
            Event::StepStarted { node, step } => {
                if let Some(running) = self.running.get_mut(node) {
                    running.step = Some(step);
                }
            }
            Event::Line { node, line } => {
                if let Some(running) = self.running.get_mut(node)
                    && !line.bytes().all(|byte| byte.is_ascii_whitespace())
                {
                    running.line = Some(line.clone());
                }
            }
            Event::NodeRetried { node, .. } => {
                if let Some(running) = self.running.get_mut(node) {
                    (running.step, running.line) = (None, None);
                }
            }
            Event::RecordingStarted { node } => {
                if let Some(running) = self.running.get_mut(node) {
                    (running.step, running.line) = (Some(RECORDING), None);
                    running.recording_since = Some(elapsed);
                }
            }
            Event::NodeEnded { node, ending, wall_ms, failure } => {
                self.running.shift_remove(node);
                let kind = EndingKind::of(ending);
                self.endings.count(kind);
                if kind != EndingKind::Fresh {
                    let ended = EndedView::of(node.clone(), ending, *wall_ms, failure.as_deref());
                    self.ended.push(ended);
                }
            }
            Event::Stopping => self.stopping = true,
            Event::RunEnded { wall_ms } => self.wall_ms = *wall_ms,
        }
    }

    /// How long the run may still take: what its estimate leaves, but no less than the longest of what runs.
    pub(super) fn remaining_ms(&self, elapsed: Duration) -> Option<u64> {
        let passed = milliseconds(elapsed);
        let run = self.estimate_ms.and_then(|whole| whole.checked_sub(passed));
        let nodes = self.running.values().filter_map(|running| {
            running.estimate_ms?.checked_sub(passed - milliseconds(running.since).min(passed))
        });
        run.max(nodes.max())
    }

    /// The nodes of which programs run, or that have been being recorded for long.
    pub(super) fn shown(&self, elapsed: Duration) -> Vec<(&NodeName, &Running)> {
        let is_shown = |running: &Running| {
            running.recording_since.is_none_or(|since| elapsed >= since + WORTH_SHOWING)
        };
        self.running.iter().filter(|(_, running)| is_shown(running)).collect()
    }

    /// What is to be told when all is over.
    pub(super) fn summary(&self, out: &str, logs: &str) -> RunSummaryView {
        RunSummaryView {
            version: VERSION,
            run: self.run,
            wall_ms: self.wall_ms,
            stopped: self.stopping,
            endings: self.endings,
            nodes: self.ended.clone(),
            out: out.to_owned(),
            logs: logs.to_owned(),
        }
    }
}

impl Running {
    /// How long it has run.
    pub(super) fn runs_ms(&self, elapsed: Duration) -> u64 {
        milliseconds(elapsed.saturating_sub(self.since))
    }
}

/// A duration in whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
