//! Slices of the matrix that were found wholly fresh, and whether their outputs are still as they were. Judges nothing: it
//! repeats what the judge said, to those who show that nothing that it was said of has changed.
//!
//! # Why it is sound
//!
//! What a judge says of the nodes of a slice is a function of
//!
//! | what | and here |
//! | --- | --- |
//! | what was declared, commits and rules included | [`FreshSlice::declared`], which the caller makes and compares |
//! | what was observed | [`FreshSlice::observed`], the same |
//! | the last executions of the nodes | a row goes in the very transaction that writes one, and is written only if none was since the judge's records were read |
//! | what is in place of their outputs | looked at every time: inode, size and times of each file |

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use graph::digest::Fields;
use graph::name::NodeName;
use graph::record::{Outcome, OutputFile};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat};

use crate::error::Error;
use crate::lasts::{Last, lasts};
use crate::place::stamp_of;
use crate::slices::{self, FreshSlice, Proof, Visitor};
use crate::stamp::{Nanos, Stamp, wait_until_past};
use crate::state::State;

/// What is looked at of outputs that should be in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// Each file.
    #[default]
    Files,
    /// The directories in which the nodes have theirs. What is changed inside of a node's own is not noticed.
    Directories,
}

/// The state of all records at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(i64);

pub(crate) fn generation(state: &State) -> Result<Generation, Error> {
    state.db.read("read records", |tx| slices::generation(tx)).map(Generation)
}

pub(crate) fn all(state: &State) -> Result<Vec<FreshSlice>, Error> {
    state.db.read("read slices", |tx| slices::all(tx))
}

/// Of each slice, whether its outputs are as they were when it was written down.
pub(crate) fn are_in_place(state: &State, names: &[&str], look: Look) -> Result<Vec<bool>, Error> {
    let proofs = state.db.read("read slices", |tx| {
        names.iter().map(|name| slices::proof(tx, name)).collect::<Result<Vec<_>, _>>()
    })?;
    let holds = |proof: &Option<Proof>| {
        let Some(Proof { stamps, dirs, files }) = proof else { return false };
        match look {
            Look::Files => Files::digest(state.outputs.root(), files) == Some(*stamps),
            Look::Directories => {
                Dirs::of(files).and_then(|all| all.digest(state.outputs.root())) == Some(*dirs)
            }
        }
    };
    Ok(proofs.par_iter().map(holds).collect())
}

/// Writes down slices that a judge found wholly fresh with the records of a generation, each with its nodes. Says how many
/// it wrote: not those of which a file is not as it was put in place, or whose executions have changed since.
pub(crate) fn remember<'f>(
    state: &State,
    generation: Generation,
    fresh: &'f [(FreshSlice, Vec<&NodeName>)],
) -> Result<usize, Error> {
    let lasts = state.db.read("read records", |tx| {
        if slices::generation(tx)? != generation.0 {
            return Ok(None);
        }
        lasts(tx, fresh.iter().flat_map(|(_, nodes)| nodes.iter().copied())).map(Some)
    })?;
    let Some(lasts) = lasts else { return Ok(0) };
    let lasts: HashMap<&NodeName, &Last> = lasts.iter().map(|last| (&last.node, last)).collect();
    let proven = |(slice, nodes): &'f (FreshSlice, Vec<&NodeName>)| {
        let nodes: Option<Vec<&Last>> = nodes.iter().map(|node| lasts.get(node).copied()).collect();
        Some((slice, prove(state, &nodes?)?))
    };
    let proven: Vec<(&FreshSlice, Proof)> = fresh.par_iter().filter_map(proven).collect();
    if proven.is_empty() {
        return Ok(0);
    }
    state.db.write("remember slices", |tx| {
        if slices::generation(tx)? != generation.0 {
            return Ok(0);
        }
        proven.iter().try_for_each(|(slice, proof)| slices::insert(tx, slice, proof))?;
        Ok(proven.len())
    })
}

/// What the file system says of the outputs of nodes; `None` if that is not what it said when they were put in place.
fn prove(state: &State, nodes: &[&Last]) -> Option<Proof> {
    // In order of path, so that each directory is opened once.
    let mut nodes: Vec<(String, &Last)> =
        nodes.iter().map(|last| (last.node.path(), *last)).collect();
    nodes.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let outputs = nodes.iter().map(|(path, last)| (path.as_str(), &last.stored.outputs[..]));
    let files = slices::pack(outputs);
    let root = state.outputs.root();
    let dirs = Dirs::of(&files)?;
    let newest = dirs.newest(root)?;
    // What changes from now on has a later time than any of the directories has.
    if !wait_until_past(&state.dir, newest) {
        return None;
    }
    let dirs = dirs.digest(root)?;
    let mut seen = Files::new(root);
    slices::visit(&files, &mut seen)?;
    let mut stamps = seen.stamps.iter();
    for (_, last) in nodes {
        let outputs: &[OutputFile] = &last.stored.outputs;
        let is_placed = last.stored.outcome == Outcome::Succeeded;
        let own = outputs.iter().zip(stamps.by_ref().take(outputs.len()).copied());
        if !is_placed || last.stamp != Some(stamp_of(own)) {
            return None;
        }
    }
    Some(Proof { stamps: seen.finish(), dirs, files })
}

/// What the file system says of each output.
struct Files<'a> {
    root: &'a Path,
    dir: Option<OwnedFd>,
    stamps: Vec<Stamp>,
}

impl<'a> Files<'a> {
    fn new(root: &'a Path) -> Self {
        Self { root, dir: None, stamps: Vec::new() }
    }

    fn digest(root: &'a Path, packed: &[u8]) -> Option<[u8; 16]> {
        let mut seen = Self::new(root);
        slices::visit(packed, &mut seen)?;
        Some(seen.finish())
    }

    fn finish(&self) -> [u8; 16] {
        short(&self.stamps)
    }
}

impl Visitor for Files<'_> {
    fn dir(&mut self, path: &str) -> Option<()> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        self.dir = Some(openat(CWD, self.root.join(path), flags, Mode::empty()).ok()?);
        Some(())
    }

    fn file(&mut self, path: &str) -> Option<()> {
        let stat = statat(self.dir.as_ref()?, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file.then(|| self.stamps.push(Stamp::of_raw(&stat)))
    }
}

/// The directories in which nodes have theirs, and all above these below the root.
#[derive(Default)]
struct Dirs(BTreeSet<String>);

impl Dirs {
    fn of(packed: &[u8]) -> Option<Self> {
        let mut all = Self::default();
        slices::visit(packed, &mut all)?;
        Some(all)
    }

    fn stamps(&self, root: &Path) -> Option<Vec<Stamp>> {
        let stamp = |dir: &String| {
            let stat = statat(CWD, root.join(dir), AtFlags::SYMLINK_NOFOLLOW).ok()?;
            let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            is_dir.then(|| Stamp::of_raw(&stat))
        };
        self.0.iter().map(stamp).collect()
    }

    fn newest(&self, root: &Path) -> Option<Nanos> {
        Some(self.stamps(root)?.iter().map(Stamp::newest).max().unwrap_or(0))
    }

    fn digest(&self, root: &Path) -> Option<[u8; 16]> {
        self.stamps(root).map(|stamps| short(&stamps))
    }
}

impl Visitor for Dirs {
    fn dir(&mut self, path: &str) -> Option<()> {
        // The first of them belong to all nodes of a kind, and change with each slice.
        let ends = path.match_indices('/').skip(1).map(|(at, _)| &path[..at]);
        self.0.extend(ends.chain([path]).map(str::to_owned));
        Some(())
    }

    fn file(&mut self, _: &str) -> Option<()> {
        Some(())
    }
}

/// The device has no part in it, as in the stamps of single nodes.
fn short(stamps: &[Stamp]) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(stamps.len() * 32);
    for stamp in stamps {
        bytes.extend_from_slice(&stamp.ino.to_le_bytes());
        bytes.extend_from_slice(&stamp.size.to_le_bytes());
        bytes.extend_from_slice(&stamp.mtime.to_le_bytes());
        bytes.extend_from_slice(&stamp.ctime.to_le_bytes());
    }
    let digest = Fields::of("graph slice in place v1").field(bytes).finish();
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}
