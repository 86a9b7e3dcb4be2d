//! Parts that the executions of a directory have in common: one list for a hundred of them. Knows no part and no execution.
//!
//! Nodes of a directory are of one kind, tree and architecture, and differ in little. So the first execution leaves what it
//! had as a proposal, the next makes a list of what it shares with that, and all after it that have the whole list name it.
//! What changes for all of them, as a commit does, makes the list shorter, until it is not worth having and the next
//! execution proposes anew.

use rusqlite::{Connection, OptionalExtension};

use crate::codec::{Reader, put_sorted, sorted};
use crate::error::Fault;
use crate::intern::{InCommon, Texts, blob};

/// A list is worth having that has three quarters of the parts of an execution.
const WORTH: (usize, usize) = (3, 4);
/// Fewer parts are not worth a list.
const FEWEST: usize = 6;

/// Splits the ascending ids of the parts of an execution in `dir` into a list that it shares, and those beside.
pub(crate) fn share(
    tx: &Connection,
    texts: &mut Texts,
    dir: i64,
    ids: &[i64],
) -> Result<(Option<i64>, Vec<i64>), Fault> {
    if ids.len() < FEWEST {
        return Ok((None, ids.to_vec()));
    }
    let known = match texts.in_common.remove(&dir) {
        None => read(tx, dir)?,
        known => known,
    };
    let is_shared =
        |id: &i64| known.as_ref().is_some_and(|known| known.parts.binary_search(id).is_ok());
    let (shared, own): (Vec<i64>, Vec<i64>) = ids.iter().partition(|id| is_shared(id));
    if shared.len() * WORTH.1 < ids.len() * WORTH.0 {
        let proposal = InCommon { parts: ids.to_vec(), list: None };
        write(tx, dir, &proposal)?;
        texts.in_common.insert(dir, proposal);
        return Ok((None, ids.to_vec()));
    }
    let whole = known.filter(|known| known.list.is_some() && known.parts.len() == shared.len());
    let now = match whole {
        Some(whole) => whole,
        None => {
            let mut packed = Vec::new();
            put_sorted(&mut packed, &shared);
            tx.prepare_cached("INSERT INTO part_lists (parts) VALUES (?1)")?.execute([packed])?;
            let now = InCommon { parts: shared, list: Some(tx.last_insert_rowid()) };
            write(tx, dir, &now)?;
            now
        }
    };
    let list = now.list;
    texts.in_common.insert(dir, now);
    Ok((list, own))
}

fn read(tx: &Connection, dir: i64) -> Result<Option<InCommon>, Fault> {
    let mut query = tx.prepare_cached("SELECT parts, list FROM in_common WHERE dir = ?1")?;
    let mut rows = query.query([dir])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let parts = sorted(&mut Reader::new(blob(row, 0)?))?;
    Ok(Some(InCommon { parts, list: row.get(1)? }))
}

fn write(tx: &Connection, dir: i64, now: &InCommon) -> Result<(), Fault> {
    let mut packed = Vec::new();
    put_sorted(&mut packed, &now.parts);
    tx.prepare_cached("INSERT OR REPLACE INTO in_common (dir, parts, list) VALUES (?1, ?2, ?3)")?
        .execute((dir, packed, now.list))?;
    Ok(())
}

/// The parts of a list; nothing if `gc` has removed it.
pub(crate) fn list(db: &Connection, id: i64) -> Result<Option<Vec<i64>>, Fault> {
    let packed: Option<Vec<u8>> = db
        .prepare_cached("SELECT parts FROM part_lists WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    packed.map(|packed| sorted(&mut Reader::new(&packed))).transpose()
}
