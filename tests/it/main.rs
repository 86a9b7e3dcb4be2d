//! The one integration binary: one module a behaviour.

mod exec_process;
mod exec_supervise;
mod tidy;
