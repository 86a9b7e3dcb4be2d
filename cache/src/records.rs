//! What the engine is told of earlier executions, and where their outputs are now. Decides nothing.
//!
//! A plan in which nothing changed needs the last execution of each node without its parts, and a look at each of its
//! outputs. The parts are read when the engine asks for a difference, and executions of other nodes or times when it
//! asks for a key.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::{Availability, Outcome, OutputFile, Record, Records, Remembered};
use rusqlite::Connection;

use crate::error::{Error, Fault};
use crate::executions::{by_key, heads, is_any_under};
use crate::files::{Content, Links, contents};
use crate::intern::{Texts, key_head, node_name};
use crate::lasts::{Last, each_last};
use crate::look::{Dirs, Look};
use crate::parts::Packed;
use crate::parts_reader::PartsReader;
use crate::place::{PlacedStamp, stamp_of};
use crate::slices;
use crate::stamp::Stamp;
use crate::state::State;

/// The outputs of a success that were put in place.
pub(crate) struct InPlace {
    pub(crate) record: Arc<Record>,
    /// What the file system said of them then.
    pub(crate) stamp: PlacedStamp,
    /// What it said of each when it was looked at last, if it was.
    pub(crate) seen: Box<[Stamp]>,
}

/// Which outputs were in place when records were read.
pub struct Placed {
    /// The state that all records had.
    pub(crate) generation: i64,
    pub(crate) nodes: Vec<InPlace>,
    /// What the directories of them were before.
    pub(crate) dirs: Dirs,
}

/// The last execution of each node in question, and a way to find a success by its key; and what is in place of them.
pub(crate) fn records_for<'a>(
    state: &Arc<State>,
    nodes: impl IntoIterator<Item = &'a NodeName>,
) -> Result<(Records, Placed), Error> {
    let nodes: Vec<&NodeName> = nodes.into_iter().collect();
    let root = state.outputs.root();
    let dirs = Dirs::of(&state.dir, root, &nodes);
    let reader = PartsReader::new(state);
    let begin = || (Look::at(root), reader.again());
    let make = |(look, reader): &mut (Look<'_>, PartsReader), last: Last| {
        let untouched = untouched(look, &last);
        let Last { node, stored, packed, .. } = last;
        Found { id: stored.id, record: reader.record(node, stored), untouched, packed }
    };
    let (mut found, heads, generation) = state.db.read("read records", |tx| {
        let found = each_last(tx, &nodes, begin, make)?;
        Ok((found, Heads::few_of(tx)?, slices::generation(tx)?))
    })?;
    let packed = found.iter_mut().filter_map(|found| Some((found.id, *found.packed.take()?)));
    let packed = packed.collect();
    reader.tell(found.iter().map(|found| (found.id, Arc::downgrade(&found.record))), packed);
    let available = availability(state, &found);
    let mut lasts = Vec::with_capacity(found.len());
    let mut placed = Placed { generation, nodes: Vec::with_capacity(found.len()), dirs };
    for (Found { record, untouched, .. }, available) in found.into_iter().zip(available) {
        let in_place = |(stamp, seen)| InPlace { record: record.clone(), stamp, seen };
        placed.nodes.extend(untouched.map(in_place));
        lasts.push(Remembered { record, available });
    }
    let records = Records::of_lasts(lasts);
    let Some(heads) = heads else { return Ok((records, placed)) };
    let find = move |key: &Digest| {
        heads.may_hold(&reader.state, key).then(|| recall(&reader, key)).flatten()
    };
    Ok((records.recalling(find), placed))
}

/// The record of a last execution.
struct Found {
    id: i64,
    record: Arc<Record>,
    /// What the file system said of its outputs when they were put in place, and says again.
    untouched: Option<(PlacedStamp, Box<[Stamp]>)>,
    packed: Option<Box<Packed>>,
}

/// What begins a key under which a success can be found: of a million nodes that never ran, none is looked up.
///
/// What is written after this was read is not found. In a run that is nothing: the engine itself remembers what ran in
/// it, and no one else writes meanwhile. Elsewhere it would cost a build, and is never wrong.
struct Heads {
    asked: AtomicUsize,
    /// So many keys are looked up before it is worth reading what all begin with.
    few: usize,
    all: OnceLock<Option<Vec<i64>>>,
}

/// However few executions there are, so many keys are looked up.
const FEWEST: usize = 64;
/// One key is looked up while what so many executions are found by is read.
const READ_MEANWHILE: usize = 32;

impl Heads {
    /// Ones of which a few may be asked, for as many executions as there are; none where there is no execution.
    fn few_of(tx: &Connection) -> Result<Option<Self>, Fault> {
        let most: Option<i64> =
            tx.query_row("SELECT max(id) FROM executions", [], |row| row.get(0))?;
        let Some(most) = most else { return Ok(None) };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let few = FEWEST.max(most / READ_MEANWHILE);
        Ok(Some(Self { asked: AtomicUsize::new(0), few, all: OnceLock::new() }))
    }

    fn may_hold(&self, state: &State, key: &Digest) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) < self.few {
            return true;
        }
        let all = self.all.get_or_init(|| {
            let read = state.db.read("read keys", |tx| heads(tx));
            read.inspect_err(|error| tracing::warn!("keys are looked up one by one: {error}")).ok()
        });
        all.as_ref().is_none_or(|all| all.binary_search(&key_head(key)).is_ok())
    }
}

/// A successful execution under a key: one whose outputs the store has, if there is one. What cannot be read is
/// not there, which costs a build and is never wrong.
fn recall(reader: &PartsReader, key: &Digest) -> Option<Remembered> {
    let state = &reader.state;
    // Most are asked for in vain.
    if let Ok(false) = state.db.look("read records", |db| is_any_under(db, key)) {
        return None;
    }
    let found = state.db.read("read records", |tx| {
        let mut texts = Texts::default();
        let mut found = Vec::new();
        for stored in by_key(tx, &mut texts, key)? {
            if let Some(node) = node_name(tx, &mut texts, stored.node)? {
                found.push(reader.record(node, stored));
            }
        }
        Ok(found)
    });
    let mut found = found.unwrap_or_else(|error| {
        tracing::warn!("earlier executions cannot be found: {error}");
        Vec::new()
    });
    found.retain(|record| record.key == *key || record.wide_key() == Some(*key));
    let stored = found.iter().position(|record| is_stored(state, &record.outputs));
    let available = if stored.is_some() { Availability::InStore } else { Availability::Gone };
    let at = stored.unwrap_or(0);
    (at < found.len()).then(|| Remembered { record: found.swap_remove(at), available })
}

/// Whether the store has all of these.
pub(crate) fn is_stored(state: &State, outputs: &[OutputFile]) -> bool {
    outputs.iter().all(|output| state.store.has(&output.digest, output.size))
}

/// What the file system says of the outputs of an execution, if it vouches for them.
fn untouched(look: &mut Look<'_>, last: &Last) -> Option<(PlacedStamp, Box<[Stamp]>)> {
    let (stamp, outputs) = (last.stamp?, &last.stored.outputs);
    if last.stored.outcome != Outcome::Succeeded {
        return None;
    }
    let seen = look.stamps(&last.node, outputs)?;
    (stamp_of(outputs, seen.iter().copied()) == stamp).then_some((stamp, seen))
}

/// Where the outputs of each execution are. Those that the file system vouches for are not read.
fn availability(state: &State, all: &[Found]) -> Vec<Availability> {
    let doubtful: Vec<(&NodeName, &[OutputFile])> = all
        .iter()
        .filter(|found| found.untouched.is_none() && found.record.outcome == Outcome::Succeeded)
        .map(|found| (&found.record.node, found.record.outputs.as_slice()))
        .collect();
    let mut in_place = are_in_place(state, &doubtful).into_iter();
    all.iter()
        .map(|Found { record, untouched, .. }| {
            if untouched.is_some() {
                Availability::InPlace
            } else if record.outcome != Outcome::Succeeded {
                Availability::Gone
            } else if in_place.next().expect("every doubtful one was looked at") {
                Availability::InPlace
            } else if is_stored(state, &record.outputs) {
                Availability::InStore
            } else {
                Availability::Gone
            }
        })
        .collect()
}

/// Whether the outputs of each of these nodes are in place, as their contents tell. Digests that had to be computed are
/// remembered with those of all other files.
pub(crate) fn are_in_place(state: &State, nodes: &[(&NodeName, &[OutputFile])]) -> Vec<bool> {
    let paths: Vec<PathBuf> = nodes
        .iter()
        .flat_map(|(node, outputs)| {
            let dir = state.outputs.dir(node);
            outputs.iter().map(move |output| dir.join(&*output.path))
        })
        .collect();
    let mut found = contents(&state.db, &state.dir, &paths, Links::AsLinks).into_iter();
    nodes
        .iter()
        .map(|(_, outputs)| {
            // All are taken, whatever the first says: the rest belong to the next node.
            let found: Vec<Content> = found.by_ref().take(outputs.len()).collect();
            outputs.iter().zip(found).all(|(output, found)| {
                let (digest, executable) = (output.digest, output.executable);
                found == Content::Known { digest, executable }
            })
        })
        .collect()
}
