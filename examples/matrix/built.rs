//! Fills the cache as a build does, but for the processes: `graph build` itself, by an executor that writes a small file for
//! each node instead of starting make. Locks, facts, judgements, records and outputs are those of any build.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Parser;
use graph::facts::Facts;
use graph::name::NodeName;
use graph::reads::ReadSet;
use graph::record::{Cost, Outcome};
use graph_cli::cmd::build::{self, Args};
use graph_cli::context::Context;
use graph_cli::exec::collect::Found;
use graph_cli::exec::job::{Events, Execution, Executor, Job, Retry};
use graph_cli::exec::local::Settings;
use graph_cli::exec::stop::Stopping;

use crate::project;

/// Builds the project, and says nothing but how it went.
pub(crate) fn build(root: &Path) -> Result<()> {
    let mut context = Context::read()?;
    context.cwd = root.canonicalize()?;
    // What a program finds of slices is for that program: here for the one of the same sources that will plan.
    let graph = context.executable.with_file_name("../graph");
    if graph.is_file() {
        context.executable = graph;
    }
    let args = Said::parse_from(["build", "--offline", "--jobs", "256", "--progress", "live"]).args;
    let mut work = PathBuf::new();
    let made = |settings: Settings, _: Arc<Facts>| {
        work.clone_from(&settings.work);
        Pretended { work: settings.work }
    };
    build::run_by(&args, &context, &mut io::stdout().lock(), made)?;
    // Everything is in the store and in place.
    Ok(fs::remove_dir_all(work)?)
}

#[derive(Parser)]
struct Said {
    #[command(flatten)]
    args: Args,
}

/// Leaves a file of its own for each node, and says that the build has read the files which every kernel reads and its own
/// defconfig.
struct Pretended {
    work: PathBuf,
}

impl Pretended {
    fn make(&self, job: &Job) -> io::Result<Execution> {
        let name = &job.node.name;
        let kind = name.kind();
        let dir = self.work.join(kind);
        fs::create_dir_all(&dir)?;
        let source = dir.join(name.as_str().replace('/', "%2F"));
        let mut file = fs::File::create(&source)?;
        writeln!(file, "# {name}")?;
        let path = if kind == "config" { ".config" } else { "Image" }.to_owned();
        Ok(Execution {
            outcome: Outcome::Succeeded,
            cost: Cost { wall_ms: 300_000, cpu_ms: 900_000, peak_memory: 1 << 30 },
            outputs: vec![Found { path, source }],
            reads: Some(reads(name)),
            failure: None,
            retry: Retry::Pointless,
        })
    }
}

/// What a build of this node would have read.
fn reads(name: &NodeName) -> ReadSet {
    let segments: Vec<&str> = name.as_str().split('/').collect();
    let [_, _, _, arch, defconfig] = segments[..] else { return ReadSet::default() };
    let base = defconfig.split('+').next().unwrap_or_default();
    let own = [format!("arch/{arch}/Kconfig"), format!("arch/{arch}/configs/{base}")];
    ReadSet::new(project::COMMON.map(str::to_owned).into_iter().chain(own), [])
}

impl Executor for Pretended {
    async fn execute(&self, job: Job, _: Events, _: Stopping) -> Execution {
        self.make(&job).expect("the work directory takes a small file")
    }

    fn log(&self, _: &NodeName) -> Arc<str> {
        "".into()
    }
}
