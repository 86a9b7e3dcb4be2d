//! Writes a project with a matrix of as many nodes as one likes: `cargo run --release --example matrix -- --nodes N DIR`.

mod built;
mod project;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::project::Shape;

/// Writes a project whose matrix has as many nodes as one likes, and the same matrix for ninja
#[derive(Debug, Parser)]
struct Args {
    /// How many nodes: two for each combination of tree, variant, architecture and defconfig
    #[arg(long, value_name = "N", default_value_t = 1000)]
    nodes: usize,
    /// Write a project of so many machines over a hundred kas files instead
    #[arg(long, value_name = "M", conflicts_with_all = ["nodes", "built"])]
    kas: Option<usize>,
    /// Fill the cache as if everything was built, and make all outputs of ninja
    #[arg(long)]
    built: bool,
    /// Move a tree of a project that was written before by a commit, and write nothing else
    #[arg(long, value_name = "TREE")]
    advance: Option<String>,
    /// Where to; it must be new or empty
    dir: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut out = io::stdout().lock();
    if let Some(tree) = &args.advance {
        project::advance(&args.dir, tree, "moved")?;
        std::fs::write(project::ninja_source(&args.dir, tree), "")?;
        writeln!(out, "{tree} has another commit, and ninja a newer source")?;
        return Ok(());
    }
    let is_new = args.dir.read_dir().map_or(true, |mut entries| entries.next().is_none());
    ensure!(is_new, "`{}` is not empty", args.dir.display());
    if let Some(machines) = args.kas {
        project::write_machines(&args.dir, machines)?;
        writeln!(out, "{machines} machines in {}", args.dir.display())?;
        return Ok(());
    }
    let shape = Shape::of(args.nodes).map_err(anyhow::Error::msg)?;
    project::write(&args.dir, &shape)?;
    if args.built {
        project::write_ninja_outputs(&args.dir, &shape)?;
        built::build(&args.dir)?;
    }
    let (nodes, trees) = (shape.nodes(), shape.trees);
    writeln!(out, "{nodes} nodes of {trees} trees in {}", args.dir.display())?;
    Ok(())
}
