//! Checkouts of commits that nothing builds any more. Knows no cache.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::config::Project;
use crate::context::Context;
use crate::diagnostic::reason;
use crate::exec::checkout;
use crate::failure::{Failure, Kind};

/// How long one is kept after a build has used it last.
const KEPT: Duration = Duration::from_hours(14 * 24);

/// Removes those that no build has used for a while, or says which these are.
pub(super) fn remove_unused(
    project: &Project,
    context: &Context,
    dry_run: bool,
) -> Result<Vec<PathBuf>, Failure> {
    let told = |error: std::io::Error| {
        let message = format!("cannot remove checkouts: {}", reason(&error));
        Failure::new(Kind::Environment, message)
    };
    let before = context.began.checked_sub(KEPT).unwrap_or(SystemTime::UNIX_EPOCH);
    let unused = checkout::unused(&project.layout().sources(), before).map_err(told)?;
    if !dry_run {
        unused.iter().try_for_each(|dir| checkout::remove(dir)).map_err(told)?;
    }
    Ok(unused)
}
