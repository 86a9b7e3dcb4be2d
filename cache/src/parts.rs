//! The parts of executions, each distinct one stored once. Knows an execution only as one that left what another needed.
//!
//! A packed list of parts is the ids of those in ascending order, as gaps, that are not in a list that the execution shares
//! (see `in_common.rs`); and then its needs. Hardly any two nodes share a part named `need NODE`, so each would be a row with a
//! long name for a single use. Where its digest is that of what the last execution of the node left, it is the id of that
//! execution, which `gc` keeps as long; else it is the id of the node and the digest. Those with a digest come first, after
//! how many they are.

use std::collections::HashMap;
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::fingerprint::Part;
use graph::name::NodeName;
use graph::record::{Recorded, made};
use graph::spec::{Place, Role};
use rusqlite::{Connection, OptionalExtension};

use crate::codec::{Reader, put_count, put_number, put_sorted, sorted};
use crate::error::Fault;
use crate::in_common::{list, share};
use crate::intern::{Texts, blob, digest, halves, head, node_id, node_name, text_id};
use crate::outputs::outputs;

/// How the name of a part begins that stands for what a need left.
const NEED: &str = "need ";

/// What is stored of the parts of an execution.
pub(crate) struct Packed {
    pub(crate) list: Option<i64>,
    pub(crate) own: Box<[u8]>,
    pub(crate) whole: Option<i64>,
}

/// The columns that [`Packed::read`] reads, of a table called `e`.
pub(crate) const PACKED: &str = "e.list, e.parts, e.whole";

impl Packed {
    /// Reads [`PACKED`], which begin at this column.
    pub(crate) fn read(row: &rusqlite::Row<'_>, column: usize) -> Result<Self, Fault> {
        let own = blob(row, column + 1)?.into();
        Ok(Self { list: row.get(column)?, own, whole: row.get(column + 2)? })
    }
}

/// Stores what is new of the parts of an execution of a node, and packs them.
pub(crate) fn pack(
    tx: &Connection,
    texts: &mut Texts,
    node: &NodeName,
    recorded: &Recorded,
) -> Result<Packed, Fault> {
    let mut ids = Vec::with_capacity(recorded.parts.len());
    let (mut needs, mut left) = (Vec::new(), Vec::new());
    for part in &recorded.parts {
        match need(part) {
            None => ids.push(part_id(tx, texts, part)?),
            Some(need) => {
                let id = node_id(tx, texts, &need)?;
                match last_success(tx, texts, id)? {
                    Some((execution, made)) if made == part.digest => left.push(execution),
                    _ => needs.push((id, part.digest)),
                }
            }
        }
    }
    ids.sort_unstable();
    let dir = text_id(tx, texts, halves(node).0)?;
    let (list, ids) = share(tx, texts, dir, &ids)?;
    let mut own = Vec::new();
    let put_id = |own: &mut Vec<u8>, id| {
        put_number(own, u64::try_from(id).expect("ids are positive"));
    };
    put_sorted(&mut own, &ids);
    put_count(&mut own, needs.len());
    for (node, digest) in needs {
        put_id(&mut own, node);
        own.extend_from_slice(digest.as_bytes());
    }
    left.into_iter().for_each(|execution| put_id(&mut own, execution));
    let whole = recorded.whole.as_ref().map(|part| part_id(tx, texts, part)).transpose()?;
    Ok(Packed { list, own: own.into(), whole })
}

/// The last execution of a node, if it succeeded, and the digest of what it left.
fn last_success(
    tx: &Connection,
    texts: &mut Texts,
    node: i64,
) -> Result<Option<(i64, Digest)>, Fault> {
    let mut query = tx.prepare_cached(
        "SELECT e.id, e.outputs FROM nodes n JOIN executions e ON e.id = n.last
         WHERE n.id = ?1 AND e.outcome = 0",
    )?;
    let mut rows = query.query([node])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let left = outputs(blob(row, 1)?, |path| texts.find(tx, path))?;
    Ok(Some((row.get(0)?, made(&left))))
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

/// What a packed list refers to.
pub(crate) struct Unpacked {
    parts: Vec<i64>,
    needs: Vec<(i64, Digest)>,
    /// The executions that left what was needed.
    pub(crate) left: Vec<i64>,
}

impl Unpacked {
    pub(crate) fn read(packed: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(packed);
        let parts = sorted(&mut reader)?;
        let needs = (0..reader.count()?).map(|_| Ok((reader.id()?, reader.digest()?)));
        let needs = needs.collect::<Result<_, Fault>>()?;
        let mut left = Vec::new();
        while !reader.is_empty() {
            left.push(reader.id()?);
        }
        Ok(Self { parts, needs, left })
    }

    /// The ids of parts.
    pub(crate) fn parts(&self) -> &[i64] {
        &self.parts
    }
}

/// What enters by a need.
pub(crate) fn need_part(name: &NodeName, left: Digest) -> Part {
    Part {
        name: format!("{NEED}{name}").into(),
        digest: left,
        shown: left.short().into(),
        declared: None,
        role: Role::Key,
    }
}

/// Parts that were read already, for many records share them.
#[derive(Default)]
pub(crate) struct Known {
    parts: HashMap<i64, Option<Part>>,
    lists: HashMap<i64, Arc<[Part]>>,
    texts: Texts,
}

/// The parts of an execution, those that others share by themselves.
pub(crate) struct Found {
    shared: Option<Arc<[Part]>>,
    own: Vec<Part>,
    whole: Option<Part>,
}

impl Found {
    pub(crate) fn into_recorded(self) -> Recorded {
        let shared = self.shared.as_deref().unwrap_or_default();
        let mut parts = Vec::with_capacity(shared.len() + self.own.len());
        // These are in order, and most of all.
        parts.extend_from_slice(shared);
        parts.extend(self.own);
        sort(&mut parts);
        Recorded { parts, whole: self.whole }
    }
}

fn sort(parts: &mut [Part]) {
    parts.sort_by(|a, b| (&a.name, a.digest).cmp(&(&b.name, b.digest)));
}

impl Known {
    /// The parts of an execution; nothing if it was forgotten.
    pub(crate) fn find(
        &mut self,
        db: &Connection,
        execution: i64,
        at_hand: impl Fn(i64) -> Option<Part>,
    ) -> Result<Option<Found>, Fault> {
        let mut query =
            db.prepare_cached(&format!("SELECT {PACKED} FROM executions e WHERE e.id = ?1"))?;
        let mut rows = query.query([execution])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        self.unpack(db, &Packed::read(row, 0)?, at_hand).map(Some)
    }

    /// Looks up what is packed. `at_hand` tells what enters by a need that an execution has served, if it knows that. What
    /// `gc` has removed since is left out.
    pub(crate) fn unpack(
        &mut self,
        db: &Connection,
        packed: &Packed,
        at_hand: impl Fn(i64) -> Option<Part>,
    ) -> Result<Found, Fault> {
        let shared = packed.list.map(|id| self.list(db, id)).transpose()?;
        let Unpacked { parts, needs, left } = Unpacked::read(&packed.own)?;
        let mut own = self.all(db, &parts)?;
        for (node, digest) in needs {
            let name = node_name(db, &mut self.texts, node)?;
            own.extend(name.map(|name| need_part(&name, digest)));
        }
        for execution in left {
            match at_hand(execution) {
                Some(part) => own.push(part),
                None => own.extend(self.left(db, execution)?),
            }
        }
        let whole = packed.whole.map(|id| self.part(db, id)).transpose()?.flatten();
        Ok(Found { shared, own, whole })
    }

    fn list(&mut self, db: &Connection, id: i64) -> Result<Arc<[Part]>, Fault> {
        if let Some(known) = self.lists.get(&id) {
            return Ok(known.clone());
        }
        let ids = list(db, id)?.unwrap_or_default();
        let mut parts = self.all(db, &ids)?;
        sort(&mut parts);
        let parts: Arc<[Part]> = parts.into();
        self.lists.insert(id, parts.clone());
        Ok(parts)
    }

    fn all(&mut self, db: &Connection, ids: &[i64]) -> Result<Vec<Part>, Fault> {
        let mut parts = Vec::with_capacity(ids.len() + 1);
        for id in ids {
            parts.extend(self.part(db, *id)?);
        }
        Ok(parts)
    }

    /// The need that an execution has served.
    fn left(&mut self, db: &Connection, execution: i64) -> Result<Option<Part>, Fault> {
        let mut query = db.prepare_cached("SELECT node, outputs FROM executions WHERE id = ?1")?;
        let mut rows = query.query([execution])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let left = outputs(blob(row, 1)?, |path| self.texts.find(db, path))?;
        let name = node_name(db, &mut self.texts, row.get(0)?)?;
        Ok(name.map(|name| need_part(&name, made(&left))))
    }

    fn part(&mut self, db: &Connection, id: i64) -> Result<Option<Part>, Fault> {
        if let Some(known) = self.parts.get(&id) {
            return Ok(known.clone());
        }
        let read = self.read(db, id)?;
        self.parts.insert(id, read.clone());
        Ok(read)
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
