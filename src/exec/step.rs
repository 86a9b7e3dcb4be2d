//! Runs one program through its supervisor: its lines into the log, its limits, its end. Knows no node.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, Command};
use tokio::time::{Instant, sleep_until, timeout};

use crate::exec::log::Log;
use crate::exec::stop::{Stop, Stopping};
use crate::exec::supervise::{Status, VERB};
use crate::exec::{kas, orphans};
use crate::process;

/// How long a supervisor may take to end after everything that it was given is over, before it is taken for stuck.
const SUPERVISOR_PATIENCE: Duration = Duration::from_secs(60);

/// How long to read a log on when its writers should all be dead.
const DRAIN: Duration = Duration::from_secs(1);

/// What a step may take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// When it must have ended.
    pub deadline: Option<Instant>,
    /// How long it may write nothing.
    pub stall: Option<Duration>,
    /// How long it may take to end when asked to.
    pub grace: Duration,
}

/// Why a step was ended before its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It ran too long.
    TimedOut,
    /// It was silent too long.
    Stalled,
    /// The run is to stop.
    Stopped,
}

/// How a step ended.
#[derive(Debug)]
pub struct Ended {
    /// What the supervisor told; `None` if it was killed itself.
    pub status: Option<Status>,
    /// Why it was ended, if it did not end by itself.
    pub cut: Option<Cut>,
}

impl Ended {
    /// Whether it ended well and by itself.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.cut.is_none() && self.status.as_ref().is_some_and(|status| status.code == Some(0))
    }

    /// Whether something was killed in the middle of its work, so that nobody knows what it left.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        match &self.status {
            Some(status) => status.killed && self.cut.is_some() || status.signal == Some(9),
            None => true,
        }
    }
}

/// A program to start.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The program with its environment.
    pub command: &'a kas::Command,
    /// The directory in which it runs.
    pub dir: &'a Path,
    /// The pipes to a jobserver, if it and all below it are to take their job slots from one.
    pub jobserver: Option<&'a [PathBuf; 2]>,
}

/// What a program runs in the midst of.
pub struct Around<'a> {
    /// The program that has the verb [`VERB`].
    pub supervisor: &'a Path,
    /// What it may take.
    pub limits: Limits,
    /// Where its lines go.
    pub log: &'a mut Log,
    /// Where each line goes, too, cut to what can be shown.
    pub each: &'a mut (dyn FnMut(&str) + Send),
    /// What may end it.
    pub stopping: &'a mut Stopping,
}

impl Around<'_> {
    /// Runs a program until nothing of it is left.
    ///
    /// # Errors
    /// When the supervisor cannot be started.
    pub async fn run(&mut self, start: &Start<'_>) -> io::Result<Ended> {
        let Self { supervisor, limits, log, each, stopping } = self;
        run((supervisor, start), *limits, log, each, stopping).await
    }
}

async fn run(
    (supervisor, start): (&Path, &Start<'_>),
    limits: Limits,
    log: &mut Log,
    mut each: impl FnMut(&str),
    stopping: &mut Stopping,
) -> io::Result<Ended> {
    let mut spawned = supervised(supervisor, start, limits.grace);
    let (mut child, noted) =
        process::start(|| spawned.spawn(), |child| child.id().expect("it was not waited for yet"))?;
    let mut stdout = child.stdout.take().expect("it was piped");
    let mut stderr = child.stderr.take().expect("it was piped");
    let mut lifeline = Lifeline { pipe: child.stdin.take(), cut: None, stuck_at: None };
    let answer = async {
        let mut text = Vec::new();
        // A supervisor that was killed closes the pipe too; what came is what there is.
        stdout.read_to_end(&mut text).await.ok();
        text
    };
    tokio::pin!(answer);
    let mut buffer = vec![0; 64 << 10];
    let (mut last, mut log_is_open, mut may_stop) = (Instant::now(), true, true);
    let asked = *stopping.borrow_and_update();
    lifeline.heed(asked, limits.grace).await;
    let text = loop {
        let stalled_at = limits.stall.map(|stall| last + stall);
        let by_itself = lifeline.cut.is_none();
        tokio::select! {
            read = stderr.read(&mut buffer), if log_is_open => match read {
                Ok(0) | Err(_) => log_is_open = false,
                Ok(count) => {
                    log.take(&buffer[..count], &mut each);
                    last = Instant::now();
                }
            },
            text = &mut answer => break text,
            changed = stopping.changed(), if may_stop => {
                may_stop = changed.is_ok();
                let asked = *stopping.borrow_and_update();
                lifeline.heed(asked, limits.grace).await;
            }
            () = until(limits.deadline), if by_itself => lifeline.ask(Cut::TimedOut, limits.grace).await,
            () = until(stalled_at), if by_itself => lifeline.ask(Cut::Stalled, limits.grace).await,
            () = until(lifeline.stuck_at) => {
                lifeline.stuck_at = None;
                child.start_kill().ok();
            }
        }
    };
    let status: Option<Status> = serde_json::from_slice(&text).ok();
    child.wait().await?;
    drop(noted);
    if status.is_none() {
        tokio::task::spawn_blocking(orphans::end_all).await.ok();
    }
    if log_is_open {
        drain(&mut stderr, &mut buffer, log, &mut each).await;
    }
    log.end_step(each);
    Ok(Ended { status, cut: lifeline.cut })
}

fn supervised(supervisor: &Path, start: &Start<'_>, grace: Duration) -> Command {
    let Start { command, dir, jobserver } = start;
    let mut spawned = Command::new(supervisor);
    // What `ps` shows; the path may be `/proc/self/exe`.
    spawned.arg0("graph").arg(VERB).arg("--grace-ms").arg(grace.as_millis().to_string());
    for arg in &command.after_kill {
        spawned.arg("--after-kill").arg(arg);
    }
    if let Some(pipes) = jobserver {
        spawned.arg("--jobserver").args(*pipes);
    }
    spawned.arg("--").args(&command.argv).env_clear().envs(&command.env);
    spawned.current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawned
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn drain(
    stderr: &mut ChildStderr,
    buffer: &mut [u8],
    log: &mut Log,
    each: &mut impl FnMut(&str),
) {
    while let Ok(Ok(count @ 1..)) = timeout(DRAIN, stderr.read(buffer)).await {
        log.take(&buffer[..count], &mut *each);
    }
}

/// What keeps the program alive, and the way to tell its supervisor.
struct Lifeline {
    pipe: Option<ChildStdin>,
    cut: Option<Cut>,
    stuck_at: Option<Instant>,
}

impl Lifeline {
    async fn heed(&mut self, stop: Stop, grace: Duration) {
        match stop {
            Stop::No => {}
            Stop::InOrder if self.cut.is_none() => self.ask(Cut::Stopped, grace).await,
            Stop::InOrder => {}
            Stop::AtOnce => {
                self.cut.get_or_insert(Cut::Stopped);
                // Closed, it means: kill.
                self.pipe = None;
                self.stuck_at = Some(Instant::now() + SUPERVISOR_PATIENCE);
            }
        }
    }

    async fn ask(&mut self, cut: Cut, grace: Duration) {
        self.cut = Some(cut);
        self.stuck_at = Some(Instant::now() + grace + SUPERVISOR_PATIENCE);
        if let Some(pipe) = &mut self.pipe {
            // It may have ended this very moment.
            pipe.write_all(b"t").await.ok();
        }
    }
}
