//! Tools: where they are, which version they are, and what that version can do.

mod bitbake;
mod find;
mod identity;
mod image;
mod kas;
mod package;
mod program;
mod python;
mod rustup;

pub use bitbake::bitbake_version;
pub use find::find_program;
pub use image::image_digest;
pub use kas::{KasProbe, KasVersion, first_kas_with, newest_format, refuses_late_source_dir};
pub use package::package_hint;
pub use program::tool_fact;
