//! Finds and signals the processes below one. Reads `/proc` only; knows no supervisor and no node.
//!
//! Found by parent, not by group or session: the `bitbake` server calls `setsid`, and a daemon forks twice. A
//! process whose parent has died hangs below the nearest subreaper above it, so as long as that one lives, all
//! processes that were ever started below it are found below it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// One process as `/proc` showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: Pid,
    /// Its parent's id.
    parent: i32,
    /// When it started, in clock ticks after boot: with the id, this names a process for ever.
    started: u64,
    /// Resident memory in pages.
    resident: u64,
    /// Whether it has ended and only waits to be reaped.
    zombie: bool,
}

/// The living processes below one, not the one itself.
#[must_use]
pub fn below(ancestor: Pid) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in all() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut open = vec![ancestor.as_raw_nonzero().get()];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            open.push(child.pid.as_raw_nonzero().get());
            found.push(child);
        }
    }
    found.retain(|process| !process.zombie);
    found
}

/// The children of one, zombies included.
#[must_use]
pub fn children(parent: Pid) -> Vec<Process> {
    all().filter(|process| process.parent == parent.as_raw_nonzero().get()).collect()
}

/// The resident memory of these together, in bytes. Pages that they share count for each of them.
#[must_use]
pub fn memory(of: &[Process]) -> u64 {
    let pages: u64 = of.iter().map(|process| process.resident).sum();
    pages.saturating_mul(u64::try_from(rustix::param::page_size()).unwrap_or(4096))
}

/// Sends a signal, unless the process is gone and its id is now another's. Tells whether it was sent.
#[must_use]
pub fn signal(process: &Process, signal: Signal) -> bool {
    let sent = match pidfd_open(process.pid, PidfdFlags::empty()) {
        Ok(handle) => {
            // The handle was taken after the scan: what it names is what was seen only if the start times agree.
            let still = read(process.pid.as_raw_nonzero().get());
            match still.is_some_and(|now| now.started == process.started) {
                true => pidfd_send_signal(handle, signal),
                false => Err(Errno::SRCH),
            }
        }
        Err(Errno::NOSYS) => kill_process(process.pid, signal),
        Err(error) => Err(error),
    };
    sent.is_ok()
}

fn all() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(read)
}

fn read(pid: i32) -> Option<Process> {
    parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// What number the first of [`fields`] has in `man 5 proc_pid_stat`: it is the state.
const FIRST: usize = 3;

/// The fields of a line of `/proc/PID/stat` from the state on. The name of the program is in parentheses and can hold any
/// character, a parenthesis too; what follows the last one can be relied on.
fn fields(stat: &[u8]) -> Option<Vec<&str>> {
    let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    Some(std::str::from_utf8(&stat[after_name..]).ok()?.split_ascii_whitespace().collect())
}

fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    let fields = fields(stat)?;
    let field = |number: usize| fields.get(number - FIRST).copied();
    Some(Process {
        pid: Pid::from_raw(pid)?,
        parent: field(4)?.parse().ok()?,
        started: field(22)?.parse().ok()?,
        resident: field(24)?.parse().unwrap_or(0),
        zombie: matches!(field(3)?, "Z" | "X"),
    })
}

/// The processor time of all children of this process that were waited for, and of theirs.
#[derive(Debug)]
pub struct CpuOfTheDead {
    /// Kept open: each look at it is one call.
    stat: Option<File>,
    last: u64,
}

impl CpuOfTheDead {
    /// From now on.
    #[must_use]
    pub fn open() -> Self {
        let mut cpu = Self { stat: File::open("/proc/self/stat").ok(), last: 0 };
        cpu.since_last();
        cpu
    }

    /// In milliseconds, since it was last asked. Nothing where it cannot be told.
    pub fn since_last(&mut self) -> u64 {
        let mut line = [0; 1024];
        let read = self.stat.as_ref().and_then(|stat| stat.read_at(&mut line, 0).ok());
        let now = cpu_of_children(&line[..read.unwrap_or(0)]).unwrap_or(self.last);
        now.saturating_sub(std::mem::replace(&mut self.last, now))
    }
}

fn cpu_of_children(stat: &[u8]) -> Option<u64> {
    let fields = fields(stat)?;
    let ticks = |number: usize| fields.get(number - FIRST)?.parse::<u64>().ok();
    let ticks = ticks(16)?.saturating_add(ticks(17)?);
    Some(ticks.saturating_mul(1000) / rustix::param::clock_ticks_per_second().max(1))
}

#[cfg(test)]
mod tests {
    use super::{cpu_of_children, parse};

    #[test]
    fn a_hostile_name_does_not_shift_the_fields() {
        let line = b"7 (a) R 1 (b\n) S 42 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 1000 250 18446744073709551615";
        let process = parse(7, line).expect("a process");
        assert_eq!((process.parent, process.started, process.resident), (42, 9876, 250));
        assert!(!process.zombie);
        let ticks = rustix::param::clock_ticks_per_second();
        assert_eq!(cpu_of_children(line), Some((7 + 8) * 1000 / ticks));
        assert_eq!(parse(7, b"7 (cut"), None);
    }
}
