//! `graph demo`: writes a small but true kas project, and shows on it what `graph` does.

mod files;
mod git;
mod project;
mod story;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;

use crate::context::Context;

pub use project::{Example, write};
use story::Story;

/// Where the demo goes unless it is said.
const DIRECTORY: &str = "graph-demo";

/// The arguments of `graph demo`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  graph demo                       build twelve toy boards, and explain
  graph demo boards --only-write   write the project, and leave the rest to you")]
pub struct Args {
    /// Where to write the example: an absent or empty directory, or one that holds a demo
    #[arg(value_name = "DIR", default_value = DIRECTORY)]
    pub dir: PathBuf,
    /// Leave the files of a demo that is there as they are
    #[arg(long)]
    pub keep: bool,
    /// Write the example and stop there
    #[arg(long)]
    pub only_write: bool,
}

/// Runs the verb.
///
/// # Errors
/// The directory holds something else, git or kas are missing, or one of the commands failed.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> Result<()> {
    let dir = context.cwd.join(&args.dir);
    let root = if args.keep && project::is_demo(&dir) {
        dir
    } else {
        let example = write(&dir)?;
        writeln!(
            out,
            "# A kas project of twelve boards, with a toy distribution, is in {}",
            args.dir.display()
        )?;
        example.root
    };
    writeln!(out, "$ cd {}", args.dir.display())?;
    if args.only_write {
        return Ok(());
    }
    let program = context.executable.clone();
    Story { program, root: &root, out }.tell()
}
