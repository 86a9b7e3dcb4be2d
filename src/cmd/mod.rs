//! One file a verb. Here front, probe, cache, exec and report meet, and nowhere else.

pub mod completions;
pub mod demo;
pub mod init;
pub mod schema;
