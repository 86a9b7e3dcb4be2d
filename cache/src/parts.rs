//! The parts of executions, each distinct one stored once. Knows no execution.
//!
//! A packed list of parts is the ids of its parts in ascending order, as gaps, and then its needs: a part named
//! `need NODE` has the id of that node and a digest. Hardly any two nodes share one of those, so each would be a row
//! with a long name for a single use.

use std::collections::HashMap;
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::fingerprint::Part;
use graph::name::NodeName;
use graph::spec::{Place, Role};
use rusqlite::{Connection, OptionalExtension};

use crate::codec::{Reader, put_count, put_number, put_sorted, sorted};
use crate::error::Fault;
use crate::intern::{Texts, digest, head, node_id, node_name, text_id};

/// How the name of a part begins that stands for what a need left.
const NEED: &str = "need ";

/// Stores what is new of some parts and packs them.
pub(crate) fn pack(tx: &Connection, texts: &mut Texts, parts: &[Part]) -> Result<Vec<u8>, Fault> {
    let mut ids = Vec::with_capacity(parts.len());
    let mut needs = Vec::new();
    for part in parts {
        match need(part) {
            Some(node) => needs.push((node_id(tx, texts, &node)?, part.digest)),
            None => ids.push(part_id(tx, texts, part)?),
        }
    }
    ids.sort_unstable();
    let mut out = Vec::new();
    put_sorted(&mut out, &ids);
    put_count(&mut out, needs.len());
    for (node, digest) in needs {
        put_number(&mut out, u64::try_from(node).expect("ids are positive"));
        out.extend_from_slice(digest.as_bytes());
    }
    Ok(out)
}

/// The node whose outputs a part stands for, if it can be had back from the node and the digest alone.
fn need(part: &Part) -> Option<NodeName> {
    let plain = part.declared.is_none() && part.role == Role::Key && is_short(part);
    let name = part.name.strip_prefix(NEED).filter(|_| plain)?;
    NodeName::parse(name).ok()
}

fn is_short(part: &Part) -> bool {
    *part.shown == *part.digest.short()
}

fn part_id(tx: &Connection, texts: &mut Texts, part: &Part) -> Result<i64, Fault> {
    let identity = identity(part);
    if let Some(&id) = texts.parts.get(&identity) {
        return Ok(id);
    }
    let id = stored_part_id(tx, texts, part, head(&identity))?;
    texts.parts.insert(identity, id);
    Ok(id)
}

fn stored_part_id(
    tx: &Connection,
    texts: &mut Texts,
    part: &Part,
    hash: i64,
) -> Result<i64, Fault> {
    let found = tx
        .prepare_cached("SELECT id FROM parts WHERE hash = ?1 AND digest = ?2")?
        .query_row((hash, part.digest.as_bytes()), |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    let file = part.declared.as_ref().map(|place| text_id(tx, texts, &place.file)).transpose()?;
    tx.prepare_cached(
        "INSERT INTO parts (hash, name, digest, shown, file, line, col, role)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        hash,
        text_id(tx, texts, &part.name)?,
        part.digest.as_bytes(),
        (!is_short(part)).then_some(&*part.shown),
        file,
        part.declared.as_ref().map(|place| place.line),
        part.declared.as_ref().map(|place| place.column),
        i64::from(part.role == Role::Stamp),
    ))?;
    Ok(tx.last_insert_rowid())
}

/// | field | |
/// | --- | --- |
/// | name, digest, shown | of the part |
/// | role | one byte |
/// | declared | file, line and column, if it was declared somewhere |
fn identity(part: &Part) -> Digest {
    let mut fields = Fields::of("graph cache part v1")
        .field(part.name.as_bytes())
        .field(part.digest.as_bytes())
        .field(part.shown.as_bytes())
        .field([u8::from(part.role == Role::Stamp)]);
    if let Some(place) = &part.declared {
        fields.add(place.file.as_bytes());
        fields.add(place.line.to_le_bytes());
        fields.add(place.column.to_le_bytes());
    }
    fields.finish()
}

/// The ids in a packed list: of parts, and of the nodes of needs.
pub(crate) fn ids(packed: &[u8]) -> Result<(Vec<i64>, Vec<i64>), Fault> {
    let mut reader = Reader::new(packed);
    let parts = sorted(&mut reader)?;
    let mut needs = Vec::new();
    for _ in 0..reader.count()? {
        needs.push(reader.id()?);
        reader.digest()?;
    }
    Ok((parts, needs))
}

/// Parts that were read already, for many records share them.
#[derive(Default)]
pub(crate) struct Known {
    parts: HashMap<i64, Part>,
    texts: Texts,
}

impl Known {
    /// Reads a packed list. What `gc` has removed since is left out.
    pub(crate) fn unpack(&mut self, db: &Connection, packed: &[u8]) -> Result<Vec<Part>, Fault> {
        let mut reader = Reader::new(packed);
        let mut parts = Vec::new();
        for id in sorted(&mut reader)? {
            if let Some(known) = self.parts.get(&id) {
                parts.push(known.clone());
            } else if let Some(read) = self.read(db, id)? {
                parts.push(read.clone());
                self.parts.insert(id, read);
            }
        }
        for _ in 0..reader.count()? {
            let (node, digest) = (reader.id()?, reader.digest()?);
            if let Some(name) = node_name(db, &mut self.texts, node)? {
                parts.push(Part {
                    name: format!("{NEED}{name}").into(),
                    digest,
                    shown: digest.short().into(),
                    declared: None,
                    role: Role::Key,
                });
            }
        }
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(parts)
    }

    fn read(&mut self, db: &Connection, id: i64) -> Result<Option<Part>, Fault> {
        let mut query = db.prepare_cached(
            "SELECT name, digest, shown, file, line, col, role FROM parts WHERE id = ?1",
        )?;
        let mut rows = query.query([id])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let digest = digest(row, 1)?;
        let shown: Option<Arc<str>> = row.get(2)?;
        let declared = match row.get(3)? {
            None => None,
            Some(file) => Some(Place {
                file: self.texts.find(db, file)?,
                line: row.get(4)?,
                column: row.get(5)?,
            }),
        };
        Ok(Some(Part {
            name: self.texts.find(db, row.get(0)?)?,
            digest,
            shown: shown.unwrap_or_else(|| digest.short().into()),
            declared,
            role: if row.get(6)? { Role::Stamp } else { Role::Key },
        }))
    }
}
