//! Pinned files: what moves between two of them, and how a set of them is replaced. Knows no kas and no git.

mod movement;
mod write;

pub use movement::{Movement, Pin, Pins, movements};
pub use write::{Refused, Replacement, replace_all};
