//! `graph build`: builds what is stale. The verb's front door; the steps are in the modules below.

mod display;
mod journal;
mod prepare;
mod run;

pub use run::{Args, Progress, run, run_by};

pub(super) use prepare::{capacity, clone_one, program_words};
