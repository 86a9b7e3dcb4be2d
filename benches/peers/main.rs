//! Runs `graph` beside ninja, kas, KernelCI and git where they do the same work, in turn and several times, and prints a
//! table. `benches/README.md` says how to read it.

mod measure;
#[path = "../../examples/matrix/project/mod.rs"]
mod project;
mod tools;

#[path = "../../examples/matrix/built.rs"]
mod built;
mod table;
mod worlds;

mod rows;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Parser;

use crate::rows::{Bench, ROWS};
use crate::tools::{Tools, find};
use crate::worlds::Worlds;

/// Runs graph beside programs that do the same work
#[derive(Debug, Parser)]
struct Args {
    /// Measure these rows only
    #[arg(value_parser = ROWS.map(|(name, _)| name))]
    rows: Vec<String>,
    /// How many nodes the matrix has
    #[arg(long, value_name = "N")]
    nodes: Option<usize>,
    /// How often each is measured
    #[arg(long, value_name = "R")]
    runs: Option<usize>,
    /// How many machines there are
    #[arg(long, value_name = "M")]
    machines: Option<usize>,
    /// How many files the layer has
    #[arg(long, value_name = "F")]
    files: Option<usize>,
    /// A git repository to make the layer of; it is copied
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
    /// Keep the projects here, and take those that are there
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// What a plan looks at of outputs: each file, or the directories of the nodes
    #[arg(long, value_name = "WHAT", default_value = "files", value_parser = ["files", "directories"])]
    outputs: String,
    /// Another `graph`
    #[arg(long, value_name = "PROGRAM")]
    graph: Option<PathBuf>,
    /// Where kas is
    #[arg(long, value_name = "PROGRAM")]
    kas: Option<PathBuf>,
    /// Where `kci_build` is
    #[arg(long, value_name = "PROGRAM")]
    kernelci: Option<PathBuf>,
    /// Everything once and small, to see that it works
    #[arg(long)]
    test: bool,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
    /// Write a matrix and fill its cache
    #[arg(long, value_name = "DIR", hide = true)]
    fill: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let nodes = args.nodes.unwrap_or(if args.test { 200 } else { 30_000 });
    if let Some(dir) = &args.fill {
        return fill(dir, nodes);
    }
    let temporary = tempfile::tempdir()?;
    let tools = Tools {
        graph: args.graph.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_graph").into()),
        ninja: find(None, "ninja"),
        kas: find(args.kas.as_deref(), "kas"),
        kernelci: find(args.kernelci.as_deref(), "kci_build"),
    };
    let dir = args.dir.as_deref().unwrap_or(temporary.path());
    let worlds = Worlds::new(dir, &tools, &args.outputs)?;
    let bench = Bench {
        tools: &tools,
        worlds,
        nodes,
        machines: args.machines.unwrap_or(if args.test { 40 } else { 1000 }),
        files: args.files.unwrap_or(if args.test { 300 } else { 78_000 }),
        tree: args.tree,
        runs: args.runs.unwrap_or(if args.test { 1 } else { 5 }),
    };
    ensure!(bench.runs > 0, "what is not run has no time");
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n{} runs each, in turn\n", bench.tools.told(), bench.runs)?;
    for (name, row) in ROWS {
        if args.rows.is_empty() || args.rows.iter().any(|asked| asked == name) {
            writeln!(out, "{}", row(&bench)?)?;
        }
    }
    Ok(())
}

fn fill(dir: &Path, nodes: usize) -> Result<()> {
    let shape = project::Shape::of(nodes).map_err(anyhow::Error::msg)?;
    project::write(dir, &shape)?;
    project::write_ninja_outputs(dir, &shape)?;
    built::build(dir)
}
