//! Tests of the cache on real files.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod batch;
mod damage;
mod files;
mod gc;
mod history;
mod kill;
mod lock;
mod properties;
mod read_sets;
mod records;
mod scale;
mod shared;
mod slices;
mod store;
mod world;
