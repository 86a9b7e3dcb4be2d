//! The one integration binary: one module a behaviour.

mod corpus;
mod kas_venv;
mod tidy;
mod yaml_corpus;
