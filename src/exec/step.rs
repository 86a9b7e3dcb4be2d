//! Runs one program through its supervisor: its lines into the log, its limits, its end. Knows no node.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::time::{Instant, sleep_until};

use crate::exec::log::Log;
use crate::exec::order::{END, Order};
use crate::exec::stop::{Stop, Stopping};
use crate::exec::supervise::Status;
use crate::exec::supervisors::{Supervisor, Supervisors};
use crate::exec::{kas, orphans};

/// How long a supervisor may take to end after everything that it was given is over, before it is taken for stuck.
const SUPERVISOR_PATIENCE: Duration = Duration::from_secs(60);

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

    /// Whether it ended by itself, and so that nothing of it can be in the way of another program.
    fn left_nothing(&self) -> bool {
        let is_clean =
            |status: &Status| status.stragglers == 0 && !status.killed && status.immortal == 0;
        self.cut.is_none() && self.status.as_ref().is_some_and(is_clean)
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
    /// Who sees to it that nothing survives.
    pub supervisors: &'a Supervisors,
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
        let Self { supervisors, limits, log, each, stopping } = self;
        run((supervisors, start), *limits, log, each, stopping).await
    }
}

async fn run(
    (supervisors, start): (&Supervisors, &Start<'_>),
    limits: Limits,
    log: &mut Log,
    mut each: impl FnMut(&str),
    stopping: &mut Stopping,
) -> io::Result<Ended> {
    let mut supervisor = supervisors.start(&order(start, limits.grace)).await?;
    log.flush();
    let (text, cut) = until_told(&mut supervisor, limits, log, &mut each, stopping).await;
    let ended = Ended { status: serde_json::from_slice(&text).ok(), cut };
    if ended.status.is_none() {
        tokio::task::spawn_blocking(orphans::end_all).await.ok();
    }
    supervisor.drain(|bytes| log.take(bytes, &mut each));
    log.end_step(each);
    if ended.left_nothing() {
        supervisors.keep(supervisor);
    } else {
        supervisor.end().await?;
    }
    Ok(ended)
}

/// Until the supervisor tells of the end, or is gone. Gives what it told and why the program was ended, if it was.
async fn until_told(
    supervisor: &mut Supervisor,
    limits: Limits,
    log: &mut Log,
    each: &mut impl FnMut(&str),
    stopping: &mut Stopping,
) -> (Vec<u8>, Option<Cut>) {
    let Supervisor { answers, output, buffer, lifeline, child, .. } = supervisor;
    let mut lifeline = Lifeline { pipe: lifeline, cut: None, stuck_at: None };
    let answer = Supervisor::answer(answers);
    tokio::pin!(answer);
    let (mut last, mut log_is_open, mut may_stop) = (Instant::now(), true, true);
    let asked = *stopping.borrow_and_update();
    lifeline.heed(asked, limits.grace).await;
    let text = loop {
        let stalled_at = limits.stall.map(|stall| last + stall);
        let by_itself = lifeline.cut.is_none();
        tokio::select! {
            read = output.read(buffer), if log_is_open => match read {
                Ok(0) | Err(_) => log_is_open = false,
                Ok(count) => {
                    log.take(&buffer[..count], &mut *each);
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
    (text, lifeline.cut)
}

fn order(start: &Start<'_>, grace: Duration) -> Order {
    let Start { command, dir, jobserver } = start;
    Order {
        argv: command.argv.clone(),
        env: command.env.clone(),
        dir: (*dir).to_owned(),
        grace,
        after_kill: command.after_kill.clone(),
        jobserver: jobserver.cloned(),
    }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// What keeps the program alive, and the way to tell its supervisor.
struct Lifeline<'a> {
    pipe: &'a mut Option<ChildStdin>,
    cut: Option<Cut>,
    stuck_at: Option<Instant>,
}

impl Lifeline<'_> {
    async fn heed(&mut self, stop: Stop, grace: Duration) {
        match stop {
            Stop::No => {}
            Stop::InOrder if self.cut.is_none() => self.ask(Cut::Stopped, grace).await,
            Stop::InOrder => {}
            Stop::AtOnce => {
                self.cut.get_or_insert(Cut::Stopped);
                // Closed, it means: kill.
                *self.pipe = None;
                self.stuck_at = Some(Instant::now() + SUPERVISOR_PATIENCE);
            }
        }
    }

    async fn ask(&mut self, cut: Cut, grace: Duration) {
        self.cut = Some(cut);
        self.stuck_at = Some(Instant::now() + grace + SUPERVISOR_PATIENCE);
        if let Some(pipe) = self.pipe {
            // It may have ended this very moment.
            pipe.write_all(&[END]).await.ok();
        }
    }
}
