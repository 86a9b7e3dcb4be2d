//! One file a verb. Here front, probe, cache, exec and report meet, and nowhere else.

pub mod demo;
