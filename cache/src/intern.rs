//! Texts and node names as small numbers. Knows no execution.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use graph::digest::Digest;
use graph::name::NodeName;
use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;

/// The first eight bytes of a digest, which is what indexes are over.
pub(crate) fn head(digest: &Digest) -> i64 {
    let (head, _) = digest.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
    i64::from_le_bytes(*head)
}

/// The id of a text, which is made if it has none.
pub(crate) fn text_id(tx: &Connection, texts: &mut Texts, text: &str) -> Result<i64, Fault> {
    if let Some(&id) = texts.ids.get(text) {
        return Ok(id);
    }
    let id = stored_text_id(tx, text)?;
    texts.ids.insert(text.into(), id);
    Ok(id)
}

fn stored_text_id(tx: &Connection, text: &str) -> Result<i64, Fault> {
    let hash = head(&Digest::of(text.as_bytes()));
    let found = tx
        .prepare_cached("SELECT id FROM texts WHERE hash = ?1 AND text = ?2")?
        .query_row((hash, text), |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    tx.prepare_cached("INSERT INTO texts (hash, text) VALUES (?1, ?2)")?.execute((hash, text))?;
    Ok(tx.last_insert_rowid())
}

/// The first bytes of the digest of a node's name.
pub(crate) fn name_head(name: &NodeName) -> i64 {
    head(&Digest::of(name.as_str().as_bytes()))
}

/// The id of a node, if it has one.
pub(crate) fn find_node(
    db: &Connection,
    texts: &mut Texts,
    name: &NodeName,
) -> Result<Option<i64>, Fault> {
    let (dir, leaf) = split(name);
    let mut query = db.prepare_cached("SELECT id, dir FROM nodes WHERE hash = ?1 AND leaf = ?2")?;
    let mut rows = query.query((name_head(name), leaf))?;
    while let Some(row) = rows.next()? {
        if &*texts.find(db, row.get(1)?)? == dir {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

/// The id of a node, which is made if it has none.
pub(crate) fn node_id(tx: &Connection, texts: &mut Texts, name: &NodeName) -> Result<i64, Fault> {
    if let Some(id) = find_node(tx, texts, name)? {
        return Ok(id);
    }
    let (dir, leaf) = split(name);
    tx.prepare_cached("INSERT INTO nodes (hash, dir, leaf) VALUES (?1, ?2, ?3)")?.execute((
        name_head(name),
        text_id(tx, texts, dir)?,
        leaf,
    ))?;
    Ok(tx.last_insert_rowid())
}

/// The name of a node.
pub(crate) fn node_name(
    db: &Connection,
    texts: &mut Texts,
    id: i64,
) -> Result<Option<NodeName>, Fault> {
    let row: Option<(i64, String)> = db
        .prepare_cached("SELECT dir, leaf FROM nodes WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(dir, leaf)| joined(&texts.find(db, dir)?, &leaf)).transpose()
}

/// A name from its two halves.
pub(crate) fn joined(dir: &str, leaf: &str) -> Result<NodeName, Fault> {
    let name = NodeName::parse(&format!("{dir}/{leaf}"));
    name.map_err(|_| Fault::Damaged("a node has a name that none can have"))
}

fn split(name: &NodeName) -> (&str, &str) {
    name.as_str().rsplit_once('/').expect("a node name has two segments")
}

/// Texts and parts that were looked up already. Who writes drops it with the transaction: what was written in one that
/// was rolled back, or what `gc` has removed since, has no id any more.
#[derive(Default)]
pub(crate) struct Texts {
    texts: HashMap<i64, Arc<str>>,
    ids: HashMap<Box<str>, i64>,
    /// The ids of parts, by what identifies them.
    pub(crate) parts: HashMap<Digest, i64>,
}

impl Texts {
    /// All of them, for those who will need many.
    pub(crate) fn all(db: &Connection) -> Result<Self, Fault> {
        let mut query = db.prepare_cached("SELECT id, text FROM texts")?;
        let mut rows = query.query([])?;
        let mut texts = HashMap::new();
        while let Some(row) = rows.next()? {
            texts.insert(row.get(0)?, text(row, 1)?.into());
        }
        Ok(Self { texts, ..Self::default() })
    }

    /// One by its id.
    pub(crate) fn find(&mut self, db: &Connection, id: i64) -> Result<Arc<str>, Fault> {
        match self.texts.entry(id) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(free) => {
                let found: Option<String> = db
                    .prepare_cached("SELECT text FROM texts WHERE id = ?1")?
                    .query_row([id], |row| row.get(0))
                    .optional()?;
                let found = found.ok_or(Fault::Damaged("a text is missing"))?;
                Ok(free.insert(found.into()).clone())
            }
        }
    }
}

/// A column as text, without a copy.
pub(crate) fn text<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<&'a str, Fault> {
    row.get_ref(column)?.as_str().map_err(|_| Fault::Damaged("a column is no text"))
}

/// A column as bytes, without a copy.
pub(crate) fn blob<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<&'a [u8], Fault> {
    row.get_ref(column)?.as_blob().map_err(|_| Fault::Damaged("a column is no blob"))
}

/// A column as a digest.
pub(crate) fn digest(row: &rusqlite::Row<'_>, column: usize) -> Result<Digest, Fault> {
    let bytes = blob(row, column)?.try_into().map_err(|_| Fault::Damaged("a digest is cut off"))?;
    Ok(Digest::from_bytes(bytes))
}

/// A column as a number that cannot be negative.
pub(crate) fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> Result<u64, Fault> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| Fault::Damaged("a count is negative"))
}

/// The count that a query gives.
pub(crate) fn count(
    db: &Connection,
    query: &str,
    params: impl rusqlite::Params,
) -> Result<usize, Fault> {
    let found: i64 = db.prepare_cached(query)?.query_row(params, |row| row.get(0))?;
    usize::try_from(found).map_err(|_| Fault::Damaged("a count is negative"))
}
