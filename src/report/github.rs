//! The form for jobs of a GitHub workflow: the outputs of a step, one line each. Writes no file.

use std::fmt::Write as _;

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
    #[error("the selectors of the job `{id}` have {length} characters, and a variable holds {LONGEST_VALUE}")]
    Job {
        /// The job.
        id: String,
        /// How long they are.
        length: usize,
    },
}

/// What can be told of a plan without its jobs, as lines `name=value`.
#[must_use]
pub fn counts(summary: &PlanSummary) -> String {
    let stale = summary.stale + summary.open;
    let mut lines = format!("any={}\nstale={}\nopen={}\n", stale > 0, summary.stale, summary.open);
    for (name, count) in [
        ("restorable", summary.restorable),
        ("fresh", summary.fresh),
        ("total", summary.total),
    ] {
        writeln!(lines, "{name}={count}").expect("a string takes everything");
    }
    let seconds = summary.estimate_ms.map_or(String::new(), |ms| ms.div_ceil(1000).to_string());
    lines + &format!("estimate_s={seconds}\n")
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
