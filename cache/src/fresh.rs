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
//! | the last executions of the nodes | a row goes in the very transaction that writes one, and is written only if none was since the judge's records were read but those of the run itself, of whose nodes it is said that they ended well |
//! | what is in place of their outputs | looked at every time: inode, size and times of each file |

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use graph::digest::Fields;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rusqlite::Connection;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat};

use crate::error::{Error, Fault};
use crate::place::stamp_of;
use crate::records::InPlace;
use crate::slices::{self, FreshSlice, Proof, Seen, Visitor};
use crate::stamp::{Nanos, Stamp, now_on, wait_until_past};
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

/// Slices all of whose nodes are fresh, and whose outputs are as they were put in place.
#[derive(Default)]
pub struct Proven {
    /// The state of all records of which that is said.
    generation: i64,
    slices: Vec<(FreshSlice, Proof)>,
}

impl Proven {
    /// Writes them down, and says how many: none, if something was executed since.
    pub(crate) fn write(&self, tx: &Connection) -> Result<usize, Fault> {
        if self.slices.is_empty() || slices::generation(tx)? != self.generation {
            return Ok(0);
        }
        self.slices.iter().try_for_each(|(slice, proof)| slices::insert(tx, slice, proof))?;
        Ok(self.slices.len())
    }

    /// As [`Proven::write`], in a transaction of its own.
    pub(crate) fn remember(&self, state: &State) -> Result<usize, Error> {
        if self.slices.is_empty() {
            return Ok(0);
        }
        state.db.write("remember slices", |tx| self.write(tx))
    }
}

pub(crate) fn all(state: &State) -> Result<Vec<FreshSlice>, Error> {
    state.db.read("read slices", |tx| slices::all(tx))
}

/// Of each slice, whether its outputs are as they were when it was written down.
pub(crate) fn are_in_place(state: &State, names: &[&str], look: Look) -> Result<Vec<bool>, Error> {
    let root = state.outputs.root();
    Ok(match look {
        Look::Files => {
            let holds = |(stamps, packed): &Seen<Vec<u8>>| {
                let mut seen = Files::new(root);
                slices::visit(packed, &mut seen).is_some() && short(&seen.stamps) == *stamps
            };
            of_each(state, names, slices::files, holds)?
        }
        Look::Directories => {
            let holds = |(stamps, places): &Seen<String>| {
                dirs(root, places).is_some_and(|now| short(&now) == *stamps)
            };
            of_each(state, names, slices::places, holds)?
        }
    })
}

/// Reads something of each slice, and looks whether it holds.
fn of_each<T: Sync + Send>(
    state: &State,
    names: &[&str],
    read: impl Fn(&Connection, &str) -> Result<Option<T>, Fault>,
    holds: impl Fn(&T) -> bool + Sync,
) -> Result<Vec<bool>, Error> {
    let all = state.db.read("read slices", |tx| {
        names.iter().map(|name| read(tx, name)).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(all.par_iter().map(|one| one.as_ref().is_some_and(&holds)).collect())
}

/// Looks at the outputs of slices all of whose nodes are fresh by the records of a generation. What is `placed` has all
/// nodes of these that have anything in place, each once.
pub(crate) fn prove<'p>(
    state: &State,
    generation: i64,
    placed: impl IntoIterator<Item = &'p InPlace>,
    fresh: Vec<FreshSlice>,
) -> Proven {
    let mut nodes: HashMap<&str, Vec<&InPlace>> =
        fresh.iter().map(|slice| (slice.name.as_str(), Vec::new())).collect();
    for one in placed.into_iter().filter(|_| !fresh.is_empty()) {
        if let Some(nodes) = one.0.node.slice().and_then(|name| nodes.get_mut(name)) {
            nodes.push(one);
        }
    }
    let now = if fresh.is_empty() { 0 } else { now_on(&state.dir) };
    let proof = |slice: &FreshSlice| {
        let nodes = &nodes[slice.name.as_str()];
        if nodes.len() == slice.nodes { proof(state, now, nodes) } else { None }
    };
    let proofs: Vec<Option<Proof>> = fresh.par_iter().map(proof).collect();
    let proven = |(slice, proof): (FreshSlice, Option<Proof>)| Some((slice, proof?));
    Proven { generation, slices: fresh.into_iter().zip(proofs).filter_map(proven).collect() }
}

/// What the file system says of the outputs of nodes; `None` if that is not what it said when they were put in place. Its
/// time was `now` before.
fn proof(state: &State, now: Nanos, nodes: &[&InPlace]) -> Option<Proof> {
    // Each directory is opened once.
    let mut by_dir: BTreeMap<String, Vec<(String, &InPlace)>> = BTreeMap::new();
    for one in nodes {
        let mut dir = one.0.node.path();
        let leaf = dir.split_off(dir.rfind('/')? + 1);
        dir.pop();
        by_dir.entry(dir).or_default().push((leaf, one));
    }
    // The first of them belong to all nodes of a kind, and change with each slice.
    let above = |dir: &'_ String| -> Vec<String> {
        dir.match_indices('/').skip(1).map(|(at, _)| dir[..at].to_owned()).collect()
    };
    let places: BTreeSet<String> =
        by_dir.keys().flat_map(above).chain(by_dir.keys().cloned()).collect();
    let places = Vec::from_iter(places).join("\n");
    let listed = by_dir.iter().map(|(dir, nodes)| {
        let outputs = nodes.iter().map(|(leaf, one)| (leaf.as_str(), &one.0.outputs[..]));
        (dir.as_str(), outputs.collect())
    });
    let files = slices::pack(listed);
    let root = state.outputs.root();
    let stamps = dirs(root, &places)?;
    let newest = stamps.iter().map(Stamp::newest).max().unwrap_or(0);
    // What changes after a look at the directories has to have a later time than any that was seen.
    let is_past = newest < now
        || wait_until_past(&state.dir, newest) && dirs(root, &places).as_ref() == Some(&stamps);
    if !is_past {
        return None;
    }
    let mut seen = Files::new(root);
    slices::visit(&files, &mut seen)?;
    let mut found = seen.stamps.iter();
    for (_, (record, stamp)) in by_dir.values().flatten() {
        let own = record.outputs.iter().zip(found.by_ref().take(record.outputs.len()).copied());
        if stamp_of(own) != *stamp {
            return None;
        }
    }
    Some(Proof { stamps: short(&seen.stamps), dirs: short(&stamps), places, files })
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

/// What the file system says of directories, a line each.
fn dirs(root: &Path, places: &str) -> Option<Vec<Stamp>> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, root, flags, Mode::empty()).ok()?;
    let stamp = |dir| {
        let stat = statat(&root, dir, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        is_dir.then(|| Stamp::of_raw(&stat))
    };
    places.lines().map(stamp).collect()
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
    let digest = Fields::of("graph slice in place v2").field(bytes).finish();
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}
