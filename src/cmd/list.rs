//! `graph list`: the nodes.

use std::io::Write;

use graph::name::NodeName;

use super::console::{Console, Format, print};
use super::opened::Opened;
use crate::context::Context;
use crate::probe::Mode;
use crate::report::text;
use crate::report::view::list::ListView;

/// The arguments of `graph list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph list                       all nodes
  graph list workflow=onpush       those that a push builds
  graph list 'sdk/*' --format json for scripts")]
pub struct Args {
    /// Names, globs over names or labels, united; `!` excludes
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,
    /// The form of the output: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
}

/// The names of all nodes, if the project can be loaded.
pub(crate) fn names(context: &Context) -> Option<Vec<NodeName>> {
    let opened = Opened::to_look(context, Mode::Offline).ok()?;
    Some(opened.graph.ids().map(|id| opened.graph.node(id).name.clone()).collect())
}

/// Runs the verb.
///
/// # Errors
/// When there is no project, its input is wrong or a selector matches nothing.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let opened = Opened::to_look(context, Mode::Offline)?;
    let ids = opened.select(&args.selectors)?;
    Console::of(context).diagnostics(&opened.warnings);
    print(&ListView::of(&opened.graph, &ids), args.format, context, text::list, out)
}
