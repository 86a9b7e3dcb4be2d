//! Watches one program until nothing of it is left: how it ended, what it used, and the end of what outlives it. Starts nothing,
//! and knows no order.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, wait};

use crate::exec::descendants;
use crate::exec::lifeline::{Lifeline, Said};
use crate::exec::supervise::Status;

/// How long what the program left behind may take to end by itself: the `bitbake` server saves its caches after the
/// client has gone. Costs nothing where nothing is left.
const LINGER: Duration = Duration::from_millis(500);

/// How long what is left may take to end after it was asked to.
const LEFTOVER_GRACE: Duration = Duration::from_secs(3);

/// How long to try to kill what does not die (a process in an uninterruptible wait, or of another user).
const PATIENCE: Duration = Duration::from_secs(20);

/// The time between two rounds of killing; what was forked meanwhile is found in the next.
const ROUND: Duration = Duration::from_millis(10);

/// The longest time between two looks at the memory in use.
const SAMPLE_AT_MOST: Duration = Duration::from_secs(2);

/// The shortest and the longest time between two looks for the end of what nothing tells of: what outlives the program, and
/// the program itself where the kernel has no descriptors of processes (before Linux 5.3).
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The program runs.
    Running,
    /// It has ended; what it left may end by itself until then.
    Lingering(Instant),
    /// All were asked to end; until then.
    Ending(Instant),
    /// All are being killed; given up then.
    Killing(Instant),
}

/// How `graph` asked for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// In order.
    InOrder,
    /// It closed its end of the pipe, so nothing more will come.
    AtOnce,
}

/// One program being watched.
pub(super) struct Watch {
    main: Pid,
    /// What tells of its end, until it has.
    end: Option<OwnedFd>,
    pause: Duration,
    grace: Duration,
    phase: Phase,
    asked: Option<Asked>,
    sample: (Instant, Duration),
    status: Status,
}

impl Watch {
    /// Of a program that was just started.
    pub(super) fn of(main: Pid, grace: Duration) -> Self {
        let first = Duration::from_millis(50);
        Self {
            main,
            end: pidfd_open(main, PidfdFlags::empty()).ok(),
            pause: PAUSE,
            grace,
            phase: Phase::Running,
            asked: None,
            sample: (Instant::now() + first, first),
            status: Status::default(),
        }
    }

    /// Until no descendant is left, or what is left cannot be killed.
    pub(super) fn until_empty(mut self, lifeline: &mut Lifeline) -> (Status, Option<Asked>) {
        while !self.is_empty() {
            let at_most = self.at_most();
            match lifeline.listen(self.end.as_ref().map(AsFd::as_fd), at_most) {
                Said::Nothing => {}
                Said::End => self.end_in_order(),
                Said::Cut => self.cut(),
            }
            if !self.do_what_is_due() {
                break;
            }
        }
        (self.status, self.asked)
    }

    /// Reaps what has ended, and tells whether that was all.
    fn is_empty(&mut self) -> bool {
        let mut main_ended = false;
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.main => {
                    self.status.code = status.exit_status();
                    self.status.signal = status.terminating_signal();
                    self.end = None;
                    main_ended = true;
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => break,
                // There is no child any more, so no descendant.
                Err(_) => return true,
            }
        }
        if main_ended {
            self.main_ended();
        }
        false
    }

    /// How long nothing is due.
    fn at_most(&mut self) -> Duration {
        let due = match self.phase {
            Phase::Running => self.sample.0,
            Phase::Lingering(until) | Phase::Ending(until) => until.min(self.sample.0),
            Phase::Killing(_) => Instant::now() + ROUND,
        };
        let at_most = due.saturating_duration_since(Instant::now());
        if self.end.is_some() {
            return at_most;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        at_most.min(pause)
    }

    fn main_ended(&mut self) {
        self.pause = PAUSE;
        match self.phase {
            Phase::Running => self.phase = Phase::Lingering(Instant::now() + LINGER),
            // What the program left behind gets its own, shorter grace.
            Phase::Ending(until) => self.ask(until.min(Instant::now() + LEFTOVER_GRACE)),
            Phase::Lingering(_) | Phase::Killing(_) => {}
        }
    }

    fn end_in_order(&mut self) {
        self.asked.get_or_insert(Asked::InOrder);
        if matches!(self.phase, Phase::Running | Phase::Lingering(_)) {
            self.ask(Instant::now() + self.grace);
        }
    }

    fn cut(&mut self) {
        self.asked = Some(Asked::AtOnce);
        if !matches!(self.phase, Phase::Killing(_)) {
            self.phase = Phase::Killing(Instant::now() + PATIENCE);
        }
    }

    fn ask(&mut self, until: Instant) {
        self.signal_all(Signal::TERM);
        self.phase = Phase::Ending(until);
    }

    fn kill(&mut self) {
        if self.signal_all(Signal::KILL) > 0 {
            self.status.killed = true;
        }
    }

    fn signal_all(&self, signal: Signal) -> usize {
        let below = descendants::below(getpid());
        below.iter().filter(|process| descendants::signal(process, signal)).count()
    }

    /// Does what is due; `false` when there is nothing more that could be done.
    fn do_what_is_due(&mut self) -> bool {
        let now = Instant::now();
        if now >= self.sample.0 && !matches!(self.phase, Phase::Killing(_)) {
            let memory = descendants::memory(&descendants::below(getpid()));
            self.status.peak_memory = self.status.peak_memory.max(memory);
            let pause = (self.sample.1 * 2).min(SAMPLE_AT_MOST);
            self.sample = (now + pause, pause);
        }
        match self.phase {
            Phase::Lingering(until) if now >= until => {
                self.status.stragglers = descendants::below(getpid()).len();
                self.ask(now + LEFTOVER_GRACE);
            }
            Phase::Ending(until) if now >= until => {
                self.phase = Phase::Killing(now + PATIENCE);
                self.kill();
            }
            Phase::Killing(until) if now >= until => {
                self.status.immortal = descendants::below(getpid()).len();
                return false;
            }
            Phase::Killing(_) => self.kill(),
            _ => {}
        }
        true
    }
}
