//! `graph list`: the nodes.

use std::io::Write;

use graph::name::NodeName;
use graph::query::Selector;

use super::console::{Console, Format, page, print, print_as};
use super::opened::Opened;
use super::plan::mode;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::front::Excluded;
use crate::probe::Mode;
use crate::report::view::excluded::{ExcludedView, RejectedView};
use crate::report::view::list::ListView;
use crate::report::{json, text};

/// The arguments of `graph list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph list                       all nodes
  graph list workflow=onpush       those that a push builds
  graph list 'sdk/*' --format json for scripts
  graph list --excluded 'kernel/next/**'  what filters reject of a build config, and why")]
pub struct Args {
    /// Names, globs over names or labels, united; `!` excludes
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,
    /// List the combinations that filters of `build-configs.yaml` reject instead; selectors are names and globs
    #[arg(long)]
    pub excluded: bool,
    /// Open no socket: branches are where they were last seen
    #[arg(long)]
    pub offline: bool,
    /// The form of the output: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
}

/// The names of all nodes, if the project can be loaded.
pub(crate) fn names(context: &Context) -> Option<Vec<NodeName>> {
    let opened = Opened::to_list(context, Mode::Offline).ok()?;
    Some(opened.graph.ids().map(|id| opened.graph.node(id).name.clone()).collect())
}

/// Runs the verb.
///
/// # Errors
/// When there is no project, its input is wrong or a selector matches nothing.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    if args.excluded {
        return excluded(args, context, out);
    }
    let opened = Opened::to_list(context, mode(args.offline))?;
    let ids = opened.select(&args.selectors)?;
    Console::of(context).diagnostics(&opened.warnings);
    let _span = tracing::info_span!("render").entered();
    let view = ListView::of(&opened.graph, &ids);
    let write = |out: &mut dyn Write| match args.format {
        Format::Text => text::list(&view, &page(context), out),
        Format::Json => json::list(&view, out),
    };
    print_as(args.format, context, write, out)?;
    // The program is about to end, and takes a million nodes with it faster than they go one by one.
    std::mem::forget(opened.graph);
    Ok(())
}

fn excluded(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let parsed: Result<Vec<Selector>, _> =
        args.selectors.iter().map(|selector| Selector::parse(selector)).collect();
    let selectors = parsed.map_err(|bad| Failure::new(Kind::Input, bad.to_string()))?;
    let (minus, plus): (Vec<&Selector>, Vec<&Selector>) =
        selectors.iter().partition(|selector| selector.excludes());
    let opened = Opened::to_look_with_excluded(context, mode(args.offline))?;
    Console::of(context).diagnostics(&opened.warnings);
    let is_meant = |excluded: &&Excluded| {
        let by = |selector: &&Selector| selector.matches_name(&excluded.name);
        (plus.is_empty() || plus.iter().any(by)) && !minus.iter().any(by)
    };
    let rejected = opened.excluded.iter().filter(is_meant).map(|excluded| RejectedView {
        name: excluded.name.clone(),
        filter: excluded.filter.clone(),
        why: excluded.why.clone(),
        declared: excluded.declared.to_string().into(),
    });
    print(&ExcludedView::of(rejected), args.format, context, text::excluded, out)
}
