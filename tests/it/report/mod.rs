//! What people and machines are shown, and that nothing in it can do harm.

mod boards;
mod escape;
mod json;
mod text;
