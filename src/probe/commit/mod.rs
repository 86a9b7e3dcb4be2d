//! Commits of kernel trees: what branches name, how it is described, which files it has. Checks nothing out.

mod at_hand;
mod changes;
mod describe;
mod heads;
mod listing;
mod local;
mod read;
mod remote;

pub use changes::{Change, How};
pub use heads::{Found, Lost, Tell, Wish};
pub use listing::Listing;
pub use read::KeptSets;
