//! The last execution of each node that somebody asks for. Looks at no file.
//!
//! Some are looked up one by one. If it is most of all, all are read in the order in which they are stored by one thread,
//! and what they say is made of the rows by the others meanwhile.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use graph::name::NodeName;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
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
/// From so many nodes on it is worth waking other threads.
const WORTH_SHARING: usize = 256;

/// The last execution of a node, and what is known of the outputs in place.
pub(crate) struct Last {
    pub(crate) node: NodeName,
    pub(crate) stored: Stored,
    /// What the file system said of them when they were put in place.
    pub(crate) stamp: Option<PlacedStamp>,
    /// Its parts, where it was looked up by itself.
    pub(crate) packed: Option<Packed>,
}

/// What `make` makes, on any thread, of the last execution of each of these nodes that ever ran, in their order. It is given
/// what `begin` has made for some of them that come one after the other.
pub(crate) fn each_last<'a, S, T: Send>(
    tx: &Connection,
    nodes: impl IntoIterator<Item = &'a NodeName>,
    begin: impl Fn() -> S + Send + Sync,
    make: impl Fn(&mut S, Last) -> T + Send + Sync,
) -> Result<Vec<T>, Fault> {
    let most: Option<i64> = tx.query_row("SELECT max(id) FROM nodes", [], |row| row.get(0))?;
    let Some(most) = most else { return Ok(Vec::new()) };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let nodes: Vec<&NodeName> = nodes.into_iter().collect();
    if nodes.len().saturating_mul(ONE_IN) >= most {
        read_all(tx, &nodes, |some: &mut dyn Iterator<Item = (usize, Result<Last, Fault>)>| {
            let mut state = begin();
            some.map(|(index, last)| Ok((index, make(&mut state, last?)))).collect()
        })
    } else {
        let found = look_up(tx, &nodes)?;
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
            let packed = Some(Packed::read(row, COLUMN_COUNT + 1)?);
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

fn read_all<T: Send>(
    tx: &Connection,
    nodes: &[&NodeName],
    make: impl Fn(
        &mut dyn Iterator<Item = (usize, Result<Last, Fault>)>,
    ) -> Result<Vec<(usize, T)>, Fault>
    + Send
    + Sync,
) -> Result<Vec<T>, Fault> {
    let texts = AllTexts::read(tx)?;
    let wanted = wanted(&texts, nodes);
    let last = |raw: &Raw, index: usize, row: &RawRow| {
        let outputs = outputs(&raw.outputs[row.outputs.clone()], |id| texts.find(id).cloned())?;
        let stored = row.row.clone().stored(outputs, |id| texts.read_set(id))?;
        Ok(Last { node: nodes[index].clone(), stored, stamp: row.stamp, packed: None })
    };
    let made = Mutex::new(Vec::with_capacity(nodes.len().div_ceil(TOGETHER) + 1));
    let unpack = |raw: &Raw| {
        let found = raw.rows.iter().filter_map(|row| Some((*wanted.get(&row.halves)?, row)));
        let some = make(&mut found.map(|(index, row)| (index, last(raw, index, row))));
        made.lock().unwrap_or_else(PoisonError::into_inner).push(some);
    };
    let unpack = &unpack;
    rayon::in_place_scope(|scope| each_raw(tx, |raw| scope.spawn(move |_| unpack(&raw))))?;
    let mut in_order: Vec<Option<T>> = nodes.iter().map(|_| None).collect();
    for some in made.into_inner().unwrap_or_else(PoisonError::into_inner) {
        some?.into_iter().for_each(|(index, one)| in_order[index] = Some(one));
    }
    Ok(in_order.into_iter().flatten().collect())
}

/// The places in the list of the nodes whose names are known, by the ids of their halves.
fn wanted(texts: &AllTexts, nodes: &[&NodeName]) -> HashMap<(i64, i64), usize> {
    let ids: HashMap<&str, i64> = texts.iter().map(|(id, text)| (text, id)).collect();
    let mut wanted = HashMap::with_capacity(nodes.len());
    // Those of a directory come together.
    let mut known = None;
    for (index, node) in nodes.iter().enumerate() {
        let (dir, leaf) = halves(node);
        let id = match known {
            Some((before, id)) if before == dir => id,
            _ => ids.get(dir).copied(),
        };
        known = Some((dir, id));
        if let Some(halves) = id.zip(ids.get(leaf).copied()) {
            wanted.insert(halves, index);
        }
    }
    wanted
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
