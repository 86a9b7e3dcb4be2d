//! Ends what this process inherits when a supervisor is killed. Knows no node; see [`crate::exec::supervise`].
//!
//! While it builds, `graph` is a subreaper: when a supervisor dies without having cleaned up (`kill -9`, the kernel's
//! out-of-memory killer), the processes below it become children of `graph`. An orphan is a child that this process
//! has not started; [`crate::process::started`] says which it has.

use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitOptions, child_subreaper, getpid, set_child_subreaper, waitpid};

use crate::exec::descendants;
use crate::process;

/// How long to try to kill what does not die.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes this process the one that inherits orphans.
///
/// # Errors
/// Where the kernel knows no subreapers (before Linux 3.4).
pub fn inherit() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Kills every orphan with all below it, and tells how many there were. Without [`inherit`] there are none.
pub fn end_all() -> usize {
    if !matches!(child_subreaper(), Ok(Some(_))) {
        return 0;
    }
    let begun = Instant::now();
    let mut killed = 0;
    loop {
        let orphans = orphans();
        let mut left = false;
        for orphan in &orphans {
            for below in descendants::below(orphan.pid) {
                killed += usize::from(descendants::signal(&below, Signal::KILL));
            }
            killed += usize::from(descendants::signal(orphan, Signal::KILL));
            left |= !matches!(waitpid(Some(orphan.pid), WaitOptions::NOHANG), Ok(Some(_)));
        }
        // What was below an orphan is an orphan itself by the next round.
        if orphans.is_empty() || (left && begun.elapsed() > PATIENCE) {
            return killed;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn orphans() -> Vec<descendants::Process> {
    let started = process::started();
    let mut children = descendants::children(getpid());
    children.retain(|child| {
        u32::try_from(child.pid.as_raw_nonzero().get()).is_ok_and(|pid| !started.contains(&pid))
    });
    children
}
