//! `graph runs`: past runs, the latest first.

use std::io::Write;

use cache::{Counts, RunStatus, RunSummary};

use super::console::{Format, print};
use super::kept::{self, Kept};
use crate::config;
use crate::context::Context;
use crate::report::text;
use crate::report::view::runs::{RunState, RunView, RunsView};
use crate::report::view::summary::Endings;

/// The arguments of `graph runs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph runs -n 5                             the last five
  graph why image/rpi-scarthgap --run 12      why it was built in one of them")]
pub struct Args {
    /// How many
    #[arg(short = 'n', long, default_value_t = 20, value_name = "COUNT")]
    pub limit: usize,
    /// The form of the output: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
}

/// Runs the verb.
///
/// # Errors
/// When there is no project or the cache cannot be read.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let project = config::find(&context.cwd)?;
    let kept = Kept::to_plan(project.layout().state(), context.began_ms())?;
    let runs = kept.cache().runs(args.limit).map_err(kept::failure)?;
    print(&RunsView::of(runs.iter().map(view).collect()), args.format, context, text::runs, out)
}

fn view(run: &RunSummary) -> RunView {
    let state = match run.status {
        RunStatus::Running => RunState::Running,
        RunStatus::Interrupted => RunState::Interrupted,
        RunStatus::Complete if run.counts.failed > 0 => RunState::Failed,
        RunStatus::Complete => RunState::Succeeded,
    };
    let wall_ms = run.ended.map(|ended| u64::try_from(ended - run.started).unwrap_or(0));
    RunView { run: run.id, started: run.started, wall_ms, state, endings: endings(run.counts) }
}

fn endings(counts: Counts) -> Endings {
    let Counts { built, restored, failed, fresh, skipped, not_started } = counts;
    Endings { built, fresh, restored, failed, skipped, not_started, ..Endings::default() }
}
