//! A run under way, as a state machine without effects: what may start now, and what follows from an end.
//!
//! The one loop that drives it asks [`Schedule::advance`] until it says [`Next::Wait`] or [`Next::Done`], does what
//! it says, and tells it of every end with [`Schedule::finish`]. Time, processes and disks are the loop's affair.
//!
//! Invariants:
//! - a node starts only when all its needs have settled well;
//! - never more nodes of a pool run than it has slots, and their expected memory fits, unless one runs alone;
//! - when a node could start, it is judged again, with what its needs really left: that is early cutoff. Only where the
//!   plan of the same run found it and all its needs to be fresh, and nothing has happened to those, is its word enough;
//! - of nodes with one key one runs. When it has ended well the others are put in place from what it left, and
//!   when it failed they are skipped: the same key would fail the same way. [`plan`](crate::plan::plan) foresees
//!   this as `duplicate_of`; which of the names runs is the schedule's choice. What is forced runs once a key, too.

mod line;
mod machine;
mod priority;
mod slots;
mod words;

pub use machine::Schedule;
pub use words::{Ending, Finished, Next, OnFailure};
