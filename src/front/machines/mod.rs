//! `machines.json`: boards, each a chain of kas files, lowered to `image/…` and `sdk/…` nodes.

mod fields;
mod file;
mod words;

mod build;
mod lower;

mod load;

pub use build::{Build, load_build, pinned_file};
pub use file::{Defaults, Machine, Machines, read};
pub use load::{Declared, declared, load};
pub use lower::{nodes, outlines};
