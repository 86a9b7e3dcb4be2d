//! `graph plan`: what is stale, and why. Changes nothing.

use std::io::Write;

use super::base;
use super::console::{Console, Format, print, print_as};
use super::jobs;
use super::opened::{Nodes, Opened};
use super::reverted;
use super::survey::Survey;
use crate::context::Context;
use crate::exec::resources::Host;
use crate::failure::{Failure, Kind};
use crate::probe::Mode;
use crate::report::view::plan::{PlanView, Scope};
use crate::report::{json, markdown, text};

/// What `--base` does.
const BASE: &str = "\
Show what a build of this tree would rebuild that one of REV would not, and why: nodes that are added, changed, removed, \
renamed, or rejected by a filter now, and nodes that need these.

The files of REV are read from git's objects; nothing is checked out and no cache is needed. Uncommitted changes count as \
part of this tree. What belongs to neither, such as the branches of kernel trees and the tools of this host, is taken to \
be the same for both.

Where there is a cache, each node also has its verdict: `stale` runs, `restorable` comes from the store, `fresh` was \
built here already. Nodes that are stale and the same in REV are counted, not listed; `graph plan` lists them.";

/// The arguments of `graph plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph plan                             what is stale, and why
  graph plan workflow=onpush             of the boards that a push builds
  graph plan --base origin/main          what these changes would rebuild, and who wrote them
  graph plan --exit-code --offline       in a hook: status 10 if something is stale, no network
  graph plan --format markdown >> \"$GITHUB_STEP_SUMMARY\"
  graph plan --format github --shards 8  a matrix of eight jobs in `$GITHUB_OUTPUT`
  graph plan --if-reverted repos.poky.commit  what would be fresh without that change")]
pub struct Args {
    /// Names, globs over names or labels, united; `!` excludes
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,
    /// Show what a build of this tree would rebuild that one of this revision would not
    #[arg(long, value_name = "REV", long_help = BASE)]
    pub base: Option<String>,
    /// Open no socket: branches are where they were last seen
    #[arg(long)]
    pub offline: bool,
    /// Plan as `build --force` would
    #[arg(long)]
    pub force: bool,
    /// Show fresh nodes too
    #[arg(long)]
    pub all: bool,
    /// End with status 10 if something is stale; with `--base`, if something would be rebuilt that the base would not
    #[arg(long)]
    pub exit_code: bool,
    /// Promise to change nothing, which holds in any case
    #[arg(long)]
    pub dry_run: bool,
    /// Say instead what would be fresh again if this part, or those that the glob matches, were as before
    #[arg(long, value_name = "PART")]
    pub if_reverted: Vec<String>,
    /// Put the jobs of `--format github` together as this many, balanced by the time they take
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub shards: Option<u16>,
    /// The form of the output: `text`, `json`, `markdown` or `github`
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
    /// For the jobs of a workflow
    Github,
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
    if args.shards.is_some() && args.format != PlanFormat::Github {
        return Err(Failure::new(Kind::Input, "`--shards` is for `--format github`").into());
    }
    let scope = if args.all { Scope::All } else { Scope::NotFresh };
    if let Some(revision) = &args.base {
        let (mode, format) = (mode(args.offline), args.format);
        let (selectors, exit_code) = (&args.selectors, args.exit_code);
        if !args.if_reverted.is_empty() || args.force {
            let message = "`--base` compares this tree with a revision, so neither `--if-reverted` nor `--force` goes with it";
            return Err(Failure::new(Kind::Input, message).into());
        }
        let shards = args.shards;
        let asked = base::Asked { revision, selectors, mode, scope, exit_code, format, shards };
        return base::run(&asked, context, out);
    }
    let nodes = if args.if_reverted.is_empty() {
        Nodes::of_plan(&args.selectors, args.force || args.all)
    } else {
        Nodes::All
    };
    let (opened, wanted) = Opened::to_plan(context, mode(args.offline), &nodes, &args.selectors)?;
    let forced = if args.force { wanted.clone() } else { Vec::new() };
    let survey = Survey::of(context, &opened, wanted, forced)?;
    let plan = survey.plan(&opened);
    let warnings = survey.warnings(&opened);
    let _span = tracing::info_span!("render").entered();
    let capacity = super::build::capacity(&opened.project.settings, &Host::observe());
    if !args.if_reverted.is_empty() {
        Console::of(context).diagnostics(&warnings);
        let known = (&opened, &survey, &plan);
        return reverted::tell(&args.if_reverted, known, args.format, context, out);
    }
    let view = PlanView::of(&opened.graph, &plan, scope, &warnings, capacity)
        .with_rejected(opened.excluded_count + opened.unwanted)
        .with_unjudged(opened.unjudged());
    Console::of(context).diagnostics(&warnings);
    match args.format {
        PlanFormat::Text => print(&view, Format::Text, context, text::plan, out)?,
        PlanFormat::Json => {
            print_as(Format::Json, context, |out| json::plan(&view, out), out)?;
        }
        PlanFormat::Markdown => markdown::plan(&view, out)?,
        PlanFormat::Github => {
            jobs::of_plan(&view, (&opened.graph, &plan), args.shards, context, out)?;
        }
    }
    out.flush()?;
    let tally = plan.tally();
    if tally.fresh > 0 {
        survey.remember(&opened, &plan);
    }
    // The process ends next, and to free a million nodes one by one takes longer than to judge them.
    std::mem::forget((plan, survey, opened.graph.clone()));
    opened.kept.cache().close();
    if args.exit_code && tally.fresh < tally.total {
        return Err(Failure::silent(Kind::Stale).into());
    }
    Ok(())
}
