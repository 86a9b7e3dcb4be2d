//! One file a verb. Here front, probe, cache, exec and report meet, and nowhere else.

pub mod cache;
pub mod completions;
pub mod console;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod schema;
