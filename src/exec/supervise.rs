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
//! (SIGTERM to all that is there, SIGKILL after the grace); end of file, or anything else, means: `graph` is gone or wants an
//! end at once (SIGKILL). On stdout comes one line of JSON for each order, a [`Status`], when no descendant is left; no line means
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
//! **Why one thread.** It waits in one place, and always for its standard input too, so there is no state in which it would
//! not see that `graph` is gone. Threads that tell each other of what they wait for have such states, and wake each other for
//! each program.
//!
//! It calls `setsid`, so that Ctrl-C of the terminal reaches `graph` alone, and so that a program that wants to ask for
//! a password has no terminal to wait at for ever.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, getpid, set_child_subreaper, setsid};
use rustix::stdio::{dup2_stdin, dup2_stdout};
use serde::{Deserialize, Serialize};

use crate::exec::descendants::CpuOfTheDead;
use crate::exec::lifeline::Lifeline;
use crate::exec::order::Order;
use crate::exec::watch::{Asked, Watch};
use crate::process::{Call, find_on_path};

/// The verb under which `main` finds this.
pub const VERB: &str = "__supervise";

/// How long what ends what no signal reaches may take.
const PATIENCE: Duration = Duration::from_secs(20);

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
    let Ok((mut lifeline, mut answers)) = set_apart() else { return ExitCode::from(3) };
    let mut cpu = CpuOfTheDead::open();
    while let Some(order) = lifeline.order() {
        let (mut status, asked) = match subreaper {
            Ok(()) => supervise(&order, &mut lifeline),
            Err(error) => (not_started(format!("cannot become a subreaper: {error}")), None),
        };
        status.cpu_ms = cpu.since_last();
        let mut line = serde_json::to_string(&status).expect("a status is plain data");
        line.push('\n');
        // `graph` may be gone; then nobody wants to know.
        answers.write_all(line.as_bytes()).ok();
        if asked == Some(Asked::AtOnce) || status.immortal > 0 {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Keeps the pipes from and to `graph` for itself, and puts in their place what programs are to inherit: nothing to read,
/// and the log to write to.
fn set_apart() -> io::Result<(Lifeline, File)> {
    let lifeline = Lifeline::new(io::stdin().as_fd().try_clone_to_owned()?);
    let answers = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr())?;
    Ok((lifeline, answers))
}

fn not_started(why: String) -> Status {
    Status { not_started: Some(why), ..Status::default() }
}

/// Runs one program to its end, and tells how that came: of itself, or as asked for.
fn supervise(order: &Order, lifeline: &mut Lifeline) -> (Status, Option<Asked>) {
    let main = match start(order) {
        Ok(main) => main,
        Err(why) => return (not_started(why), None),
    };
    let (status, asked) = Watch::of(main, order.grace).until_empty(lifeline);
    if (status.killed || asked.is_some()) && !order.after_kill.is_empty() {
        let call = Call::new(&order.after_kill[0]).args(&order.after_kill[1..]);
        // Its answer is of no use: what it is to end may be gone already.
        call.env(&order.env).deadline(PATIENCE).answer().ok();
    }
    (status, asked)
}

/// Starts a program; why it cannot be, in words.
fn start(order: &Order) -> Result<Pid, String> {
    let program = Path::new(&order.argv[0]);
    // Looked up here and not by the library, which would fork where it otherwise need not.
    let found = order.env.get("PATH").and_then(|path| find_on_path(path, program));
    let mut command = Command::new(found.as_deref().unwrap_or(program));
    command.arg0(program).args(&order.argv[1..]).env_clear().envs(&order.env);
    command.current_dir(&order.dir).process_group(0);
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
