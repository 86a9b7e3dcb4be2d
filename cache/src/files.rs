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

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use graph::digest::{Digest, Fields};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rusqlite::Connection;
use rustix::fs::{AtFlags, FileType, OFlags};

use crate::copy;
use crate::db::Database;
use crate::error::Fault;
use crate::intern::digest;
use crate::stamp::{Nanos, Stamp, is_executable, is_program, now_on, system_now};

/// How much older than now a file must be for its digest to be remembered.
const WINDOW: Nanos = 2_000_000_000;

/// How often a file is read again that changes while it is read.
const ATTEMPTS: usize = 3;

/// Below this many files, one thread is quicker than waking others.
const WORTH_SHARING: usize = 64;

/// From so many files of one directory on it is quicker to open it than to look it up for each.
const WORTH_OPENING: usize = 4;

/// A large directory is work for several threads.
const MOST_NEIGHBOURS: usize = 256;

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
    let seen = look_at_all(paths, links);
    let memo = Memo::load(db, seen.iter().filter_map(|seen| seen.as_ref().err()));
    let mut used = Vec::new();
    let mut contents: Vec<Option<Content>> = seen
        .into_iter()
        .map(|seen| match seen {
            Ok(content) => Some(content),
            Err(file) => memo.recall(&file, &mut used),
        })
        .collect();
    let misses: Vec<usize> = (0..paths.len()).filter(|&at| contents[at].is_none()).collect();
    let now = if misses.is_empty() { system_now() } else { now_on(state) };
    let read = in_parallel(&misses, |&at| (at, read_steadily(paths[at].as_ref(), links)));
    let mut learnt = Vec::new();
    for (at, (content, stamp)) in read {
        if let (Some(stamp), Content::Known { digest, .. }) = (stamp, &content)
            && stamp.newest() < now.saturating_sub(WINDOW)
        {
            learnt.push((stamp, *digest));
        }
        contents[at] = Some(content);
    }
    save(db, learnt, used, now);
    contents.into_iter().map(|content| content.expect("all misses were read")).collect()
}

fn in_parallel<T: Sync, R: Send>(items: &[T], act: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    if items.len() < WORTH_SHARING {
        return items.iter().map(act).collect();
    }
    items.par_iter().map(act).collect()
}

/// Looks at each path. Of neighbours that share a directory, it is looked up once.
fn look_at_all<P: AsRef<Path> + Sync>(paths: &[P], links: Links) -> Vec<Result<Content, Unread>> {
    let are_neighbours = |a: &P, b: &P| match (split(a.as_ref()), split(b.as_ref())) {
        (Some((a, _)), Some((b, _))) => a == b,
        _ => false,
    };
    let groups = paths.chunk_by(are_neighbours).flat_map(|group| group.chunks(MOST_NEIGHBOURS));
    let groups: Vec<&[P]> = groups.collect();
    in_parallel(&groups, |group| look_at_neighbours(group, links)).into_iter().flatten().collect()
}

fn look_at_neighbours<P: AsRef<Path>>(paths: &[P], links: Links) -> Vec<Result<Content, Unread>> {
    let dir = split(paths[0].as_ref()).filter(|_| paths.len() >= WORTH_OPENING).map(|(dir, _)| dir);
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = |dir: &[u8]| rustix::fs::open(dir, flags, rustix::fs::Mode::empty()).ok();
    let dir = dir.and_then(open);
    let look_at = |path: &Path| {
        // The short way knows plain files alone; the long one has a word for everything.
        let (dir, (_, name)) = (dir.as_ref()?, split(path)?);
        let follow = match links {
            Links::AsLinks => AtFlags::SYMLINK_NOFOLLOW,
            Links::Followed => AtFlags::empty(),
        };
        let stat = rustix::fs::statat(dir, name, follow).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file
            .then(|| Unread { stamp: Stamp::of_raw(&stat), executable: is_program(stat.st_mode) })
    };
    paths
        .iter()
        .map(AsRef::as_ref)
        .map(|path| look_at(path).map_or_else(|| look(path, links), Err))
        .collect()
}

/// A path as a directory and a plain name in it.
fn split(path: &Path) -> Option<(&[u8], &[u8])> {
    let bytes = path.as_os_str().as_bytes();
    let at = bytes.iter().rposition(|&byte| byte == b'/').filter(|&at| at > 0)?;
    let name = &bytes[at + 1..];
    (!matches!(name, b"" | b"." | b"..")).then_some((&bytes[..at], name))
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
        Links::AsLinks => OFlags::NOFOLLOW,
        Links::Followed => OFlags::empty(),
    };
    let flags = follow | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).expect("the flags are low bits");
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// The digests that are remembered of the files in question, in order of device and inode.
struct Memo(Vec<Entry>);

#[derive(Clone, Copy)]
struct Entry {
    stamp: Stamp,
    digest: Digest,
    day: i64,
}

/// Device and inode, as SQLite compares them.
type Place = (i64, i64);

fn place(stamp: &Stamp) -> Place {
    (stamp.dev.cast_signed(), stamp.ino.cast_signed())
}

/// How many days go by before a use is written down, so that plans of every day do not write.
const DAYS_UNNOTED: i64 = 7;
const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// After so many rows that nobody asked for, the next that somebody did is looked up.
const MOST_PASSED: usize = 24;

impl Memo {
    /// A database that cannot be read costs time, not the plan.
    fn load<'a>(db: &Database, files: impl Iterator<Item = &'a Unread>) -> Self {
        let mut wanted: Vec<Place> = files.map(|file| place(&file.stamp)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Self(Vec::new());
        }
        let found = db.read("read digests of files", |tx| find(tx, &wanted));
        Self(found.unwrap_or_else(|error| {
            tracing::warn!("digests of files are not remembered: {error}");
            Vec::new()
        }))
    }

    fn recall(&self, file: &Unread, used: &mut Vec<Entry>) -> Option<Content> {
        let at = self.0.binary_search_by_key(&place(&file.stamp), |entry| place(&entry.stamp));
        let entry = self.0[at.ok()?];
        (entry.stamp == file.stamp).then(|| {
            used.push(entry);
            Content::Known { digest: entry.digest, executable: file.executable }
        })
    }
}

/// Writes what was learnt, sorted, in one transaction. Where nothing can be written it is learnt again next time.
fn save(db: &Database, mut learnt: Vec<(Stamp, Digest)>, mut used: Vec<Entry>, now: Nanos) {
    let today = now / NANOS_A_DAY;
    used.retain(|entry| entry.day + DAYS_UNNOTED < today);
    if (learnt.is_empty() && used.is_empty()) || !db.is_writable() {
        return;
    }
    learnt.sort_unstable_by_key(|(stamp, _)| place(stamp));
    let saved = db.write("remember digests of files", |tx| {
        let mut insert = tx.prepare_cached(
            "INSERT OR REPLACE INTO files (dev, ino, size, mtime, ctime, used, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (stamp, digest) in &learnt {
            let ((dev, ino), size) = (place(stamp), stamp.size.cast_signed());
            let digest = digest.as_bytes();
            insert.execute((dev, ino, size, stamp.mtime, stamp.ctime, today, digest))?;
        }
        let mut touch =
            tx.prepare_cached("UPDATE files SET used = ?3 WHERE dev = ?1 AND ino = ?2")?;
        for entry in &used {
            let (dev, ino) = place(&entry.stamp);
            touch.execute((dev, ino, today))?;
        }
        Ok(())
    });
    if let Err(error) = saved {
        tracing::warn!("digests of files are not remembered: {error}");
    }
}

/// The entries of the wanted places, which are sorted. The files of one repository were made together, so their inodes,
/// and their rows, are mostly neighbours: the table is read on from one to the next as long as that pays.
fn find(tx: &Connection, wanted: &[Place]) -> Result<Vec<Entry>, Fault> {
    let mut query = tx.prepare_cached(
        "SELECT ino, size, mtime, ctime, used, digest FROM files
         WHERE dev = ?1 AND ino >= ?2 ORDER BY ino",
    )?;
    let mut found = Vec::with_capacity(wanted.len());
    let mut at = 0;
    while let Some(&(dev, first)) = wanted.get(at) {
        let mut rows = query.query((dev, first))?;
        let mut passed = 0;
        loop {
            let Some(row) = rows.next()? else {
                // Nothing more of this device.
                at += wanted[at..].iter().take_while(|place| place.0 == dev).count();
                break;
            };
            let ino: i64 = row.get(0)?;
            at += wanted[at..].iter().take_while(|place| **place < (dev, ino)).count();
            if wanted.get(at) == Some(&(dev, ino)) {
                found.push(entry(row, (dev, ino))?);
                (at, passed) = (at + 1, 0);
            } else {
                passed += 1;
            }
            if passed > MOST_PASSED || wanted.get(at).is_none_or(|place| place.0 != dev) {
                break;
            }
        }
    }
    Ok(found)
}

fn entry(row: &rusqlite::Row<'_>, (dev, ino): Place) -> Result<Entry, Fault> {
    let [dev, ino, size] = [dev, ino, row.get(1)?].map(i64::cast_unsigned);
    let stamp = Stamp { dev, ino, size, mtime: row.get(2)?, ctime: row.get(3)? };
    Ok(Entry { stamp, digest: digest(row, 5)?, day: row.get(4)? })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use graph::digest::Digest;
    use proptest::prelude::{prop, proptest};
    use rusqlite::Connection;

    use super::{Entry, Place, find, place};
    use crate::schema;

    /// What is found, by one who looks up each.
    fn one_by_one(db: &Connection, wanted: &[Place]) -> Vec<(Place, i64)> {
        let mut query = db.prepare("SELECT mtime FROM files WHERE dev = ?1 AND ino = ?2").unwrap();
        let mut find = |place: &Place| query.query_row(*place, |row| row.get(0)).ok();
        wanted.iter().filter_map(|place| Some((*place, find(place)?))).collect()
    }

    proptest! {
        #[test]
        fn reading_on_finds_what_looking_up_finds(
            rows in prop::collection::btree_set((-1..2_i64, -40..400_i64), 0..300),
            wanted in prop::collection::btree_set((-1..2_i64, -40..400_i64), 0..120),
            sparse in prop::collection::btree_set((-1..2_i64, i64::MIN..i64::MAX), 0..4),
        ) {
            let db = Connection::open_in_memory().unwrap();
            schema::migrate(&db, 0).unwrap();
            let digest = Digest::of(b"content");
            let mut insert = db.prepare("INSERT INTO files VALUES (?1, ?2, 1, ?3, 1, 1, ?4)").unwrap();
            for (at, (dev, ino)) in rows.iter().chain(&sparse).collect::<BTreeSet<_>>().iter().enumerate() {
                let at = i64::try_from(at).unwrap();
                insert.execute((dev, ino, at, digest.as_bytes())).unwrap();
            }
            let wanted: Vec<Place> = wanted.union(&sparse).copied().collect();
            let brief = |entry: &Entry| (place(&entry.stamp), entry.stamp.mtime);
            let found: Vec<_> = find(&db, &wanted).unwrap().iter().map(brief).collect();
            assert_eq!(found, one_by_one(&db, &wanted));
        }
    }
}
