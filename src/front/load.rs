//! The whole of what users wrote, as a Spec: every front-end, with all problems at once.

use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::front::kas::Checkouts;
use crate::front::loaded::{Loaded, Sources};
use crate::front::machines;

/// Reads everything.
///
/// # Errors
/// All problems of all files.
pub fn load(
    sources: &Sources,
    root: &Path,
    checkouts: &dyn Checkouts,
) -> Result<Loaded, Diagnostics> {
    machines::load(sources, root, checkouts)
}
