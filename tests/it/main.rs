//! The one integration binary: one module a behaviour.

mod corpus;
mod kas_venv;
mod config;
mod exec_process;
mod exec_supervise;
mod tidy;
mod yaml_corpus;
//! The one integration binary.

mod report;
