//! One file a verb. Here front, probe, cache, exec and report meet, and nowhere else.

pub mod console;

mod kept;

mod checkouts;

mod slices;

mod opened;
mod survey;

mod read_changes;

mod base;
mod jobs;
mod reverted;
mod runner;

pub mod build;
pub mod cache;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod init;
pub mod list;
pub mod lock;
pub mod log;
pub mod plan;
pub mod render;
pub mod resolve;
pub mod runs;
pub mod schema;
pub mod show;
pub mod trees;
pub mod why;
