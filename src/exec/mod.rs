//! Runs the nodes of a schedule: programs, their logs, their ends, their outputs. Knows no front-end, no cache and no
//! report; what it is to record goes through [`run::Journal`], what it is to tell through events.
//!
//! **Invariant: tokio ends here.** The engine decides in a state machine without effects; [`run::run`] is the one loop
//! that awaits.
//!
//! **Invariant: nothing survives its node.** Every program runs below a supervisor of its own (see [`supervise`]).

mod attempts;
pub mod checkout;
pub mod collect;
pub mod condition;
pub mod descendants;
pub mod environment;
pub mod failure;
pub mod filled;
mod inputs;
pub mod job;
pub mod jobserver;
pub mod kas;
pub mod kbuild;
pub mod kernel;
mod lifeline;
pub mod local;
pub mod log;
pub mod order;
pub mod orphans;
pub mod provision;
mod recorder;
pub mod resources;
pub mod run;
pub mod space;
pub mod step;
mod steps;
pub mod steps_json;
pub mod stop;
pub mod supervise;
pub mod supervisors;
pub mod taken;
pub mod template;
mod trouble;
mod watch;
pub mod workdir;
pub mod worktree;
