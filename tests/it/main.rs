//! Everything that is tested from outside, in one binary.

mod exec_process;
mod exec_supervise;
