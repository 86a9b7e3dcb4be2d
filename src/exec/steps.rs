//! Runs the steps of a node, one after the other, in a work directory that was prepared. Knows no output and no checkout
//! but where it lies.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use graph::event::Event;
use graph::record::{Cost, Outcome};
use graph::spec::{GeneratedFile, Node, Step};
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{Instant, sleep};

use crate::exec::environment::{self, Environment};
use crate::exec::inputs::{outside, variables};
use crate::exec::job::{Events, Retry};
use crate::exec::jobserver::{Jobserver, Seat};
use crate::exec::local::LocalExecutor;
use crate::exec::log::{Log, quoted};
use crate::exec::step::{Around, Ended, Limits, Start};
use crate::exec::steps_json::{self, StepsJson};
use crate::exec::stop::{self, Stop, Stopping};
use crate::exec::template::Filling;
use crate::exec::trouble::Trouble;
use crate::exec::workdir::Made;
use crate::exec::{condition, failure, kas, workdir};

/// What steps call this very program.
const OURSELVES: &str = "graph";

/// The programs that take job slots for what they start.
const MAKES: [&str; 2] = ["make", "sh"];

/// A node while it runs.
pub(super) struct Running<'a> {
    pub(super) node: &'a Node,
    pub(super) work: &'a Path,
    /// Whether that was there before.
    pub(super) made: Made,
    /// Where its sources lie, once they do.
    pub(super) checkout: Option<PathBuf>,
    /// The files of the checkout that its steps name as arguments.
    pub(super) named: Vec<PathBuf>,
    pub(super) begun: Instant,
    /// How long it has waited for others; that is not its own time.
    pub(super) waited: Duration,
    pub(super) events: &'a Events,
    pub(super) log: &'a mut Log,
    pub(super) stopping: &'a mut Stopping,
    pub(super) cost: &'a mut Cost,
}

/// In a work directory that was not there so long ago is not much.
const QUICK: Duration = Duration::from_millis(100);

impl<'a> Running<'a> {
    /// Reads what a node left: on a thread where that holds up nobody, unless it cannot take as long as to wake one.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        if self.made == Made::New && self.begun.elapsed() < QUICK {
            return read();
        }
        spawn_blocking(read).await.expect("reading does not panic")
    }

    /// Shows a line.
    pub(super) fn each(&self) -> impl FnMut(&str) + Send + use<'a> {
        let (events, name) = (self.events, &self.node.name);
        move |line: &str| {
            events.tell_if_room(Event::Line { node: name.clone(), line: line.into() });
        }
    }
}

impl LocalExecutor {
    /// Writes the generated files and runs all steps.
    pub(super) async fn steps(&self, the: &mut Running<'_>) -> Result<(), Trouble> {
        let (node, work, checkout) = (the.node, the.work, the.checkout.clone());
        let (root, facts, inputs) = (&self.settings.places.root, &*self.facts, &node.inputs);
        let checkout = checkout.as_deref();
        let filling = Filling { work, root, checkout, facts, inputs };
        let fill = |file: &GeneratedFile| {
            let content = filling.fill(&file.content);
            content.map_err(|why| Trouble::ours(format!("cannot make `{}`: {why}", file.path)))
        };
        let contents: Vec<String> = node.action.files.iter().map(fill).collect::<Result<_, _>>()?;
        let mark = |error| Trouble::ours(format!("cannot mark the work directory: {error}"));
        workdir::begin(work, the.made).map_err(mark)?;
        for (file, content) in node.action.files.iter().zip(&contents) {
            workdir::write(work, &file.path, content)
                .map_err(|why| Trouble::ours(format!("cannot write `{}`: {why}", file.path)))?;
        }
        let _flushing = Flushing::of(work);
        let mut told = checkout.map(|_| StepsJson::of_this_host());
        for step in &*node.action.steps {
            if *the.stopping.borrow() != Stop::No {
                workdir::ended_cleanly(work).map_err(mark)?;
                return Err(not_started(step));
            }
            let unmet = condition::unmet(work, &step.when)
                .map_err(|error| Trouble::ours(format!("step {}: {error}", step.name)))?;
            if let Some(why) = unmet {
                the.log.note(&format!("step {}: passed over, because {why}", step.name));
                continue;
            }
            let begun = Instant::now();
            let ended = self.step(step, &filling, the).await?;
            let result = self.after(step, &ended, the.log, the.cost);
            if let Some(told) = &mut told {
                told.add(work, step.name, begun.elapsed(), result.is_ok()).map_err(|error| {
                    Trouble::ours(format!("cannot write `{}`: {error}", steps_json::FILE))
                })?;
            }
            if result.is_err() && !ended.was_killed() {
                workdir::ended_cleanly(work).map_err(mark)?;
            }
            result?;
        }
        workdir::ended_cleanly(work).map_err(mark)
    }

    async fn step(
        &self,
        step: &Step,
        filling: &Filling<'_>,
        the: &mut Running<'_>,
    ) -> Result<Ended, Trouble> {
        let trouble = |why: String| Trouble::ours(format!("step {}: {why}", step.name));
        let command = self.command(the.node, step, filling)?;
        if let Some(checkout) = filling.checkout {
            let args = command.argv.iter().map(PathBuf::from);
            the.named.extend(args.filter(|arg| arg != checkout && arg.starts_with(checkout)));
        }
        let dir = match &step.dir {
            Some(dir) => PathBuf::from(filling.fill(dir).map_err(trouble)?),
            None => the.work.to_owned(),
        };
        let seat = self.seat(step, the).await?;
        the.events.tell(Event::StepStarted { node: the.node.name.clone(), step: step.name }).await;
        let shown = match step.program {
            OURSELVES => [&[OURSELVES.into()], &command.argv[1..]].concat(),
            _ => command.argv.clone(),
        };
        the.log.note(&format!("step {}: {}", step.name, quoted(&shown)));
        if filling.checkout.is_some() {
            let path = the.work.join(steps_json::log_path(step.name));
            the.log
                .copy_step_to(&path)
                .map_err(|error| trouble(format!("cannot write its log: {error}")))?;
        }
        let (limits, mut each) = (self.limits(the), the.each());
        let mut around = Around {
            supervisors: &self.supervisors,
            limits,
            log: the.log,
            each: &mut each,
            stopping: the.stopping,
        };
        let pipes = seat.as_ref().map(Seat::paths).filter(|_| MAKES.contains(&step.program));
        let ended = around.run(&Start { command: &command, dir: &dir, jobserver: pipes }).await;
        // Nothing of the step is left, so all that it was lent can be lent again.
        drop(seat);
        ended.map_err(|error| Trouble::ours(format!("cannot start a supervisor: {error}")))
    }

    /// Waits until the step may run its first job. kas counts its cores itself.
    async fn seat(&self, step: &Step, the: &mut Running<'_>) -> Result<Option<Seat>, Trouble> {
        if step.program == kas::PROGRAM {
            return Ok(None);
        }
        the.log.flush();
        let begun = Instant::now();
        let tokens = self.settings.tokens;
        let seat = async {
            let jobserver = self.jobserver.get_or_try_init(async || Jobserver::new(tokens)).await;
            jobserver?.seat().await
        };
        let seat = tokio::select! {
            seat = seat => seat.map(Some).map_err(|error| {
                Trouble::ours(format!("step {}: cannot use the jobserver: {error}", step.name))
            }),
            () = stop::asked(the.stopping) => Err(not_started(step)),
        };
        the.waited += begun.elapsed();
        seat
    }

    /// What the next step may take.
    pub(super) fn limits(&self, the: &Running<'_>) -> Limits {
        let settings = &self.settings;
        Limits {
            deadline: settings.timeout.map(|timeout| the.begun + timeout + the.waited),
            stall: settings.stall,
            grace: settings.grace,
        }
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
            if filling.checkout.is_some() {
                env.extend(self.among_sources());
            }
            env.extend(inputs);
            if let Some(shims) = settings.shims.as_ref().filter(|_| filling.checkout.is_some()) {
                shims.put_before(&mut env);
            }
            let program = match step.program {
                OURSELVES => settings.supervisor.clone().into_os_string(),
                program => program.into(),
            };
            let argv = std::iter::once(program).chain(args).collect();
            return Ok(kas::Command { argv, env, after_kill: Vec::new() });
        }
        let in_container = matches!(settings.kas, kas::Toolchain::Container(_));
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let (root, stem) = (&settings.places.root, node.name.file_stem());
        let name = in_container.then(|| kas::container_name(root, settings.run, &stem, number));
        let outside = in_container.then(|| outside(node, root));
        let call = kas::Call {
            work: filling.work,
            name: name.as_deref().unwrap_or_default(),
            args: &args,
            cores: settings.cores,
            inputs: &inputs,
            outside: outside.as_deref().unwrap_or_default(),
        };
        Ok(settings.kas.command(&call, &settings.places, &settings.outer))
    }

    /// What programs need to be told that run among sources which are not theirs alone.
    fn among_sources(&self) -> Environment {
        let mut env = Environment::new();
        // A kernel asks git for its version, and git would find the project's own repository above.
        let above = [&self.settings.sources.sources, &self.settings.work];
        let mut ceilings = OsString::new();
        for dir in above {
            if !ceilings.is_empty() {
                ceilings.push(":");
            }
            ceilings.push(dir);
        }
        environment::set(&mut env, "GIT_CEILING_DIRECTORIES", ceilings);
        // Python would leave what it compiled beside the scripts.
        environment::set(&mut env, "PYTHONDONTWRITEBYTECODE", "1");
        env
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
        if ended.is_good() { Ok(()) } else { Err(self.trouble(step.name, ended)) }
    }

    /// What a step's bad end means.
    pub(super) fn trouble(&self, step: &str, ended: &Ended) -> Trouble {
        let limits = (self.settings.timeout, self.settings.stall);
        let (outcome, message) = failure::describe(step, ended, limits);
        let not_started = ended.status.as_ref().is_some_and(|status| status.not_started.is_some());
        let may_pass = matches!(outcome, Outcome::Failed | Outcome::Stalled) && !not_started;
        let retry = if may_pass { Retry::Worthwhile } else { Retry::Pointless };
        Trouble { outcome, message, retry }
    }
}

/// Has the mark of a work directory flushed to the disk, for the case that the power fails, unless the steps have ended
/// before. Of what they make in the first moments nothing lasts that the mark does not outlast: file systems write
/// what was made first no later than what was made after it.
struct Flushing(AbortHandle);

/// After so long a wait for the disk is nothing beside the steps.
const WORTH_FLUSHING: Duration = Duration::from_millis(50);

impl Flushing {
    fn of(work: &Path) -> Self {
        let work = work.to_owned();
        let flush = async move {
            sleep(WORTH_FLUSHING).await;
            if let Ok(Err(error)) = spawn_blocking(move || workdir::flush(&work)).await {
                tracing::warn!("a work directory is not marked on the disk: {error}");
            }
        };
        Self(tokio::spawn(flush).abort_handle())
    }
}

impl Drop for Flushing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn not_started(step: &Step) -> Trouble {
    Trouble {
        outcome: Outcome::Interrupted,
        message: format!("step {}: not started, because the run stops", step.name),
        retry: Retry::Pointless,
    }
}
