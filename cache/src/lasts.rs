//! The last execution of each node that somebody asks for. Looks at no file.
//!
//! Some are looked up one by one. If it is most of all, all are read in the order in which they are stored by one thread,
//! and what they say is made of the rows by the others meanwhile.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use graph::name::NodeName;
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rusqlite::Connection;

use crate::error::Fault;
use crate::executions::{COLUMN_COUNT, COLUMNS, OUTPUTS, Row, Stored};
use crate::intern::{AllTexts, Texts, blob, find_halves, halves};
use crate::outputs::outputs;
use crate::parts::{PACKED, Packed};
use crate::place::PlacedStamp;

/// If more than one in so many nodes is asked for, reading all is quicker than looking each one up.
const ONE_IN: usize = 4;
/// So many rows are handed over together.
const TOGETHER: usize = 4096;
/// So many of these wait for another thread at most: who reads quicker than they are unpacked helps, and holds less of them.
const MOST_WAITING: usize = 8;
/// From so many nodes on it is worth waking other threads.
const WORTH_SHARING: usize = 256;

/// The last execution of a node, and what is known of the outputs in place.
pub(crate) struct Last {
    pub(crate) node: NodeName,
    pub(crate) stored: Stored,
    /// What the file system said of them when they were put in place.
    pub(crate) stamp: Option<PlacedStamp>,
    /// Its parts, where it was looked up by itself.
    pub(crate) packed: Option<Box<Packed>>,
}

/// What `make` makes, on any thread, of the last execution of each of these nodes that ever ran, in their order. It is given
/// what `begin` has made for some of them that come one after the other.
pub(crate) fn each_last<S, T: Send + Sync>(
    tx: &Connection,
    nodes: &[&NodeName],
    begin: impl Fn() -> S + Send + Sync,
    make: impl Fn(&mut S, Last) -> T + Send + Sync,
) -> Result<Vec<T>, Fault> {
    let most: Option<i64> = tx.query_row("SELECT max(id) FROM nodes", [], |row| row.get(0))?;
    let Some(most) = most else { return Ok(Vec::new()) };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if nodes.len().saturating_mul(ONE_IN) >= most {
        read_all(tx, nodes, begin, make)
    } else {
        let found = look_up(tx, nodes)?;
        Ok(if found.len() < WORTH_SHARING {
            let mut state = begin();
            found.into_iter().map(|last| make(&mut state, last)).collect()
        } else {
            found.into_par_iter().map_init(&begin, &make).collect()
        })
    }
}

fn look_up(tx: &Connection, nodes: &[&NodeName]) -> Result<Vec<Last>, Fault> {
    let mut texts = Texts::default();
    let mut query = tx.prepare_cached(&format!(
        "SELECT {COLUMNS}, n.stamp, {PACKED} FROM nodes n JOIN executions e ON e.id = n.last
         WHERE n.dir = ?1 AND n.leaf = ?2"
    ))?;
    let mut found = Vec::new();
    for node in nodes {
        let Some(halves) = find_halves(tx, &mut texts, node)? else { continue };
        let mut rows = query.query(halves)?;
        if let Some(row) = rows.next()? {
            let stored = Stored::read(tx, &mut texts, row)?;
            let stamp = stamp(row, COLUMN_COUNT)?;
            let packed = Some(Box::new(Packed::read(row, COLUMN_COUNT + 1)?));
            found.push(Last { node: (*node).clone(), stored, stamp, packed });
        }
    }
    Ok(found)
}

fn stamp(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<PlacedStamp>, Fault> {
    let stamp = row.get_ref(column)?.as_blob_or_null();
    let stamp = stamp.map_err(|_| Fault::Damaged("a stamp is no blob"))?;
    stamp.map(|stamp| stamp.try_into().map_err(|_| CUT_OFF)).transpose()
}

const CUT_OFF: Fault = Fault::Damaged("a stamp is cut off");

/// Rows as they are read, of any nodes.
#[derive(Default)]
struct Raw {
    rows: Vec<RawRow>,
    /// The packed outputs of all of them.
    outputs: Vec<u8>,
}

struct RawRow {
    halves: (i64, i64),
    row: Row,
    outputs: Range<usize>,
    stamp: Option<PlacedStamp>,
}

fn read_all<S, T: Send + Sync>(
    tx: &Connection,
    nodes: &[&NodeName],
    begin: impl Fn() -> S + Send + Sync,
    make: impl Fn(&mut S, Last) -> T + Send + Sync,
) -> Result<Vec<T>, Fault> {
    let texts = AllTexts::read(tx)?;
    let wanted = Wanted::of(&texts, nodes);
    let last = |raw: &Raw, index: usize, row: &RawRow| {
        let outputs = outputs(&raw.outputs[row.outputs.clone()], |id| texts.find(id).cloned())?;
        let stored = row.row.clone().stored(outputs, |id| texts.read_set(id))?;
        Ok(Last { node: nodes[index].clone(), stored, stamp: row.stamp, packed: None })
    };
    let made: Vec<OnceLock<T>> = nodes.iter().map(|_| OnceLock::new()).collect();
    let fault: OnceLock<Fault> = OnceLock::new();
    let waiting = AtomicUsize::new(0);
    let unpack = |raw: &Raw| {
        let mut state = begin();
        for row in &raw.rows {
            let Some(index) = wanted.find(row.halves) else { continue };
            match last(raw, index, row) {
                Ok(last) => made[index].set(make(&mut state, last)).ok(),
                Err(found) => fault.set(found).ok(),
            };
        }
    };
    let unpack = &unpack;
    let waiting = &waiting;
    rayon::in_place_scope(|scope| {
        each_raw(tx, |raw| {
            if waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING {
                scope.spawn(move |_| {
                    unpack(&raw);
                    waiting.fetch_sub(1, Ordering::Relaxed);
                });
            } else {
                unpack(&raw);
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
        })
    })?;
    match fault.into_inner() {
        Some(fault) => Err(fault),
        None => Ok(made.into_iter().filter_map(OnceLock::into_inner).collect()),
    }
}

/// The places in a list of the nodes whose names are known, by the ids of their halves.
struct Wanted(HashMap<i64, Vec<(i64, usize)>>);

impl Wanted {
    fn of(texts: &AllTexts, nodes: &[&NodeName]) -> Self {
        let ids: HashMap<&str, i64> = texts.iter().map(|(id, text)| (text, id)).collect();
        let mut wanted: HashMap<i64, Vec<(i64, usize)>> = HashMap::new();
        let id_of = |node: &&NodeName| {
            let (dir, leaf) = halves(node);
            ids.get(dir).copied().zip(ids.get(leaf).copied())
        };
        let found: Vec<Option<(i64, i64)>> = nodes.par_iter().map(id_of).collect();
        for (index, halves) in found.into_iter().enumerate() {
            if let Some((dir, leaf)) = halves {
                wanted.entry(dir).or_default().push((leaf, index));
            }
        }
        wanted.values_mut().for_each(|dir| dir.sort_unstable());
        Self(wanted)
    }

    /// Rows come by directory, so that what is looked through is at hand.
    fn find(&self, (dir, leaf): (i64, i64)) -> Option<usize> {
        let nodes = self.0.get(&dir)?;
        let at = nodes.binary_search_by_key(&leaf, |(leaf, _)| *leaf).ok()?;
        Some(nodes[at].1)
    }
}

/// Gives all rows, some thousand at a time.
fn each_raw(tx: &Connection, mut take: impl FnMut(Raw)) -> Result<(), Fault> {
    let mut query = tx.prepare_cached(&format!(
        "SELECT {COLUMNS}, n.stamp, n.dir, n.leaf FROM nodes n JOIN executions e ON e.id = n.last"
    ))?;
    let mut rows = query.query([])?;
    let mut raw = Raw::default();
    while let Some(row) = rows.next()? {
        let start = raw.outputs.len();
        raw.outputs.extend_from_slice(blob(row, OUTPUTS)?);
        raw.rows.push(RawRow {
            halves: (row.get(COLUMN_COUNT + 1)?, row.get(COLUMN_COUNT + 2)?),
            row: Row::read(row)?,
            outputs: start..raw.outputs.len(),
            stamp: stamp(row, COLUMN_COUNT)?,
        });
        if raw.rows.len() == TOGETHER {
            take(std::mem::take(&mut raw));
        }
    }
    take(raw);
    Ok(())
}
