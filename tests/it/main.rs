//! The one integration binary: one module a behaviour.

mod config;
mod corpus;
mod example_boards;
mod exec_collect;
mod exec_kas;
mod exec_local;
mod exec_process;
mod exec_run;
mod exec_supervise;
mod exec_world;
mod git;
mod kas_differential;
mod kas_goldens;
mod kas_values;
mod kas_venv;
mod machines;
mod probe;
mod redact;
mod report;
mod tidy;
#[allow(dead_code, reason = "until the tests of the verbs that run in it")]
mod world;
mod yaml_corpus;
mod yaml_differential;
mod yaml_documents;
