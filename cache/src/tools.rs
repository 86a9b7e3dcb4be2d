//! What tools said of themselves, so that asking costs a look-up instead of a process. Starts none.

use graph::digest::Digest;
use rusqlite::OptionalExtension;

use crate::db::Database;
use crate::error::Error;

/// What was remembered under keys, each of which must cover everything that the answer depends on; in their order.
pub(crate) fn said(db: &Database, keys: &[Digest]) -> Result<Vec<Option<String>>, Error> {
    db.read("read versions of tools", |tx| {
        let mut query = tx.prepare_cached("SELECT text FROM tools WHERE key = ?1")?;
        // In the order in which they are stored: what is next to each other is read once.
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_unstable_by_key(|at| keys[*at]);
        let mut said = vec![None; keys.len()];
        for at in order {
            said[at] = query.query_row([keys[at].as_bytes()], |row| row.get(0)).optional()?;
        }
        Ok(said)
    })
}

/// Remembers answers.
pub(crate) fn remember(db: &Database, told: &[(Digest, String)], now: i64) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    db.write("remember the version of a tool", |tx| {
        let mut insert = tx
            .prepare_cached("INSERT OR REPLACE INTO tools (key, text, seen) VALUES (?1, ?2, ?3)")?;
        for (key, text) in told {
            insert.execute((key.as_bytes(), text, now))?;
        }
        Ok(())
    })
}
