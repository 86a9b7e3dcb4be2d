//! `graph show`: everything that goes into a node, and the exact commands that make it.

use std::collections::HashMap;
use std::io::Write;

use graph::model::NodeId;
use graph::name::NodeName;
use graph::plan::Planned;
use graph::spec::{Node, Role, Source};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::console::{Console, Format, print};
use super::opened::Opened;
use super::plan::mode;
use super::survey::Survey;
use crate::context::Context;
use crate::report::text;
use crate::report::view::show::{Places, ShowView};

/// The arguments of `graph show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph show image/rpi-scarthgap                  what goes into it, with where it was written
  graph show image/rpi-scarthgap --format json    for scripts")]
pub struct Args {
    /// The node: a name, or a selector that means one
    #[arg(value_name = "NODE")]
    pub node: String,
    /// Open no socket: branches are where they were last seen
    #[arg(long)]
    pub offline: bool,
    /// The form of the output: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such node or the input is wrong.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let opened = Opened::to_look(context, mode(args.offline))?;
    let id = opened.node(&args.node)?;
    let (survey, judgement) = Survey::of_one(context, &opened, id)?;
    let name = &opened.graph.node(id).name;
    let last = survey.records.last(name).map(|last| last.record.as_ref());
    let layout = &opened.layout;
    let (work, out_dir) = (layout.work_dir(name), layout.out_dir(name));
    let log = last.map(|last| layout.log_file(last.run, name)).filter(|log| log.exists());
    let places = Places { root: layout.root(), work: &work, out: &out_dir, log: log.as_deref() };
    let program = |program: &str| super::build::program_words(&opened, context, program);
    let twins = twins(context, &opened, id)?;
    let (node, facts) = ((&opened.graph, id), survey.facts());
    let view = ShowView::of(node, &judgement, facts, last, places, twins, program);
    Console::of(context).diagnostics(&survey.warnings(&opened));
    print(&view, args.format, context, text::show, out)
}

/// The nodes of which one execution serves this node too. Only kernels have such: nothing but a remote could tell what
/// the branches of all images name, and no one asked for those.
fn twins(context: &Context, opened: &Opened, id: NodeId) -> anyhow::Result<Vec<NodeName>> {
    let graph = &opened.graph;
    let node = graph.node(id);
    if node.commit().is_none() {
        return Ok(Vec::new());
    }
    let told = values(node).collect();
    let is_alike = |other: &Node| {
        let is_same_kind = other.name.kind() == node.name.kind();
        is_same_kind && other.commit().is_some() && may_be_one(&told, other)
    };
    let alike = graph.ids().filter(|id| is_alike(graph.node(*id)));
    let plan = Survey::of(context, opened, alike.collect(), Vec::new())?.plan(opened);
    let key_of = |entry: &Planned| entry.judgement.fingerprint.execution_key();
    let own = plan.entries.iter().find(|entry| entry.id == id).and_then(key_of);
    let is_twin = |entry: &&Planned| {
        let is_same_kind = graph.node(entry.id).name.kind() == node.name.kind();
        is_same_kind && entry.id != id && own.is_some() && key_of(entry) == own
    };
    let twins: Vec<&Planned> = plan.entries.par_iter().filter(is_twin).collect();
    Ok(twins.into_iter().map(|entry| graph.node(entry.id).name.clone()).collect())
}

/// Whether a node may have the key of one that is told these values: it has no other in place of one of them. Of a million
/// kernels that leaves a few to be looked at.
fn may_be_one(told: &HashMap<&str, &str>, node: &Node) -> bool {
    values(node).all(|(part, value)| told.get(part).is_none_or(|told| *told == value))
}

/// The parts of a node's key that its configuration tells, with what they are.
fn values(node: &Node) -> impl Iterator<Item = (&str, &str)> {
    node.inputs.iter().filter(|input| input.role == Role::Key).filter_map(|input| {
        match &input.source {
            Source::Value(value) => Some((&*input.part, &**value)),
            _ => None,
        }
    })
}
