//! `graph completions`: what a shell needs to complete our command line.

use std::io::Write;

use anyhow::Result;
use clap_complete::{Shell, generate};

/// The arguments of `graph completions`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  graph completions bash > ~/.local/share/bash-completion/completions/graph
  graph completions zsh > \"${fpath[1]}/_graph\"
  graph completions fish > ~/.config/fish/completions/graph.fish")]
pub struct Args {
    /// The shell to complete for
    pub shell: Shell,
}

/// Runs the verb for a command line, which is changed by that.
///
/// # Errors
/// When nothing can be written.
pub fn run(args: &Args, command: &mut clap::Command, out: &mut dyn Write) -> Result<()> {
    // `generate` panics where a pipe is closed, so it writes to memory.
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    generate(args.shell, command, name, &mut script);
    out.write_all(&script)?;
    Ok(out.flush()?)
}
