//! What `graph` remembers between runs: all state on disk, below one directory, `.graph`. Synchronous.
//!
//! ```text
//! cache.db      records, runs, digests of files, refs, versions of tools, lists of trees' files (SQLite)
//! store/        artifacts by digest
//! out/<node>/   outputs, where users look for them
//! lock          who writes now
//! ```
//!
//! To delete all of it loses time, never correctness. The program reads and writes through [`Cache`] and, for what
//! happens in a run, [`Run`], which only the holder of the lock can begin.
//!
//! # Invariants
//!
//! - **A record is written only after its outputs are in the store and in place**, both flushed to the disk:
//!   [`Run::commit_successes`] does the three in order, for one or for many, and there is no other way to write one.
//! - **No record claims what is gone.** Records let go of artifacts before artifacts are removed ([`Cache::gc`]), and
//!   where outputs are is looked up, never remembered.
//! - **What is served was checked.** An artifact leaves the store only by a copy whose digest was found right.
//! - **Outputs are in place all or none**, by one rename.
//! - **In doubt, it is read again.** File times vouch for a file only where the file system's clock cannot have hidden
//!   a later change; see the module `files`.
//!
//! # Layers
//!
//! ```text
//! error                                     what can go wrong
//! codec stamp schema                        bytes, times, formats
//! copy db flush lock staging                files, the database, waiting for the disk, the one writer, what is unfinished
//! intern store                              small numbers for names; artifacts
//! in_common outputs                         packed lists: of parts that many have, of what was left
//! look parts place slices                   what is in place; what went into a node; what was wholly fresh
//! executions files manifests read_sets refs state tools   the tables, and the directory that has it all
//! claims lasts leftovers parts_reader       what is kept, what ran last, what was left half done
//! records                                   what the engine is told
//! commit fresh                              successes, many at a time; slices all of whose nodes are fresh
//! runs · history · gc and sweep · upkeep   writing, looking back, making room, looking after it
//! cache                                     the front door
//! ```

mod error;

mod codec;
mod schema;
mod stamp;

mod copy;
mod db;
mod flush;
mod lock;
mod staging;

mod intern;
mod store;

mod in_common;
mod outputs;

mod look;
mod parts;
mod place;
mod slices;

mod executions;
mod files;
mod manifests;
mod read_sets;
mod refs;
mod state;
mod tools;

mod claims;
mod lasts;
mod leftovers;
mod parts_reader;

mod records;

mod commit;
mod fresh;

mod runs;

mod history;

mod sweep;

mod gc;
mod upkeep;

mod cache;

pub use cache::Cache;
pub use commit::{Execution, Produced};
pub use error::Error;
pub use executions::{Cause, Origin};
pub use files::{Content, Links};
pub use fresh::{Look, Proven};
pub use gc::{GcReport, Mode, Policy};
pub use history::{Before, InRun, Past, RunStatus, RunSummary};
pub use lock::{Guard, Holder, LockError};
pub use records::Placed;
pub use refs::SeenRef;
pub use runs::{Counts, Run, RunEnd};
pub use slices::FreshSlice;
pub use upkeep::{Problem, Stat};
