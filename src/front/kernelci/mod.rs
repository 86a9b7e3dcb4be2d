//! Reads the `build-configs.yaml` of KernelCI and lowers it to nodes. What trees hold it is told.

mod build;
mod lower;
mod trees;

pub use build::{ConfigAt, Fragment, KernelBuild, Toolchain};
pub use lower::{Lowering, nodes};
pub use trees::{Head, TreeBranch, Trees, Unreachable};
