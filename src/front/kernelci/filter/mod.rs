//! The filters of an architecture: which of its candidates are built. Knows no tree and no section.

mod pattern;

mod judge;
mod set;

mod read;

pub(super) use judge::{Candidate, Rejection};
pub(super) use read::filters;
pub(super) use set::Filters;
