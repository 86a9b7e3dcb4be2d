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

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use graph::digest::Fields;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSlice;
use rusqlite::Connection;
use rustix::fd::OwnedFd;

use crate::error::{Error, Fault};
use crate::look::{Dirs, dirs, file, open_dir, with_above};
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
/// nodes of these that have anything in place, each once. Where it was looked at just now, after the directories that are
/// as they were `before` it, that is not done again.
pub(crate) fn prove<'p>(
    state: &State,
    generation: i64,
    placed: impl IntoIterator<Item = &'p InPlace>,
    before: Option<&Dirs>,
    fresh: Vec<FreshSlice>,
) -> Proven {
    if fresh.is_empty() {
        return Proven::default();
    }
    let places = fresh.iter().enumerate().map(|(at, slice)| (slice.name.as_str(), at));
    let places: HashMap<&str, usize> = places.collect();
    let mut nodes: Vec<Vec<&InPlace>> = fresh.iter().map(|_| Vec::new()).collect();
    let placed: Vec<&InPlace> = placed.into_iter().collect();
    // Those of a slice come together.
    let slice_of = |one: &&'p InPlace| one.record.node.slice();
    let runs: Vec<&[&InPlace]> =
        placed.par_chunk_by(|one, next| slice_of(one) == slice_of(next)).collect();
    for some in runs {
        if let Some(at) = slice_of(&some[0]).and_then(|slice| places.get(slice)) {
            nodes[*at].extend(some);
        }
    }
    let now = now_on(&state.dir);
    let proof = |(slice, nodes): (&FreshSlice, &Vec<&InPlace>)| {
        if nodes.len() == slice.nodes { proof(state, now, before, nodes) } else { None }
    };
    let proofs: Vec<Option<Proof>> = fresh.par_iter().zip(&nodes).map(proof).collect();
    let proven = |(slice, proof): (FreshSlice, Option<Proof>)| Some((slice, proof?));
    Proven { generation, slices: fresh.into_iter().zip(proofs).filter_map(proven).collect() }
}

/// What the file system says of the outputs of nodes; `None` if that is not what it said when they were put in place. Its
/// time was `now` before.
fn proof(state: &State, now: Nanos, before: Option<&Dirs>, nodes: &[&InPlace]) -> Option<Proof> {
    // Each directory is opened once.
    let mut by_dir: BTreeMap<Cow<'_, str>, Vec<(Cow<'_, str>, &InPlace)>> = BTreeMap::new();
    for one in nodes {
        let (dir, leaf) = split(one.record.node.path())?;
        by_dir.entry(dir).or_default().push((leaf, one));
    }
    let places: BTreeSet<&str> = by_dir.keys().flat_map(|dir| with_above(dir)).collect();
    let places = Vec::from_iter(places).join("\n");
    let listed = by_dir.iter().map(|(dir, nodes)| {
        let outputs = nodes.iter().map(|(leaf, one)| (&**leaf, &one.record.outputs[..]));
        (&**dir, outputs.collect())
    });
    let files = slices::pack(listed);
    let root = state.outputs.root();
    let stamps = dirs(root, &places)?;
    let in_order = by_dir.values().flatten().map(|(_, one)| *one);
    let seen = if before.is_some_and(|before| before.are_still(&places, &stamps)) {
        in_order.flat_map(|one| &one.seen).copied().collect()
    } else {
        let newest = stamps.iter().map(Stamp::newest).max().unwrap_or(0);
        // What changes after a look at the directories has to have a later time than any that was seen.
        let is_past = newest < now
            || wait_until_past(&state.dir, newest) && dirs(root, &places).as_ref() == Some(&stamps);
        if !is_past {
            return None;
        }
        looked_at(root, &files, in_order)?
    };
    Some(Proof { stamps: short(&seen), dirs: short(&stamps), places, files })
}

/// The directory in which a node has its own, and the name of that.
fn split(path: Cow<'_, str>) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    Some(match path {
        Cow::Borrowed(path) => {
            path.rsplit_once('/').map(|(dir, leaf)| (dir.into(), leaf.into()))?
        }
        Cow::Owned(path) => {
            let (dir, leaf) = path.rsplit_once('/')?;
            (dir.to_owned().into(), leaf.to_owned().into())
        }
    })
}

/// What the file system says of all outputs on a packed list; `None` if that is not what it said when they were put in
/// place.
fn looked_at<'p>(
    root: &Path,
    files: &[u8],
    nodes: impl Iterator<Item = &'p InPlace>,
) -> Option<Vec<Stamp>> {
    let mut seen = Files::new(root);
    slices::visit(files, &mut seen)?;
    let mut found = seen.stamps.iter();
    for InPlace { record, stamp, .. } in nodes {
        let own = found.by_ref().take(record.outputs.len()).copied();
        if stamp_of(&record.outputs, own) != *stamp {
            return None;
        }
    }
    Some(seen.stamps)
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
        self.dir = Some(open_dir(&self.root.join(path))?);
        Some(())
    }

    fn file(&mut self, path: &str) -> Option<()> {
        self.stamps.push(file(self.dir.as_ref()?, path)?);
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
    let digest = Fields::of("graph slice in place v2").field(bytes).finish();
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}
