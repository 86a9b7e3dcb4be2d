//! `graph log`: what a node said.

use std::fs::File;
use std::io::Write;

use super::kept;
use super::opened::{Nodes, Opened};
use crate::context::{Audience, Ci, Context};
use crate::failure::{Failure, Kind};
use crate::probe::Mode;
use crate::report::log::{Reader, log};

/// How far back a log is looked for.
const HISTORY: usize = 100;

/// The arguments of `graph log`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph log image/rpi-scarthgap --tail 50    how it ended
  graph log image/rpi-scarthgap --run 12     what it said in run 12
  less \"$(graph log --path image/rpi-scarthgap)\"")]
pub struct Args {
    /// The node: a name, or a selector that means one
    #[arg(value_name = "NODE")]
    pub node: String,
    /// The log of this run, instead of the last one
    #[arg(long, value_name = "ID")]
    pub run: Option<i64>,
    /// Only the last lines
    #[arg(long, value_name = "LINES")]
    pub tail: Option<usize>,
    /// Print where the log is, instead of the log
    #[arg(long)]
    pub path: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such node or log.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let selectors = std::slice::from_ref(&args.node);
    let nodes = Nodes::meant(selectors);
    let (opened, _) = Opened::to_plan(context, Mode::Offline, &nodes, selectors)?;
    let name = &opened.graph.node(opened.node(&args.node)?).name;
    let runs: Vec<i64> = match args.run {
        Some(run) => vec![run],
        None => {
            let past = opened.kept.cache().history(name, HISTORY).map_err(kept::failure)?;
            past.iter().map(|past| past.record.run).collect()
        }
    };
    let mut logs = runs.iter().map(|run| opened.layout.log_file(*run, name));
    let Some(path) = logs.find(|path| path.exists()) else {
        let message = match args.run {
            Some(run) => format!("there is no log of `{name}` in run {run}"),
            None => format!("`{name}` has no log"),
        };
        return Err(Failure::new(Kind::Input, message)
            .hint("`graph runs` lists the runs that are remembered")
            .into());
    };
    if args.path {
        writeln!(out, "{}", path.display())?;
        return Ok(());
    }
    let reader = match (context.stdout, context.ci) {
        (Audience::Terminal, _) => Reader::Terminal,
        (Audience::Stream, Ci::GitHub) => Reader::GitHub,
        (Audience::Stream, Ci::None | Ci::Other) => Reader::Pipe,
    };
    log(File::open(&path)?, args.tail, reader, out)?;
    Ok(out.flush()?)
}
