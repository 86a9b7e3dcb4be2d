//! The one integration binary: one module a behaviour.

mod config;
mod corpus;
mod exec_process;
mod exec_supervise;
mod kas_venv;
mod report;
mod tidy;
mod yaml_corpus;
