//! The one integration binary: one module a behaviour.

mod exec_collect;
mod exec_local;
mod exec_process;
mod exec_supervise;
mod exec_world;
mod tidy;
