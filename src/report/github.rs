//! The form for jobs of a GitHub workflow: the outputs of a step, one line each. Writes no file.

use std::fmt::Write as _;

use super::view::base::BaseSummary;
use super::view::jobs::MatrixView;
use super::view::plan::PlanSummary;

/// What GitHub takes as the outputs of a job, in characters: it counts them as UTF-16, and takes a megabyte.
pub const LIMIT: usize = 500_000;

/// The most that one variable of a program can hold on Linux, less what its name takes.
pub const LONGEST_VALUE: usize = 131_000;

/// The most jobs that a matrix can have.
pub const MOST_JOBS: usize = 256;

/// Why a matrix cannot be an output.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooLong {
    /// All of it.
    #[error("the matrix has {0} characters, and GitHub takes {LIMIT} as the outputs of a job")]
    Matrix(usize),
    /// One job.
    #[error(
        "the selectors of the job `{id}` have {length} characters, and a variable holds {LONGEST_VALUE}"
    )]
    Job {
        /// The job.
        id: String,
        /// How long they are.
        length: usize,
    },
}

/// What can be told without the jobs, as lines `name=value`: `any`, whether a job has something to do, and counts.
#[must_use]
pub fn counts(view: &impl Counted) -> String {
    let mut lines = format!("any={}\n", view.to_run() > 0);
    for (name, count) in view.counts() {
        writeln!(lines, "{name}={count}").expect("a string takes everything");
    }
    let seconds = view.estimate_ms().map_or(String::new(), |ms| ms.div_ceil(1000).to_string());
    lines + &format!("estimate_s={seconds}\n")
}

/// A summary of which a step can tell.
pub trait Counted {
    /// How many nodes run, or may.
    fn to_run(&self) -> usize;
    /// All counts, by the names of their outputs.
    fn counts(&self) -> Vec<(&'static str, usize)>;
    /// How long the nodes may take.
    fn estimate_ms(&self) -> Option<u64>;
}

impl Counted for PlanSummary {
    fn to_run(&self) -> usize {
        self.stale + self.open
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("stale", self.stale),
            ("open", self.open),
            ("restorable", self.restorable),
            ("fresh", self.fresh),
            ("total", self.total),
        ]
    }

    fn estimate_ms(&self) -> Option<u64> {
        self.estimate_ms
    }
}

impl Counted for BaseSummary {
    fn to_run(&self) -> usize {
        self.rebuild.saturating_sub(self.restorable + self.fresh)
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("stale", self.to_run()),
            ("rebuild", self.rebuild),
            ("added", self.added),
            ("changed", self.changed),
            ("follows", self.follows),
            ("unknown", self.unknown),
            ("renamed", self.renamed),
            ("removed", self.removed),
            ("excluded", self.excluded),
            ("restorable", self.restorable),
            ("fresh", self.fresh),
            ("total", self.total),
        ]
    }

    fn estimate_ms(&self) -> Option<u64> {
        self.estimate_ms
    }
}

/// The jobs, as lines `name=value`.
///
/// # Errors
/// When GitHub or the runner would not take them.
pub fn jobs(matrix: &MatrixView) -> Result<String, TooLong> {
    for job in &matrix.include {
        if job.selectors.len() > LONGEST_VALUE {
            return Err(TooLong::Job { id: job.id.clone(), length: job.selectors.len() });
        }
    }
    // One line: JSON spells line feeds out, and all else that ends one is no line feed.
    let json = serde_json::to_string(matrix).expect("a matrix is a value that JSON can hold");
    if json.len() > LIMIT {
        return Err(TooLong::Matrix(json.len()));
    }
    Ok(format!("jobs={}\nmatrix={json}\n", matrix.include.len()))
}
