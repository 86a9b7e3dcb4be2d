//! `graph schema`: the JSON Schema of `graph.yaml`, for editors and for CI.

use std::io::Write;

use anyhow::Result;

use crate::config;

/// Runs the verb.
///
/// # Errors
/// When nothing can be written.
pub fn run(out: &mut dyn Write) -> Result<()> {
    out.write_all(config::json_schema().as_bytes())?;
    Ok(out.flush()?)
}
