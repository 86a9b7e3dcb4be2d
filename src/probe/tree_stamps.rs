//! What the file system says of many files without reading them, in one digest. Knows no git and no pattern.
//!
//! Directories count too: one whose times are as they were has had no name added, removed or renamed. That holds on
//! file systems of this host, so that others have no stamps.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use graph::digest::{Digest, Fields};
use rayon::prelude::*;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat, statfs};

/// A file this young can change again without a trace in its times (see the memo of file digests).
const WINDOW: Duration = Duration::from_secs(2);

/// How many directories one thread looks at before it looks for more.
const AT_A_TIME: usize = 64;

/// What `statfs` calls file systems that keep the times of directories by the clock of this host: ext4, XFS, btrfs, tmpfs,
/// overlayfs, F2FS, ZFS, bcachefs.
const OF_THIS_HOST: [i64; 8] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0x0102_1994,
    0x794c_7630,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0xca45_1a4e,
];

/// A directory, relative and ended by a slash or empty, and names in it.
pub(super) type Names<'a> = (&'a str, Vec<&'a str>);

/// What was said of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamps {
    /// All of it, in order.
    pub(super) digest: Digest,
    /// The newest time, in nanoseconds since 1970.
    newest: i128,
}

impl Stamps {
    /// Looks at directories below one, at names in them, and at other files. `None` where that says nothing.
    pub(super) fn of(root: &Path, dirs: &[Names<'_>], others: &[PathBuf]) -> Option<Self> {
        let kind = statfs(root).ok()?.f_type;
        #[allow(clippy::useless_conversion, reason = "the type is another one on other hosts")]
        if !OF_THIS_HOST.contains(&i64::from(kind)) {
            return None;
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = rustix::fs::open(root, flags, Mode::empty()).ok()?;
        let device = fstat(&top).ok()?.st_dev;
        let some = |some: &[Names<'_>]| {
            let mut seen = Seen::default();
            for (dir, names) in some {
                let opened;
                let dir = match *dir {
                    "" => &top,
                    dir => {
                        opened = openat(&top, dir, flags | OFlags::NOFOLLOW, Mode::empty()).ok()?;
                        &opened
                    }
                };
                let stat = fstat(dir).ok().filter(|stat| stat.st_dev == device)?;
                seen.add_dir(&stat);
                for name in names {
                    seen.add(&statat(dir, *name, AtFlags::SYMLINK_NOFOLLOW).ok()?);
                }
            }
            Some((Digest::of(&seen.bytes), seen.newest))
        };
        let parts: Option<Vec<(Digest, i128)>> = dirs.par_chunks(AT_A_TIME).map(some).collect();
        let mut fields = Fields::of("graph tree stamps v1");
        let mut newest = 0;
        for (digest, time) in parts? {
            fields.add(digest.as_bytes());
            newest = newest.max(time);
        }
        for path in others {
            fields.add(path.as_os_str().as_bytes());
            match rustix::fs::stat(path) {
                Ok(stat) => {
                    let mut seen = Seen::default();
                    seen.add(&stat);
                    fields.add(&seen.bytes);
                    newest = newest.max(seen.newest);
                }
                Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => fields.add(b""),
                Err(_) => return None,
            }
        }
        Some(Self { digest: fields.finish(), newest })
    }

    /// Whether nothing of it can have changed since a time without another stamp.
    pub(super) fn are_older_than(&self, time: SystemTime) -> bool {
        let settled = time.checked_sub(WINDOW).and_then(|it| it.duration_since(UNIX_EPOCH).ok());
        settled.and_then(|it| i128::try_from(it.as_nanos()).ok()).is_some_and(|it| self.newest < it)
    }
}

/// Stamps as they are gathered.
#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    newest: i128,
}

impl Seen {
    /// A directory is as long as its names are, which its times cover.
    fn add_dir(&mut self, stat: &Stat) {
        self.add_times(stat);
        self.bytes.extend_from_slice(&stat.st_dev.to_le_bytes());
    }

    /// Links and what is no file are told apart by their kind; anything else of the mode changes a time.
    fn add(&mut self, stat: &Stat) {
        self.add_times(stat);
        self.bytes.extend_from_slice(&stat.st_dev.to_le_bytes());
        self.bytes.extend_from_slice(&stat.st_size.to_le_bytes());
        let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        self.bytes.push(u8::from(is_dir));
    }

    fn add_times(&mut self, stat: &Stat) {
        self.bytes.extend_from_slice(&stat.st_ino.to_le_bytes());
        let times = [(stat.st_mtime, stat.st_mtime_nsec), (stat.st_ctime, stat.st_ctime_nsec)];
        for (seconds, nanos) in times {
            self.bytes.extend_from_slice(&seconds.to_le_bytes());
            self.bytes.extend_from_slice(&nanos.to_le_bytes());
            self.newest =
                self.newest.max(i128::from(seconds) * 1_000_000_000 + i128::from(nanos));
        }
    }
}
