//! `graph demo`: writes small but true projects, one of kas and one of kernels, and shows on them what `graph` does.

mod files;
mod git;
mod history;
mod kernel_files;
mod kernels;
mod project;
mod story;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::context::Context;

pub use kernels::{Kernels, write_kernels};
pub use project::{Example, write};
use story::Story;

/// Where the demo goes unless it is said.
const DIRECTORY: &str = "graph-demo";

/// The arguments of `graph demo`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  graph demo                       build twelve toy boards and some forty toy kernels, and explain
  graph demo --part kernels        the kernels alone
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
    /// What to show: `boards`, `kernels` or both
    #[arg(
        long,
        value_enum,
        value_name = "PART",
        value_delimiter = ',',
        hide_possible_values = true,
        default_values_t = [Part::Boards, Part::Kernels]
    )]
    pub part: Vec<Part>,
}

/// A half of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Images, with kas.
    Boards,
    /// Kernels, with make.
    Kernels,
}

/// Runs the verb.
///
/// # Errors
/// The directory holds something else, git or kas are missing, or one of the commands failed.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> Result<()> {
    let dir = context.cwd.join(&args.dir);
    if args.part.contains(&Part::Boards) {
        boards(args, &dir, context, out)?;
    }
    if args.part.contains(&Part::Kernels) {
        toy_kernels(args, &dir.join(kernels::DIRECTORY), context, out)?;
    }
    Ok(())
}

fn boards(args: &Args, dir: &Path, context: &Context, out: &mut dyn Write) -> Result<()> {
    let root = if args.keep && project::is_demo(dir) {
        dir.to_owned()
    } else {
        let example = write(dir)?;
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
    Story::new(context, &root, out).boards()
}

fn toy_kernels(args: &Args, dir: &Path, context: &Context, out: &mut dyn Write) -> Result<()> {
    let shown = args.dir.join(kernels::DIRECTORY);
    let root = if args.keep && kernels::is_demo(dir) {
        dir.to_owned()
    } else {
        let example = write_kernels(dir)?;
        writeln!(
            out,
            "\n# A matrix of toy kernels, with two pretended compilers, is in {}",
            shown.display()
        )?;
        example.root
    };
    writeln!(out, "$ cd {}", context.cwd.join(&shown).display())?;
    if args.only_write {
        return Ok(());
    }
    Story::new(context, &root, out).kernels()
}
