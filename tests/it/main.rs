//! The one integration binary.

#[allow(dead_code, reason = "until the first test that reads the corpus")]
mod corpus;
mod kas_venv;
