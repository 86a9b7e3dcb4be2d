//! What the engine is told of earlier executions, and where their outputs are now. Decides nothing.
//!
//! A plan in which nothing changed needs the last execution of each node without its parts, and a look at each of its
//! outputs. The parts are read when the engine asks for a difference, and executions of other nodes or times when it
//! asks for a key.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::{Availability, Outcome, OutputFile, Parts, Record, Records, Remembered};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rusqlite::{Connection, Row, Transaction};

use crate::error::{Error, Fault};
use crate::executions::{COLUMN_COUNT, COLUMNS, Stored, by_key};
use crate::files::{Content, Links, contents};
use crate::intern::{Texts, digest, find_node, head, node_name, text};
use crate::parts::Known;
use crate::state::State;

/// If more than one in so many nodes is asked for, reading all is quicker than looking each one up.
const ONE_IN: usize = 4;
/// From so many nodes on it is worth waking other threads.
const WORTH_SHARING: usize = 256;

/// Reads the parts of records when they are asked for, each distinct one once.
#[derive(Clone)]
pub(crate) struct PartsReader {
    state: Arc<State>,
    known: Arc<Mutex<Known>>,
}

impl PartsReader {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        Self { state: state.clone(), known: Arc::default() }
    }

    /// The record of a stored execution. No transaction may be open when its parts are looked at.
    pub(crate) fn record(&self, node: NodeName, mut stored: Stored) -> Arc<Record> {
        let packed = std::mem::take(&mut stored.parts);
        let reader = self.clone();
        let parts = Parts::read_when_needed(move || reader.unpack(&packed));
        Arc::new(stored.record(node, parts))
    }

    /// Parts that cannot be read are left out: they serve explanations, and no verdict gets better by them.
    fn unpack(&self, packed: &[u8]) -> Vec<graph::fingerprint::Part> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.state.db.read("read the parts of a record", |tx| known.unpack(tx, packed));
        read.unwrap_or_else(|error| {
            tracing::warn!("an earlier execution cannot be compared: {error}");
            Vec::new()
        })
    }
}

/// The last execution of each node in question, and a way to find a success by its key.
pub(crate) fn records_for<'a>(
    state: &Arc<State>,
    nodes: impl IntoIterator<Item = &'a NodeName>,
) -> Result<Records, Error> {
    let (last, heads) =
        state.db.read("read records", |tx| Ok((lasts(tx, nodes)?, Heads::few_of(tx)?)))?;
    let available = availability(state, &last);
    let reader = PartsReader::new(state);
    let mut records = Records::default();
    for (last, available) in last.into_iter().zip(available) {
        let record = reader.record(last.node, last.stored);
        records.insert_last(Remembered { record, available });
    }
    let Some(heads) = heads else { return Ok(records) };
    let find = move |key: &Digest| {
        heads.may_hold(&reader.state, key).then(|| recall(&reader, key)).flatten()
    };
    Ok(records.recalling(find))
}

/// The last execution of each of these nodes that ever ran.
pub(crate) fn lasts<'a>(
    tx: &Connection,
    nodes: impl IntoIterator<Item = &'a NodeName>,
) -> Result<Vec<Last>, Fault> {
    let most: Option<i64> = tx.query_row("SELECT max(id) FROM nodes", [], |row| row.get(0))?;
    let Some(most) = most else { return Ok(Vec::new()) };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let wanted: HashMap<&str, &NodeName> =
        nodes.into_iter().map(|node| (node.as_str(), node)).collect();
    if wanted.len().saturating_mul(ONE_IN) >= most {
        read_all(tx, &wanted)
    } else {
        look_up(tx, wanted.values().copied())
    }
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
/// One key is looked up while that many others are read.
const READ_MEANWHILE: usize = 128;

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
            let read = state.db.read("read keys", heads);
            read.inspect_err(|error| tracing::warn!("keys are looked up one by one: {error}")).ok()
        });
        all.as_ref().is_none_or(|all| all.binary_search(&head(key)).is_ok())
    }
}

/// The heads of all keys that are found by [`by_key`], in order.
fn heads(tx: &Transaction<'_>) -> Result<Vec<i64>, Fault> {
    let mut all = Vec::new();
    let mut keys = tx.prepare("SELECT key_head FROM executions WHERE kept = 1")?;
    let mut rows = keys.query([])?;
    while let Some(row) = rows.next()? {
        all.push(row.get(0)?);
    }
    let mut wide =
        tx.prepare("SELECT wide_key FROM executions WHERE kept = 1 AND wide_key IS NOT NULL")?;
    let mut rows = wide.query([])?;
    while let Some(row) = rows.next()? {
        all.push(head(&digest(row, 0)?));
    }
    all.sort_unstable();
    Ok(all)
}

/// The last execution of a node, and what is known of the outputs in place.
pub(crate) struct Last {
    pub(crate) node: NodeName,
    pub(crate) stored: Stored,
    pub(crate) placed: Option<i64>,
    pub(crate) stamp: Option<Vec<u8>>,
}

impl Last {
    fn read(
        tx: &Connection,
        texts: &mut Texts,
        row: &Row<'_>,
        node: &NodeName,
    ) -> Result<Self, Fault> {
        Ok(Self {
            node: node.clone(),
            stored: Stored::read(tx, texts, row)?,
            placed: row.get(COLUMN_COUNT)?,
            stamp: row.get(COLUMN_COUNT + 1)?,
        })
    }
}

fn read_all(tx: &Connection, wanted: &HashMap<&str, &NodeName>) -> Result<Vec<Last>, Fault> {
    let mut texts = Texts::all(tx)?;
    let mut query = tx.prepare_cached(&format!(
        "SELECT {COLUMNS}, n.placed, n.stamp, n.dir, n.leaf
         FROM nodes n JOIN executions e ON e.id = n.last"
    ))?;
    let mut rows = query.query([])?;
    let mut found = Vec::with_capacity(wanted.len());
    let mut name = String::new();
    while let Some(row) = rows.next()? {
        name.clear();
        name.push_str(&texts.find(tx, row.get(COLUMN_COUNT + 2)?)?);
        name.push('/');
        name.push_str(text(row, COLUMN_COUNT + 3)?);
        if let Some(node) = wanted.get(name.as_str()) {
            found.push(Last::read(tx, &mut texts, row, node)?);
        }
    }
    Ok(found)
}

fn look_up<'a>(
    tx: &Connection,
    nodes: impl Iterator<Item = &'a NodeName>,
) -> Result<Vec<Last>, Fault> {
    let mut texts = Texts::default();
    let mut query = tx.prepare_cached(&format!(
        "SELECT {COLUMNS}, n.placed, n.stamp
         FROM nodes n JOIN executions e ON e.id = n.last WHERE n.id = ?1"
    ))?;
    let mut found = Vec::new();
    for node in nodes {
        let Some(id) = find_node(tx, &mut texts, node)? else { continue };
        let mut rows = query.query([id])?;
        if let Some(row) = rows.next()? {
            found.push(Last::read(tx, &mut texts, row, node)?);
        }
    }
    Ok(found)
}

/// A successful execution under a key: one whose outputs the store has, if there is one. What cannot be read is
/// not there, which costs a build and is never wrong.
fn recall(reader: &PartsReader, key: &Digest) -> Option<Remembered> {
    let state = &reader.state;
    let found = state.db.read("read records", |tx| {
        let mut texts = Texts::default();
        let mut found = Vec::new();
        for stored in by_key(tx, &mut texts, key)? {
            if let Some(node) = node_name(tx, &mut texts, stored.node)? {
                found.push((node, stored));
            }
        }
        Ok(found)
    });
    let mut found = found.unwrap_or_else(|error| {
        tracing::warn!("earlier executions cannot be found: {error}");
        Vec::new()
    });
    let stored = found.iter().position(|(_, stored)| is_stored(state, &stored.outputs));
    let available = if stored.is_some() { Availability::InStore } else { Availability::Gone };
    let at = stored.unwrap_or(0);
    (at < found.len()).then(|| {
        let (node, stored) = found.swap_remove(at);
        Remembered { record: reader.record(node, stored), available }
    })
}

/// Whether the store has all of these.
pub(crate) fn is_stored(state: &State, outputs: &[OutputFile]) -> bool {
    outputs.iter().all(|output| state.store.has(&output.digest, output.size))
}

/// Where the outputs of each execution are. Those that the file system vouches for are not read.
fn availability(state: &State, all: &[Last]) -> Vec<Availability> {
    let is_untouched = |last: &Last| {
        last.stored.outcome == Outcome::Succeeded
            && last.placed == Some(last.stored.id)
            && last.stamp.is_some()
            && state.outputs.stamp(&last.node, &last.stored.outputs).as_ref().map(|s| &s[..])
                == last.stamp.as_deref()
    };
    let untouched: Vec<bool> = if all.len() < WORTH_SHARING {
        all.iter().map(is_untouched).collect()
    } else {
        all.par_iter().map(is_untouched).collect()
    };
    let doubtful: Vec<(&NodeName, &[OutputFile])> = all
        .iter()
        .zip(&untouched)
        .filter(|(last, untouched)| !**untouched && last.stored.outcome == Outcome::Succeeded)
        .map(|(last, _)| (&last.node, last.stored.outputs.as_slice()))
        .collect();
    let mut in_place = are_in_place(state, &doubtful).into_iter();
    all.iter()
        .zip(untouched)
        .map(|(last, untouched)| {
            if untouched {
                Availability::InPlace
            } else if last.stored.outcome != Outcome::Succeeded {
                Availability::Gone
            } else if in_place.next().expect("every doubtful one was looked at") {
                Availability::InPlace
            } else if is_stored(state, &last.stored.outputs) {
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
            outputs.iter().map(move |output| dir.join(&output.path))
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
