//! `graph plan`: what is stale, and why. Changes nothing.

use std::io::Write;

use super::console::{Console, Format, print};
use super::opened::{Nodes, Opened};
use super::survey::Survey;
use crate::context::Context;
use crate::exec::resources::Host;
use crate::failure::{Failure, Kind};
use crate::probe::Mode;
use crate::report::view::plan::{PlanView, Scope};
use crate::report::{markdown, text};

/// The arguments of `graph plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph plan                             what is stale, and why
  graph plan workflow=onpush             of the boards that a push builds
  graph plan --exit-code --offline       in a hook: status 10 if something is stale, no network
  graph plan --format markdown >> \"$GITHUB_STEP_SUMMARY\"")]
pub struct Args {
    /// Names, globs over names or labels, united; `!` excludes
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,
    /// Open no socket: branches are where they were last seen
    #[arg(long)]
    pub offline: bool,
    /// Plan as `build --force` would
    #[arg(long)]
    pub force: bool,
    /// Show fresh nodes too
    #[arg(long)]
    pub all: bool,
    /// End with status 10 if something is stale
    #[arg(long)]
    pub exit_code: bool,
    /// Promise to change nothing, which holds in any case
    #[arg(long)]
    pub dry_run: bool,
    /// The form of the output: `text`, `json` or `markdown`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: PlanFormat,
}

/// The form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum PlanFormat {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
    /// For reviews
    Markdown,
}

/// Whether remotes may be asked.
pub(super) fn mode(offline: bool) -> Mode {
    if offline { Mode::Offline } else { Mode::Online }
}

/// Runs the verb.
///
/// # Errors
/// When the input is wrong, or with `--exit-code` something is stale.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let nodes = Nodes::of_plan(&args.selectors, args.force || args.all);
    let opened = Opened::to_plan(context, mode(args.offline), nodes)?;
    let wanted = opened.select(&args.selectors)?;
    let forced = if args.force { wanted.clone() } else { Vec::new() };
    let survey = Survey::of(context, &opened, wanted, forced)?;
    let plan = survey.plan(&opened);
    let scope = if args.all { Scope::All } else { Scope::NotFresh };
    let warnings = survey.warnings(&opened);
    let _span = tracing::info_span!("render").entered();
    let capacity = super::build::capacity(&opened.project.settings, &Host::observe());
    let view = PlanView::of(&opened.graph, &plan, scope, &warnings, capacity)
        .with_rejected(opened.excluded_count)
        .with_settled(opened.settled);
    Console::of(context).diagnostics(&warnings);
    match args.format {
        PlanFormat::Text => print(&view, Format::Text, context, text::plan, out)?,
        PlanFormat::Json => print(&view, Format::Json, context, text::plan, out)?,
        PlanFormat::Markdown => markdown::plan(&view, out)?,
    }
    out.flush()?;
    survey.remember(context, &opened, &plan);
    let tally = plan.tally();
    if args.exit_code && tally.fresh < tally.total {
        return Err(Failure::silent(Kind::Stale).into());
    }
    Ok(())
}
