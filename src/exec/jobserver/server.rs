//! The thread that keeps the ledger, and the seats in it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{read, write};
use tokio::sync::oneshot;

use super::ledger::Ledger;
use super::pipes::Pipes;

/// Lends tokens to makes.
#[derive(Debug)]
pub struct Jobserver {
    shared: Arc<Shared>,
}

/// The right to run one make with all below it. Dropped, everything that the make was lent is free again; so it must
/// be dropped only when nothing of the make is left.
#[derive(Debug)]
pub struct Seat {
    shared: Arc<Shared>,
    id: u64,
    paths: [PathBuf; 2],
}

#[derive(Debug)]
struct Shared {
    /// `None` when all is over.
    ledger: Mutex<Option<Ledger>>,
    /// Readable when the ledger was changed.
    changed: OwnedFd,
}

impl Jobserver {
    /// One with so many tokens, at least one.
    ///
    /// # Errors
    /// When the system gives no thread or no descriptor.
    pub fn new(tokens: usize) -> io::Result<Self> {
        let changed = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let ledger = Mutex::new(Some(Ledger::new(tokens.max(1))));
        let shared = Arc::new(Shared { ledger, changed });
        let served = shared.clone();
        std::thread::Builder::new().name("jobserver".to_owned()).spawn(move || served.serve())?;
        Ok(Self { shared })
    }

    /// Waits for a token and takes a seat for it. A wait that is given up costs nothing.
    ///
    /// # Errors
    /// When the system gives no pipes.
    pub async fn seat(&self) -> io::Result<Seat> {
        let pipes = Arc::new(Pipes::new()?);
        let paths = pipes.paths();
        let (sender, granted) = oneshot::channel();
        let id = self.shared.with(|ledger| ledger.queue(pipes, sender));
        let over = || io::Error::other("the jobserver has ended");
        let seat = Seat { shared: self.shared.clone(), id: id.ok_or_else(over)?, paths };
        granted.await.map_err(|_| over())?;
        Ok(seat)
    }
}

impl Drop for Jobserver {
    fn drop(&mut self) {
        *self.shared.ledger() = None;
        self.shared.tell();
    }
}

impl Seat {
    /// The pipes, by paths that a process of this user can open for both reading and writing: what make takes from, and
    /// what it gives back to.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf; 2] {
        &self.paths
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.with(|ledger| ledger.end(self.id));
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Option<Ledger>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> Option<T> {
        let result = self.ledger().as_mut().map(change);
        self.tell();
        result
    }

    fn tell(&self) {
        // It fails only when so much was told already that the counter is full.
        write(&self.changed, &1_u64.to_ne_bytes()).ok();
    }

    fn serve(&self) {
        loop {
            let (pipes, patience) = {
                let mut ledger = self.ledger();
                let Some(ledger) = ledger.as_mut() else { return };
                ledger.settle(Instant::now());
                (ledger.pipes(), ledger.patience())
            };
            let given = pipes.iter().map(|pipes| pipes.returns());
            let mut waiting: Vec<PollFd<'_>> = given
                .chain([self.changed.as_fd()])
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
                .collect();
            let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
            // What interrupts it is as good a reason to look as any.
            poll(&mut waiting, timeout.as_ref()).ok();
            read(&self.changed, &mut [0; 8]).ok();
        }
    }
}
