//! Writes successes down, many at a time, in the one order that is safe. Knows no run but its number.
//!
//! ```text
//! take into the store, put together   the files of all, in parallel
//! wait for the disk                   once for all
//! name in the store, put in place     each by one rename
//! wait for the disk                   once for all
//! record                              one transaction for all
//! ```
//!
//! Killed at any moment, the last record of every node is still a true one, as if each had been written down alone. Who
//! is told of a success is told when the last step is done.
//!
//! A failure of one costs the others nothing but time: what failed for all of them together is tried for each alone.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use graph::digest::Digest;
use graph::executed::Executed;
use graph::fingerprint::Part;
use graph::name::NodeName;
use graph::record::{Cost, Outcome, OutputFile, Record, Recorded};
use graph::verdict::Verdict;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::error::Error;
use crate::executions::{Cause, Origin, insert};
use crate::flush::to_disk;
use crate::intern::Texts;
use crate::place::{Made, PlacedStamp, check_path};
use crate::stamp::wait_until_past;
use crate::state::State;
use crate::store::Taken;

/// So many results are put in place together at most.
const TOGETHER: usize = 1024;

/// From so many on it is worth waking other threads.
const WORTH_SHARING: usize = 8;

/// What is known of an execution when it has ended.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The node.
    pub node: NodeName,
    /// The key it ran under; a node that had none can fail, but not succeed.
    pub key: Option<Digest>,
    /// Its parts, from the judgement that started it.
    pub parts: Vec<Part>,
    /// Which files of its commit it read, as far as that is known.
    pub reads: Option<Digest>,
    /// Where that is known: the part that stands for all of its commit.
    pub whole: Option<Part>,
    /// What it cost.
    pub cost: Cost,
    /// When it ended, in milliseconds since 1970.
    pub ended: i64,
    /// What called for it.
    pub cause: Cause,
}

impl Execution {
    /// What is known of an execution that a verdict called for.
    #[must_use]
    pub fn of(
        node: &NodeName,
        executed: Executed,
        verdict: &Verdict,
        (cost, ended): (Cost, i64),
    ) -> Self {
        let Executed { parts, key, reads, whole } = executed;
        let (node, cause) = (node.clone(), Cause::of(verdict));
        Self { node, key, parts, reads, whole, cost, ended, cause }
    }

    /// Its record. A failure needs no key, but a record has one.
    pub(crate) fn record(self, run: i64, outcome: Outcome, outputs: Vec<OutputFile>) -> Record {
        let Self { node, key, parts, reads, whole, cost, ended, .. } = self;
        let key = key.unwrap_or_else(|| graph::fingerprint::key_of(&parts));
        let parts = Recorded { parts, whole }.into();
        Record { node, key, parts, reads, outcome, outputs, cost, run, ended }
    }
}

/// A file that an execution left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// Its path below the node's output directory.
    pub path: String,
    /// Where it is now. A symbolic link is followed.
    pub file: PathBuf,
}

/// An execution and what it left.
pub(crate) type Success = (Execution, Vec<Produced>);

/// The outputs of one in the store and in place, and what the file system says of them there.
type InPlace = (Vec<OutputFile>, Option<PlacedStamp>);

/// What one has made, not yet named.
struct Prepared {
    outputs: Vec<OutputFile>,
    taken: Vec<Taken>,
    made: Made,
}

/// What was written down: the record, and what the file system says of its outputs.
pub(crate) type Committed = (Arc<Record>, Option<PlacedStamp>);

/// Writes successes down, and says of each in their order what was.
pub(crate) fn successes(
    state: &State,
    run: i64,
    successes: Vec<Success>,
) -> Vec<Result<Committed, Error>> {
    let mut placed = Vec::with_capacity(successes.len());
    let mut rest = &successes[..];
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(together(rest));
        placed.extend(place_all(state, chunk));
        rest = after;
    }
    let ready: Vec<_> = successes
        .into_iter()
        .zip(placed)
        .map(|((execution, _), placed)| {
            let cause = execution.cause;
            let (outputs, stamp) = placed?;
            Ok((Arc::new(execution.record(run, Outcome::Succeeded, outputs)), cause, stamp))
        })
        .collect();
    record_all(state, ready)
}

/// How many of them can be put in place together: no node twice, or nobody knows whose outputs are there at the end.
fn together(successes: &[Success]) -> usize {
    let mut nodes = HashSet::new();
    successes
        .iter()
        .take(TOGETHER)
        .take_while(|(execution, _)| nodes.insert(&execution.node))
        .count()
}

fn place_all(state: &State, chunk: &[Success]) -> Vec<Result<InPlace, Error>> {
    let each: Vec<&Success> = chunk.iter().collect();
    match place_together(state, &each) {
        Ok(placed) => placed,
        Err(error) if chunk.len() == 1 => vec![Err(error)],
        Err(error) => {
            tracing::debug!("results are put in place one by one: {error}");
            let alone = |success| match place_together(state, &[success]) {
                Ok(mut placed) => placed.pop().expect("there is one answer to one"),
                Err(error) => Err(error),
            };
            each.into_iter().map(alone).collect()
        }
    }
}

/// Takes the outputs of all into the store and puts them in place. An error is one of all of them, or of one whose
/// artifacts others may share.
fn place_together(state: &State, each: &[&Success]) -> Result<Vec<Result<InPlace, Error>>, Error> {
    let roots = [state.store.staging().open()?, state.outputs.staging().open()?];
    let others = Mutex::default();
    let prepare = |success: &&Success| prepare(state, success, &others);
    let mut prepared: Vec<Prepared> = if each.len() < WORTH_SHARING {
        each.iter().map(prepare).collect::<Result<_, _>>()?
    } else {
        each.par_iter().map(prepare).collect::<Result<_, _>>()?
    };
    let written: Vec<PathBuf> = prepared
        .iter()
        .flat_map(|prepared| {
            let taken = prepared.taken.iter().flat_map(Taken::written);
            taken.chain(prepared.made.written().map(PathBuf::as_path)).map(Path::to_owned)
        })
        .collect();
    to_disk(&written, &roots)?;
    let newest = prepared.iter().map(|prepared| prepared.made.newest()).max().unwrap_or(0);
    let is_past = wait_until_past(roots[1], newest);
    let mut changed = BTreeSet::new();
    for taken in prepared.iter_mut().flat_map(|prepared| &mut prepared.taken) {
        state.store.name(taken, &mut changed)?;
    }
    let swapped: Vec<Result<(), Error>> = each
        .iter()
        .zip(&mut prepared)
        .map(|((execution, _), prepared)| {
            state.outputs.swap_in(&mut prepared.made, &execution.node, &mut changed)
        })
        .collect();
    to_disk(&changed.into_iter().collect::<Vec<_>>(), &roots)?;
    let in_place = |(prepared, swapped): (Prepared, Result<(), Error>)| {
        swapped?;
        let stamp = is_past.then(|| prepared.made.stamp(&prepared.outputs));
        Ok((prepared.outputs, stamp))
    };
    Ok(prepared.into_iter().zip(swapped).map(in_place).collect())
}

fn prepare(
    state: &State,
    (execution, produced): &Success,
    others: &Mutex<HashSet<Digest>>,
) -> Result<Prepared, Error> {
    let sorted = checked(execution, produced)?;
    let mut taken = Vec::with_capacity(sorted.len());
    let mut listed = Vec::with_capacity(sorted.len());
    for produced in sorted {
        let one = state.store.take(&produced.file, others)?;
        listed.push(one.put.output(&produced.path));
        taken.push(one);
    }
    let made =
        state.outputs.make(&listed, |index, path| taken[index].fetch(&listed[index], path))?;
    taken.iter_mut().for_each(Taken::forget_content);
    Ok(Prepared { outputs: listed, taken, made })
}

/// What an execution left, in order of path, if it may be kept at all.
fn checked<'a>(
    execution: &Execution,
    produced: &'a [Produced],
) -> Result<Vec<&'a Produced>, Error> {
    if execution.key.is_none() {
        let why = format!("`{}` has no key, so nobody knows what was built", execution.node);
        return Err(Error::Misuse(why));
    }
    let mut sorted: Vec<&Produced> = produced.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    for pair in sorted.windows(2) {
        if pair[0].path == pair[1].path {
            return Err(Error::BadOutput(pair[0].path.clone()));
        }
    }
    sorted.iter().try_for_each(|file| check_path(&file.path))?;
    Ok(sorted)
}

/// A record whose outputs are in place.
type Ready = (Arc<Record>, Cause, Option<PlacedStamp>);

fn record_all(state: &State, ready: Vec<Result<Ready, Error>>) -> Vec<Result<Committed, Error>> {
    let of_all: Vec<&Ready> = ready.iter().filter_map(|ready| ready.as_ref().ok()).collect();
    let all = write(state, &of_all);
    let (one, failed) = (of_all.len() == 1, all.is_err());
    let mut error = all.err();
    let finish = |ready: Result<Ready, Error>| {
        let ready = ready?;
        if failed {
            match error.take() {
                Some(error) if one => return Err(error),
                _ => write(state, &[&ready])?,
            }
        }
        let (record, _, stamp) = ready;
        Ok((record, stamp))
    };
    ready.into_iter().map(finish).collect()
}

fn write(state: &State, records: &[&Ready]) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    state.db.write("record an execution", |tx| {
        let mut texts = Texts::default();
        for (record, cause, stamp) in records {
            let stamp = stamp.as_ref().map(|stamp| &stamp[..]);
            insert(tx, &mut texts, record, (*cause, Origin::Ran), stamp)?;
        }
        Ok(())
    })
}
