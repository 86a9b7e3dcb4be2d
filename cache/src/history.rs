//! What happened earlier, for `runs`, `log` and `why --run`. Writes nothing.

use std::sync::Arc;

use graph::name::NodeName;
use graph::record::{Availability, Record, Remembered};
use graph::verdict::{Reason, reasons};
use rusqlite::{Connection, OptionalExtension};

use crate::codec::set;
use crate::error::{Error, Fault};
use crate::executions::{Cause, Origin, Told, by_id, last_of};
use crate::intern::{Texts, blob, find_node, node_name, text};
use crate::lock::{Holder, held_by};
use crate::parts_reader::PartsReader;
use crate::runs::Counts;
use crate::state::State;

/// A run, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its number.
    pub id: i64,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
    /// When it ended; for one that was killed, when its last execution did.
    pub ended: Option<i64>,
    /// How it is or was.
    pub status: RunStatus,
    /// What the user typed.
    pub verb: String,
    /// How its nodes ended; of a run that goes on or was killed, those that ran.
    pub counts: Counts,
}

/// How a run is or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It ended by itself.
    Complete,
    /// The user, a signal or a power failure ended it.
    Interrupted,
}

/// An earlier execution, and what there was before it.
#[derive(Debug, Clone)]
pub struct Past {
    /// What was recorded.
    pub record: Arc<Record>,
    /// What called for it.
    pub cause: Cause,
    /// Whether it ran.
    pub origin: Origin,
    /// The execution of the same node that it was compared with.
    pub before: Before,
}

/// The execution before one.
#[derive(Debug, Clone)]
pub enum Before {
    /// It was the first.
    Nothing,
    /// There was one, but `gc` has removed it.
    Forgotten,
    /// This one.
    Known(Arc<Record>),
}

impl Past {
    /// Why it was called for, as the judge said then; `None` if what it was compared with is forgotten.
    #[must_use]
    pub fn reasons(&self) -> Option<Vec<Reason>> {
        if self.cause == Cause::Forced {
            return Some(vec![Reason::Forced]);
        }
        let available = match self.cause {
            Cause::OutputsMissing => Availability::Gone,
            Cause::Judged | Cause::Forced => Availability::InPlace,
        };
        let last = match &self.before {
            Before::Nothing => None,
            Before::Forgotten => return None,
            Before::Known(record) => Some(Remembered { record: record.clone(), available }),
        };
        Some(reasons(last.as_ref(), self.record.key, &self.record.parts))
    }
}

/// How a node fared in a run.
#[derive(Debug, Clone)]
pub enum InRun {
    /// It ran or was restored.
    Executed(Past),
    /// There was nothing to do; this is the execution that it rested on, unless it is forgotten.
    Fresh(Option<Arc<Record>>),
    /// It is of this slice, all of whose nodes were known to be fresh without a look at them.
    FreshSlice(String),
    /// It could not run because this node did not end well.
    Skipped(NodeName),
    /// The run was stopped before its turn.
    NotStarted,
}

/// The newest runs first, at most `limit`.
pub(crate) fn runs(state: &State, limit: usize) -> Result<Vec<RunSummary>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let holder = std::cell::LazyCell::new(|| held_by(&state.dir));
    state.db.read("read runs", |tx| {
        let mut query = tx.prepare_cached(
            "SELECT id, started, ended, interrupted, verb, counts, first
             FROM runs ORDER BY id DESC LIMIT ?1",
        )?;
        let mut rows = query.query([limit])?;
        let mut runs: Vec<RunSummary> = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, ended): (i64, Option<i64>) = (row.get(0)?, row.get(2)?);
            let status = match (ended, row.get(3)?) {
                // Only the newest can be the one that goes on, and its process took the lock before it began.
                (None, _) if runs.is_empty() && is_held_since(&holder, row.get(1)?) => {
                    RunStatus::Running
                }
                (None, _) | (Some(_), true) => RunStatus::Interrupted,
                (Some(_), false) => RunStatus::Complete,
            };
            let counts = match ended {
                Some(_) => Counts::unpack(blob(row, 5)?)?,
                None => Counts::recorded(tx, id, row.get(6)?)?,
            };
            let (started, verb) = (row.get(1)?, row.get(4)?);
            runs.push(RunSummary { id, started, ended, status, verb, counts });
        }
        Ok(runs)
    })
}

fn is_held_since(holder: &Option<Holder>, began: i64) -> bool {
    holder.as_ref().is_some_and(|holder| holder.started <= began)
}

/// The executions of a node, the newest first, at most `limit`.
pub(crate) fn of_node(
    state: &Arc<State>,
    node: &NodeName,
    limit: usize,
) -> Result<Vec<Past>, Error> {
    let chain = state.db.read("read the history of a node", |tx| {
        let mut texts = Texts::default();
        let last = last_of(tx, &mut texts, node)?;
        // One more than asked for, so that the last of them knows what was before it.
        chain(tx, &mut texts, last, limit.saturating_add(1))
    })?;
    let reader = PartsReader::new(state);
    let mut past = with_before(&reader, node, chain);
    past.truncate(limit);
    Ok(past)
}

/// How a node fared in a run; `None` if it had no part in it or that is forgotten.
pub(crate) fn in_run(
    state: &Arc<State>,
    node: &NodeName,
    run: i64,
) -> Result<Option<InRun>, Error> {
    let found = state.db.read("read a run", |tx| {
        let mut texts = Texts::default();
        let Some(id) = find_node(tx, &mut texts, node)? else { return Ok(None) };
        let last = last_of(tx, &mut texts, node)?;
        let before = since(tx, &mut texts, last, run)?;
        if before.first().is_some_and(|told| told.stored.run == run) {
            return Ok(Some(Found::Executed(before)));
        }
        let because: Option<i64> = tx
            .prepare_cached("SELECT because FROM skips WHERE run = ?1 AND node = ?2")?
            .query_row((run, id), |row| row.get(0))
            .optional()?;
        if let Some(because) = because {
            return Ok(node_name(tx, &mut texts, because)?.map(Found::Skipped));
        }
        let mut query =
            tx.prepare_cached("SELECT fresh, not_started, slices FROM runs WHERE id = ?1")?;
        let mut rows = query.query([run])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let is_in = |packed| Ok::<_, Fault>(set(packed)?.iter().any(|ids| ids.contains(&id)));
        if is_in(blob(row, 0)?)? {
            return Ok(Some(Found::Fresh(before)));
        }
        if is_in(blob(row, 1)?)? {
            return Ok(Some(Found::NotStarted));
        }
        let slice = node.slice().filter(|_| !before.is_empty());
        let slice = slice
            .filter(|slice| text(row, 2).is_ok_and(|all| all.lines().any(|one| one == *slice)));
        Ok(slice.map(|slice| Found::FreshSlice(slice.to_owned())))
    })?;
    let reader = PartsReader::new(state);
    Ok(found.and_then(|found| {
        Some(match found {
            Found::Executed(chain) => {
                InRun::Executed(with_before(&reader, node, chain).into_iter().next()?)
            }
            Found::Fresh(chain) => {
                let rested_on = chain.into_iter().next();
                InRun::Fresh(rested_on.map(|told| reader.record(node.clone(), told.stored)))
            }
            Found::FreshSlice(slice) => InRun::FreshSlice(slice),
            Found::Skipped(because) => InRun::Skipped(because),
            Found::NotStarted => InRun::NotStarted,
        })
    }))
}

/// [`InRun`] before names and parts are known.
enum Found {
    Executed(Vec<Told>),
    Fresh(Vec<Told>),
    FreshSlice(String),
    Skipped(NodeName),
    NotStarted,
}

/// An execution and those before it.
fn chain(
    tx: &Connection,
    texts: &mut Texts,
    mut next: Option<i64>,
    limit: usize,
) -> Result<Vec<Told>, Fault> {
    let mut chain: Vec<Told> = Vec::new();
    while let Some(id) = next.filter(|_| chain.len() < limit) {
        // Ids only fall: anything else is damage, and would be walked for ever.
        let told = by_id(tx, texts, id)?.filter(|told| told.previous < Some(id));
        next = told.as_ref().and_then(|told| told.previous);
        chain.extend(told);
    }
    Ok(chain)
}

/// The last execution up to a run, and the one before it.
fn since(
    tx: &Connection,
    texts: &mut Texts,
    mut next: Option<i64>,
    run: i64,
) -> Result<Vec<Told>, Fault> {
    while let Some(id) = next {
        let found = chain(tx, texts, Some(id), 2)?;
        match found.first() {
            Some(told) if told.stored.run > run => next = told.previous,
            _ => return Ok(found),
        }
    }
    Ok(Vec::new())
}

fn with_before(reader: &PartsReader, node: &NodeName, chain: Vec<Told>) -> Vec<Past> {
    let mut past: Vec<Past> = Vec::with_capacity(chain.len());
    for Told { stored, cause, origin, previous } in chain {
        let before = if previous.is_some() { Before::Forgotten } else { Before::Nothing };
        let record = reader.record(node.clone(), stored);
        if let Some(after) = past.last_mut() {
            after.before = Before::Known(record.clone());
        }
        past.push(Past { record, cause, origin, before });
    }
    past
}
