//! The pipe through which a supervisor is told what to do, and whose end tells it that `graph` is gone. Knows no process but
//! by what tells of its end.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::exec::order::{END, Order, RUN};

/// What was said while a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing; it is time to look at the program.
    Nothing,
    /// It is to end in order.
    End,
    /// Nothing more will be said: `graph` is gone, or wants an end at once.
    Cut,
}

/// The supervisor's end of the pipe.
#[derive(Debug)]
pub(super) struct Lifeline {
    pipe: BufReader<File>,
    is_cut: bool,
}

impl Lifeline {
    pub(super) fn new(pipe: OwnedFd) -> Self {
        Self { pipe: BufReader::new(pipe.into()), is_cut: false }
    }

    /// The next order. `None` when there will be none: the pipe is closed, or what came is no order.
    pub(super) fn order(&mut self) -> Option<Order> {
        while !self.is_cut {
            match self.byte() {
                Ok(RUN) => return Order::read(&mut self.pipe).ok(),
                // Meant for what has ended meanwhile.
                Ok(END) => {}
                _ => self.is_cut = true,
            }
        }
        None
    }

    /// Waits until something is said, `ended` tells of an end, or for `at_most`.
    pub(super) fn listen(&mut self, ended: Option<BorrowedFd<'_>>, at_most: Duration) -> Said {
        let told = self.pipe.buffer().is_empty().then(|| self.wait(ended, at_most));
        let said = match told {
            Some(Ok(false) | Err(Errno::INTR)) => Said::Nothing,
            Some(Err(_)) => Said::Cut,
            None | Some(Ok(true)) => match self.byte() {
                Ok(END) => Said::End,
                // The next order comes only after the answer to this one, so that it is no order either.
                _ => Said::Cut,
            },
        };
        self.is_cut |= said == Said::Cut;
        said
    }

    /// Whether there is something to read. Where that is known to be nothing any more, only the other is waited for.
    fn wait(&self, ended: Option<BorrowedFd<'_>>, at_most: Duration) -> Result<bool, Errno> {
        let pipe = (!self.is_cut).then(|| self.pipe.get_ref().as_fd());
        let wanted = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut waiting: Vec<PollFd<'_>> = pipe.into_iter().chain(ended).map(wanted).collect();
        poll(&mut waiting, Timespec::try_from(at_most).ok().as_ref())?;
        Ok(pipe.is_some() && !waiting[0].revents().is_empty())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.pipe.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}
