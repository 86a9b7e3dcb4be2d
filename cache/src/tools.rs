//! What tools said of themselves, so that asking costs a look-up instead of a process. Starts none.

use std::collections::{HashMap, HashSet};

use graph::digest::Digest;
use rusqlite::OptionalExtension;

use crate::db::Database;
use crate::error::Error;
use crate::intern::{blob, digest, text};

/// So many are not looked up one by one.
const MANY: usize = 4096;

/// What was remembered under keys, each of which must cover everything that the answer depends on; in their order.
pub(crate) fn said(db: &Database, keys: &[Digest]) -> Result<Vec<Option<String>>, Error> {
    db.read("read versions of tools", |tx| {
        let mut query = tx.prepare_cached("SELECT text FROM tools WHERE key = ?1")?;
        let mut find =
            |key: &Digest| query.query_row([key.as_bytes()], |row| row.get(0)).optional();
        if keys.len() < MANY {
            return Ok(keys.iter().map(&mut find).collect::<Result<_, _>>()?);
        }
        // Of so many it is likely that they are most of all.
        let mut all = tx.prepare_cached("SELECT key, text FROM tools")?;
        let mut rows = all.query([])?;
        let wanted: HashSet<&[u8]> = keys.iter().map(|key| &key.as_bytes()[..]).collect();
        let mut said: HashMap<Digest, String> = HashMap::new();
        while let Some(row) = rows.next()? {
            if wanted.contains(blob(row, 0)?) {
                said.insert(digest(row, 0)?, text(row, 1)?.to_owned());
            }
        }
        Ok(keys.iter().map(|key| said.get(key).cloned()).collect())
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
