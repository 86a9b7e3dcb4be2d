//! The one integration binary: one module a behaviour.

#[allow(dead_code, reason = "until the first test that reads the corpus")]
mod corpus;
mod kas_venv;
mod tidy;
