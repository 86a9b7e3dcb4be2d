//! What people and machines are shown, and that nothing in it can do harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics, in its setup too")]

pub(crate) mod boards;
mod diagnostics;
pub(crate) mod escape;
mod json;
mod live;
mod log;
mod markdown;
mod night;
mod text;
