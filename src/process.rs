//! The one door to other programs that answer at once: argv in, output out, with a deadline. Builds are in `exec`.
//!
//! No shell, no inherited environment, nothing on standard input but what is given, a process group of its own that is killed when the
//! deadline passes or the answer grows beyond its bound. Knows no program in particular.
//!
//! It also keeps the list of the processes that this one has started ([`started`]): `exec` needs it to tell a child of
//! ours from an orphan that the kernel gave to us.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, fcntl_setfl, memfd_create};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// How often, and after which pauses, a program is tried that is busy.
const BUSY_TRIES: u32 = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// How long a program may take unless the caller says otherwise.
const DEADLINE: Duration = Duration::from_secs(60);

/// How much it may write unless the caller says otherwise.
const LIMIT: usize = 64 << 20;

/// How much of standard error is kept: its end, where the reason stands.
const STDERR_KEPT: usize = 8 << 10;

/// How often to look for the end of a program where the kernel cannot tell us (no pidfd before Linux 5.3).
const TICK: Duration = Duration::from_millis(10);

/// One program to run.
#[derive(Debug, Clone)]
pub struct Call {
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    env: Vec<(OsString, OsString)>,
    input: Vec<u8>,
    deadline: Duration,
    limit: usize,
}

/// What a program answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Everything it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("`{program}` {what}")]
pub struct Error {
    /// The program, as it was called.
    pub program: String,
    /// What went wrong.
    pub what: What,
}

/// What went wrong with a program.
#[derive(Debug, thiserror::Error)]
pub enum What {
    /// There is no such program.
    #[error("was not found")]
    NotFound,
    /// It did not end in time and was killed.
    #[error("did not answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// It wrote more than it may and was killed.
    #[error("wrote more than {0} bytes")]
    TooMuch(usize),
    /// It ended badly.
    #[error("failed with {}{}{}", in_words(*status), if stderr.is_empty() { "" } else { ": " }, stderr.trim())]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The end of its standard error; untrusted text.
        stderr: String,
    },
    /// It could not be started or listened to.
    #[error("could not be run: {0}")]
    Io(#[from] io::Error),
}

impl Call {
    /// A program, by path or by name; a name is looked up in the `PATH` of the environment that it is given.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            dir: None,
            env: Vec::new(),
            input: Vec::new(),
            deadline: DEADLINE,
            limit: LIMIT,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// The directory to run in.
    #[must_use]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Adds variables to the environment, which holds nothing else.
    #[must_use]
    pub fn env<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let owned = |(name, value): (K, V)| (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.env.extend(variables.into_iter().map(owned));
        self
    }

    /// What it reads from standard input; nothing unless this is said.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// How long it may take.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many bytes it may write to standard output.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Runs it and waits for its answer.
    ///
    /// # Errors
    /// When it is not there, fails, writes too much or takes too long; in the last two cases its group is killed.
    pub fn answer(&self) -> Result<Answer, Error> {
        let (answer, status) = self.outcome()?;
        if status.success() {
            return Ok(answer);
        }
        let stderr = String::from_utf8_lossy(&answer.stderr).into_owned();
        Err(self.error(What::Failed { status, stderr }))
    }

    /// As [`Call::answer`], for programs whose exit status is an answer too.
    ///
    /// # Errors
    /// A program that was just written is busy while some process still has it open for writing; one that was forked in
    /// that very moment has, until it becomes what it was forked for.
    fn spawn(&self) -> io::Result<Child> {
        for _ in 0..BUSY_TRIES {
            match self.command()?.spawn() {
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(BUSY_PAUSE);
                }
                spawned => return spawned,
            }
        }
        self.command()?.spawn()
    }

    /// As [`Call::answer`], but never [`What::Failed`].
    pub fn outcome(&self) -> Result<(Answer, ExitStatus), Error> {
        let begun = Instant::now();
        // No more of the arguments than the verb: a URL among them may hold a password.
        let _span = tracing::debug_span!("run", program = ?self.program, verb = ?self.args.first())
            .entered();
        let (mut child, noted) = start(|| self.spawn(), Child::id).map_err(|error| {
            // A directory that is not there gives the same error as a program that is not there.
            let dir_is_there = self.dir.as_ref().is_none_or(|dir| dir.is_dir());
            match error.kind() {
                io::ErrorKind::NotFound if dir_is_there => self.error(What::NotFound),
                _ => self.error(What::Io(error)),
            }
        })?;
        let heard = self.listen(&mut child, begun);
        if heard.is_err() {
            kill_group(&child);
        }
        let status = child.wait();
        drop(noted);
        let answer = heard.map_err(|what| self.error(what))?;
        Ok((answer, status.map_err(|error| self.error(What::Io(error)))?))
    }

    /// A name is looked up here and not in the child: the library then starts the program without a copy of our
    /// page tables, which costs more than git needs for a small answer.
    fn path(&self) -> OsString {
        let is_path = |(name, _): &&(OsString, OsString)| name == "PATH";
        let found = self
            .env
            .iter()
            .rfind(is_path)
            .and_then(|(_, path)| find_on_path(path, self.program.as_ref()));
        found.map_or_else(|| self.program.clone(), PathBuf::into_os_string)
    }

    fn command(&self) -> io::Result<Command> {
        let mut command = Command::new(self.path());
        command
            .arg0(&self.program)
            .args(&self.args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(self.stdin()?).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        Ok(command)
    }

    /// A file in memory, so that nobody has to write while the program's answer is read.
    fn stdin(&self) -> io::Result<Stdio> {
        if self.input.is_empty() {
            return Ok(Stdio::null());
        }
        let mut file = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
        file.write_all(&self.input)?;
        file.rewind()?;
        Ok(file.into())
    }

    /// Reads until the program ends. Not until the pipes close: `git` can leave an `ssh` master or a `gc` behind that
    /// holds them open for minutes.
    fn listen(&self, child: &mut Child, begun: Instant) -> Result<Answer, What> {
        let mut stdout = child.stdout.take().map(OwnedFd::from);
        let mut stderr = child.stderr.take().map(OwnedFd::from);
        for pipe in [&stdout, &stderr].into_iter().flatten() {
            fcntl_setfl(pipe, OFlags::NONBLOCK).map_err(io::Error::from)?;
        }
        let end = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok();
        let mut answer = Answer::default();
        loop {
            let over = child.try_wait()?.is_some();
            drain(&mut stdout, &mut answer.stdout, self.limit)?;
            drain(&mut stderr, &mut answer.stderr, usize::MAX)?;
            let superfluous = answer.stderr.len().saturating_sub(STDERR_KEPT);
            answer.stderr.drain(..superfluous);
            if over {
                return Ok(answer);
            }
            let left = self.deadline.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(What::TimedOut(self.deadline));
            }
            let wait = if end.is_some() { left } else { left.min(TICK) };
            await_any([&stdout, &stderr, &end], wait)?;
        }
    }

    fn error(&self, what: What) -> Error {
        Error { program: self.program.to_string_lossy().into_owned(), what }
    }
}

/// The first program of a name in the directories of a `PATH`. Those that are not absolute are passed over: they would
/// mean another program in every directory. `None` also for what is a path itself.
#[must_use]
pub fn find_on_path(path: &OsStr, name: &Path) -> Option<PathBuf> {
    if name.components().count() != 1 {
        return None;
    }
    let dirs = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    dirs.map(|dir| dir.join(name)).find(|path| is_program(path))
}

/// Whether a path is a file that somebody may execute.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Waits until one of the descriptors has something to say, or for `at_most`.
fn await_any(of: [&Option<OwnedFd>; 3], at_most: Duration) -> io::Result<()> {
    let mut waiting: Vec<PollFd<'_>> = of
        .into_iter()
        .flatten()
        .map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN))
        .collect();
    let timeout = Timespec::try_from(at_most).ok();
    match poll(&mut waiting, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes what is there, but no more than a pipe can hold, so that one that writes without end does not keep us here;
/// forgets the pipe when it is closed.
fn drain(pipe: &mut Option<OwnedFd>, into: &mut Vec<u8>, limit: usize) -> Result<(), What> {
    let Some(fd) = pipe else { return Ok(()) };
    let mut reader = File::from(fd.try_clone()?);
    let mut chunk = [0; 16 << 10];
    for _ in 0..64 {
        match reader.read(&mut chunk) {
            Ok(0) => {
                *pipe = None;
                return Ok(());
            }
            Ok(count) => into.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        if into.len() > limit {
            return Err(What::TooMuch(limit));
        }
    }
    Ok(())
}

fn kill_group(child: &Child) {
    // It may have ended by itself just now; then there is nothing to kill and nothing is wrong.
    kill_process_group(Pid::from_child(child), Signal::KILL).ok();
}

/// The processes that this one has started and not yet waited for.
static STARTED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// The processes that this one has started and not yet waited for. While the guard is held, none is started: a child
/// that is seen in `/proc` and not in this list was not started by us.
pub fn started() -> MutexGuard<'static, BTreeSet<u32>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program and takes note of it until [`Noted`] is dropped, which must be after it was waited for.
///
/// # Errors
/// Those of `start`.
pub fn start<C>(
    start: impl FnOnce() -> io::Result<C>,
    pid: impl FnOnce(&C) -> u32,
) -> io::Result<(C, Noted)> {
    let mut started = started();
    let child = start()?;
    let pid = pid(&child);
    started.insert(pid);
    Ok((child, Noted(pid)))
}

/// A process in the list of those that [`started`] gives.
#[derive(Debug)]
pub struct Noted(u32);

impl Drop for Noted {
    fn drop(&mut self) {
        started().remove(&self.0);
    }
}

/// How a process ended, in words: `exit status 1`, `signal 9`.
#[must_use]
pub fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}
