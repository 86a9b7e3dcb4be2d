//! `graph init`: writes a commented `graph.yaml` from what it finds.

mod found;
mod text;
mod write;

use std::io::Write;

use anyhow::Result;

use crate::context::Context;
use found::Found;

/// The arguments of `graph init`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  graph init            write graph.yaml into this directory
  graph init --print    only show what it would be")]
pub struct Args {
    /// Write anew a `graph.yaml` that is there
    #[arg(long)]
    pub force: bool,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub print: bool,
}

/// Runs the verb in the working directory.
///
/// # Errors
/// There is a `graph.yaml` and `--force` was not said, or it cannot be written.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> Result<()> {
    let found = Found::look(context);
    let text = text::settings(&found);
    if args.print {
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    }
    let how = if args.force { write::Existing::Replace } else { write::Existing::Refuse };
    write::settings(&context.cwd, &text, how)?;
    writeln!(out, "wrote `{}`", crate::config::CONFIG_FILE)?;
    let next = match &found.machines {
        Some(path) => format!("the machines are in `{}`; next: `graph plan`", path.display()),
        None => "there is no `machines.json` here: name it under `sources`".to_owned(),
    };
    writeln!(out, "{next}")?;
    Ok(out.flush()?)
}
