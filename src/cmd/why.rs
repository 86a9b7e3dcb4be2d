//! `graph why`: the reasons of one node, now or in a past run.

use std::collections::BTreeMap;
use std::io::Write;

use cache::{Before, InRun};
use graph::digest::Digest;
use graph::fingerprint::Part;
use graph::name::NodeName;
use graph::spec::Source;
use graph::verdict::Reason;

use super::console::{Console, Format, print};
use super::kept;
use super::opened::{Nodes, Opened};
use super::plan::mode;
use super::read_changes::read_changes;
use super::survey::Survey;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::report::text;
use crate::report::view::why::{Change, FileChange, WhyView};

/// The arguments of `graph why`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  graph why image/rpi-scarthgap            why it would be built now
  graph why image/rpi-scarthgap --run 12   why it was built in run 12; `graph runs` has the numbers")]
pub struct Args {
    /// The node: a name, or a selector that means one
    #[arg(value_name = "NODE")]
    pub node: String,
    /// Explain this past run instead of the next one
    #[arg(long, value_name = "ID")]
    pub run: Option<i64>,
    /// Open no socket: branches are where they were last seen
    #[arg(long)]
    pub offline: bool,
    /// The form of the output: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
}

/// The files of a tree, in order of path.
type Manifest = Vec<(String, Digest)>;

/// Runs the verb.
///
/// # Errors
/// When there is no such node, or it had no part in that run.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let view = match args.run {
        None => now(args, context)?,
        Some(run) => then(args, run, context)?,
    };
    print(&view, args.format, context, text::why, out)
}

fn now(args: &Args, context: &Context) -> anyhow::Result<WhyView> {
    let selectors = std::slice::from_ref(&args.node);
    let nodes = Nodes::meant(selectors);
    let (opened, _) = Opened::to_plan(context, mode(args.offline), &nodes, selectors)?;
    let id = opened.node(&args.node)?;
    let (survey, judgement) = Survey::of_one(context, &opened, id)?;
    let node = opened.graph.node(id);
    Console::of(context).diagnostics(&survey.warnings(&opened));
    let last = survey.records.last(&node.name);
    let view = WhyView::now(node, &judgement, last.map(|last| last.record.as_ref()));
    let trees: Vec<&str> = node
        .inputs
        .iter()
        .filter(|input| matches!(input.source, Source::Tree(_)))
        .map(|input| &*input.part)
        .collect();
    let observed: BTreeMap<Digest, &Manifest> =
        survey.observed.manifests.iter().map(|(digest, files)| (*digest, files)).collect();
    let find = |digest: &Digest| match observed.get(digest) {
        Some(files) => Some((*files).clone()),
        None => opened.kept.cache().manifest(digest).ok().flatten(),
    };
    let before = last.map(|last| last.record.parts.to_vec()).unwrap_or_default();
    let now = &judgement.fingerprint.parts;
    let view = with_files(view, &before, now, |part| trees.contains(&part), find);
    let read = last.and_then(|last| read_changes(context, &opened, node, &last.record, now));
    Ok(match read {
        Some((part, changes)) => view.with_files(&part, changes),
        None => view,
    })
}

fn then(args: &Args, run: i64, context: &Context) -> anyhow::Result<WhyView> {
    let opened = Opened::to_look(context, mode(true))?;
    let name = match NodeName::parse(&args.node) {
        // A node that is no longer declared still has a past.
        Ok(name) => name,
        Err(_) => opened.graph.node(opened.node(&args.node)?).name.clone(),
    };
    let node = opened.graph.id(&name).map(|id| opened.graph.node(id));
    let cache = opened.kept.cache();
    let found = cache.in_run(&name, run).map_err(kept::failure)?;
    let no_part = |what: String| -> anyhow::Error {
        Failure::new(Kind::Input, what)
            .hint("`graph runs` lists the runs that are remembered")
            .into()
    };
    match found {
        Some(InRun::Executed(past)) => {
            let before = match &past.before {
                Before::Known(record) => Some(record.as_ref()),
                Before::Nothing | Before::Forgotten => None,
            };
            let reasons = past.reasons();
            let view = WhyView::then(node, &past.record, before, reasons.as_deref());
            let old = before.map(|before| before.parts.to_vec()).unwrap_or_default();
            let find = |digest: &Digest| cache.manifest(digest).ok().flatten();
            let ran = &past.record.parts;
            let view = with_files(view, &old, ran, |part| part.starts_with("local "), find);
            let read = node
                .zip(before)
                .and_then(|(node, before)| read_changes(context, &opened, node, before, ran));
            Ok(match read {
                // It was recorded with what it read itself, which may be more than what was read before, and no change.
                Some((part, changes)) if changes.is_empty() => view.without(&part),
                Some((part, changes)) => view.with_files(&part, changes),
                None => view,
            })
        }
        Some(InRun::Fresh(_)) => Err(no_part(format!("`{name}` was fresh in run {run}"))),
        Some(InRun::FreshSlice(slice)) => {
            Err(no_part(format!("`{name}` is of `{slice}`, all of which was fresh in run {run}")))
        }
        Some(InRun::Skipped(need)) => Err(no_part(format!(
            "`{name}` was skipped in run {run}, because `{need}` did not end well"
        ))),
        Some(InRun::NotStarted) => {
            Err(no_part(format!("run {run} was stopped before `{name}` could start")))
        }
        None => Err(no_part(format!("`{name}` had no part in run {run}, or that is forgotten"))),
    }
}

/// Adds, for each tree that changed, the files that did, where both lists of files are still known.
fn with_files(
    mut view: WhyView,
    before: &[Part],
    after: &[Part],
    is_tree: impl Fn(&str) -> bool,
    find: impl Fn(&Digest) -> Option<Manifest>,
) -> WhyView {
    for reason in graph::verdict::differences(before, after) {
        if let Reason::Changed { old, new } = reason
            && is_tree(&new.name)
            && let (Some(was), Some(is)) = (find(&old.digest), find(&new.digest))
        {
            view = view.with_files(&new.name, changes(&was, &is));
        }
    }
    view
}

fn changes(was: &Manifest, is: &Manifest) -> Vec<FileChange> {
    let old: BTreeMap<&str, &Digest> =
        was.iter().map(|(path, digest)| (path.as_str(), digest)).collect();
    let new: BTreeMap<&str, &Digest> =
        is.iter().map(|(path, digest)| (path.as_str(), digest)).collect();
    let change = |path: &str, change: Change| FileChange { path: path.to_owned(), change };
    let now = new.iter().filter_map(|(path, digest)| match old.get(path) {
        None => Some(change(path, Change::Added)),
        Some(before) if before != digest => Some(change(path, Change::Changed)),
        Some(_) => None,
    });
    let gone = old
        .keys()
        .filter(|path| !new.contains_key(*path))
        .map(|path| change(path, Change::Removed));
    now.chain(gone).collect()
}
