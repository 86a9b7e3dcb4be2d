//! What people and machines are shown, and that nothing in it can do harm.

mod boards;
mod diagnostics;
mod escape;
mod json;
mod live;
mod log;
mod markdown;
mod night;
mod text;
