//! `graph` builds matrices of Yocto images and kernels, only where something changed, and says why.

pub mod diagnostic;
pub mod escape;
pub mod layout;
pub mod process;
pub mod redact;

pub mod failure;

pub mod config;
pub mod context;

pub mod exec;
pub mod front;
pub mod probe;
pub mod report;

pub mod cmd;

pub mod cli;
