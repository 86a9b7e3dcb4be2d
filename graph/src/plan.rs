//! The forecast: the judge's word on every wanted node, before anything runs. Changes nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

use crate::digest::Digest;
use crate::facts::Facts;
use crate::model::{Graph, NodeId};
use crate::record::Records;
use crate::verdict::{Judgement, Rebuild, Verdict, judge_in};

/// The judgement on each wanted node, needs first.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// One entry a node of the closure of what was wanted.
    pub entries: Vec<Planned>,
}

/// One node of a plan.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The node.
    pub id: NodeId,
    /// What was decided of it.
    pub judgement: Judgement,
    /// An earlier entry with the same key that must run too: one execution serves both, and if it fails, neither
    /// runs again. The schedule may choose to run it under either name.
    pub duplicate_of: Option<NodeId>,
    /// How long it will take, from earlier executions, in milliseconds; `None` if it never ran or will not.
    pub estimate_ms: Option<u64>,
}

/// How many nodes there are of each verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of the plan.
    pub total: usize,
    /// Nothing to do.
    pub fresh: usize,
    /// Of the fresh ones, those that were not judged one by one.
    pub settled: usize,
    /// To run, for certain but for the duplicates.
    pub stale: usize,
    /// To put in place from the store.
    pub restorable: usize,
    /// To be decided when their needs have settled.
    pub open: usize,
    /// Of the stale ones, those that an execution under another name serves.
    pub duplicates: usize,
}

/// Judges every node that is wanted or needed by one, in order. `forced` are run even if fresh.
#[must_use]
pub fn plan(
    graph: &Graph,
    wanted: &[NodeId],
    forced: &[NodeId],
    facts: &Facts,
    records: &Records,
) -> Plan {
    let order = graph.closure(wanted);
    let mut is_forced = vec![false; graph.len()];
    forced.iter().for_each(|id| is_forced[id.index()] = true);
    let mut made: Vec<Option<Digest>> = vec![None; graph.len()];
    let mut running: HashMap<Digest, NodeId, RandomState> = HashMap::default();
    let mut entries = Vec::with_capacity(order.len());
    for id in order {
        let rebuild = if is_forced[id.index()] { Rebuild::Forced } else { Rebuild::Stale };
        let judgement = judge_in((graph, id), facts, &made, records, rebuild);
        let last = || records.last(&graph.node(id).name);
        // Nobody asks what those have left that nobody needs.
        let is_needed = !graph.dependents(id).is_empty();
        let mut duplicate_of = None;
        match (&judgement.verdict, judgement.execution_key) {
            (Verdict::Fresh, _) if is_needed => {
                let last = last().expect("a fresh node has a record");
                made[id.index()] = Some(last.record.made());
            }
            (Verdict::Restorable { from, .. }, _) => made[id.index()] = Some(from.made()),
            (Verdict::Stale(_), Some(key)) => match running.entry(key) {
                Entry::Occupied(first) => duplicate_of = Some(*first.get()),
                Entry::Vacant(entry) => {
                    entry.insert(id);
                }
            },
            (Verdict::Fresh | Verdict::Stale(_) | Verdict::Open(_), _) => {}
        }
        let runs = matches!(judgement.verdict, Verdict::Stale(_) | Verdict::Open(_))
            && duplicate_of.is_none();
        let took = || last().map(|last| last.record.cost.wall_ms).filter(|&ms| ms > 0);
        let estimate_ms = if runs { took() } else { None };
        entries.push(Planned { id, judgement, duplicate_of, estimate_ms });
    }
    Plan { entries }
}

impl Tally {
    /// Counts nodes, too, that are known to be fresh and are not in the plan.
    #[must_use]
    pub fn with_settled(self, settled: usize) -> Self {
        let (total, fresh) = (self.total + settled, self.fresh + settled);
        Self { total, fresh, settled, ..self }
    }
}

impl Plan {
    /// Counts the verdicts.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally { total: self.entries.len(), ..Tally::default() };
        for entry in &self.entries {
            match entry.judgement.verdict {
                Verdict::Fresh => tally.fresh += 1,
                Verdict::Stale(_) => tally.stale += 1,
                Verdict::Restorable { .. } => tally.restorable += 1,
                Verdict::Open(_) => tally.open += 1,
            }
            tally.duplicates += usize::from(entry.duplicate_of.is_some());
        }
        tally
    }
}
