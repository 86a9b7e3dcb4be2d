//! The database's part of making room: one transaction that lets go of all that goes. Decides nothing.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use crate::codec::{Reader, sorted};
use crate::db::Database;
use crate::error::{Error, Fault};
use crate::intern::{blob, count, digest};
use crate::outputs::each_output;
use crate::parts::Unpacked;
use crate::slices;

const MS_A_DAY: i64 = 86_400_000;
/// Files and answers that nobody asked for in so many days are forgotten.
const UNUSED_DAYS: i64 = 60;

/// What goes.
pub(crate) struct Sweep<'a> {
    /// Executions whose artifacts the store no longer is to have.
    pub(crate) released: &'a [i64],
    /// Nodes that no longer exist.
    pub(crate) gone: &'a HashSet<i64>,
    /// The oldest run that stays.
    pub(crate) oldest_run: i64,
    /// What time it is, in milliseconds since 1970.
    pub(crate) now: i64,
}

impl Sweep<'_> {
    /// How many runs and executions would go.
    pub(crate) fn count(&self, db: &Database) -> Result<(usize, usize), Error> {
        db.read("count what goes", |tx| {
            let runs = count(tx, "SELECT count(*) FROM runs WHERE id < ?1", [self.oldest_run])?;
            Ok((runs, self.forgotten(tx)?.len()))
        })
    }

    /// Lets go of everything, or of nothing. Says how many runs and executions went.
    pub(crate) fn run(&self, db: &Database) -> Result<(usize, usize), Error> {
        db.write("make room", |tx| {
            let forgotten = self.forgotten(tx)?;
            let mut release = tx.prepare("UPDATE executions SET kept = 0 WHERE id = ?1")?;
            for id in self.released {
                release.execute([id])?;
            }
            delete(tx, "executions", forgotten.iter().copied())?;
            slices::forget_all(tx)?;
            let runs = tx.execute("DELETE FROM runs WHERE id < ?1", [self.oldest_run])?;
            tx.execute("DELETE FROM skips WHERE run < ?1", [self.oldest_run])?;
            let mut unplace = tx.prepare("UPDATE nodes SET stamp = NULL WHERE id = ?1")?;
            for node in self.gone {
                unplace.execute([node])?;
            }
            tx.execute(
                "UPDATE nodes SET last = NULL
                 WHERE last IS NOT NULL AND last NOT IN (SELECT id FROM executions)",
                [],
            )?;
            let day = self.now / MS_A_DAY - UNUSED_DAYS;
            tx.execute("DELETE FROM files WHERE used < ?1", [day])?;
            tx.execute("DELETE FROM refs WHERE seen < ?1", [day * MS_A_DAY])?;
            tx.execute("DELETE FROM tools WHERE seen < ?1", [day * MS_A_DAY])?;
            forget_unused(tx)?;
            Ok((runs, forgotten.len()))
        })
    }

    /// Executions without artifacts that are of a forgotten run and no node's last, or of a node that is gone; but not those
    /// by which one that stays says what it needed.
    fn forgotten(&self, tx: &Connection) -> Result<Vec<i64>, Fault> {
        let released: HashSet<i64> = self.released.iter().copied().collect();
        let mut query = tx.prepare(
            "SELECT e.id, e.node, e.kept, e.run, n.last, e.parts
             FROM executions e JOIN nodes n ON n.id = e.node ORDER BY e.id DESC",
        )?;
        let mut rows = query.query([])?;
        let mut forgotten = Vec::new();
        // What one needed was there before it, so that it comes later here.
        let mut needed = HashSet::new();
        while let Some(row) = rows.next()? {
            let (id, node): (i64, i64) = (row.get(0)?, row.get(1)?);
            let is_kept = row.get(2)? && !released.contains(&id);
            let is_old = row.get::<_, i64>(3)? < self.oldest_run;
            let is_last = row.get::<_, Option<i64>>(4)? == Some(id);
            let goes = if is_last { self.gone.contains(&node) } else { is_old };
            if goes && !is_kept && !needed.contains(&id) {
                forgotten.push(id);
            } else {
                needed.extend(Unpacked::read(blob(row, 5)?)?.left);
            }
        }
        Ok(forgotten)
    }
}

/// Lists, parts, texts, manifests and sets of files to which nothing refers any more.
fn forget_unused(tx: &Connection) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM read_sets WHERE id NOT IN
             (SELECT read_set FROM executions WHERE read_set IS NOT NULL)",
        [],
    )?;
    tx.execute("DELETE FROM in_common", [])?;
    tx.execute(
        "DELETE FROM part_lists WHERE id NOT IN
             (SELECT list FROM executions WHERE list IS NOT NULL)",
        [],
    )?;
    let (mut parts, mut texts) = (HashSet::new(), HashSet::new());
    each_row(tx, "SELECT parts FROM part_lists", |row| {
        parts.extend(sorted(&mut Reader::new(blob(row, 0)?))?);
        Ok(())
    })?;
    each_row(tx, "SELECT parts, outputs, whole FROM executions", |row| {
        parts.extend(Unpacked::read(blob(row, 0)?)?.parts());
        parts.extend(row.get::<_, Option<i64>>(2)?);
        each_output(blob(row, 1)?, |path, _, _, _| {
            texts.insert(path);
            Ok(())
        })
    })?;
    let (mut unused_parts, mut trees) = (Vec::new(), HashSet::new());
    each_row(tx, "SELECT id, name, file, digest FROM parts", |row| {
        let id = row.get(0)?;
        if parts.contains(&id) {
            texts.insert(row.get(1)?);
            texts.extend(row.get::<_, Option<i64>>(2)?);
            trees.insert(digest(row, 3)?);
        } else {
            unused_parts.push(id);
        }
        Ok(())
    })?;
    each_row(tx, "SELECT dir, leaf FROM nodes", |row| {
        texts.extend([row.get::<_, i64>(0)?, row.get(1)?]);
        Ok(())
    })?;
    let mut unused_texts = Vec::new();
    each_row(tx, "SELECT id FROM texts", |row| {
        let id = row.get(0)?;
        unused_texts.extend((!texts.contains(&id)).then_some(id));
        Ok(())
    })?;
    let mut unused_manifests = Vec::new();
    each_row(tx, "SELECT id, digest FROM manifests", |row| {
        let is_used = trees.contains(&digest(row, 1)?);
        unused_manifests.extend((!is_used).then_some(row.get::<_, i64>(0)?));
        Ok(())
    })?;
    delete(tx, "parts", unused_parts.into_iter())?;
    delete(tx, "texts", unused_texts.into_iter())?;
    delete(tx, "manifests", unused_manifests.into_iter())
}

fn each_row(
    tx: &Connection,
    query: &str,
    mut each: impl FnMut(&rusqlite::Row<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut query = tx.prepare(query)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        each(row)?;
    }
    Ok(())
}

fn delete(
    tx: &Connection,
    table: &'static str,
    ids: impl Iterator<Item = i64>,
) -> Result<(), Fault> {
    let mut delete = tx.prepare(&format!("DELETE FROM {table} WHERE id = ?1"))?;
    for id in ids {
        delete.execute(params![id])?;
    }
    Ok(())
}

/// Gives space back to the file system where that is more than half of the file. Failing that, the space is used again.
pub(crate) fn compact(db: &Database) -> Result<(), Error> {
    db.outside("compact the cache", |connection| {
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        if number("freelist_count")? * 2 > number("page_count")? {
            let compacted = connection.execute_batch("VACUUM");
            if let Err(error) = compacted {
                tracing::debug!("the cache is not compacted: {error}");
            }
        }
        // Others may be reading: then the log is emptied another time.
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(())
    })
}
