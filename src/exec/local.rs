//! Runs nodes on this host: the log, the sources, the work directory, the outputs. Knows no schedule and no cache; how
//! steps are run is in `steps`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use graph::event::{Event, FailureReport};
use graph::facts::Facts;
use graph::name::NodeName;
use graph::reads::ReadSet;
use graph::record::{Cost, Outcome};
use graph::spec::{Commit, Node, Piece, Repository};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::exec::checkout::{Checkout, Checkouts, Origin, Unready};
use crate::exec::collect::{self, Found};
use crate::exec::environment::{self, Environment};
use crate::exec::inputs::secret;
use crate::exec::job::{Events, Execution, Executor, Job, Retry};
use crate::exec::jobserver::Jobserver;
use crate::exec::kas::Places;
use crate::exec::kernel::ccache::Shims;
use crate::exec::log::Log;
use crate::exec::step::{self, Around};
use crate::exec::steps::Running;
use crate::exec::stop::Stopping;
use crate::exec::supervisors::Supervisors;
use crate::exec::trouble::Trouble;
use crate::exec::workdir::Made;
use crate::exec::{failure, filled, kas, kbuild, space, taken, workdir};
use crate::redact::Redactor;

/// Everything that running takes, decided before the run. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The run's number.
    pub run: i64,
    /// Where the project and what its builds share lie.
    pub places: Places,
    /// Below it, each node has its work directory, at the path of its name.
    pub work: PathBuf,
    /// Below it, at the path of its name, lies what each node left.
    pub out: PathBuf,
    /// Holds the logs of this run.
    pub logs: PathBuf,
    /// Where the commits lie that nodes build.
    pub sources: Origin,
    /// What is put before the compilers, if a compiler cache is used.
    pub shims: Option<Shims>,
    /// Where `kas` is.
    pub kas: kas::Toolchain,
    /// How many cores one node may use that takes no part in the jobserver.
    pub cores: usize,
    /// How many jobs all nodes together may run that do: the cores of the host.
    pub tokens: usize,
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
    pub(super) settings: Settings,
    pub(super) facts: Arc<Facts>,
    redactor: Redactor,
    pub(super) calls: AtomicUsize,
    checkouts: Checkouts,
    pub(super) supervisors: Supervisors,
    pub(super) jobserver: OnceCell<Jobserver>,
    /// Set when what all nodes share was made.
    ground: OnceCell<()>,
}

/// What a node left that succeeded.
struct Left {
    outputs: Vec<Found>,
    reads: Option<ReadSet>,
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
                let mut running = Running {
                    node,
                    work: &self.work_dir(&node.name),
                    made: Made::Before,
                    checkout: None,
                    named: Vec::new(),
                    begun,
                    waited: Duration::ZERO,
                    events: &events,
                    log: &mut log,
                    stopping: &mut stopping,
                    cost: &mut cost,
                };
                let mut result = self.run(&job, &mut running).await;
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
            Ok(Left { outputs, reads }) => Execution {
                outcome: Outcome::Succeeded,
                cost,
                outputs,
                reads,
                failure: None,
                retry: Retry::Pointless,
            },
            Err(trouble) => {
                let trouble = self.explained(trouble, remembered.told_full);
                let Trouble { outcome, message, retry } = trouble;
                let work = self.work_dir(&node.name);
                let log = self.log(&node.name);
                let report = failure::report((outcome, message), log, remembered, &work, &redactor);
                let failure = Some(Arc::<FailureReport>::new(report));
                Execution { outcome, cost, outputs: Vec::new(), reads: None, failure, retry }
            }
        }
    }

    fn log(&self, node: &NodeName) -> Arc<str> {
        let path = self.log_path(node);
        path.strip_prefix(&self.settings.places.root).unwrap_or(&path).to_string_lossy().into()
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
        let checkouts = Checkouts::new(settings.sources.clone());
        let supervisors = Supervisors::of(settings.supervisor.clone());
        Self {
            settings,
            facts,
            redactor,
            calls: AtomicUsize::new(0),
            checkouts,
            supervisors,
            jobserver: OnceCell::new(),
            ground: OnceCell::new(),
        }
    }

    /// The work directory of a node.
    #[must_use]
    pub fn work_dir(&self, node: &NodeName) -> PathBuf {
        self.settings.work.join(&*node.path())
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

    async fn run(&self, job: &Job, the: &mut Running<'_>) -> Result<Left, Trouble> {
        let node = the.node;
        the.log.note(&format!("{}, run {}, attempt {}", node.name, self.settings.run, job.attempt));
        self.ground.get_or_try_init(async || self.lay_ground()).await?;
        match &node.action.checkout {
            Some(commit) => self.run_with_checkout(job, commit, the).await,
            None => {
                self.prepare_filled(node, the).await?;
                self.take(job, the.work).await?;
                let outputs = self.run_filled(the).await?;
                Ok(Left { outputs, reads: None })
            }
        }
    }

    /// A node whose `build` is kept from one execution to the next.
    async fn run_filled(&self, the: &mut Running<'_>) -> Result<Vec<Found>, Trouble> {
        self.steps(the).await?;
        let (found, older) = collected_with_age(the).await?;
        // Where nothing was made, bitbake found nothing to do in what it had made itself; what it makes no longer, it
        // removes. A mixture it does not vouch for.
        if older.is_empty() || older.len() == found.len() {
            return Ok(found);
        }
        the.log.note(&format!(
            "made before the inputs changed: `{}`; once more with an empty `build/tmp*`, to see what is still made",
            older.join("`, `")
        ));
        filled::put_aside(the.work)
            .map_err(|error| Trouble::ours(format!("cannot put `build/tmp*` aside: {error}")))?;
        self.steps(the).await?;
        collected(the).await
    }

    /// A node that builds a commit: from its sources, and from nothing that an earlier execution left.
    async fn run_with_checkout(
        &self,
        job: &Job,
        commit: &Commit,
        the: &mut Running<'_>,
    ) -> Result<Left, Trouble> {
        let work = the.work.to_owned();
        spawn_blocking(move || workdir::prepare_empty(&work))
            .await
            .expect("preparing does not panic")
            .map_err(|error| unprepared(the.work, &error))?;
        self.take(job, the.work).await?;
        let checkout = self.checkout(commit, the).await?;
        the.checkout = Some(checkout.dir());
        let found = match self.steps(the).await {
            Ok(()) => collected(the).await,
            Err(trouble) => Err(trouble),
        };
        let found = self.unless_spoiled(found, &checkout, the).await?;
        let reads = reads(the).await;
        let (work, outputs) = (the.work.to_owned(), found.clone());
        let shed = spawn_blocking(move || workdir::shed(&work, &outputs)).await;
        if let Err(error) = shed.expect("removing does not panic") {
            the.log.note(&error.to_string());
        }
        Ok(Left { outputs: found, reads })
    }

    /// The result, if the sources are still those of the commit.
    async fn unless_spoiled(
        &self,
        result: Result<Vec<Found>, Trouble>,
        checkout: &Checkout,
        the: &mut Running<'_>,
    ) -> Result<Vec<Found>, Trouble> {
        let doubt = match checkout.spoiled().await {
            Ok(None) => return result,
            Ok(Some(paths)) => {
                format!("its sources were changed while it, or another build of them, ran: {paths}")
            }
            Err(why) => format!("nobody knows whether its sources are as they were: {why}"),
        };
        if result.is_err() {
            the.log.note(&doubt);
            return result;
        }
        let (outcome, retry) = (Outcome::Unsure, Retry::Worthwhile);
        Err(Trouble { outcome, message: format!("it ran well, but {doubt}"), retry })
    }

    async fn checkout(&self, commit: &Commit, the: &mut Running<'_>) -> Result<Checkout, Trouble> {
        const STEP: &str = "checkout";
        the.log.flush();
        the.events.tell(Event::StepStarted { node: the.node.name.clone(), step: STEP }).await;
        let begun = Instant::now();
        let mut each = the.each();
        // git is silent while it fetches and while it writes.
        let limits = step::Limits { stall: None, ..self.limits(the) };
        let mut around = Around {
            supervisors: &self.supervisors,
            limits,
            log: the.log,
            each: &mut each,
            stopping: the.stopping,
        };
        let opened = self.checkouts.open(commit, &hint(the.node, commit), &mut around).await;
        the.waited += begun.elapsed();
        opened.map_err(|unready| match unready {
            Unready::Stopped => Trouble {
                outcome: Outcome::Interrupted,
                message: format!("step {STEP}: not done, because the run stops"),
                retry: Retry::Pointless,
            },
            Unready::Ended(ended) => self.trouble(STEP, &ended),
            Unready::Failed(why) => Trouble {
                outcome: Outcome::Failed,
                message: format!("step {STEP}: {why}"),
                retry: Retry::Worthwhile,
            },
        })
    }

    async fn take(&self, job: &Job, work: &Path) -> Result<(), Trouble> {
        if job.node.action.takes.is_empty() {
            return Ok(());
        }
        let (node, needs) = (job.node.clone(), job.needs.clone());
        let (out, work) = (self.settings.out.clone(), work.to_owned());
        let taken = spawn_blocking(move || taken::take(&node, &needs, (&out, &work))).await;
        taken.expect("copying does not panic").map_err(Trouble::ours)
    }

    async fn prepare_filled(&self, node: &Node, the: &mut Running<'_>) -> Result<(), Trouble> {
        let inputs = filled::Inputs::of(node, &self.facts);
        the.made = workdir::make(the.work).map_err(|error| unprepared(the.work, &error))?;
        if the.made == Made::New {
            return filled::begin(the.work, &inputs).map_err(|error| unprepared(the.work, &error));
        }
        let (own, environment) = (the.work.to_owned(), environment::base(&self.settings.outer));
        let prepared = spawn_blocking(move || -> (Vec<String>, io::Result<()>) {
            let mut told = Vec::new();
            let mut tell = |line: &str| told.push(line.to_owned());
            let result = workdir::prepare(&own, &environment, &mut tell)
                .and_then(|()| filled::prepare(&own, &inputs, &mut tell));
            (told, result)
        });
        let (told, result) = prepared.await.expect("preparing does not panic");
        told.iter().for_each(|line| the.log.note(line));
        result.map_err(|error| unprepared(the.work, &error))
    }

    /// Makes what all nodes share.
    fn lay_ground(&self) -> Result<(), Trouble> {
        let Places { git, sstate, downloads, .. } = &self.settings.places;
        let mut shared = [git, sstate, downloads].into_iter();
        let made = shared.try_for_each(std::fs::create_dir_all);
        made.and_then(|()| workdir::guard(&self.settings.work)).map_err(|error| {
            Trouble::ours(format!("cannot make the directories that all builds share: {error}"))
        })
    }
}

fn unprepared(work: &Path, error: &io::Error) -> Trouble {
    Trouble::ours(format!("cannot prepare the work directory `{}`: {error}", work.display()))
}

/// What the slot of a node's sources is called: after the branch, so that its next commit finds the files of this one.
fn hint(node: &Node, commit: &Commit) -> String {
    let label = |key: &str| node.labels.iter().find(|label| label.key == key);
    if let (Some(tree), Some(branch)) = (label("tree"), label("branch")) {
        return format!("{}-{}", tree.value, branch.value);
    }
    let (Repository::Mirror(text) | Repository::Local(text)) = &commit.repository;
    let last = text.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    last.trim_end_matches(".git").to_owned()
}

/// What a node left.
async fn collected(the: &Running<'_>) -> Result<Vec<Found>, Trouble> {
    let (work, outputs) = (the.work.to_owned(), the.node.outputs.clone());
    let found = the.apart(move || collect::collect(&work, &outputs)).await;
    found.map_err(|problems| Trouble::ours(problems.join("; ")))
}

/// As [`collected`], with those that were possibly made of other inputs.
async fn collected_with_age(the: &Running<'_>) -> Result<(Vec<Found>, Vec<String>), Trouble> {
    let found = collected(the).await?;
    if the.made == Made::New {
        // All that is there was made in it since.
        return Ok((found, Vec::new()));
    }
    let older = filled::older(the.work, &found)
        .map_err(|error| Trouble::ours(format!("cannot look at the outputs: {error}")))?;
    Ok((found, older))
}

/// Which files of its checkout a node has read, where that can be told.
async fn reads(the: &mut Running<'_>) -> Option<ReadSet> {
    let (kind, checkout) = (the.node.action.reads?, the.checkout.clone()?);
    let build = kas::build_dir(the.work);
    let named = the.named.clone();
    let read = spawn_blocking(move || kbuild::reads(kind, &checkout, &build, &named)).await;
    read.expect("reading does not panic").unwrap_or_else(|error| {
        the.log.note(&format!("which sources it read is not known: {error}"));
        None
    })
}
