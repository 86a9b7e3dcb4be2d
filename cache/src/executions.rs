//! Executions as rows: how one is written and read. Knows neither the store nor what is in place.

use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::{Cost, Outcome, OutputFile, Parts, Record};
use graph::verdict::{Reason, Verdict};
use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;
use crate::intern::{Texts, blob, find_node, key_head, node_id, unsigned};
use crate::outputs::{outputs, pack_outputs};
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
            Verdict::Stale(reasons) | Verdict::Restorable { reasons, .. } => &reasons[..],
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
    let parts = pack(tx, texts, &record.node, record.parts.recorded())?;
    tx.prepare_cached(
        "INSERT INTO executions (node, run, outcome, cause, restored, kept, previous, key_head, key_tail, ended,
             wall_ms, cpu_ms, peak_memory, list, parts, outputs, read_set, whole, wide_head)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(rusqlite::params![
        node,
        record.run,
        outcome_code(record.outcome),
        cause.code(),
        origin == Origin::Restored,
        succeeded,
        previous,
        key_head(&record.key),
        &record.key.as_bytes()[4..],
        record.ended,
        signed(record.cost.wall_ms),
        signed(record.cost.cpu_ms),
        signed(record.cost.peak_memory),
        parts.list,
        parts.own,
        pack_outputs(tx, texts, &record.outputs)?,
        record.reads.as_ref().map(|reads| read_set_id(tx, reads)).transpose()?,
        parts.whole,
        record.wide_key().as_ref().map(key_head),
    ])?;
    let id = tx.last_insert_rowid();
    // Nobody looks at what is in place after a failure.
    tx.prepare_cached("UPDATE nodes SET last = ?1, stamp = ?3 WHERE id = ?2")?.execute((
        id,
        node,
        stamp.filter(|_| succeeded),
    ))?;
    slices::forget(tx, &record.node)?;
    Ok(id)
}

/// The id of a set of files, which is made if it was not kept.
fn read_set_id(tx: &Connection, digest: &Digest) -> Result<i64, Fault> {
    let known = tx
        .prepare_cached("SELECT id FROM read_sets WHERE digest = ?1")?
        .query_row([digest.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    tx.prepare_cached("INSERT INTO read_sets (digest) VALUES (?1)")?
        .execute([digest.as_bytes()])?;
    Ok(tx.last_insert_rowid())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The columns that [`Row::read`] reads, of a table called `e`.
pub(crate) const COLUMNS: &str = "e.id, e.node, e.run, e.outcome, e.key_head, e.key_tail, e.ended, \
     e.wall_ms, e.cpu_ms, e.peak_memory, e.read_set, e.outputs";
/// How many they are.
pub(crate) const COLUMN_COUNT: usize = 12;
/// Where the packed outputs are among them.
pub(crate) const OUTPUTS: usize = 11;

/// What a row says of an execution by itself.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) node: i64,
    run: i64,
    outcome: Outcome,
    key: Digest,
    ended: i64,
    cost: Cost,
    reads: Option<i64>,
}

/// An execution as it is stored, without its parts.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) node: i64,
    pub(crate) run: i64,
    pub(crate) outcome: Outcome,
    pub(crate) key: Digest,
    pub(crate) ended: i64,
    pub(crate) cost: Cost,
    pub(crate) outputs: Vec<OutputFile>,
    pub(crate) reads: Option<Digest>,
}

/// One with how it came about.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) stored: Stored,
    pub(crate) cause: Cause,
    pub(crate) origin: Origin,
    pub(crate) previous: Option<i64>,
}

impl Row {
    /// Reads the [`COLUMNS`] of a row, but for the outputs.
    pub(crate) fn read(row: &rusqlite::Row<'_>) -> Result<Self, Fault> {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&row.get::<_, i32>(4)?.to_le_bytes());
        let tail: &[u8; 28] = blob(row, 5)?
            .try_into()
            .map_err(|_| Fault::Damaged("the key of an execution is cut off"))?;
        key[4..].copy_from_slice(tail);
        Ok(Self {
            id: row.get(0)?,
            node: row.get(1)?,
            run: row.get(2)?,
            outcome: outcome_of(row.get(3)?)?,
            key: Digest::from_bytes(key),
            ended: row.get(6)?,
            cost: Cost {
                wall_ms: unsigned(row, 7)?,
                cpu_ms: unsigned(row, 8)?,
                peak_memory: unsigned(row, 9)?,
            },
            reads: row.get(10)?,
        })
    }

    /// With what others have told of its ids.
    pub(crate) fn stored(
        self,
        outputs: Vec<OutputFile>,
        read_set: impl FnOnce(i64) -> Result<Digest, Fault>,
    ) -> Result<Stored, Fault> {
        let Self { id, node, run, outcome, key, ended, cost, reads } = self;
        let reads = reads.map(read_set).transpose()?;
        Ok(Stored { id, node, run, outcome, key, ended, cost, outputs, reads })
    }
}

impl Stored {
    /// Reads the [`COLUMNS`] of a row.
    pub(crate) fn read(
        db: &Connection,
        texts: &mut Texts,
        row: &rusqlite::Row<'_>,
    ) -> Result<Self, Fault> {
        let outputs = outputs(blob(row, OUTPUTS)?, |path| texts.find(db, path))?;
        Row::read(row)?.stored(outputs, |id| texts.read_set(db, id))
    }

    /// The record that the engine knows.
    pub(crate) fn record(self, node: NodeName, parts: Parts) -> Record {
        Record {
            node,
            key: self.key,
            parts,
            reads: self.reads,
            outcome: self.outcome,
            outputs: self.outputs,
            cost: self.cost,
            run: self.run,
            ended: self.ended,
        }
    }
}

/// One execution by its id, if it has not been forgotten.
pub(crate) fn by_id(db: &Connection, texts: &mut Texts, id: i64) -> Result<Option<Told>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, e.cause, e.restored, e.previous FROM executions e WHERE e.id = ?1"
    ))?;
    let mut rows = query.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Told {
        stored: Stored::read(db, texts, row)?,
        cause: Cause::from_code(row.get(COLUMN_COUNT)?)?,
        origin: if row.get(COLUMN_COUNT + 1)? { Origin::Restored } else { Origin::Ran },
        previous: row.get(COLUMN_COUNT + 2)?,
    }))
}

/// The successful executions that may be under a key, also a wide one, and whose outputs the store is to have, the newest
/// first. The wide key of an execution is known to those who know its parts, so they have to ask for that.
pub(crate) fn by_key(
    db: &Connection,
    texts: &mut Texts,
    key: &Digest,
) -> Result<Vec<Stored>, Fault> {
    let mut found = Vec::new();
    let mut query =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM executions e WHERE {UNDER_KEY}"))?;
    let mut rows = query.query([key_head(key)])?;
    while let Some(row) = rows.next()? {
        let stored = Stored::read(db, texts, row)?;
        found.extend((stored.key == *key).then_some(stored));
    }
    let mut query =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM executions e WHERE {UNDER_WIDE_KEY}"))?;
    let mut rows = query.query([key_head(key)])?;
    while let Some(row) = rows.next()? {
        found.push(Stored::read(db, texts, row)?);
    }
    found.sort_by_key(|stored| std::cmp::Reverse(stored.id));
    Ok(found)
}

/// Whether [`by_key`] may find one.
pub(crate) fn is_any_under(db: &Connection, key: &Digest) -> Result<bool, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT 1 FROM executions e WHERE {UNDER_KEY}
         UNION ALL SELECT 1 FROM executions e WHERE {UNDER_WIDE_KEY}"
    ))?;
    Ok(query.exists([key_head(key)])?)
}

/// What is found by the first bytes of a key, and of one with all of a commit.
const UNDER_KEY: &str = "e.kept = 1 AND e.key_head = ?1";
const UNDER_WIDE_KEY: &str = "e.kept = 1 AND e.wide_head = ?1";
/// The same of all.
const ALL_HEADS: [&str; 2] = [
    "SELECT key_head FROM executions WHERE kept = 1",
    "SELECT wide_head FROM executions WHERE kept = 1 AND wide_head IS NOT NULL",
];

/// What the indexes are over of all keys that are found by [`by_key`], in order.
pub(crate) fn heads(tx: &Connection) -> Result<Vec<i64>, Fault> {
    let mut all = Vec::new();
    for query in ALL_HEADS {
        let mut query = tx.prepare(query)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            all.push(row.get(0)?);
        }
    }
    all.sort_unstable();
    Ok(all)
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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{ALL_HEADS, UNDER_KEY, UNDER_WIDE_KEY};
    use crate::schema;

    #[test]
    fn keys_are_found_by_indexes() {
        let db = Connection::open_in_memory().unwrap();
        schema::migrate(&db, 0).unwrap();
        let plan = |query: &str| -> String {
            let explain = format!("EXPLAIN QUERY PLAN {query}");
            db.query_row(&explain, [], |row| row.get(3)).unwrap()
        };
        for (which, index) in
            [(UNDER_KEY, "executions_by_key"), (UNDER_WIDE_KEY, "executions_by_wide_key")]
        {
            let which = which.replace("?1", "1");
            let plan = plan(&format!("SELECT e.id, e.outputs FROM executions e WHERE {which}"));
            assert!(plan.starts_with(&format!("SEARCH e USING INDEX {index} (")), "{plan}");
        }
        for query in ALL_HEADS {
            let plan = plan(query);
            assert!(plan.contains("USING COVERING INDEX"), "{query}: {plan}");
        }
    }
}
