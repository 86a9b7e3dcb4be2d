//! The supervisors of a run. Each is given one program at a time; one whose program ended well and left nothing is given
//! the next, since to start a supervisor costs more than many a step. Knows no log and no limit.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::exec::order::Order;
use crate::exec::supervise::VERB;
use crate::process::{self, Noted};

/// Starts supervisors, and keeps those that have nothing to do.
#[derive(Debug)]
pub struct Supervisors {
    /// The program that has the verb [`VERB`].
    program: PathBuf,
    idle: Mutex<Vec<Supervisor>>,
}

/// One supervisor.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) child: Child,
    /// What keeps its program alive, and the way to tell it. Closed, it means: kill.
    pub(super) lifeline: Option<ChildStdin>,
    /// Where it tells of the end of a program.
    pub(super) answers: BufReader<ChildStdout>,
    /// What its program writes.
    pub(super) output: ChildStderr,
    /// What of that was read last.
    pub(super) buffer: Box<[u8]>,
    /// Declared last, so that it goes last.
    _noted: Noted,
}

/// How much of a program's output is read at a time: what a pipe holds.
const PIPE: usize = 64 << 10;

impl Supervisors {
    /// None yet, of a program that has the verb [`VERB`].
    #[must_use]
    pub fn of(program: PathBuf) -> Self {
        Self { program, idle: Mutex::default() }
    }

    /// Has a program run.
    ///
    /// # Errors
    /// When no supervisor can be started.
    pub(super) async fn start(&self, order: &Order) -> io::Result<Supervisor> {
        let order = order.encode();
        loop {
            let idle = self.idle().pop();
            let is_new = idle.is_none();
            let mut supervisor = match idle {
                Some(idle) => idle,
                None => self.spawn()?,
            };
            let lifeline = supervisor.lifeline.as_mut().expect("it is closed for good only");
            // One that is idle may have been killed; a new one that is, is found out when no answer comes.
            if lifeline.write_all(&order).await.is_ok() || is_new {
                return Ok(supervisor);
            }
            supervisor.end().await?;
        }
    }

    /// Keeps one whose program ended well and left nothing.
    pub(super) fn keep(&self, supervisor: Supervisor) {
        self.idle().push(supervisor);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Supervisor>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> io::Result<Supervisor> {
        let mut command = Command::new(&self.program);
        // What `ps` shows; the path may be `/proc/self/exe`.
        command.arg0("graph").arg(VERB).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let pid = |child: &Child| child.id().expect("it was not waited for yet");
        let (mut child, noted) = process::start(|| command.spawn(), pid)?;
        Ok(Supervisor {
            lifeline: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().expect("it was piped")),
            output: child.stderr.take().expect("it was piped"),
            buffer: vec![0; PIPE].into(),
            child,
            _noted: noted,
        })
    }
}

impl Supervisor {
    /// The line that tells of the end of the program; what there is of it, if the supervisor was killed.
    pub(super) async fn answer(answers: &mut BufReader<ChildStdout>) -> Vec<u8> {
        let mut line = Vec::new();
        answers.read_until(b'\n', &mut line).await.ok();
        line
    }

    /// Takes what is left of the program's output. When all that could write to it is gone, that is all there will be; it is read
    /// past tokio, which learns of new bytes later than of the answer.
    pub(super) fn drain(&mut self, mut take: impl FnMut(&[u8])) {
        loop {
            match rustix::io::read(self.output.as_fd(), &mut *self.buffer) {
                Ok(0) => return,
                Ok(count) => take(&self.buffer[..count]),
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Lets it go, and waits for its end. If its program still runs, that is killed.
    pub(super) async fn end(mut self) -> io::Result<()> {
        self.lifeline = None;
        self.child.wait().await.map(drop)
    }
}
