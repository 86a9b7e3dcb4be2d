//! The two pipes between the jobserver and one make. Decides nothing.
//!
//! The supervisor of the make opens them by paths below `/proc`, so that they are open in no other process that is
//! started meanwhile, and leave no file behind when everybody is killed.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::io::{ioctl_fionread, read, write};
use rustix::pipe::{PipeFlags, pipe_with};

/// What make writes when it gives a slot back, whatever byte it has read.
const TOKEN: &[u8] = b"+";

/// Both ends of both pipes: what is open here never looks closed to the other side.
#[derive(Debug)]
pub(super) struct Pipes {
    take: (OwnedFd, OwnedFd),
    give: (OwnedFd, OwnedFd),
}

impl Pipes {
    pub(super) fn new() -> io::Result<Self> {
        let flags = PipeFlags::CLOEXEC | PipeFlags::NONBLOCK;
        Ok(Self { take: pipe_with(flags)?, give: pipe_with(flags)? })
    }

    /// Where another process of this user opens them: what make takes from, and what it gives back to.
    pub(super) fn paths(&self) -> [PathBuf; 2] {
        let path = |end: &OwnedFd| {
            PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), end.as_raw_fd()))
        };
        [path(&self.take.0), path(&self.give.1)]
    }

    /// Puts a token where make finds it; `false` if there is no room.
    pub(super) fn offer(&self) -> bool {
        write(&self.take.1, TOKEN).is_ok()
    }

    /// Takes back a token that make has not taken; `false` if there is none.
    pub(super) fn withdraw(&self) -> bool {
        read(&self.take.0, &mut [0; 1]).is_ok_and(|count| count == 1)
    }

    /// How many tokens make has not taken.
    pub(super) fn unread(&self) -> usize {
        let unread = ioctl_fionread(&self.take.0).unwrap_or(0);
        usize::try_from(unread).unwrap_or(0)
    }

    /// How many tokens were given back since the last time.
    pub(super) fn given_back(&self) -> usize {
        let mut buffer = [0; 512];
        let mut total = 0;
        while let Ok(count @ 1..) = read(&self.give.0, &mut buffer) {
            total += count;
        }
        total
    }

    /// Readable when a token was given back.
    pub(super) fn returns(&self) -> BorrowedFd<'_> {
        self.give.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::{Read, Write};

    use super::Pipes;

    #[test]
    fn a_token_goes_out_and_comes_back() {
        let pipes = Pipes::new().expect("pipes");
        assert!(pipes.offer() && pipes.offer());
        assert_eq!((pipes.unread(), pipes.given_back()), (2, 0));
        let open = |path| OpenOptions::new().read(true).write(true).open(path).expect("an end");
        let [mut take, mut give] = pipes.paths().map(open);
        take.read_exact(&mut [0]).expect("a token");
        assert_eq!(pipes.unread(), 1);
        assert!(pipes.withdraw() && !pipes.withdraw());
        give.write_all(b"+").expect("room");
        assert_eq!((pipes.given_back(), pipes.given_back()), (1, 0));
    }
}
