//! What `graph runs` shows: the runs that the cache remembers.

use serde::Serialize;

use super::VERSION;
use super::summary::Endings;
use super::wire::{instant, maybe_seconds};

/// Runs, the latest first.
#[derive(Debug, Clone, Serialize)]
pub struct RunsView {
    /// The version of the form.
    pub version: u32,
    /// The runs.
    pub runs: Vec<RunView>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunView {
    /// Its number.
    pub run: i64,
    /// When it began.
    #[serde(serialize_with = "instant")]
    pub started: i64,
    /// Wall time; absent if it has not ended.
    #[serde(rename = "wall_s", serialize_with = "maybe_seconds")]
    pub wall_ms: Option<u64>,
    /// How it stands.
    pub state: RunState,
    /// How its nodes ended.
    pub endings: Endings,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Everything ended well.
    Succeeded,
    /// Something failed.
    Failed,
    /// The user ended it.
    Interrupted,
    /// It goes on.
    Running,
    /// It ended without a word: killed, or the host went down.
    Died,
}

impl RunsView {
    /// The given runs.
    #[must_use]
    pub fn of(runs: Vec<RunView>) -> Self {
        Self { version: VERSION, runs }
    }
}
