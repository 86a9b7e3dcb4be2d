//! What the file system says of outputs that were put in place, and of the directories in which nodes have theirs. Reads no
//! file, and knows no record.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;

use graph::name::NodeName;
use graph::record::OutputFile;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, openat, statat};

use crate::intern::halves;
use crate::stamp::{Nanos, Stamp, now_on};

/// Looks at outputs that were put in place, of nodes whose directories lie beside each other.
pub(crate) struct Look<'a> {
    root: &'a Path,
    /// Directories that are open, with their paths; `None` for what is none.
    open: VecDeque<(String, Option<OwnedFd>)>,
    /// Room for the path of an output.
    path: String,
}

/// Nodes come in the order in which they were built, some directories at a time.
const MOST_OPEN: usize = 16;

impl<'a> Look<'a> {
    /// Looks below the directory of all outputs.
    pub(crate) fn at(root: &'a Path) -> Self {
        Self { root, open: VecDeque::new(), path: String::new() }
    }

    /// What the file system says now of each of the outputs of a node; `None` if one is missing or is no file.
    pub(crate) fn stamps(
        &mut self,
        node: &NodeName,
        outputs: &[OutputFile],
    ) -> Option<Box<[Stamp]>> {
        let path = node.path();
        let (dir, leaf) = path.rsplit_once('/').expect("a node has a kind");
        let at = self.dir(dir);
        let dir = self.open[at].1.as_ref()?;
        let mut stamps = Vec::with_capacity(outputs.len());
        for output in outputs {
            self.path.clear();
            self.path.extend([leaf, "/", &output.path]);
            stamps.push(file(dir, &self.path)?);
        }
        Some(stamps.into())
    }

    /// Where a directory is among those that are open.
    fn dir(&mut self, path: &str) -> usize {
        self.open.iter().position(|(open, _)| open == path).unwrap_or_else(|| {
            self.open.truncate(MOST_OPEN - 1);
            self.open.push_front((path.to_owned(), open_dir(&self.root.join(path))));
            0
        })
    }
}

/// The directories of so many neighbours are found out together.
const TOGETHER: usize = 4096;

/// The directories in which nodes have theirs, as they were before something was made of what is in them.
pub(crate) struct Dirs {
    /// The file system's time before they were looked at.
    at: Nanos,
    seen: HashMap<String, Stamp>,
}

impl Dirs {
    /// Looks at those of nodes below `root`; in `state` the file system's clock can be read.
    pub(crate) fn of<'n>(state: &Path, root: &Path, nodes: &[&'n NodeName]) -> Self {
        let by_dir = |nodes: &[&'n NodeName]| -> HashMap<&'n str, &'n NodeName> {
            nodes.iter().map(|node| (halves(node).0, *node)).collect()
        };
        let one_each: HashMap<&str, &NodeName> =
            nodes.par_chunks(TOGETHER).flat_map_iter(by_dir).collect();
        let mut paths = BTreeSet::new();
        for node in one_each.into_values() {
            let path = node.path();
            let (dir, _) = path.rsplit_once('/').expect("a node has a kind");
            paths.extend(with_above(dir).map(str::to_owned));
        }
        let at = if paths.is_empty() { Nanos::MIN } else { now_on(state) };
        let seen = open_dir(root).map(|root| {
            let seen = |path: String| stamp_of_dir(&root, &path).map(|stamp| (path, stamp));
            paths.into_iter().filter_map(seen).collect()
        });
        Self { at, seen: seen.unwrap_or_default() }
    }

    /// Whether directories, a line each, are as they were, so that what was in them was not exchanged meanwhile. What
    /// changed right after they were looked at could have left the time that was seen.
    pub(crate) fn are_still(&self, places: &str, stamps: &[Stamp]) -> bool {
        let is_same = |(place, stamp): (&str, &Stamp)| {
            stamp.newest() < self.at && self.seen.get(place) == Some(stamp)
        };
        places.lines().zip(stamps).all(is_same)
    }
}

/// A directory in which nodes have theirs, after those above it that do not belong to all nodes of a kind: these change with
/// each slice.
pub(crate) fn with_above(dir: &str) -> impl Iterator<Item = &str> {
    dir.match_indices('/').skip(1).map(|(at, _)| &dir[..at]).chain([dir])
}

/// What the file system says of directories, a line each; `None` if one is missing.
pub(crate) fn dirs(root: &Path, places: &str) -> Option<Vec<Stamp>> {
    let root = open_dir(root)?;
    places.lines().map(|place| stamp_of_dir(&root, place)).collect()
}

fn stamp_of_dir(root: &OwnedFd, path: &str) -> Option<Stamp> {
    stamp_of_type(root, path, FileType::Directory)
}

/// What it says of a file; `None` if it is none.
pub(crate) fn file(dir: &OwnedFd, path: &str) -> Option<Stamp> {
    stamp_of_type(dir, path, FileType::RegularFile)
}

fn stamp_of_type(dir: &OwnedFd, path: &str, wanted: FileType) -> Option<Stamp> {
    let stat: Stat = statat(dir, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    (FileType::from_raw_mode(stat.st_mode) == wanted).then(|| Stamp::of_raw(&stat))
}

/// Opens a directory to look at what is in it.
pub(crate) fn open_dir(path: &Path) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).ok()
}
