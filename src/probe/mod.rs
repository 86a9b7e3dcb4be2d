//! Finds out what is so now: files, refs, tools, variables. Builds nothing and decides nothing.

mod content;
pub mod git;
mod tree;
mod tree_filter;
#[cfg(test)]
mod tree_tests;

pub use content::{Content, Files, Reread};
pub use tree::{TreeContent, TreeError};
pub use tree_filter::BadPattern;
