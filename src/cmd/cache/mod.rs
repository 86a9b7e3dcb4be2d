//! `graph cache`: what is kept between runs, looked at and looked after.

mod checkouts;
mod report;

use std::io::Write;

use anyhow::Result;
use cache::{Cache, Guard, LockError, Mode, Policy};
use graph::name::NodeName;

use super::console::Format;
use super::kept::failure;
use crate::config::{self, Project, Size};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::report::json::json;
use report::{Cleared, Collected, Counted, Verified};

/// The arguments of `graph cache`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  graph cache stat                        how much there is
  graph cache gc --budget 20GiB --dry-run what would go
  graph cache verify                      whether it is whole")]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
    /// The form of what is printed: `text` or `json`
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        global = true,
        hide_possible_values = true
    )]
    pub format: Format,
}

/// What to do with what is kept.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Action {
    /// Count what is kept
    Stat,
    /// Make room: drop the artifacts that were used longest ago, until the rest fits the budget
    Gc {
        /// How much the artifacts may take, such as 50GiB [default: `cache.budget` of graph.yaml]
        #[arg(long, value_name = "SIZE")]
        budget: Option<Size>,
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
    },
    /// Read every artifact and check the database; what is damaged is dropped and made again
    Verify,
    /// Forget everything, and remove all artifacts and outputs
    Clear,
}

/// Runs the verb on the project of the working directory. `live` are the nodes that exist, where that is known: of
/// others, nothing is kept for long.
///
/// # Errors
/// The cache cannot be used, another `graph` is at work, or something in it was damaged.
pub fn run(
    args: &Args,
    context: &Context,
    live: impl FnOnce(&Project) -> Option<Vec<NodeName>>,
    out: &mut dyn Write,
) -> Result<()> {
    let project = config::find(&context.cwd)?;
    let state = project.layout().state().to_owned();
    let now = context.began_ms();
    let lock = |verb: &str| lock(&state, verb, now);
    match &args.action {
        Action::Stat => {
            let counted = Counted::of(
                &Cache::open_to_plan(&state).and_then(|cache| cache.stat()).map_err(failure)?,
            );
            show(args.format, &counted, Counted::text, out)
        }
        Action::Gc { budget, dry_run } => {
            let budget = budget.unwrap_or(project.settings.cache.budget);
            let live = live(&project);
            let mode = if *dry_run { Mode::DryRun } else { Mode::Remove };
            let guard = lock("graph cache gc")?;
            let cache = Cache::open(&state).map_err(failure)?;
            let policy = Policy { live: live.as_deref(), ..Policy::with_budget(budget.0, now) };
            let done = cache.gc(&guard, &policy, mode).map_err(failure)?;
            let mut collected = Collected::of(&done, *dry_run, &project);
            let checkouts = checkouts::remove_unused(&project, context, *dry_run)?;
            collected.add(&checkouts, &project);
            show(args.format, &collected, Collected::text, out)
        }
        Action::Verify => {
            let cache = Cache::open(&state).map_err(failure)?;
            let problems = cache.verify().map_err(failure)?;
            show(args.format, &Verified::of(&problems), Verified::text, out)?;
            if problems.is_empty() {
                Ok(())
            } else {
                Err(Failure::silent(Kind::Environment).into())
            }
        }
        Action::Clear => {
            let guard = lock("graph cache clear")?;
            let cleared = Cleared { version: 1, freed_bytes: clear(&state, &guard)? };
            show(args.format, &cleared, Cleared::text, out)
        }
    }
}

/// What cannot be opened is moved away first: to start over is what the user wants.
fn clear(state: &std::path::Path, guard: &Guard) -> Result<u64> {
    let cache = match Cache::open(state) {
        Ok(cache) => cache,
        Err(cache::Error::Newer { .. } | cache::Error::Damaged { .. }) => {
            Cache::set_aside(state, guard).map_err(failure)?;
            Cache::open(state).map_err(failure)?
        }
        Err(error) => return Err(failure(error).into()),
    };
    Ok(cache.clear(guard).map_err(failure)?)
}

fn lock(state: &std::path::Path, verb: &str, now: i64) -> Result<Guard, Failure> {
    Cache::try_lock(state, verb, now).map_err(|error| match error {
        LockError::Held(holder) => {
            Failure::new(Kind::Environment, format!("{holder} is at work here"))
                .hint("wait until it is done, or stop it")
        }
        LockError::Broken(error) => failure(error),
    })
}

fn show<R: serde::Serialize>(
    format: Format,
    report: &R,
    text: impl FnOnce(&R, &mut dyn Write) -> std::io::Result<()>,
    out: &mut dyn Write,
) -> Result<()> {
    match format {
        Format::Text => text(report, out)?,
        Format::Json => json(report, out)?,
    }
    Ok(out.flush()?)
}
