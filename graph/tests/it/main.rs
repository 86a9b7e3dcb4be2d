//! The one integration binary of the engine.

#![allow(
    clippy::unwrap_used,
    reason = "clippy takes only test functions for tests, not what they call"
)]

mod compare;
mod judge;
mod model;
mod reads;
mod reverted;
mod runs;
mod select;
mod shards;
mod world;
