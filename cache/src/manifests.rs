//! The files of trees, so that `why` can name those that changed. Knows no tree: a digest and a list.
//!
//! A manifest is kept under the digest that is the tree's part in records, and goes when no record has it any more.

use graph::digest::Digest;

use crate::codec::{paths, put_paths};
use crate::db::Database;
use crate::error::Error;
use crate::intern::blob;

/// Keeps a manifest; nothing happens if it is there. The entries may come in any order.
pub(crate) fn keep(db: &Database, tree: &Digest, entries: &[(&str, Digest)]) -> Result<(), Error> {
    let known = "SELECT 1 FROM manifests WHERE digest = ?1";
    let is_known =
        db.read("read manifests", |tx| Ok(tx.prepare_cached(known)?.exists([tree.as_bytes()])?))?;
    if is_known {
        return Ok(());
    }
    let mut sorted = entries.to_vec();
    sorted.sort_unstable();
    let body = put_paths(&sorted);
    db.write("keep a manifest", |tx| {
        tx.prepare_cached("INSERT OR IGNORE INTO manifests (digest, body) VALUES (?1, ?2)")?
            .execute((tree.as_bytes(), body))?;
        Ok(())
    })
}

/// The files of a tree with their digests, in order of path, if they were kept.
pub(crate) fn find(db: &Database, tree: &Digest) -> Result<Option<Vec<(String, Digest)>>, Error> {
    db.read("read a manifest", |tx| {
        let mut query = tx.prepare_cached("SELECT body FROM manifests WHERE digest = ?1")?;
        let mut rows = query.query([tree.as_bytes()])?;
        rows.next()?.map(|row| paths(blob(row, 0)?)).transpose()
    })
}
