//! The steps of `graph lock`: load, resolve, compare, write.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::chains::{Keep, Loaded, Loader, nothing_written};
use super::refs::Resolver;
use super::targets::{Target, targets};
use super::told::{add_history, view};
use crate::cmd::checkouts::Mirrors;
use crate::cmd::console::{Console, Format, print};
use crate::cmd::kept::Kept;
use crate::cmd::opened::probe;
use crate::cmd::plan::mode;
use crate::config;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::{Failure, Kind};
use crate::lock::{Movement, Refused, Replacement, replace_all};
use crate::report::view::lock::LockView;
use crate::report::{message, text};

/// The arguments of `graph lock`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Writes kas/build-configs/release/<machine>-<yocto_branch>.yaml of every machine: its chain as one file without
includes, a commit for every repository, as `kas dump --resolve-refs` prints it. All files are written, or none.

Examples:
  graph lock                             every branch is where it is now
  graph lock --keep                      after an edit of kas files: commits stay
  graph lock --check                     in a hook: what would change; status 10 if something would
  graph lock --only 'image/rpi*'         of these machines
  graph lock --message msg && git add kas/build-configs/release && git commit -F msg")]
pub struct Args {
    /// Keep the commits that are pinned; resolve only what is new
    #[arg(long)]
    pub keep: bool,
    /// Write nothing; show what would change, and end with status 10 if something would
    #[arg(long)]
    pub check: bool,
    /// Only machines of which a node is meant: names, globs over names or labels; `!` excludes
    #[arg(long, value_name = "SELECTOR", action = clap::ArgAction::Append)]
    pub only: Vec<String>,
    /// Write what moved to a file, as the message of a commit or the text of a pull request; `-` prints it
    #[arg(long, value_name = "FILE")]
    pub message: Option<PathBuf>,
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
/// When something has no commit or no meaning, when files cannot be written, and with `--check` when some would change.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let project = config::find(&context.cwd)?;
    let (targets, mut warnings) = targets(&project, &args.only)?;
    let layout = project.layout();
    let kept = Kept::to_plan(layout.state(), context.began_ms())?;
    let mode = mode(args.offline);
    let probe = probe(context, &project, &layout, &kept, mode);
    let (git, mirrors, console) = (probe.git(), Mirrors::new(&probe), Console::of(context));
    let keep = if args.keep { Keep::Commits } else { Keep::Nothing };
    let loader =
        Loader { root: &project.root, mirrors: &mirrors, git: &git, mode, keep, console: &console };
    let mut found = Diagnostics::default();
    let (chains, failures) = loader.load(&targets, &mut found);
    let resolver = Resolver { mirrors: &mirrors, git: &git, memory: &kept, mode, keep };
    let (commits, kind) = resolver.resolve(&chains, &mut found);
    let chains = all_loaded(chains, found, failures, kind, &mut warnings)?;
    let (mut view, moved, lost) = view(&targets, &chains, &commits)?;
    warnings.extend(lost);
    console.diagnostics(&warnings);
    if args.message.is_some() {
        add_history(&mut view, &moved, &git, mode);
    }
    write(args, context, &project.root, &mut view, &targets, &moved)?;
    show(args, context, &view, out)
}

/// All chains, if each was loaded and resolved.
fn all_loaded(
    chains: Vec<Option<Loaded>>,
    found: Diagnostics,
    failures: Vec<Failure>,
    kind: Option<Kind>,
    warnings: &mut Diagnostics,
) -> Result<Vec<Loaded>, Failure> {
    let loaded: Option<Vec<Loaded>> = chains.into_iter().collect();
    match loaded {
        Some(loaded) if failures.is_empty() && !found.has_errors() => {
            warnings.extend(found);
            Ok(loaded)
        }
        _ => {
            let kind = kind.or(failures.first().map(|failure| failure.kind)).unwrap_or(Kind::Input);
            let mut all = found;
            let said = failures.into_iter().filter_map(|failure| failure.message);
            said.for_each(|message| all.push(Diagnostic::error(message)));
            Err(nothing_written(kind, all))
        }
    }
}

/// Writes the pinned files, and the message with them where it is a file like any other.
fn write(
    args: &Args,
    context: &Context,
    root: &Path,
    view: &mut LockView,
    targets: &[Target],
    moved: &[Movement],
) -> anyhow::Result<()> {
    tracing::debug!(files = targets.len(), moved = moved.len(), "lock");
    let mut files: Vec<Replacement> = Vec::new();
    if !args.check {
        files.extend(view.changed().map(|file| Replacement {
            path: root.join(&*file.path),
            content: file.texts.1.clone().into_bytes(),
        }));
    }
    let mut text = Vec::new();
    let path = args.message.as_ref().filter(|path| path.as_os_str() != "-");
    if let Some(path) = path.map(|path| context.cwd.join(path)) {
        message::message(view, &mut text)?;
        // Into a pipe or a device one writes; a file is replaced.
        if fs::metadata(&path).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
            fs::write(&path, &text)?;
        } else {
            files.push(Replacement { path, content: text });
        }
    }
    replace_all(&files).map_err(|refused| unwritten(&refused, root))?;
    view.written = !args.check;
    Ok(())
}

fn unwritten(refused: &[Refused], root: &Path) -> Failure {
    let problem = |one: &Refused| {
        let path = one.path.strip_prefix(root).unwrap_or(&one.path);
        Diagnostic::error(format!("cannot write `{}`: {}", path.display(), one.reason))
    };
    nothing_written(Kind::Environment, refused.iter().map(problem).collect())
}

fn show(
    args: &Args,
    context: &Context,
    view: &LockView,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match (&args.message, args.check) {
        (Some(path), _) if path.as_os_str() == "-" => {
            message::message(view, out)?;
            out.flush()?;
        }
        (_, true) => print(view, args.format, context, text::lock_check, out)?,
        (_, false) => print(view, args.format, context, text::lock, out)?,
    }
    if args.check && view.changed().next().is_some() {
        return Err(Failure::silent(Kind::Stale).into());
    }
    Ok(())
}
