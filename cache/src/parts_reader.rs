//! Reads the parts of records when somebody first looks at them. Knows no verdict.
//!
//! Where the rows of records were looked up one by one, their packed parts are at hand. Else whoever looks at the parts of some
//! records looks at those of more, in no order that can be told: so the more of those are asked for that were read ahead,
//! the more are read ahead, in one transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use graph::fingerprint::Part;
use graph::name::NodeName;
use graph::record::{Parts, ReadParts, Record, Recorded};

use crate::executions::Stored;
use crate::parts::{Found, Known, Packed, need_part};
use crate::state::State;

/// So many are read ahead at most.
const MOST_AHEAD: usize = 256;

/// Reads the parts of records, each distinct one once.
pub(crate) struct PartsReader {
    pub(crate) state: Arc<State>,
    shared: Arc<Shared>,
    read: Arc<ReadParts>,
}

#[derive(Default)]
struct Shared {
    ahead: Mutex<Ahead>,
    records: OnceLock<Told>,
}

/// The records that the engine was told of, in order of their executions. They hold on to the reader.
type Told = Vec<(i64, Weak<Record>)>;

#[derive(Default)]
struct Ahead {
    known: Known,
    packed: HashMap<i64, Packed>,
    found: HashMap<i64, Found>,
    /// Of each record, whether it was read; nothing before one is.
    is_read: Vec<bool>,
    /// So many of those that were asked for had been read ahead.
    hits: usize,
}

impl PartsReader {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        Self::of(state.clone(), Arc::default())
    }

    fn of(state: Arc<State>, shared: Arc<Shared>) -> Self {
        let of = (state.clone(), shared.clone());
        Self { state, shared, read: Arc::new(move |id| of.1.find(&of.0, id)) }
    }

    /// The same for another thread, so that the two do not count the records that have it together.
    pub(crate) fn again(&self) -> Self {
        Self::of(self.state.clone(), self.shared.clone())
    }

    /// The record of a stored execution. No transaction may be open when its parts are looked at.
    pub(crate) fn record(&self, node: NodeName, stored: Stored) -> Arc<Record> {
        let parts = Parts::read_when_needed(&self.read, stored.id);
        Arc::new(stored.record(node, parts))
    }

    /// Says which records somebody is told of, by their executions; and of which the packed parts are known, since they were
    /// found where the record was.
    pub(crate) fn tell(
        &self,
        records: impl Iterator<Item = (i64, Weak<Record>)>,
        packed: HashMap<i64, Packed>,
    ) {
        let mut records: Told = records.collect();
        records.sort_unstable_by_key(|(id, _)| *id);
        self.shared.records.set(records).ok();
        self.shared.ahead.lock().unwrap_or_else(PoisonError::into_inner).packed = packed;
    }
}

impl Shared {
    fn find(&self, state: &State, execution: i64) -> Recorded {
        let told = self.records.get().map_or(&[][..], Vec::as_slice);
        let found = {
            let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            ahead.find(state, execution, told)
        };
        // What takes most is done without the lock.
        found.map(Found::into_recorded).unwrap_or_default()
    }
}

impl Ahead {
    /// Parts that cannot be read are left out: they serve explanations, and no verdict gets better by them.
    fn find(
        &mut self,
        state: &State,
        execution: i64,
        told: &[(i64, Weak<Record>)],
    ) -> Option<Found> {
        if let Some(found) = self.found.remove(&execution) {
            self.hits += 1;
            return Some(found);
        }
        let at_hand = |execution: i64| -> Option<Part> {
            let at = told.binary_search_by_key(&execution, |(id, _)| *id).ok()?;
            let record = told[at].1.upgrade()?;
            Some(need_part(&record.node, record.made()))
        };
        const DOING: &str = "read the parts of a record";
        let read = match self.packed.remove(&execution) {
            Some(packed) => {
                let known = &mut self.known;
                state.db.look(DOING, |db| known.unpack(db, &packed, at_hand).map(Some))
            }
            None => {
                let next = self.next(execution, told);
                let Self { known, found, .. } = self;
                state.db.read(DOING, |tx| {
                    for id in next {
                        // What fails here is not asked for yet.
                        let one = known.find(tx, id, at_hand).ok().flatten();
                        found.extend(one.map(|one| (id, one)));
                    }
                    known.find(tx, execution, at_hand)
                })
            }
        };
        read.unwrap_or_else(|error| {
            tracing::warn!("an earlier execution cannot be compared: {error}");
            None
        })
    }

    /// The executions after this one that are to be read with it.
    fn next(&mut self, execution: i64, told: &[(i64, Weak<Record>)]) -> Vec<i64> {
        self.is_read.resize(told.len(), false);
        let at = told.partition_point(|(id, _)| *id < execution);
        let mut next = Vec::new();
        let after = told[at..].iter().zip(&mut self.is_read[at..]).take(2 * MOST_AHEAD);
        for ((id, _), is_read) in after {
            if next.len() > self.hits.min(MOST_AHEAD) {
                break;
            }
            if !std::mem::replace(is_read, true) && *id != execution {
                next.push(*id);
            }
        }
        next
    }
}
