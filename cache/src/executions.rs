//! Executions as rows: how one is written and read. Knows neither the store nor what is in place.
//!
//! A packed list of outputs is, for each in order of path: twice the id of the path's text, plus one if it is
//! executable; the size; the digest.

use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::{Cost, Outcome, OutputFile, Parts, Record};
use graph::verdict::{Reason, Verdict};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec::{Reader, put_count, put_number};
use crate::error::Fault;
use crate::intern::{Texts, blob, digest, find_node, head, node_id, text_id, unsigned};
use crate::parts::pack;
use crate::slices;

/// What called for an execution, beside the difference to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nothing else: the difference says it all.
    Judged,
    /// The user asked for it.
    Forced,
    /// The outputs of the one before were not in place.
    OutputsMissing,
}

impl Cause {
    /// The cause that a verdict gives.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        let reasons = match verdict {
            Verdict::Stale(reasons) | Verdict::Restorable { reasons, .. } => reasons.as_slice(),
            Verdict::Fresh | Verdict::Open(_) => &[],
        };
        if reasons.contains(&Reason::Forced) {
            Self::Forced
        } else if reasons.contains(&Reason::OutputsMissing) {
            Self::OutputsMissing
        } else {
            Self::Judged
        }
    }

    fn code(self) -> i64 {
        match self {
            Self::Judged => 0,
            Self::Forced => 1,
            Self::OutputsMissing => 2,
        }
    }

    fn from_code(code: i64) -> Result<Self, Fault> {
        match code {
            0 => Ok(Self::Judged),
            1 => Ok(Self::Forced),
            2 => Ok(Self::OutputsMissing),
            _ => Err(Fault::Damaged("an execution has an unknown cause")),
        }
    }
}

/// Whether the steps of a node ran, or its outputs came from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It ran.
    Ran,
    /// The outputs of an earlier execution were put in place.
    Restored,
}

/// The number that stands for [`Outcome::Succeeded`]; queries have it as it is.
const SUCCEEDED: i64 = 0;

fn outcome_code(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Succeeded => SUCCEEDED,
        Outcome::Failed => 1,
        Outcome::TimedOut => 2,
        Outcome::Stalled => 3,
        Outcome::Interrupted => 4,
        Outcome::Unsure => 5,
    }
}

fn outcome_of(code: i64) -> Result<Outcome, Fault> {
    Ok(match code {
        SUCCEEDED => Outcome::Succeeded,
        1 => Outcome::Failed,
        2 => Outcome::TimedOut,
        3 => Outcome::Stalled,
        4 => Outcome::Interrupted,
        5 => Outcome::Unsure,
        _ => return Err(Fault::Damaged("an execution has an unknown outcome")),
    })
}

/// Writes an execution as the last of its node. Gives its id.
pub(crate) fn insert(
    tx: &Connection,
    texts: &mut Texts,
    record: &Record,
    (cause, origin): (Cause, Origin),
    stamp: Option<&[u8]>,
) -> Result<i64, Fault> {
    let node = node_id(tx, texts, &record.node)?;
    let previous: Option<i64> = tx
        .prepare_cached("SELECT last FROM nodes WHERE id = ?1")?
        .query_row([node], |row| row.get(0))?;
    let succeeded = record.outcome == Outcome::Succeeded;
    let (_, tail) = record.key.as_bytes().split_at(8);
    tx.prepare_cached(
        "INSERT INTO executions (node, run, outcome, cause, restored, kept, previous, key_head,
             key_tail, ended, wall_ms, cpu_ms, peak_memory, parts, outputs, reads, wide_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(rusqlite::params![
        node,
        record.run,
        outcome_code(record.outcome),
        cause.code(),
        origin == Origin::Restored,
        succeeded,
        previous,
        head(&record.key),
        tail,
        record.ended,
        signed(record.cost.wall_ms),
        signed(record.cost.cpu_ms),
        signed(record.cost.peak_memory),
        pack(tx, texts, &record.parts)?,
        pack_outputs(tx, texts, &record.outputs)?,
        record.reads.as_ref().map(Digest::as_bytes),
        record.wide_key.as_ref().map(Digest::as_bytes),
    ])?;
    let id = tx.last_insert_rowid();
    // What is in place after a failure is still what the last success left.
    let update = if succeeded {
        "UPDATE nodes SET last = ?1, placed = ?1, stamp = ?3 WHERE id = ?2"
    } else {
        "UPDATE nodes SET last = ?1 WHERE id = ?2 AND ?3 IS NULL"
    };
    tx.prepare_cached(update)?.execute((id, node, stamp))?;
    slices::forget(tx, &record.node)?;
    Ok(id)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn pack_outputs(
    tx: &Connection,
    texts: &mut Texts,
    outputs: &[OutputFile],
) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(outputs.len() * 40 + 1);
    put_count(&mut out, outputs.len());
    for output in outputs {
        let path = u64::try_from(text_id(tx, texts, &output.path)?).expect("ids are positive");
        put_number(&mut out, path * 2 + u64::from(output.executable));
        put_number(&mut out, output.size);
        out.extend_from_slice(output.digest.as_bytes());
    }
    Ok(out)
}

/// Calls `each` with the id of the path's text, whether it is executable, the size and the digest of each output.
pub(crate) fn each_output(
    packed: &[u8],
    mut each: impl FnMut(i64, bool, u64, Digest) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(packed);
    for _ in 0..reader.count()? {
        let path = reader.number()?;
        let size = reader.number()?;
        let id = i64::try_from(path / 2).expect("half of 64 bits fits a signed number");
        each(id, path % 2 == 1, size, reader.digest()?)?;
    }
    Ok(())
}

/// The columns that [`Stored::read`] reads, of a table called `e`.
pub(crate) const COLUMNS: &str = "e.id, e.node, e.run, e.outcome, e.cause, e.restored, \
     e.previous, e.key_head, e.key_tail, e.ended, e.wall_ms, e.cpu_ms, e.peak_memory, e.parts, e.outputs, \
     e.reads, e.wide_key";
/// How many they are.
pub(crate) const COLUMN_COUNT: usize = 17;

/// An execution as it is stored: names are ids, and the parts are packed.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) node: i64,
    pub(crate) run: i64,
    pub(crate) outcome: Outcome,
    pub(crate) cause: Cause,
    pub(crate) origin: Origin,
    pub(crate) previous: Option<i64>,
    pub(crate) key: Digest,
    pub(crate) ended: i64,
    pub(crate) cost: Cost,
    pub(crate) parts: Box<[u8]>,
    pub(crate) outputs: Vec<OutputFile>,
    pub(crate) reads: Option<Digest>,
    pub(crate) wide_key: Option<Digest>,
}

impl Stored {
    /// Reads the [`COLUMNS`] of a row.
    pub(crate) fn read(db: &Connection, texts: &mut Texts, row: &Row<'_>) -> Result<Self, Fault> {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&row.get::<_, i64>(7)?.to_le_bytes());
        let tail: &[u8; 24] = blob(row, 8)?
            .try_into()
            .map_err(|_| Fault::Damaged("the key of an execution is cut off"))?;
        key[8..].copy_from_slice(tail);
        let mut outputs = Vec::new();
        each_output(blob(row, 14)?, |path, executable, size, digest| {
            let path = texts.find(db, path)?.as_ref().to_owned();
            outputs.push(OutputFile { path, digest, size, executable });
            Ok(())
        })?;
        Ok(Self {
            id: row.get(0)?,
            node: row.get(1)?,
            run: row.get(2)?,
            outcome: outcome_of(row.get(3)?)?,
            cause: Cause::from_code(row.get(4)?)?,
            origin: if row.get(5)? { Origin::Restored } else { Origin::Ran },
            previous: row.get(6)?,
            key: Digest::from_bytes(key),
            ended: row.get(9)?,
            cost: Cost {
                wall_ms: unsigned(row, 10)?,
                cpu_ms: unsigned(row, 11)?,
                peak_memory: unsigned(row, 12)?,
            },
            parts: blob(row, 13)?.into(),
            outputs,
            reads: optional_digest(row, 15)?,
            wide_key: optional_digest(row, 16)?,
        })
    }

    /// The record that the engine knows.
    pub(crate) fn record(self, node: NodeName, parts: Parts) -> Record {
        Record {
            node,
            key: self.key,
            parts,
            reads: self.reads,
            wide_key: self.wide_key,
            outcome: self.outcome,
            outputs: self.outputs,
            cost: self.cost,
            run: self.run,
            ended: self.ended,
        }
    }
}

/// One execution by its id, if it has not been forgotten.
pub(crate) fn by_id(db: &Connection, texts: &mut Texts, id: i64) -> Result<Option<Stored>, Fault> {
    let mut query =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM executions e WHERE e.id = ?1"))?;
    let mut rows = query.query([id])?;
    rows.next()?.map(|row| Stored::read(db, texts, row)).transpose()
}

fn optional_digest(row: &Row<'_>, column: usize) -> Result<Option<Digest>, Fault> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => digest(row, column).map(Some),
    }
}

/// The successful executions under a key, also a wide one, whose outputs the store is to have, the newest first.
pub(crate) fn by_key(
    db: &Connection,
    texts: &mut Texts,
    key: &Digest,
) -> Result<Vec<Stored>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM executions e WHERE e.kept = 1 AND e.key_head = ?1
         UNION ALL
         SELECT {COLUMNS} FROM executions e WHERE e.kept = 1 AND e.wide_key = ?2
         ORDER BY 1 DESC"
    ))?;
    let mut rows = query.query((head(key), key.as_bytes()))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = Stored::read(db, texts, row)?;
        if stored.key == *key || stored.wide_key == Some(*key) {
            found.push(stored);
        }
    }
    Ok(found)
}

/// The id of a node's last execution.
pub(crate) fn last_of(
    db: &Connection,
    texts: &mut Texts,
    node: &NodeName,
) -> Result<Option<i64>, Fault> {
    let Some(id) = find_node(db, texts, node)? else { return Ok(None) };
    let last = db
        .prepare_cached("SELECT last FROM nodes WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(last.flatten())
}
