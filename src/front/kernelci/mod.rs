//! Reads the `build-configs.yaml` of KernelCI and lowers it to nodes. What trees hold it is told.

mod build;
mod trees;

pub use build::{ConfigAt, Fragment, KernelBuild, Toolchain};
pub use trees::{Head, TreeBranch, Trees, Unreachable};
