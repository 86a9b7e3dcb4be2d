//! The one serialised, versioned form of everything that is shown. Texts, tables and Markdown are made from these
//! views and nothing else, so a person and a script read the same thing.
//!
//! All text in a view is as it was found, so untrusted; the forms escape it for their readers.

pub mod base;
pub mod diff;
pub mod excluded;
pub mod jobs;
pub mod list;
pub mod lock;
pub mod picture;
pub mod plan;
pub mod reason;
pub mod reverted;
pub mod runs;
pub mod schema;
pub mod show;
pub mod summary;
pub mod why;

mod estimate;
mod wire;

/// The version of the form. A new field does not raise it; a changed or missing one does.
pub const VERSION: u32 = 1;
