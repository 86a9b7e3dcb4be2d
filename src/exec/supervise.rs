//! `graph __supervise`: runs programs, one after the other, and sees to it that nothing of them survives. Knows no node and
//! no kas.
//!
//! ```text
//! graph ─stdin: orders, lifeline─► supervisor ──fork──► program ──► kas ──► bitbake ──► server (setsid) …
//!       ◄─stdout: one status line─┘                      │
//!       ◄─stderr: the log────────────────────────────────┴─────────────────────────────────┘
//! ```
//!
//! **Why a process of its own.** A build starts servers that leave its process group and daemons that fork twice; to
//! find them, somebody must be their *subreaper*, and the kernel knows that by process, not by thread. Were `graph`
//! the only one, the orphans of all nodes would be one heap, and nobody could tell when a single node has ended. And
//! when `graph` is killed with `-9`, only another process can clean up.
//!
//! **Why a pipe and not `PR_SET_PDEATHSIG`.** That signal is sent when the *thread* that forked ends, and tokio's
//! threads come and go; it is also lost across a set-user-id program. A pipe whose other end only `graph` holds is
//! closed by the kernel when `graph` ends, however it ends. Nothing here uses `pre_exec`.
//!
//! **Protocol.** On stdin comes an [`Order`], and when that was answered, perhaps another. A byte `t` means: end in order
//! (SIGTERM to all that is there, SIGKILL after the grace); end of file means: `graph` is gone or wants an end at once
//! (SIGKILL). On stdout comes one line of JSON for each order, a [`Status`], when no descendant is left; no line means
//! that the supervisor itself was killed, and `graph`, which is a subreaper too while it builds, kills what it inherits
//! (`exec::orphans`).
//!
//! **Why several programs, one after the other.** To start a process of this program takes longer than what many a step
//! does. There is never more than one program at a time, so whatever is found below a supervisor is of that one; and
//! one whose program had to be ended, or left anything, is not given another (`exec::supervisors`).
//!
//! **When is nothing left?** When `wait` says `ECHILD`: a subreaper inherits every orphan below it, so without children
//! it has no descendants. `/proc` is read only to know whom to kill.
//!
//! It calls `setsid`, so that Ctrl-C of the terminal reaches `graph` alone, and so that a program that wants to ask for
//! a password has no terminal to wait at for ever.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, set_child_subreaper, setsid, wait,
};
use serde::{Deserialize, Serialize};

use crate::exec::descendants;
use crate::exec::order::{Order, RUN};
use crate::process::{Call, find_on_path};

/// The verb under which `main` finds this.
pub const VERB: &str = "__supervise";

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

/// What the supervisor tells at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The program's exit status, if it exited.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Why the program could not be started.
    pub not_started: Option<String>,
    /// Processor time of the program and all below it, in milliseconds.
    pub cpu_ms: u64,
    /// The most resident memory that all of them held at a time, in bytes, as far as samples show.
    pub peak_memory: u64,
    /// Processes that outlived the program and had to be ended.
    pub stragglers: usize,
    /// Whether anything had to be killed with SIGKILL, and so may have left its files half written.
    pub killed: bool,
    /// Processes that could not be killed and are still there.
    pub immortal: usize,
}

/// The hidden verb, which takes no arguments: what to run comes through standard input.
pub fn main_supervise(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    if args.next().is_some() {
        return ExitCode::from(4);
    }
    // Fails only where a supervisor is a group leader already, as when somebody tries it by hand in a shell.
    setsid().ok();
    let subreaper = set_child_subreaper(Some(getpid()));
    let (sender, messages) = channel();
    let (started, starts) = channel();
    let listener = sender.clone();
    std::thread::spawn(move || reap(&starts, &sender));
    std::thread::spawn(move || listen(&listener));
    let mut cpu_before = 0;
    loop {
        let order = match messages.recv() {
            Ok(Message::Run(order)) => order,
            Ok(Message::Cut) | Err(_) => return ExitCode::SUCCESS,
            // Meant for what has ended meanwhile.
            Ok(_) => continue,
        };
        let (mut status, end) = match subreaper {
            Ok(()) => supervise(&order, &started, &messages),
            Err(error) => (not_started(format!("cannot become a subreaper: {error}")), None),
        };
        let cpu = descendants::cpu_of_the_dead();
        status.cpu_ms = cpu.saturating_sub(std::mem::replace(&mut cpu_before, cpu));
        let mut line = serde_json::to_string(&status).expect("a status is plain data");
        line.push('\n');
        // `graph` may be gone; then nobody wants to know.
        io::stdout().write_all(line.as_bytes()).ok();
        if end == Some(Asked::AtOnce) || status.immortal > 0 {
            return ExitCode::SUCCESS;
        }
    }
}

fn not_started(why: String) -> Status {
    Status { not_started: Some(why), ..Status::default() }
}

/// What the threads that wait tell the one that decides.
enum Message {
    /// `graph` wants a program run.
    Run(Box<Order>),
    /// A child has ended and was reaped.
    Reaped(Pid, WaitStatus),
    /// There is no child any more, so no descendant.
    Empty,
    /// `graph` asks for an end in order.
    End,
    /// `graph` is gone, or asks for an end at once.
    Cut,
}

/// Runs one program to its end, and tells how that came: of itself, or as asked for.
fn supervise(
    order: &Order,
    started: &Sender<()>,
    messages: &Receiver<Message>,
) -> (Status, Option<Asked>) {
    let main = match start(order) {
        Ok(main) => main,
        Err(why) => return (not_started(why), None),
    };
    started.send(()).expect("who reaps lives as long as who listens");
    let mut watch = Watch::new(main, order.grace);
    watch.until_empty(messages);
    let Watch { status, asked, .. } = watch;
    if (status.killed || asked.is_some()) && !order.after_kill.is_empty() {
        let call = Call::new(&order.after_kill[0]).args(&order.after_kill[1..]);
        // Its answer is of no use: what it is to end may be gone already.
        call.env(&order.env).deadline(PATIENCE).answer().ok();
    }
    (status, asked)
}

/// Starts a program; why it cannot be, in words.
fn start(order: &Order) -> Result<Pid, String> {
    let log = io::stderr().as_fd().try_clone_to_owned();
    let log = log.map_err(|error| format!("cannot use the log: {error}"))?;
    let program = Path::new(&order.argv[0]);
    // Looked up here and not by the library, which would fork where it otherwise need not.
    let found = order.env.get("PATH").and_then(|path| find_on_path(path, program));
    let mut command = Command::new(found.as_deref().unwrap_or(program));
    command.arg0(program).args(&order.argv[1..]).env_clear().envs(&order.env);
    command.current_dir(&order.dir).stdin(Stdio::null()).stdout(log).process_group(0);
    let jobserver = order.jobserver.as_ref().map(connect).transpose();
    let jobserver = jobserver.map_err(|error| format!("cannot reach the jobserver: {error}"))?;
    if let Some([take, give]) = &jobserver {
        // As make tells a make below it; make 4.3 knows no other way than numbers of descriptors.
        let auth = format!(" -j --jobserver-auth={},{}", take.as_raw_fd(), give.as_raw_fd());
        command.env("MAKEFLAGS", auth);
    }
    match command.spawn() {
        Ok(child) => Ok(Pid::from_child(&child)),
        Err(error) => Err(format!("cannot start `{}`: {error}", order.argv[0].display())),
    }
}

/// Opens what the program inherits: without `CLOEXEC`. For reading and writing, since an end of a pipe alone would make
/// us wait where nobody has the other.
fn connect(paths: &[PathBuf; 2]) -> io::Result<[OwnedFd; 2]> {
    let open = |path: &PathBuf| rustix::fs::open(path, OFlags::RDWR, Mode::empty());
    Ok([open(&paths[0])?, open(&paths[1])?])
}

/// Reaps all children from each start until there are none.
fn reap(starts: &Receiver<()>, messages: &Sender<Message>) {
    while starts.recv().is_ok() {
        loop {
            let message = match wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) => Message::Reaped(pid, status),
                Ok(None) | Err(Errno::INTR) => continue,
                Err(_) => Message::Empty,
            };
            let last = matches!(message, Message::Empty);
            if messages.send(message).is_err() {
                return;
            }
            if last {
                break;
            }
        }
    }
}

fn listen(messages: &Sender<Message>) {
    let mut stdin = io::stdin().lock();
    let mut byte = [0];
    loop {
        let message = match stdin.read(&mut byte) {
            Ok(1) if byte == [RUN] => match Order::read(&mut stdin) {
                Ok(order) => Message::Run(Box::new(order)),
                Err(_) => Message::Cut,
            },
            Ok(1) => Message::End,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => Message::Cut,
        };
        let last = matches!(message, Message::Cut);
        if messages.send(message).is_err() || last {
            return;
        }
    }
}

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
enum Asked {
    InOrder,
    /// It closed its end of the pipe, so nothing more will come.
    AtOnce,
}

/// One program being watched.
struct Watch {
    main: Pid,
    grace: Duration,
    phase: Phase,
    asked: Option<Asked>,
    sample: (Instant, Duration),
    status: Status,
}

impl Watch {
    fn new(main: Pid, grace: Duration) -> Self {
        let first = Duration::from_millis(50);
        let sample = (Instant::now() + first, first);
        Self { main, grace, phase: Phase::Running, asked: None, sample, status: Status::default() }
    }

    fn until_empty(&mut self, messages: &Receiver<Message>) {
        loop {
            let wait = self.next_deadline().saturating_duration_since(Instant::now());
            match messages.recv_timeout(wait) {
                Ok(Message::Empty) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Message::Reaped(pid, status)) if pid == self.main => {
                    self.status.code = status.exit_status();
                    self.status.signal = status.terminating_signal();
                    self.main_ended();
                }
                // `graph` gives the next order only after the answer to this one.
                Ok(Message::Reaped(..) | Message::Run(_)) => {}
                Ok(Message::End) => self.end_in_order(),
                Ok(Message::Cut) => self.cut(),
                Err(RecvTimeoutError::Timeout) => {
                    if !self.time_has_come() {
                        return;
                    }
                }
            }
        }
    }

    fn next_deadline(&self) -> Instant {
        match self.phase {
            Phase::Running => self.sample.0,
            Phase::Lingering(until) | Phase::Ending(until) => until.min(self.sample.0),
            Phase::Killing(_) => Instant::now() + ROUND,
        }
    }

    fn main_ended(&mut self) {
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
        self.kill();
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
    fn time_has_come(&mut self) -> bool {
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
