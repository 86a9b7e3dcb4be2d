//! Finds out what is so now: files, refs, tools, variables. Builds nothing and decides nothing.

pub mod commit;
mod content;
pub mod git;
mod memory;
mod missing;
mod patch;
mod pinned;
mod refs;
pub mod tool;
mod tree;
mod tree_filter;
mod tree_memo;
mod tree_stamps;
#[cfg(test)]
mod tree_tests;

mod observe;
mod past;

pub use content::{Content, Files, Links, Reread};
pub use memory::{Forgetful, Memory, SeenRef};
pub use observe::{Mode, Observed, Probe};
pub use past::Past;
pub use pinned::{PinnedFile, pinned_file};
pub use tree::{TreeContent, TreeError};
pub use tree_filter::BadPattern;
