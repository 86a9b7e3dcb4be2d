//! The steps of `graph diff`: read both sides, compare what both have, show.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::side::{Meaning, NOTHING, Reader, Side, What};
use crate::cmd::console::{Console, Format, print};
use crate::cmd::kept::Kept;
use crate::cmd::lock::key;
use crate::cmd::resolve::root;
use crate::config;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::{Failure, Kind};
use crate::front::kas::differences;
use crate::layout::{Layout, STATE_DIR};
use crate::probe::Memory;
use crate::probe::git::Git;
use crate::report::text;
use crate::report::view::diff::{DiffView, KeyView, SaidView};

/// The arguments of `graph diff`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
A side is a chain of kas files, a pinned file, or a machine's image (what is built for it: its pinned file, else its
chain); each may stand after a revision and a colon. A revision alone, or `.` for the work tree, means all machines.
Comments, order and layout are no difference; neither is what files of layers hold.

Examples:
  graph diff kas/a.yaml:kas/base.yaml kas/b.yaml:kas/base.yaml    two chains
  graph diff HEAD:image/rpi-scarthgap image/rpi-scarthgap         a machine, before and after an edit
  graph diff origin/main .                                        all machines
  graph diff kas/machines/rpi.yaml kas/build-configs/release/rpi-scarthgap.yaml --exit-code")]
pub struct Args {
    /// What is compared: `[REV:]CHAIN`, `[REV:]image/…`, a revision, or `.`
    #[arg(value_name = "A")]
    pub old: String,
    /// What it is compared with
    #[arg(value_name = "B")]
    pub new: String,
    /// End with status 10 if something differs
    #[arg(long)]
    pub exit_code: bool,
    /// The form of the output: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,
}

/// Runs the verb.
///
/// # Errors
/// When a side cannot be read, and with `--exit-code` when something differs.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let (old, new) = (Side::parse(&args.old), Side::parse(&args.new));
    if (old.what == What::All) != (new.what == What::All) {
        let message = "one side is all machines, and the other is one configuration";
        return Err(Failure::new(Kind::Input, message)
            .hint("name a chain or a machine on both sides, as in `HEAD~1:image/rpi-scarthgap`")
            .into());
    }
    let project = config::find(&context.cwd).ok();
    let root = root(&context.cwd);
    let layout = project
        .as_ref()
        .map_or_else(|| Layout::new(&root, STATE_DIR.as_ref(), None), config::Project::layout);
    let kept = match &project {
        Some(project) => Some(Kept::to_plan(project.layout().state(), context.began_ms())?),
        None => None,
    };
    let memory: &dyn Memory = kept.as_ref().map_or(&NOTHING, |kept| kept);
    let git = Git::new(&context.env, layout.git(), Duration::from_secs(30));
    let reader = Reader { context, project: project.as_ref(), root: &root, git: &git, memory };
    let (old, new) = both((&args.old, reader.read(&old)), (&args.new, reader.read(&new)))?;
    let mut warnings = old.warnings.clone();
    warnings.extend(new.warnings.clone());
    Console::of(context).diagnostics(&warnings);
    let view = compare(args, &old, &new)?;
    print(&view, args.format, context, text::diff, out)?;
    if args.exit_code && !view.is_empty() {
        return Err(Failure::silent(Kind::Stale).into());
    }
    Ok(())
}

/// Both sides, or the problems of both, apart.
fn both(
    (old_name, old): (&str, Result<Meaning, Failure>),
    (new_name, new): (&str, Result<Meaning, Failure>),
) -> Result<(Meaning, Meaning), Failure> {
    match (old, new) {
        (Ok(old), Ok(new)) => Ok((old, new)),
        (old, new) => {
            let failures = [(old_name, old.err()), (new_name, new.err())];
            let failures = failures.into_iter().filter_map(|(name, one)| Some((name, one?)));
            let (mut all, mut kind, mut hints) = (Diagnostics::default(), Kind::Input, Vec::new());
            let mut names = Vec::new();
            for (name, failure) in failures {
                kind = failure.kind;
                names.push(format!("`{name}`"));
                all.extend(failure.diagnostics);
                if let Some(message) = failure.message {
                    all.push(Diagnostic::error(message));
                }
                hints.extend(failure.hints);
            }
            let message = format!("nothing is compared: {} cannot be read", names.join(" and "));
            Err(Failure { diagnostics: all, hints, ..Failure::new(kind, message) })
        }
    }
}

fn compare(args: &Args, old: &Meaning, new: &Meaning) -> Result<DiffView, Failure> {
    let mut view = DiffView::between(&args.old, &args.new);
    let is_single = |meaning: &Meaning| meaning.configurations.len() == 1;
    let (old_side, new_side) = (Side::parse(&args.old), Side::parse(&args.new));
    if old_side.what != What::All && is_single(old) && is_single(new) {
        for ((_, old), (_, new)) in old.configurations.iter().zip(&new.configurations) {
            for found in differences(old, new) {
                view.add(placed(key(&found), &old_side, &new_side), None);
            }
        }
        return Ok(view);
    }
    if old_side.what != What::All {
        for (typed, side, meaning) in [(&args.old, &old_side, old), (&args.new, &new_side, new)] {
            if let (What::Node(name), true) = (&side.what, meaning.configurations.is_empty()) {
                let message = format!("`{typed}`: there is no machine of `{name}`");
                return Err(Failure::new(Kind::Input, message).hint("`graph list` has all names"));
            }
        }
    }
    let of = |meaning: &'_ Meaning| -> Vec<Arc<str>> {
        meaning.configurations.iter().filter_map(|(name, _)| name.clone()).collect()
    };
    let (old_names, new_names) = (of(old), of(new));
    view.only_old = old_names.iter().filter(|name| !new_names.contains(name)).cloned().collect();
    view.only_new = new_names.iter().filter(|name| !old_names.contains(name)).cloned().collect();
    for (name, was) in &old.configurations {
        let Some((_, is)) = new.configurations.iter().find(|(other, _)| other == name) else {
            continue;
        };
        for found in differences(was, is) {
            view.add(placed(key(&found), &old_side, &new_side), name.as_ref());
        }
    }
    Ok(view)
}

/// Places in files of a revision are told with it.
fn placed(key: KeyView, old: &Side, new: &Side) -> KeyView {
    let at = |said: Option<SaidView>, side: &Side| {
        let said = said?;
        let declared = match (&side.revision, said.declared) {
            (Some(revision), Some(place)) => Some(format!("{revision}:{place}").into()),
            (_, place) => place,
        };
        Some(SaidView { declared, ..said })
    };
    KeyView { key: key.key, old: at(key.old, old), new: at(key.new, new) }
}
