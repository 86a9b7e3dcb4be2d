//! Texts and node names as small numbers. Knows no execution.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use graph::digest::Digest;
use graph::name::NodeName;
use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;

/// The first eight bytes of a digest.
pub(crate) fn head(digest: &Digest) -> i64 {
    let (head, _) = digest.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
    i64::from_le_bytes(*head)
}

/// The first four bytes of a key, which is what indexes of keys are over.
pub(crate) fn key_head(key: &Digest) -> i64 {
    let (head, _) = key.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
    i64::from(i32::from_le_bytes(*head))
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
    if let Some(id) = find_text(tx, text)? {
        return Ok(id);
    }
    tx.prepare_cached("INSERT INTO texts (text) VALUES (?1)")?.execute([text])?;
    Ok(tx.last_insert_rowid())
}

fn find_text(db: &Connection, text: &str) -> Result<Option<i64>, Fault> {
    let mut query = db.prepare_cached("SELECT id FROM texts WHERE text = ?1")?;
    Ok(query.query_row([text], |row| row.get(0)).optional()?)
}

/// The ids of the two halves of a node's name, if both are known.
pub(crate) fn find_halves(
    db: &Connection,
    texts: &mut Texts,
    name: &NodeName,
) -> Result<Option<(i64, i64)>, Fault> {
    let (dir, leaf) = halves(name);
    let mut find = |text: &str| {
        if let Some(&id) = texts.ids.get(text) {
            return Ok::<_, Fault>(Some(id));
        }
        let found = find_text(db, text)?;
        if let Some(id) = found {
            texts.ids.insert(text.into(), id);
        }
        Ok(found)
    };
    Ok(find(dir)?.zip(find(leaf)?))
}

/// The id of a node, if it has one.
pub(crate) fn find_node(
    db: &Connection,
    texts: &mut Texts,
    name: &NodeName,
) -> Result<Option<i64>, Fault> {
    let Some(halves) = find_halves(db, texts, name)? else { return Ok(None) };
    let mut query = db.prepare_cached("SELECT id FROM nodes WHERE dir = ?1 AND leaf = ?2")?;
    Ok(query.query_row(halves, |row| row.get(0)).optional()?)
}

/// The id of a node, which is made if it has none.
pub(crate) fn node_id(tx: &Connection, texts: &mut Texts, name: &NodeName) -> Result<i64, Fault> {
    if let Some(id) = find_node(tx, texts, name)? {
        return Ok(id);
    }
    let (dir, leaf) = halves(name);
    let halves = (text_id(tx, texts, dir)?, text_id(tx, texts, leaf)?);
    tx.prepare_cached("INSERT INTO nodes (dir, leaf) VALUES (?1, ?2)")?.execute(halves)?;
    Ok(tx.last_insert_rowid())
}

/// The name of a node.
pub(crate) fn node_name(
    db: &Connection,
    texts: &mut Texts,
    id: i64,
) -> Result<Option<NodeName>, Fault> {
    let row: Option<(i64, i64)> = db
        .prepare_cached("SELECT dir, leaf FROM nodes WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(dir, leaf)| joined(&texts.find(db, dir)?, &texts.find(db, leaf)?)).transpose()
}

/// A name from its two halves.
pub(crate) fn joined(dir: &str, leaf: &str) -> Result<NodeName, Fault> {
    let name = NodeName::parse(&format!("{dir}/{leaf}"));
    name.map_err(|_| Fault::Damaged("a node has a name that none can have"))
}

/// A name up to its last `/`, and the rest of it.
pub(crate) fn halves(name: &NodeName) -> (&str, &str) {
    name.as_str().rsplit_once('/').expect("a node name has two segments")
}

/// What was looked up already. Who writes drops it with the transaction: what was written in one that was rolled back, or
/// what `gc` has removed since, has no id any more.
#[derive(Default)]
pub(crate) struct Texts {
    texts: HashMap<i64, Arc<str>>,
    ids: HashMap<Box<str>, i64>,
    read_sets: HashMap<i64, Digest>,
    /// The ids of parts, by what identifies them.
    pub(crate) parts: HashMap<Digest, i64>,
    /// What executions in a directory have in common, by its id.
    pub(crate) in_common: HashMap<i64, InCommon>,
}

impl Texts {
    /// One by its id.
    pub(crate) fn find(&mut self, db: &Connection, id: i64) -> Result<Arc<str>, Fault> {
        match self.texts.entry(id) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(free) => {
                let found: Option<String> = db
                    .prepare_cached("SELECT text FROM texts WHERE id = ?1")?
                    .query_row([id], |row| row.get(0))
                    .optional()?;
                Ok(free.insert(found.ok_or(NO_TEXT)?.into()).clone())
            }
        }
    }

    /// The digest of a set of files by its id.
    pub(crate) fn read_set(&mut self, db: &Connection, id: i64) -> Result<Digest, Fault> {
        match self.read_sets.entry(id) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(free) => {
                let mut query = db.prepare_cached("SELECT digest FROM read_sets WHERE id = ?1")?;
                let mut rows = query.query([id])?;
                Ok(*free.insert(digest(rows.next()?.ok_or(NO_READ_SET)?, 0)?))
            }
        }
    }
}

/// What executions in a directory have in common: see `in_common.rs`.
pub(crate) struct InCommon {
    pub(crate) parts: Vec<i64>,
    pub(crate) list: Option<i64>,
}

const NO_TEXT: Fault = Fault::Damaged("a text is missing");
const NO_READ_SET: Fault = Fault::Damaged("a set of files is missing");

/// All texts and the digests of all sets of files, for those who will need many, on any thread.
pub(crate) struct AllTexts {
    texts: Vec<Option<Arc<str>>>,
    read_sets: Vec<Option<Digest>>,
}

impl AllTexts {
    pub(crate) fn read(db: &Connection) -> Result<Self, Fault> {
        let mut texts = Vec::new();
        let mut query = db.prepare_cached("SELECT id, text FROM texts ORDER BY id")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            put(&mut texts, row.get(0)?, text(row, 1)?.into())?;
        }
        let mut read_sets = Vec::new();
        let mut query = db.prepare_cached("SELECT id, digest FROM read_sets ORDER BY id")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            put(&mut read_sets, row.get(0)?, digest(row, 1)?)?;
        }
        Ok(Self { texts, read_sets })
    }

    pub(crate) fn find(&self, id: i64) -> Result<&Arc<str>, Fault> {
        at(&self.texts, id).ok_or(NO_TEXT)
    }

    pub(crate) fn read_set(&self, id: i64) -> Result<Digest, Fault> {
        at(&self.read_sets, id).copied().ok_or(NO_READ_SET)
    }

    /// The texts with their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &str)> {
        (0..).zip(&self.texts).filter_map(|(id, text)| Some((id, text.as_deref()?)))
    }
}

/// Puts something at an id, which is larger than all before. Ids are given one after the other, so that there are few gaps.
fn put<T>(list: &mut Vec<Option<T>>, id: i64, value: T) -> Result<(), Fault> {
    const MOST: usize = 1 << 28;
    let id = usize::try_from(id).ok().filter(|id| *id < MOST && *id >= list.len());
    let id = id.ok_or(Fault::Damaged("an id is out of order"))?;
    list.resize_with(id, || None);
    list.push(Some(value));
    Ok(())
}

fn at<T>(list: &[Option<T>], id: i64) -> Option<&T> {
    list.get(usize::try_from(id).ok()?)?.as_ref()
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
