//! What tools said of themselves, so that asking costs a look-up instead of a process. Starts none.

use graph::digest::Digest;
use rusqlite::OptionalExtension;

use crate::db::Database;
use crate::error::Error;

/// What was remembered under a key, which must cover everything that the answer depends on.
pub(crate) fn said(db: &Database, key: &Digest) -> Result<Option<String>, Error> {
    db.read("read versions of tools", |tx| {
        let found = tx
            .prepare_cached("SELECT text FROM tools WHERE key = ?1")?
            .query_row([key.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(found)
    })
}

/// Remembers an answer.
pub(crate) fn remember(db: &Database, key: &Digest, text: &str, now: i64) -> Result<(), Error> {
    db.write("remember the version of a tool", |tx| {
        tx.prepare_cached("INSERT OR REPLACE INTO tools (key, text, seen) VALUES (?1, ?2, ?3)")?
            .execute((key.as_bytes(), text, now))?;
        Ok(())
    })
}
