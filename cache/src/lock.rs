//! One writer at a time. Plans never ask.
//!
//! The lock is the kernel's (`flock`), so it goes with the process that holds it, however that ends; the text in the
//! file is for people only. The file stays: removing it would let two processes lock two files of one name.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Proof that this process is the only one that builds here. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Guard {
    file: File,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// The host on which that runs.
    pub host: String,
    /// When it took the lock, in milliseconds since 1970.
    pub started: i64,
    /// What it does: `graph build`.
    pub verb: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another graph");
        }
        write!(
            f,
            "`{}` (process {} on {})",
            self.verb.escape_debug(),
            self.pid,
            self.host.escape_debug()
        )
    }
}

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{0} is at work here")]
    Held(Holder),
    /// The file cannot be locked at all.
    #[error(transparent)]
    Broken(#[from] Error),
}

/// Others look whether the lock is held by taking it for a moment, so a first refusal may mean nothing.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(5);

/// Takes the lock of a state directory for `verb` at `now`, or says who has it.
pub(crate) fn try_lock(state: &Path, verb: &str, now: i64) -> Result<Guard, LockError> {
    let path = path(state);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    for attempt in 1.. {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(error) if is_held(error) && attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            Err(error) if is_held(error) => return Err(LockError::Held(holder(&mut file))),
            Err(error) => return Err(Error::io("lock", &path)(error.into()).into()),
        }
    }
    let holder = Holder {
        pid: std::process::id(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        started: now,
        verb: verb.to_owned(),
    };
    let text = serde_json::to_string(&holder).expect("a holder is plain data");
    // Who cannot write has the lock all the same; a full disk must not keep `gc` from making room.
    if let Err(error) = rewrite(&mut file, &text) {
        tracing::debug!("the lock does not name its holder: {error}");
    }
    Ok(Guard { file })
}

/// Who holds the lock now, if someone does.
pub(crate) fn held_by(state: &Path) -> Option<Holder> {
    let mut file = File::open(path(state)).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(error) if is_held(error) => Some(holder(&mut file)),
        _ => None,
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("lock")
}

fn is_held(error: rustix::io::Errno) -> bool {
    error == rustix::io::Errno::WOULDBLOCK
}

fn holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(4096).read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn rewrite(file: &mut File, text: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

impl Drop for Guard {
    fn drop(&mut self) {
        // What is written stays if this fails, and nobody believes it while the lock is free.
        let _ = rewrite(&mut self.file, "");
    }
}
