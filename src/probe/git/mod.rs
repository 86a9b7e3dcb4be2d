//! Git, through the `git` program: it has the user's ssh, credentials and configuration, and lists a work tree as
//! fast as any library.

mod address;
mod local;
mod mirror;
mod program;
mod remote;

pub(super) use local::Listing;
pub(super) use mirror::Blob;

pub use address::{BadAddress, check_ref, check_url, mirror_name};
pub use program::{Error, Git};
pub use remote::{Answers, Wanted};
