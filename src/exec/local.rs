//! Runs nodes on this host: the work directory, the generated files, the steps through their supervisors, the outputs.
//! Knows no schedule and no cache.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use graph::event::{Event, FailureReport};
use graph::facts::Facts;
use graph::name::NodeName;
use graph::record::{Cost, Outcome};
use graph::spec::{Node, Piece, Step};
use tokio::time::Instant;

use crate::exec::collect::{self, Found};
use crate::exec::environment::{self, Environment};
use crate::exec::inputs::{outside, secret, variables};
use crate::exec::job::{Events, Execution, Executor, Job, Retry};
use crate::exec::log::{Log, quoted};
use crate::exec::step::{self, Ended, Limits};
use crate::exec::stop::{Stop, Stopping};
use crate::exec::template::Filling;
use crate::exec::{failure, filled, kas, space, workdir};
use crate::redact::Redactor;

/// Everything that running takes, decided before the run. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The run's number.
    pub run: i64,
    /// Where the project and what its builds share lie.
    pub places: kas::Places,
    /// Below it, each node has its work directory, at the path of its name.
    pub work: PathBuf,
    /// Holds the logs of this run.
    pub logs: PathBuf,
    /// Where `kas` is.
    pub kas: kas::Toolchain,
    /// How many cores one node may use.
    pub cores: usize,
    /// How long a node may run.
    pub timeout: Option<Duration>,
    /// How long it may log nothing.
    pub stall: Option<Duration>,
    /// How long it may take to end when it is asked to.
    pub grace: Duration,
    /// The environment that `graph` was started in.
    pub outer: Environment,
    /// The program that has the verb [`crate::exec::supervise::VERB`].
    pub supervisor: PathBuf,
}

impl Settings {
    /// This very program, also when its file was replaced meanwhile: a path would then lead to another, or nowhere.
    pub const THIS_PROGRAM: &str = "/proc/self/exe";

    /// How long a node may take to end unless somebody says otherwise: bitbake ends its tasks and saves its caches.
    pub const GRACE: Duration = Duration::from_secs(15);
}

/// Runs nodes on this host.
#[derive(Debug)]
pub struct LocalExecutor {
    settings: Settings,
    facts: Arc<Facts>,
    redactor: Redactor,
    calls: AtomicUsize,
}

/// Why a node did not succeed.
struct Trouble {
    outcome: Outcome,
    message: String,
    retry: Retry,
}

impl Trouble {
    /// One that has nothing to do with what the steps do.
    fn ours(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, message: message.into(), retry: Retry::Pointless }
    }
}

/// What running the steps of a node takes.
struct Steps<'a> {
    node: &'a Node,
    work: &'a Path,
    begun: Instant,
    events: &'a Events,
    log: &'a mut Log,
    stopping: &'a mut Stopping,
    cost: &'a mut Cost,
}

impl Executor for LocalExecutor {
    async fn execute(&self, job: Job, events: Events, mut stopping: Stopping) -> Execution {
        let begun = Instant::now();
        let node = &*job.node;
        let path = self.log_path(&node.name);
        let redactor = Arc::new(self.redactor_for(node));
        let mut cost = Cost::default();
        let (result, remembered) = match Log::open(&path, redactor.clone(), job.attempt > 1) {
            Err(error) => {
                let why =
                    Trouble::ours(format!("cannot write the log `{}`: {error}", path.display()));
                (Err(why), Default::default())
            }
            Ok(mut log) => {
                let mut result =
                    self.run(&job, &events, &mut log, &mut stopping, (begun, &mut cost)).await;
                log.note(&match &result {
                    Ok(_) => format!("succeeded after {:.1} s", begun.elapsed().as_secs_f32()),
                    Err(trouble) => trouble.message.clone(),
                });
                let mut remembered = log.finish();
                if let (true, Some(error)) = (result.is_ok(), remembered.broken.take()) {
                    let why = format!("the log `{}` is not complete: {error}", path.display());
                    result = Err(Trouble::ours(why));
                }
                (result, remembered)
            }
        };
        cost.wall_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        match result {
            Ok(outputs) => Execution {
                outcome: Outcome::Succeeded,
                cost,
                outputs,
                reads: None,
                failure: None,
                retry: Retry::Pointless,
            },
            Err(trouble) => {
                let trouble = self.explained(trouble, remembered.told_full);
                let Trouble { outcome, message, retry } = trouble;
                let work = self.work_dir(&node.name);
                let report =
                    failure::report((outcome, message), &path, remembered, &work, &redactor);
                let failure = Some(Arc::<FailureReport>::new(report));
                Execution { outcome, cost, outputs: Vec::new(), reads: None, failure, retry }
            }
        }
    }

    fn log(&self, node: &NodeName) -> Arc<str> {
        self.log_path(node).to_string_lossy().into()
    }
}

impl LocalExecutor {
    /// One for a run with these facts.
    #[must_use]
    pub fn new(settings: Settings, facts: Arc<Facts>) -> Self {
        let variables = settings.outer.iter();
        let redactor = Redactor::from_environment(
            variables.map(|(name, value)| (name.as_str(), value.to_string_lossy())),
        );
        Self { settings, facts, redactor, calls: AtomicUsize::new(0) }
    }

    /// The work directory of a node.
    #[must_use]
    pub fn work_dir(&self, node: &NodeName) -> PathBuf {
        self.settings.work.join(node.path())
    }

    fn log_path(&self, node: &NodeName) -> PathBuf {
        self.settings.logs.join(format!("{}.log", node.file_stem()))
    }

    /// Names the full disk behind a failure, if that is what it is.
    fn explained(&self, trouble: Trouble, told_full: bool) -> Trouble {
        let Trouble { outcome, message, retry } = trouble;
        let places = &self.settings.places;
        let dirs = [&places.state, &places.sstate, &places.downloads, &places.git];
        let is_told = told_full || space::is_told(&message);
        match space::lacking(dirs.map(PathBuf::as_path), is_told) {
            Some(dir) if outcome == Outcome::Failed => Trouble {
                outcome,
                message: format!("{message}: no space is left on the disk of `{}`", dir.display()),
                retry: Retry::WithMoreSpace,
            },
            _ => Trouble { outcome, message, retry },
        }
    }

    fn redactor_for(&self, node: &Node) -> Redactor {
        let inputs = node.inputs.iter().filter_map(|input| secret(&input.source));
        let pieces = node.action.files.iter().flat_map(|file| &file.content.0);
        let written = pieces.filter_map(|piece| match piece {
            Piece::Fact(source) => secret(source),
            _ => None,
        });
        // kas names the mirror of a URL after all of it, its password too.
        let passwords = written.clone().filter_map(|text| Some(text.split_once(':')?.1));
        self.redactor.with(inputs.chain(written).chain(passwords))
    }

    async fn run(
        &self,
        job: &Job,
        events: &Events,
        log: &mut Log,
        stopping: &mut Stopping,
        (begun, cost): (Instant, &mut Cost),
    ) -> Result<Vec<Found>, Trouble> {
        let node = &*job.node;
        let work = self.work_dir(&node.name);
        log.note(&format!("{}, run {}, attempt {}", node.name, self.settings.run, job.attempt));
        self.prepare(node, &work, log).await?;
        let mut steps = Steps { node, work: &work, begun, events, log, stopping, cost };
        self.steps(&mut steps).await?;
        let found = collected(node, &work).await?;
        let older = filled::older(&work, &found)
            .map_err(|error| Trouble::ours(format!("cannot look at the outputs: {error}")))?;
        // Where nothing was made, bitbake found nothing to do in what it had made itself; what it makes no longer, it
        // removes. A mixture it does not vouch for.
        if older.is_empty() || older.len() == found.len() {
            return Ok(found);
        }
        steps.log.note(&format!(
            "made before the inputs changed: `{}`; once more with an empty `build/tmp*`, to see what is still made",
            older.join("`, `")
        ));
        filled::put_aside(&work)
            .map_err(|error| Trouble::ours(format!("cannot put `build/tmp*` aside: {error}")))?;
        self.steps(&mut steps).await?;
        collected(node, &work).await
    }

    /// Writes the generated files and runs all steps, in a work directory that was prepared.
    async fn steps(&self, the: &mut Steps<'_>) -> Result<(), Trouble> {
        let (node, work) = (the.node, the.work);
        let (root, facts, inputs) = (&self.settings.places.root, &*self.facts, &node.inputs);
        let filling = Filling { work, root, checkout: None, facts, inputs };
        for file in &node.action.files {
            let content = filling
                .fill(&file.content)
                .map_err(|why| Trouble::ours(format!("cannot make `{}`: {why}", file.path)))?;
            workdir::write(work, &file.path, &content)
                .map_err(|why| Trouble::ours(format!("cannot write `{}`: {why}", file.path)))?;
        }
        let limits = Limits {
            deadline: self.settings.timeout.map(|timeout| the.begun + timeout),
            stall: self.settings.stall,
            grace: self.settings.grace,
        };
        let mark = |error| Trouble::ours(format!("cannot mark the work directory: {error}"));
        workdir::begin(work).map_err(mark)?;
        for step in &node.action.steps {
            if *the.stopping.borrow() != Stop::No {
                workdir::ended_cleanly(work).map_err(mark)?;
                return Err(Trouble {
                    outcome: Outcome::Interrupted,
                    message: format!("step {}: not started, because the run stops", step.name),
                    retry: Retry::Pointless,
                });
            }
            the.events.tell(Event::StepStarted { node: node.name.clone(), step: step.name }).await;
            let command = self.command(node, step, &filling)?;
            the.log.note(&format!("step {}: {}", step.name, quoted(&command.argv)));
            let line = |line: &str| {
                the.events.tell_if_room(Event::Line { node: node.name.clone(), line: line.into() });
            };
            let how = (self.settings.supervisor.as_path(), &command, work);
            let ended = step::run(how, limits, the.log, line, the.stopping)
                .await
                .map_err(|error| Trouble::ours(format!("cannot start a supervisor: {error}")))?;
            let result = self.after(step, &ended, the.log, the.cost);
            if result.is_err() && !ended.was_killed() {
                workdir::ended_cleanly(work).map_err(mark)?;
            }
            result?;
        }
        workdir::ended_cleanly(work).map_err(mark)
    }

    async fn prepare(&self, node: &Node, work: &Path, log: &mut Log) -> Result<(), Trouble> {
        let environment = environment::base(&self.settings.outer);
        let (own, places) = (work.to_owned(), self.settings.places.clone());
        let inputs = filled::Inputs::of(node, &self.facts);
        let prepared = tokio::task::spawn_blocking(move || -> (Vec<String>, io::Result<()>) {
            let mut told = Vec::new();
            let mut tell = |line: &str| told.push(line.to_owned());
            let result = workdir::prepare(&own, &environment, &mut tell)
                .and_then(|()| filled::prepare(&own, &inputs, &mut tell));
            let shared = [&places.git, &places.sstate, &places.downloads];
            (told, result.and_then(|()| shared.into_iter().try_for_each(std::fs::create_dir_all)))
        });
        let (told, result) = prepared.await.expect("preparing does not panic");
        told.iter().for_each(|line| log.note(line));
        result.map_err(|error| {
            Trouble::ours(format!(
                "cannot prepare the work directory `{}`: {error}",
                work.display()
            ))
        })
    }

    fn command(
        &self,
        node: &Node,
        step: &Step,
        filling: &Filling<'_>,
    ) -> Result<kas::Command, Trouble> {
        let trouble = |why| Trouble::ours(format!("step {}: {why}", step.name));
        let args = step.args.iter().map(|arg| filling.fill(arg).map(OsString::from));
        let args: Vec<OsString> = args.collect::<Result<_, _>>().map_err(trouble)?;
        let mut inputs = variables(node, &self.settings.outer);
        for (name, value) in &step.env {
            environment::set(&mut inputs, name, filling.fill(value).map_err(trouble)?);
        }
        environment::set(&mut inputs, "GRAPH_NODE", node.name.as_str());
        let settings = &self.settings;
        if step.program != kas::PROGRAM {
            let mut env = environment::base(&settings.outer);
            env.extend(inputs);
            let argv = std::iter::once(step.program.into()).chain(args).collect();
            return Ok(kas::Command { argv, env, after_kill: Vec::new() });
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let name =
            kas::container_name(&settings.places.root, settings.run, &node.name.file_stem(), call);
        let call = kas::Call {
            work: filling.work,
            name: &name,
            args: &args,
            cores: settings.cores,
            inputs: &inputs,
            outside: &outside(node, &settings.places.root),
        };
        Ok(settings.kas.command(&call, &settings.places, &settings.outer))
    }

    /// Takes note of a step's end; an error if it was not a good one.
    fn after(
        &self,
        step: &Step,
        ended: &Ended,
        log: &mut Log,
        cost: &mut Cost,
    ) -> Result<(), Trouble> {
        if let Some(status) = &ended.status {
            cost.cpu_ms += status.cpu_ms;
            cost.peak_memory = cost.peak_memory.max(status.peak_memory);
            if status.stragglers > 0 {
                log.note(&format!("processes that outlived the step: {}", status.stragglers));
            }
            if status.immortal > 0 {
                log.note(&format!("processes that could not be killed: {}", status.immortal));
            }
        }
        if ended.is_good() {
            return Ok(());
        }
        let limits = (self.settings.timeout, self.settings.stall);
        let (outcome, message) = failure::describe(step.name, ended, limits);
        let not_started = ended.status.as_ref().is_some_and(|status| status.not_started.is_some());
        let may_pass = matches!(outcome, Outcome::Failed | Outcome::Stalled) && !not_started;
        let retry = if may_pass { Retry::Worthwhile } else { Retry::Pointless };
        Err(Trouble { outcome, message, retry })
    }
}

async fn collected(node: &Node, work: &Path) -> Result<Vec<Found>, Trouble> {
    let (work, outputs) = (work.to_owned(), node.outputs.clone());
    let found = tokio::task::spawn_blocking(move || collect::collect(&work, &outputs)).await;
    let found = found.expect("collecting does not panic");
    found.map_err(|problems| Trouble::ours(problems.join("; ")))
}
