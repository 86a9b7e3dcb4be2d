//! What the file system says of many files without reading them, in one digest. Knows no git and no pattern.
//!
//! Directories count too: one whose times are as they were has had no name added, removed or renamed. That holds on
//! file systems of this host, so that others have no stamps.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
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

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// What git reads in a directory to know which files it ignores.
pub(super) const IGNORE: &str = ".gitignore";

/// The same where it is itself ignored, and no part of the tree: no name is written like this.
pub(super) const IGNORED_LIST: &str = "//.gitignore";

/// A directory, relative and ended by a slash or empty, and names in it.
pub(super) type Names<'a> = (&'a str, Vec<&'a str>);

/// What was said of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps {
    /// All of it, in order.
    pub(super) digest: Digest,
    /// What of it decides which files there are: directories and what git reads in them, some at a time.
    pub(super) lists: Vec<Digest>,
    /// The newest time, in nanoseconds since 1970.
    newest: i128,
}

impl Stamps {
    /// Looks at directories below one, and at names in them. Gives up where that says nothing, and as soon as it is clear
    /// that other files are there than there were by `lists`.
    pub(super) fn of(root: &Path, dirs: &[Names<'_>], lists: Option<&[Digest]>) -> Option<Self> {
        if !is_of_this_host(root) {
            return None;
        }
        let top = rustix::fs::open(root, DIRECTORY, Mode::empty()).ok()?;
        let device = fstat(&top).ok()?.st_dev;
        let is_over = AtomicBool::new(false);
        let some = |(at, some): (usize, &[Names<'_>])| {
            let (mut all, mut list) = (Seen::default(), Seen::default());
            for (dir, names) in some {
                if is_over.load(Ordering::Relaxed) {
                    return None;
                }
                let opened;
                let dir = match *dir {
                    "" => &top,
                    dir => {
                        let flags = DIRECTORY | OFlags::NOFOLLOW;
                        opened = openat(&top, dir, flags, Mode::empty()).ok()?;
                        &opened
                    }
                };
                list.add(&fstat(dir).ok().filter(|stat| stat.st_dev == device)?);
                for name in names {
                    let (name, seen) = match *name {
                        IGNORED_LIST | IGNORE => (IGNORE, &mut list),
                        name => (name, &mut all),
                    };
                    seen.add(&statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).ok()?);
                }
            }
            let listed = Digest::of(&list.bytes);
            if lists.is_some_and(|lists| lists.get(at) != Some(&listed)) {
                is_over.store(true, Ordering::Relaxed);
                return None;
            }
            Some((Digest::of(&all.bytes), listed, all.newest.max(list.newest)))
        };
        let parts: Option<Vec<(Digest, Digest, i128)>> =
            dirs.par_chunks(AT_A_TIME).enumerate().map(some).collect();
        let mut fields = Fields::of("graph tree stamps v1");
        let (mut lists, mut newest) = (Vec::new(), 0);
        for (digest, listed, time) in parts? {
            fields.add(digest.as_bytes());
            fields.add(listed.as_bytes());
            lists.push(listed);
            newest = newest.max(time);
        }
        Some(Self { digest: fields.finish(), lists, newest })
    }

    /// Looks at files anywhere; one that is not there says so.
    pub(super) fn of_files(paths: &[PathBuf]) -> Option<Self> {
        let mut fields = Fields::of("graph file stamps v1");
        let mut newest = 0;
        for path in paths {
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
        Some(Self { digest: fields.finish(), lists: Vec::new(), newest })
    }

    /// Whether nothing of it can have changed since a time without another stamp.
    pub(super) fn are_older_than(&self, time: SystemTime) -> bool {
        is_older(self.newest, time)
    }
}

/// Whether a directory is so new that it may change without a trace.
pub(super) fn is_unsettled(dir: &Path, time: SystemTime) -> bool {
    rustix::fs::stat(dir).map_or(true, |stat| {
        let mut seen = Seen::default();
        seen.add(&stat);
        !is_older(seen.newest, time)
    })
}

fn is_older(newest: i128, time: SystemTime) -> bool {
    let settled = time.checked_sub(WINDOW).and_then(|it| it.duration_since(UNIX_EPOCH).ok());
    settled.and_then(|it| i128::try_from(it.as_nanos()).ok()).is_some_and(|it| newest < it)
}

fn is_of_this_host(dir: &Path) -> bool {
    #[allow(clippy::useless_conversion, reason = "the type is another one on other hosts")]
    statfs(dir).is_ok_and(|it| OF_THIS_HOST.contains(&i64::from(it.f_type)))
}

/// Stamps as they are gathered.
#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    newest: i128,
}

impl Seen {
    /// What is no file is told apart by its kind; anything else of the mode changes a time. A directory is as long as its
    /// names are, which its times cover.
    fn add(&mut self, stat: &Stat) {
        let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        let size = if is_dir { -1 } else { stat.st_size };
        for number in [stat.st_dev, stat.st_ino] {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        self.bytes.extend_from_slice(&size.to_le_bytes());
        let times = [(stat.st_mtime, stat.st_mtime_nsec), (stat.st_ctime, stat.st_ctime_nsec)];
        for (seconds, nanos) in times {
            self.bytes.extend_from_slice(&seconds.to_le_bytes());
            self.bytes.extend_from_slice(&nanos.to_le_bytes());
            self.newest = self.newest.max(i128::from(seconds) * 1_000_000_000 + i128::from(nanos));
        }
    }
}
