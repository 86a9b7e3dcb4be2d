//! The engine of `graph`: what was declared, what is so now, what was so last time, and what follows.
//!
//! **Invariant: pure.** Nothing here reads a file, a clock, the environment or the network, and nothing starts a
//! process; `.clippy.toml` bans the ways. Values come in, values go out, so everything is tested with literals. Long lists
//! are worked on by several threads, which is not seen from outside.
//!
//! **Invariant: layered.** The modules stand in groups; one imports only from groups above its own.
//!
//! ```text
//! digest · list name resource words without which nothing can be said
//! spec · model                what was declared, and the same, checked
//! facts · action · walk alike what is so now, and what of it goes into a node
//! key · fingerprint           what that makes of a node
//! passes piece · own          the short way to most of it, for many nodes at once
//! deferred                    the same, not yet made
//! keyed · record lasts        what was so last time
//! verdict · judged            what follows for one node
//! stages · plan               what follows for all
//! compare                     the same of two sides, without any record
//! query                       which nodes are meant
//! reverted · shards           what would be if; which hosts run what
//! schedule · event            a run under way, and what is told of it
//! ```

pub mod digest;

mod keyed;
pub mod list;
pub mod name;
mod passes;
pub mod reads;
pub mod resource;

pub mod spec;

mod names;

pub mod model;

pub mod facts;

mod action;

mod alike;
mod key;
mod walk;

pub mod fingerprint;

mod piece;

mod own;

pub mod deferred;

pub mod record;

mod lasts;

pub mod executed;

pub mod verdict;

mod judged;
mod stages;

pub mod compare;
pub mod plan;
pub mod query;

pub mod reverted;
pub mod shards;

pub mod schedule;

pub mod event;
