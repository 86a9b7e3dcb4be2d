//! Which files builds have read, so that the next plan looks at no others. Knows no repository.
//!
//! A set is kept under its digest, which executions name, and goes when no execution does any more. A body is the paths,
//! then the names, each as sorted texts.

use graph::digest::Digest;
use graph::reads::ReadSet;

use crate::codec::{Reader, put_texts, texts};
use crate::db::Database;
use crate::error::{Error, Fault};
use crate::intern::blob;

/// Keeps a set; nothing happens if it is there. Gives what it is called.
pub(crate) fn keep(db: &Database, set: &ReadSet) -> Result<Digest, Error> {
    let digest = set.digest();
    let known = "SELECT 1 FROM read_sets WHERE digest = ?1 AND body IS NOT NULL";
    let is_known = db.read("read what builds read", |tx| {
        Ok(tx.prepare_cached(known)?.exists([digest.as_bytes()])?)
    })?;
    if !is_known {
        let mut body = Vec::new();
        put_texts(&mut body, set.paths());
        put_texts(&mut body, set.names());
        db.write("keep what a build read", |tx| {
            tx.prepare_cached(
                "INSERT INTO read_sets (digest, body) VALUES (?1, ?2)
                 ON CONFLICT (digest) DO UPDATE SET body = excluded.body",
            )?
            .execute((digest.as_bytes(), body))?;
            Ok(())
        })?;
    }
    Ok(digest)
}

/// The set that is called so, if it was kept. One that is damaged was not.
pub(crate) fn find(db: &Database, digest: &Digest) -> Result<Option<ReadSet>, Error> {
    let found = db.read("read what builds read", |tx| {
        let mut query =
            tx.prepare_cached("SELECT body FROM read_sets WHERE digest = ?1 AND body IS NOT NULL")?;
        let mut rows = query.query([digest.as_bytes()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut reader = Reader::new(blob(row, 0)?);
        let set = ReadSet::new(texts(&mut reader)?, texts(&mut reader)?);
        if set.digest() != *digest {
            return Err(Fault::Damaged("what a build read is not what its name says"));
        }
        Ok(Some(set))
    });
    match found {
        Err(Error::Damaged { .. }) => Ok(None),
        found => found,
    }
}
