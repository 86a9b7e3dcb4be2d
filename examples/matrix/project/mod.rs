//! A project with a matrix of as many nodes as one likes, as a user could have written it, and the same matrix for ninja.
//! Shared by the example, its test and `benches/peers`.

#![allow(dead_code, unused_imports, reason = "each of those who have it uses some of it")]

mod shape;

mod configs;
mod fleet;
mod ninja;
mod trees;

mod write;

pub(crate) use configs::build_configs;
pub(crate) use ninja::source as ninja_source;
pub(crate) use shape::Shape;
pub(crate) use trees::configs_of;
pub(crate) use trees::{COMMON, advance};
pub(crate) use write::{write, write_machines, write_ninja_outputs};
