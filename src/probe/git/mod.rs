//! Git, through the `git` program: it has the user's ssh, credentials and configuration, and lists a work tree as
//! fast as any library.

mod address;
mod blame;
mod blobless;
mod evidence;
mod history;
mod leftovers;
mod local;
mod mirror;
mod objects;
mod program;
mod remote;
mod revision;
mod snapshot;

pub(super) use evidence::Evidence;
pub(super) use local::Listing;
pub(super) use mirror::Blob;
pub(super) use objects::{LocalCommit, NoRevision};
pub(super) use remote::{RemoteTree, in_parallel};

pub use address::mirror_name;
pub use blame::Author;
pub use history::{History, LogEntry};
pub use program::{Error, Git};
pub use remote::{Answers, Wanted};
pub use revision::Revision;
pub use snapshot::{Clean, EntryKind, Snapshot, SnapshotEntry};
