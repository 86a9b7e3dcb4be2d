//! The one integration binary: one module a behaviour.

#[allow(dead_code, reason = "until the first test that reads the corpus")]
mod corpus;
mod example_boards;
mod kas_venv;
mod redact;
mod tidy;
#[allow(dead_code, reason = "until the tests of the verbs that run in it")]
mod world;
