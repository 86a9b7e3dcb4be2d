//! Reads the parts of records when somebody first looks at them. Knows no verdict.
//!
//! Whoever looks at the parts of some records looks at those of more, in no order that can be told. So the more of those are
//! asked for that were read ahead, the more are read ahead, in one transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use graph::name::NodeName;
use graph::record::{Parts, ReadParts, Record, Recorded};

use crate::executions::Stored;
use crate::parts::{Found, Known};
use crate::state::State;

/// So many are read ahead at most.
const MOST_AHEAD: usize = 256;

/// Reads the parts of records, each distinct one once.
#[derive(Clone)]
pub(crate) struct PartsReader {
    pub(crate) state: Arc<State>,
    shared: Arc<Shared>,
    read: Arc<ReadParts>,
}

#[derive(Default)]
struct Shared {
    known: Mutex<Ahead>,
    /// The executions that may be asked for, in order.
    likely: OnceLock<Vec<i64>>,
}

#[derive(Default)]
struct Ahead {
    known: Known,
    read: HashMap<i64, Found>,
    /// So many of those that were asked for had been read ahead.
    hits: usize,
}

impl PartsReader {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        let shared = Arc::<Shared>::default();
        let of = (state.clone(), shared.clone());
        Self { state: state.clone(), shared, read: Arc::new(move |id| of.1.find(&of.0, id)) }
    }

    /// The record of a stored execution. No transaction may be open when its parts are looked at.
    pub(crate) fn record(&self, node: NodeName, stored: Stored) -> Arc<Record> {
        let parts = Parts::read_when_needed(&self.read, stored.id);
        Arc::new(stored.record(node, parts))
    }

    /// Says which executions will be asked for, if any are.
    pub(crate) fn may_be_asked_for(&self, mut executions: Vec<i64>) {
        executions.sort_unstable();
        self.shared.likely.set(executions).ok();
    }
}

impl Shared {
    fn find(&self, state: &State, execution: i64) -> Recorded {
        let found = {
            let mut ahead = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            ahead.find(state, execution, self.likely.get().map_or(&[], Vec::as_slice))
        };
        // What takes most is done without the lock.
        found.map(Found::into_recorded).unwrap_or_default()
    }
}

impl Ahead {
    /// Parts that cannot be read are left out: they serve explanations, and no verdict gets better by them.
    fn find(&mut self, state: &State, execution: i64, likely: &[i64]) -> Option<Found> {
        if let Some(found) = self.read.remove(&execution) {
            self.hits += 1;
            return Some(found);
        }
        let at = likely.partition_point(|id| *id <= execution);
        let next = likely[at..].iter().take((self.hits + 1).min(MOST_AHEAD));
        let Self { known, read, .. } = self;
        let found = state.db.read("read the parts of a record", |tx| {
            for id in next {
                if let Some(found) = known.find(tx, *id)? {
                    read.insert(*id, found);
                }
            }
            known.find(tx, execution)
        });
        found.unwrap_or_else(|error| {
            tracing::warn!("an earlier execution cannot be compared: {error}");
            None
        })
    }
}
