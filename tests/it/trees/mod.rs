//! Kernel trees as git objects: heads, mirrors, descriptions, and what builds read of them.

mod describe;
mod heads;
mod listing;
mod local;
mod mirror;
mod plain;
mod read;
mod world;
