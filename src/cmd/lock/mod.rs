//! `graph lock`: writes every machine's chain as one file with a commit for every repository. The verb's front door.

mod chains;
mod refs;
mod run;
mod targets;
mod told;

pub use run::{Args, run};

pub(super) use told::key;
