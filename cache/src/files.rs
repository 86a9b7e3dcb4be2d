//! Digests of files, read again only where something may have changed. Knows no tree and no pattern.
//!
//! A digest is remembered under device, inode, size, modification time and change time. All five can be the same for
//! other content in one case: the file changed again within the same tick of the file system's clock, in which it had
//! been read already (git calls such an entry *racy*). So a digest is remembered only if the file's times are at
//! least [`WINDOW`] older than the file system's own idea of now, taken before the file was read. Whatever is written
//! after the reading then gets a later time. A file from the future is never remembered.
//!
//! The window is two seconds because that is the coarsest clock in use (FAT; one second for ext3 and NFS 2), and because
//! it is cheap: who plans within two seconds of an edit reads that one file again.
//!
//! Files are never mapped into memory: one that is cut short meanwhile would kill the process with SIGBUS. What no such
//! scheme can see, git's neither: writes through a mapping that was made before the reading, as long as the
//! kernel has not written the page back.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use graph::digest::{Digest, Fields};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rusqlite::Connection;

use crate::copy;
use crate::db::Database;
use crate::error::Fault;
use crate::intern::digest;
use crate::stamp::{Nanos, Stamp, is_executable, now_on, system_now};

/// How much older than now a file must be for its digest to be remembered.
const WINDOW: Nanos = 2_000_000_000;

/// How often a file is read again that changes while it is read.
const ATTEMPTS: usize = 3;

/// Below this many files, one thread is quicker than waking others.
const WORTH_SHARING: usize = 64;

/// What was found at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file, or a symbolic link that was not followed.
    Known {
        /// Of a file's content as `b3sum` prints it; of a link's target, never equal to that of any file.
        digest: Digest,
        /// Whether it may be executed; false for a link.
        executable: bool,
    },
    /// There is nothing.
    Missing,
    /// There is something, but not what could be read, and why.
    Unreadable(String),
}

/// What is meant by a path that is a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// The link itself: its content is the text of its target.
    AsLinks,
    /// What it points to.
    Followed,
}

/// Finds the content of each path, in the order of `paths`. What had to be read is remembered, where that can be.
pub(crate) fn contents<P: AsRef<Path> + Sync>(
    db: &Database,
    state: &Path,
    paths: &[P],
    links: Links,
) -> Vec<Content> {
    let seen = in_parallel(paths, |path| look(path.as_ref(), links));
    let mut memo = Memo::load(db, seen.iter().filter_map(|seen| seen.as_ref().err()));
    let mut contents: Vec<Option<Content>> = seen
        .into_iter()
        .map(|seen| match seen {
            Ok(content) => Some(content),
            Err(file) => memo.recall(&file),
        })
        .collect();
    let misses: Vec<usize> = (0..paths.len()).filter(|&at| contents[at].is_none()).collect();
    let now = if misses.is_empty() { system_now() } else { now_on(state) };
    let read = in_parallel(&misses, |&at| (at, read_steadily(paths[at].as_ref(), links)));
    for (at, (content, stamp)) in read {
        if let (Some(stamp), Content::Known { digest, .. }) = (stamp, &content)
            && stamp.newest() < now.saturating_sub(WINDOW)
        {
            memo.learn(stamp, *digest);
        }
        contents[at] = Some(content);
    }
    memo.save(db, now);
    contents.into_iter().map(|content| content.expect("all misses were read")).collect()
}

fn in_parallel<T: Sync, R: Send>(items: &[T], act: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    if items.len() < WORTH_SHARING {
        return items.iter().map(act).collect();
    }
    items.par_iter().map(act).collect()
}

/// A regular file, before it is read.
struct Unread {
    stamp: Stamp,
    executable: bool,
}

/// What can be said of a path without reading a file; a file that has to be read is the error.
fn look(path: &Path, links: Links) -> Result<Content, Unread> {
    let metadata = match links {
        Links::AsLinks => fs::symlink_metadata(path),
        Links::Followed => fs::metadata(path),
    };
    match metadata {
        Ok(metadata) if metadata.is_file() => {
            Err(Unread { stamp: Stamp::of(&metadata), executable: is_executable(&metadata) })
        }
        Ok(metadata) if metadata.is_symlink() => Ok(match fs::read_link(path) {
            Ok(target) => Content::Known {
                digest: Fields::of("graph symbolic link v1")
                    .field(target.as_os_str().as_bytes())
                    .finish(),
                executable: false,
            },
            Err(error) => unreadable(&error),
        }),
        Ok(metadata) => Ok(Content::Unreadable(kind(&metadata).into())),
        Err(error) => Ok(unreadable(&error)),
    }
}

fn kind(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() { "it is a directory" } else { "it is not a regular file" }
}

fn unreadable(error: &io::Error) -> Content {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Content::Missing,
        _ => Content::Unreadable(error.to_string()),
    }
}

/// Reads a file until it holds still; the stamp is what it had before and after.
fn read_steadily(path: &Path, links: Links) -> (Content, Option<Stamp>) {
    for _ in 0..ATTEMPTS {
        match read_once(path, links) {
            Ok(Some((content, stamp))) => return (content, Some(stamp)),
            Ok(None) => {}
            Err(error) => return (unreadable(&error), None),
        }
    }
    (Content::Unreadable("it changes while it is read".into()), None)
}

fn read_once(path: &Path, links: Links) -> io::Result<Option<(Content, Stamp)>> {
    let mut file = open(path, links)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::Error::other(kind(&before)));
    }
    let (digest, size) = copy::digest_of(&mut file, before.len())?;
    let after = file.metadata()?;
    let stamp = Stamp::of(&after);
    let steady = Stamp::of(&before) == stamp && stamp.size == size;
    let content = Content::Known { digest, executable: is_executable(&after) };
    Ok(steady.then_some((content, stamp)))
}

/// Opens without waiting: a pipe that was put in place of a file would never open.
fn open(path: &Path, links: Links) -> io::Result<File> {
    let follow = match links {
        Links::AsLinks => rustix::fs::OFlags::NOFOLLOW,
        Links::Followed => rustix::fs::OFlags::empty(),
    };
    let flags = follow | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).expect("the flags are low bits");
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// The digests that are remembered of the files in question, and what was learnt since.
struct Memo {
    known: HashMap<(u64, u64), Entry>,
    learnt: Vec<(Stamp, Digest)>,
    used: Vec<(u64, u64)>,
}

struct Entry {
    stamp: Stamp,
    digest: Digest,
    day: i64,
}

/// How many days go by before a use is written down, so that plans of every day do not write.
const DAYS_UNNOTED: i64 = 7;
const NANOS_A_DAY: i64 = 86_400_000_000_000;

impl Memo {
    /// A database that cannot be read costs time, not the plan.
    fn load<'a>(db: &Database, files: impl Iterator<Item = &'a Unread>) -> Self {
        let mut wanted: Vec<(u64, u64)> =
            files.map(|file| (file.stamp.dev, file.stamp.ino)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let known = if wanted.is_empty() {
            HashMap::new()
        } else {
            db.read("read digests of files", |tx| find(tx, &wanted)).unwrap_or_else(|error| {
                tracing::warn!("digests of files are not remembered: {error}");
                HashMap::new()
            })
        };
        Self { known, learnt: Vec::new(), used: Vec::new() }
    }

    fn recall(&mut self, file: &Unread) -> Option<Content> {
        let id = (file.stamp.dev, file.stamp.ino);
        let entry = self.known.get(&id).filter(|entry| entry.stamp == file.stamp)?;
        self.used.push(id);
        Some(Content::Known { digest: entry.digest, executable: file.executable })
    }

    fn learn(&mut self, stamp: Stamp, digest: Digest) {
        self.learnt.push((stamp, digest));
    }

    /// Writes what was learnt, sorted, in one transaction. Where nothing can be written it is learnt again next time.
    fn save(mut self, db: &Database, now: Nanos) {
        let today = now / NANOS_A_DAY;
        self.used.retain(|id| self.known[id].day + DAYS_UNNOTED < today);
        if (self.learnt.is_empty() && self.used.is_empty()) || !db.is_writable() {
            return;
        }
        self.learnt.sort_unstable_by_key(|(stamp, _)| (stamp.dev, stamp.ino));
        let saved = db.write("remember digests of files", |tx| {
            let mut insert = tx.prepare_cached(
                "INSERT OR REPLACE INTO files (dev, ino, size, mtime, ctime, used, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for (stamp, digest) in &self.learnt {
                let [dev, ino, size] = [stamp.dev, stamp.ino, stamp.size].map(u64::cast_signed);
                let digest = digest.as_bytes();
                insert.execute((dev, ino, size, stamp.mtime, stamp.ctime, today, digest))?;
            }
            let mut touch =
                tx.prepare_cached("UPDATE files SET used = ?3 WHERE dev = ?1 AND ino = ?2")?;
            for (dev, ino) in &self.used {
                touch.execute((dev.cast_signed(), ino.cast_signed(), today))?;
            }
            Ok(())
        });
        if let Err(error) = saved {
            tracing::warn!("digests of files are not remembered: {error}");
        }
    }
}

fn find(tx: &Connection, wanted: &[(u64, u64)]) -> Result<HashMap<(u64, u64), Entry>, Fault> {
    let mut query = tx.prepare_cached(
        "SELECT size, mtime, ctime, used, digest FROM files WHERE dev = ?1 AND ino = ?2",
    )?;
    let mut found = HashMap::with_capacity(wanted.len());
    for &(dev, ino) in wanted {
        let mut rows = query.query((dev.cast_signed(), ino.cast_signed()))?;
        if let Some(row) = rows.next()? {
            let size: i64 = row.get(0)?;
            let (mtime, ctime) = (row.get(1)?, row.get(2)?);
            let stamp = Stamp { dev, ino, size: size.cast_unsigned(), mtime, ctime };
            found.insert((dev, ino), Entry { stamp, digest: digest(row, 4)?, day: row.get(3)? });
        }
    }
    Ok(found)
}
