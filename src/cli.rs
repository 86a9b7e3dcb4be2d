//! What was said on the command line, what it means, and how the command ends.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{ArgAction, CommandFactory, Parser, Subcommand, ValueEnum};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::cmd;
use crate::cmd::console::Console;
use crate::context::Context;
use crate::diagnostic::reason;
use crate::failure::{Failure, Kind};
use crate::timings::Timings;

/// Builds matrices of Yocto images and kernels, only where something changed, and says why.
#[derive(Debug, Parser)]
#[command(name = "graph", version, disable_help_subcommand = true, propagate_version = false, after_help = EXAMPLES)]
struct Cli {
    /// Run as if started in this directory
    #[arg(
        short = 'C',
        value_name = "DIR",
        global = true,
        help_heading = "Options of every command"
    )]
    directory: Option<PathBuf>,
    /// When to use colours: `auto`, `always` or `never`
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", global = true, help_heading = "Options of every command", hide_possible_values = true)]
    color: Colour,
    /// Say what is done and where the time went; twice for each step (`GRAPH_LOG` takes filters)
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = "Options of every command")]
    verbose: u8,
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  graph plan                      what is stale, and why
  graph build                     build just that
  graph build workflow=onpush     … of the boards that a push builds
  graph why image/rpi-scarthgap   why this one
  graph demo                      see it all on twelve toy boards";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say what is stale and why; changes nothing
    Plan(cmd::plan::Args),
    /// Build what is stale
    Build(cmd::build::Args),
    /// Say why a node is stale, or why it was built in a run
    Why(cmd::why::Args),
    /// List the nodes
    List(cmd::list::Args),
    /// Show everything that goes into a node, and the exact commands
    Show(cmd::show::Args),
    /// Print a node's log
    Log(cmd::log::Args),
    /// List past runs
    Runs(cmd::runs::Args),
    /// Print the configuration that a chain of kas files makes
    Resolve(cmd::resolve::Args),
    /// Write every machine's chain as one file with pinned commits
    Lock(cmd::lock::Args),
    /// Say in which keys two configurations differ
    Diff(cmd::diff::Args),
    /// Draw the graph, with what is stale in colours
    Render(cmd::render::Args),
    /// Look after what is kept between runs
    Cache(cmd::cache::Args),
    /// Write a commented graph.yaml from what is found here
    Init(cmd::init::Args),
    /// Check tools, disks, shared directories and versions
    Doctor(cmd::doctor::Args),
    /// Print the JSON Schema of graph.yaml, or of what a verb prints
    Schema(cmd::schema::Args),
    /// Print the completions of a shell
    Completions(cmd::completions::Args),
    /// Write a small true project and build it with real kas
    Demo(cmd::demo::Args),
}

impl Verb {
    fn name(&self) -> &'static str {
        match self {
            Self::Plan(_) => "plan",
            Self::Build(_) => "build",
            Self::Why(_) => "why",
            Self::List(_) => "list",
            Self::Show(_) => "show",
            Self::Log(_) => "log",
            Self::Runs(_) => "runs",
            Self::Resolve(_) => "resolve",
            Self::Lock(_) => "lock",
            Self::Diff(_) => "diff",
            Self::Cache(_) => "cache",
            Self::Init(_) => "init",
            Self::Doctor(_) => "doctor",
            Self::Render(_) => "render",
            Self::Schema(_) => "schema",
            Self::Completions(_) => "completions",
            Self::Demo(_) => "demo",
        }
    }
}

/// How much of the output of a verb is written at once.
const PAGE: usize = 64 << 10;

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    match std::panic::catch_unwind(run) {
        Ok(code) => code,
        Err(_) => {
            let _ = writeln!(
                io::stderr(),
                "error: this is a defect of `graph`, not of your project\nhint: report it with the lines above"
            );
            Kind::Defect.into()
        }
    }
}

fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => {
            let _ = said.print();
            return if said.use_stderr() { Kind::Input.into() } else { ExitCode::SUCCESS };
        }
    };
    match cli.color {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
    let timings = log_to_stderr(cli.verbose);
    let mut context = match Context::read() {
        Ok(context) => context,
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "error: cannot read the working directory or find this program: {error}"
            );
            return Kind::Environment.into();
        }
    };
    if let Some(directory) = &cli.directory {
        context.cwd = context.cwd.join(directory);
        if let Err(failure) = is_directory(&context.cwd) {
            Console::of(&context).failure(&failure);
            return failure.kind.into();
        }
    }
    let code = match dispatch(&cli.verb, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, &context),
    };
    if let Some(timings) = timings {
        Console::of(&context).note(&timings.told(cli.verb.name(), Instant::now()));
    }
    code
}

fn is_directory(path: &Path) -> Result<(), Failure> {
    let problem = match std::fs::metadata(path) {
        Ok(data) if data.is_dir() => return Ok(()),
        Ok(_) => "is no directory".to_owned(),
        Err(error) => format!("cannot be used: {}", reason(&error)),
    };
    Err(Failure::new(Kind::Input, format!("`{}` {problem}", path.display()))
        .hint("`-C` takes a directory of the project"))
}

fn dispatch(verb: &Verb, context: &Context) -> anyhow::Result<()> {
    let stdout = anstream::stdout().lock();
    // A line at a time is for those that tell what goes on; a table of a thousand nodes is written at once.
    let lines = matches!(verb, Verb::Build(_) | Verb::Demo(_));
    let capacity = if lines { 0 } else { PAGE };
    let out = &mut io::BufWriter::with_capacity(capacity, stdout);
    perform(verb, context, out)?;
    Ok(out.flush()?)
}

fn perform(verb: &Verb, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    match verb {
        Verb::Plan(args) => cmd::plan::run(args, context, out),
        Verb::Build(args) => cmd::build::run(args, context, out),
        Verb::Why(args) => cmd::why::run(args, context, out),
        Verb::List(args) => cmd::list::run(args, context, out),
        Verb::Show(args) => cmd::show::run(args, context, out),
        Verb::Log(args) => cmd::log::run(args, context, out),
        Verb::Runs(args) => cmd::runs::run(args, context, out),
        Verb::Resolve(args) => cmd::resolve::run(args, context, out),
        Verb::Lock(args) => cmd::lock::run(args, context, out),
        Verb::Diff(args) => cmd::diff::run(args, context, out),
        Verb::Render(args) => cmd::render::run(args, context, out),
        Verb::Cache(args) => cmd::cache::run(args, context, |_| cmd::list::names(context), out),
        Verb::Init(args) => cmd::init::run(args, context, out),
        Verb::Doctor(args) => cmd::doctor::run(args, context, out),
        Verb::Schema(args) => cmd::schema::run(args, out),
        Verb::Completions(args) => cmd::completions::run(args, &mut Cli::command(), out),
        Verb::Demo(args) => cmd::demo::run(args, context, out),
    }
}

/// `-v` and `-vv` are short for filters; `GRAPH_LOG` says them in full. With a filter in full and with `-vv`, each span
/// says how long it took when it ends; with `-v`, all of them do together when the command ends.
fn log_to_stderr(verbose: u8) -> Option<Timings> {
    let (filter, spans) = match (std::env::var("GRAPH_LOG"), verbose) {
        (Ok(filter), _) => (filter, FmtSpan::CLOSE),
        (Err(_), 0) => return None,
        (Err(_), 1) => ("graph_cli=info,cache=info".to_owned(), FmtSpan::NONE),
        (Err(_), _) => ("graph_cli=debug,cache=debug".to_owned(), FmtSpan::CLOSE),
    };
    let log = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_span_events(spans)
        // No time of day; but without a timer at all, spans would not say how long they took.
        .with_timer(())
        .with_filter(EnvFilter::new(filter));
    let timings = (verbose > 0).then(|| Timings::since(Instant::now()));
    let ours = Targets::new().with_targets([("graph_cli", Level::INFO), ("cache", Level::INFO)]);
    let counted = timings.clone().map(|timings| timings.with_filter(ours));
    let _ = tracing_subscriber::registry().with(log).with(counted).try_init();
    timings
}

/// Says what went wrong and whose it is. A reader that has seen enough (`graph list | head`) is no failure.
fn fail(error: &anyhow::Error, context: &Context) -> ExitCode {
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return ExitCode::SUCCESS;
    }
    let console = Console::of(context);
    if let Some(failure) = error.downcast_ref::<Failure>() {
        console.failure(failure);
        return failure.kind.into();
    }
    let failure = Failure::new(Kind::Environment, format!("{error:#}"));
    console.failure(&failure);
    failure.kind.into()
}
