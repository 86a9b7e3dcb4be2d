//! `graph schema`: the JSON Schema of `graph.yaml`, for editors and for CI, and those of what verbs print.

use std::io::Write;

use anyhow::Result;

use crate::config;
use crate::report::json::json;
use crate::report::view::schema::Form;

/// The arguments of `graph schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph schema             of graph.yaml, for an editor
  graph schema plan        of what `graph plan --format json` prints")]
pub struct Args {
    /// What it is the schema of, if not of `graph.yaml`
    #[arg(value_enum, value_name = "FORM")]
    pub form: Option<Form>,
}

/// Runs the verb.
///
/// # Errors
/// When nothing can be written.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<()> {
    match args.form {
        Some(form) => json(&form.schema(), out)?,
        None => out.write_all(config::json_schema().as_bytes())?,
    }
    Ok(out.flush()?)
}
