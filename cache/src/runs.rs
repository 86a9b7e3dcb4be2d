//! A run under way: every way to write down what happened in it. Knows no plan and no process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graph::name::NodeName;
use graph::record::{Outcome, OutputFile, Record};
use graph::schedule::Ending;
use rusqlite::Connection;

use crate::codec::{Reader, put_count, put_set};
use crate::commit::{self, Committed, Execution, Produced};
use crate::error::{Error, Fault};
use crate::executions::{Origin, insert};
use crate::fresh::{self, Proven};
use crate::intern::{Texts, count, node_id};
use crate::leftovers;
use crate::lock::Guard;
use crate::place::PlacedStamp;
use crate::records::{InPlace, Placed, are_in_place};
use crate::slices::FreshSlice;
use crate::state::State;

/// How a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Every node settled by itself.
    Complete,
    /// The user or a signal ended it.
    Interrupted,
}

/// How many nodes of a run ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are those of the endings")]
pub struct Counts {
    pub built: usize,
    pub restored: usize,
    pub failed: usize,
    pub fresh: usize,
    pub skipped: usize,
    pub not_started: usize,
}

impl Counts {
    fn of<'a>(endings: impl Iterator<Item = &'a Ending>) -> Self {
        let mut counts = Self::default();
        for ending in endings {
            *match ending {
                Ending::Built => &mut counts.built,
                Ending::Restored => &mut counts.restored,
                Ending::Failed(_) => &mut counts.failed,
                Ending::Fresh => &mut counts.fresh,
                Ending::Skipped(_) => &mut counts.skipped,
                Ending::NotStarted => &mut counts.not_started,
            } += 1;
        }
        counts
    }

    fn pack(self) -> Vec<u8> {
        let mut out = Vec::new();
        let Self { built, restored, failed, fresh, skipped, not_started } = self;
        for count in [built, restored, failed, fresh, skipped, not_started] {
            put_count(&mut out, count);
        }
        out
    }

    pub(crate) fn unpack(packed: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(packed);
        let mut next = || reader.number().map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        Ok(Self {
            built: next()?,
            restored: next()?,
            failed: next()?,
            fresh: next()?,
            skipped: next()?,
            not_started: next()?,
        })
    }

    /// Counts what was recorded of a run that never said how it ended.
    pub(crate) fn recorded(db: &Connection, run: i64, first: i64) -> Result<Self, Fault> {
        let counted = |which: &str| {
            let query =
                format!("SELECT count(*) FROM executions WHERE id >= ?2 AND run = ?1 AND {which}");
            count(db, &query, (run, first))
        };
        Ok(Self {
            built: counted("outcome = 0 AND restored = 0")?,
            restored: counted("outcome = 0 AND restored = 1")?,
            failed: counted("outcome <> 0")?,
            ..Self::default()
        })
    }
}

/// A run under way. Cloning gives another handle on the same run; with the last one the lock goes.
#[derive(Clone)]
pub struct Run(Arc<Open>);

struct Open {
    state: Arc<State>,
    guard: Guard,
    id: i64,
    written: Mutex<Written>,
}

/// What a run has written.
#[derive(Default)]
struct Written {
    /// How many executions.
    executions: i64,
    /// What each node that was executed has in place, if that was put there just now.
    nodes: HashMap<NodeName, Option<InPlace>>,
}

impl Written {
    fn note(&mut self, record: &Arc<Record>, stamp: Option<PlacedStamp>) {
        self.executions += 1;
        let in_place = |stamp| InPlace { record: record.clone(), stamp, seen: Box::default() };
        self.nodes.insert(record.node.clone(), stamp.map(in_place));
    }
}

impl Run {
    /// Begins a run. One that was begun and never ended was killed, for we have its lock: it is closed as interrupted,
    /// and what it left half done is removed.
    pub(crate) fn begin(
        state: Arc<State>,
        guard: Guard,
        verb: &str,
        started: i64,
    ) -> Result<Self, Error> {
        let id = state.db.write("begin a run", |tx| {
            close_killed(tx)?;
            let first: i64 =
                tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM executions", [], |row| {
                    row.get(0)
                })?;
            tx.execute(
                "INSERT INTO runs (started, interrupted, verb, first, fresh, not_started, counts)
                 VALUES (?1, 0, ?2, ?3, x'', x'', x'000000000000')",
                (started, verb, first),
            )?;
            Ok(tx.last_insert_rowid())
        })?;
        leftovers::remove(&state);
        Ok(Self(Arc::new(Open { state, guard, id, written: Mutex::default() })))
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.0.id
    }

    /// The proof that nobody else builds.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// Writes down a success, in the one order that is safe: its outputs go into the store, then into place, and when
    /// both are on the disk the record is written. Killed at any moment, the last record is still a true one.
    ///
    /// # Errors
    /// [`Error::Changed`] if an output was written to meanwhile, [`Error::BadOutput`] for a path that leaves the node's
    /// directory or occurs twice; else what the disk says. No record is written then.
    pub fn commit_success(
        &self,
        execution: Execution,
        produced: &[Produced],
    ) -> Result<Arc<Record>, Error> {
        let mut one = self.commit_successes(vec![(execution, produced.to_vec())]);
        one.pop().expect("there is one answer to one")
    }

    /// Writes down successes as [`Run::commit_success`] does each, in their order, and pays for the disk once: results that
    /// end within a few milliseconds are handed over together, and who fills a cache with a million hands over some ten
    /// thousand at a time. When this returns, all are on the disk; the answers are in the order of what was handed over.
    ///
    /// # Errors
    /// Those of [`Run::commit_success`], of each by itself.
    pub fn commit_successes(
        &self,
        successes: Vec<(Execution, Vec<Produced>)>,
    ) -> Vec<Result<Arc<Record>, Error>> {
        let recorded = commit::successes(&self.0.state, self.0.id, successes);
        let mut written = self.written();
        let mut note = |(record, stamp): Committed| {
            written.note(&record, stamp);
            record
        };
        recorded.into_iter().map(|recorded| recorded.map(&mut note)).collect()
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the outputs of an earlier success with the same key in place and writes that down. Of what tells who built
    /// it, the node has its `own`, in place of the files at the same paths. The cost recorded is the earlier one's, for it
    /// is what a build would cost.
    ///
    /// # Errors
    /// Where [`Error::is_not_available`] holds, the node must run; else what the disk says. No record is written then.
    pub fn commit_restored(
        &self,
        execution: Execution,
        from: &Record,
        own: &[Produced],
    ) -> Result<Arc<Record>, Error> {
        let state = &self.0.state;
        if execution.key != Some(from.key) || from.outcome != Outcome::Succeeded {
            let node = &execution.node;
            let why = format!("`{node}` cannot be restored from what was made under another key");
            return Err(Error::Misuse(why));
        }
        let mut outputs = from.outputs.clone();
        for output in &mut outputs {
            if let Some(own) = own.iter().find(|own| *own.path == *output.path) {
                *output = self.put(own)?;
            }
        }
        // Going back to what was built before a failure, the outputs never left.
        let stays = are_in_place(state, &[(&execution.node, &outputs)]) == [true];
        let stamp = if stays {
            None
        } else {
            state.outputs.place(&state.store, &execution.node, &outputs)?
        };
        let execution = Execution { cost: from.cost, ..execution };
        self.write(execution, Outcome::Succeeded, outputs, Origin::Restored, stamp)
    }

    /// The content of what an earlier execution left, for a file that fits into memory.
    ///
    /// # Errors
    /// When the store does not have it, or has something else in its place.
    pub fn content(&self, output: &OutputFile) -> Result<Vec<u8>, Error> {
        self.0.state.store.read(output)
    }

    fn put(&self, produced: &Produced) -> Result<OutputFile, Error> {
        Ok(self.0.state.store.put(&produced.file)?.output(&produced.path))
    }

    /// Writes down an execution that did not succeed.
    ///
    /// # Errors
    /// When `outcome` is a success, or the database cannot be written.
    pub fn commit_failure(
        &self,
        execution: Execution,
        outcome: Outcome,
    ) -> Result<Arc<Record>, Error> {
        if outcome == Outcome::Succeeded {
            return Err(Error::Misuse("a success has outputs to commit".into()));
        }
        self.write(execution, outcome, Vec::new(), Origin::Ran, None)
    }

    fn write(
        &self,
        execution: Execution,
        outcome: Outcome,
        outputs: Vec<OutputFile>,
        origin: Origin,
        stamp: Option<PlacedStamp>,
    ) -> Result<Arc<Record>, Error> {
        let cause = execution.cause;
        let record = execution.record(self.0.id, outcome, outputs);
        let short = stamp.as_ref().map(|stamp| &stamp[..]);
        self.0.state.db.write("record an execution", |tx| {
            insert(tx, &mut Texts::default(), &record, (cause, origin), short)
        })?;
        let record = Arc::new(record);
        self.written().note(&record, stamp);
        Ok(record)
    }

    /// Looks at the outputs of slices all of whose nodes have ended well in this run, or are fresh by the records that were
    /// read before it with what was `placed`.
    #[must_use]
    pub fn prove(&self, placed: &Placed, fresh: Vec<FreshSlice>) -> Proven {
        let written = self.written();
        let is_before = |one: &&InPlace| !written.nodes.contains_key(&one.record.node);
        let before = placed.nodes.iter().filter(is_before);
        let all = before.chain(written.nodes.values().flatten());
        // Whatever someone else has written since makes another number. What was looked at before a run is looked at again.
        fresh::prove(&self.0.state, placed.generation + written.executions, all, None, fresh)
    }

    /// Ends the run with how every node of it settled, and with the slices of which it was known before that they are fresh,
    /// each with how many nodes it has. Nodes that ran were recorded when they ended. What is `proven` of slices is written
    /// down with it.
    ///
    /// # Errors
    /// When the database cannot be written; the next run then closes this one as interrupted.
    pub fn close<'a>(
        &self,
        end: RunEnd,
        ended: i64,
        endings: impl IntoIterator<Item = (&'a NodeName, &'a Ending)>,
        unjudged: &[(&str, usize)],
        proven: &Proven,
    ) -> Result<Counts, Error> {
        let endings: Vec<(&NodeName, &Ending)> = endings.into_iter().collect();
        let mut counts = Counts::of(endings.iter().map(|(_, ending)| *ending));
        counts.fresh += unjudged.iter().map(|(_, nodes)| nodes).sum::<usize>();
        let slices: Vec<&str> = unjudged.iter().map(|(name, _)| *name).collect();
        self.0.state.db.write("end a run", |tx| {
            let mut texts = Texts::default();
            let (mut fresh, mut not_started) = (Vec::new(), Vec::new());
            let mut skip =
                tx.prepare_cached("INSERT INTO skips (run, node, because) VALUES (?1, ?2, ?3)")?;
            for (node, ending) in endings {
                let mut id = |node| node_id(tx, &mut texts, node);
                match ending {
                    Ending::Fresh => fresh.push(id(node)?),
                    Ending::NotStarted => not_started.push(id(node)?),
                    Ending::Skipped(because) => {
                        skip.execute((self.0.id, id(node)?, id(because)?))?;
                    }
                    Ending::Built | Ending::Restored | Ending::Failed(_) => {}
                }
            }
            tx.execute(
                "UPDATE runs SET ended = ?2, interrupted = ?3, fresh = ?4, not_started = ?5, counts = ?6, slices = ?7
                 WHERE id = ?1",
                (
                    self.0.id,
                    ended,
                    end == RunEnd::Interrupted,
                    put_set(fresh),
                    put_set(not_started),
                    counts.pack(),
                    slices.join("\n"),
                ),
            )?;
            proven.write(tx)?;
            Ok(())
        })?;
        Ok(counts)
    }
}

fn close_killed(tx: &Connection) -> Result<(), Fault> {
    let mut open = tx.prepare("SELECT id, first FROM runs WHERE ended IS NULL")?;
    let open: Vec<(i64, i64)> = open
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (run, first) in open {
        tx.execute(
            "UPDATE runs SET interrupted = 1, counts = ?3, ended = coalesce(
                 (SELECT max(ended) FROM executions WHERE id >= ?2 AND run = ?1), started)
             WHERE id = ?1",
            (run, first, Counts::recorded(tx, run, first)?.pack()),
        )?;
    }
    Ok(())
}
