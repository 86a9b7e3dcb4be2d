//! `graph diff`: what differs in meaning between two configurations. The verb's front door.

mod run;
mod side;

pub use run::{Args, run};
