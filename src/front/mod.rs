//! Reads what users wrote and lowers it to a Spec. Knows no cache, starts no build and prints nothing.

pub mod yaml;

pub mod kas;

pub mod kernelci;

pub mod machines;

mod load;
mod loaded;

pub use load::load;
pub use loaded::{Depth, Excluded, Loaded, SourceFile, Sources};
