//! Reads the `build-configs.yaml` of KernelCI and lowers it to nodes. What trees hold it is told.

mod build;
mod trees;

mod file;
mod filter;
mod merge;
mod read;

mod excluded;
mod expand;
mod problems;

mod lower;
mod slice;

mod load;

pub use build::{ConfigAt, Fragment, KernelBuilds, Toolchain};
pub use load::load;
pub use lower::BUILD_CONFIG;
pub use slice::{FreshSlice, FreshSlices, NoneFresh, Slice};
pub use trees::{Head, TreeBranch, Trees, Unreachable};
