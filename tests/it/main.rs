//! The one integration binary: one module a behaviour.

mod config;
mod exec_process;
mod exec_supervise;
mod git;
mod probe;
mod tidy;
