//! One jobserver over all makes that run at a time: never more compilers than cores. Knows no node.
//!
//! GNU make hands out job slots as bytes in a pipe: who reads one may start a job beside its first, and writes it back
//! when that has ended. One pipe for all makes would do that, too, but when a make is killed nobody could tell how
//! many bytes it had taken. So every make has two pipes of its own, and a [`Jobserver`] between them:
//!
//! ```text
//!            ┌─ take ─► make ─ give ─┐
//! Jobserver ─┤                       ├─► Jobserver        lent = offered − withdrawn − given back
//!            └─ take ─► make ─ give ─┘
//! ```
//!
//! **Invariant: free + seats + lent = tokens.** A make runs its first job without asking; so a *seat* costs a token, which
//! is waited for, first come, first served, before the make is started. When all of a make is dead, its seat is
//! dropped, and what it was lent is free again, whatever became of the bytes.
//!
//! A make that waits for a slot reads the moment that there is one. So an offer that nobody has read for a moment is
//! not wanted, and goes round among the makes until somebody does.

mod ledger;
mod pipes;
mod server;

pub use server::{Jobserver, Seat};
