//! What a kernel's build needs of this very program, as steps: see [`verb`]. And the compiler cache. Knows no schedule.

mod artifacts;
#[cfg(test)]
mod artifacts_tests;
pub mod ccache;
mod description;
mod elf;
mod firmware;
mod fragment;
mod json;
mod layout;
mod metadata;
mod requested;
pub mod verb;

/// The file of a node, in its work directory, that its metadata are made of.
pub const DESCRIPTION: &str = "build.json";

pub use metadata::{BMETA, metadata};
