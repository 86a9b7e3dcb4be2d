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

pub use metadata::{metadata, rewrite};
