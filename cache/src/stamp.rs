//! What the file system says of a file without reading it, and what it thinks the time is. Trusts neither.

use std::fs::Metadata;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970.
pub(crate) type Nanos = i64;

/// What changes when a file's content does, unless the change comes within one tick of the file system's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) size: u64,
    pub(crate) mtime: Nanos,
    pub(crate) ctime: Nanos,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000) + nanos;
        Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            mtime: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// As [`Stamp::of`], of what the system call itself says.
    pub(crate) fn of_raw(stat: &rustix::fs::Stat) -> Self {
        let nanos = |seconds: i64, nanos: u64| {
            seconds.saturating_mul(1_000_000_000).saturating_add_unsigned(nanos)
        };
        Self {
            dev: stat.st_dev,
            ino: stat.st_ino,
            size: stat.st_size.cast_unsigned(),
            mtime: nanos(stat.st_mtime, stat.st_mtime_nsec),
            ctime: nanos(stat.st_ctime, stat.st_ctime_nsec),
        }
    }

    /// The later of its two times. The change time alone would do where there is one: no program can set it. But
    /// some file systems in user space make it up.
    pub(crate) fn newest(&self) -> Nanos {
        self.mtime.max(self.ctime)
    }
}

/// Whether anyone may execute the file.
pub(crate) fn is_executable(metadata: &Metadata) -> bool {
    is_program(metadata.mode())
}

/// Whether anyone may execute a file of this mode.
pub(crate) fn is_program(mode: u32) -> bool {
    mode & 0o111 != 0
}

/// The time as the file system of `dir` would stamp it on a file now; the system's own clock where nothing can be
/// written. The two differ: file systems stamp with the time of the last tick, and network ones with their server's.
pub(crate) fn now_on(dir: &Path) -> Nanos {
    let probe = tempfile::Builder::new().prefix(".now-").tempfile_in(dir);
    let stamped = probe.and_then(|file| file.as_file().metadata());
    stamped.map_or_else(|_| system_now(), |metadata| Stamp::of(&metadata).mtime)
}

/// Waits until the file system's clock has left `newest` behind, so that any later change shows in a stamp.
/// False where that does not come about: then stamps must not be trusted.
pub(crate) fn wait_until_past(dir: &Path, newest: Nanos) -> bool {
    // FAT counts in steps of two seconds; anything else passes at once or after a tick of some milliseconds.
    const STEP: Duration = Duration::from_millis(1);
    const MOST: u32 = 3000;
    let Ok(probe) = tempfile::Builder::new().prefix(".now-").tempfile_in(dir) else {
        return system_now() > newest;
    };
    for _ in 0..MOST {
        // As what writes to a file is stamped, so is this.
        let written = probe.as_file().write_all_at(b".", 0);
        match written.and_then(|()| probe.as_file().metadata()) {
            Ok(metadata) if Stamp::of(&metadata).mtime > newest => return true,
            Ok(_) => std::thread::sleep(STEP),
            Err(_) => return false,
        }
    }
    false
}

/// The system's own clock.
pub(crate) fn system_now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos::try_from(since.as_nanos()).unwrap_or(Nanos::MAX)
}
