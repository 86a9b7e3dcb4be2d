//! The one integration binary: one module a behaviour.

mod config;
mod tidy;
