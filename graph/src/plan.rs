//! The forecast: the judge's word on every wanted node, before anything runs. Changes nothing.

use std::collections::HashMap;

use crate::digest::Digest;
use crate::facts::Facts;
use crate::model::{Graph, NodeId};
use crate::name::NodeName;
use crate::record::Records;
use crate::verdict::{Judgement, Rebuild, Verdict, judge};

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
    /// An earlier entry with the same key that must run too: one execution serves both.
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
    /// To run, for certain.
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
    let mut settled: HashMap<NodeName, Digest> = HashMap::new();
    let mut running: HashMap<Digest, NodeId> = HashMap::new();
    let mut entries = Vec::new();
    for id in graph.closure(wanted) {
        let node = graph.node(id);
        let rebuild = if forced.contains(&id) { Rebuild::Forced } else { Rebuild::Stale };
        let judgement = judge(node, facts, |need| settled.get(need).copied(), records, rebuild);
        let mut duplicate_of = None;
        match (&judgement.verdict, &judgement.fingerprint.key) {
            (Verdict::Fresh, _) => {
                let last = records.last(&node.name).expect("a fresh node has a record");
                settled.insert(node.name.clone(), last.record.made());
            }
            (Verdict::Restorable { from, .. }, _) => {
                settled.insert(node.name.clone(), from.made());
            }
            (Verdict::Stale(_), Ok(key)) => match running.get(key) {
                Some(&first) if rebuild == Rebuild::Stale => duplicate_of = Some(first),
                _ => {
                    running.entry(*key).or_insert(id);
                }
            },
            (Verdict::Stale(_) | Verdict::Open(_), _) => {}
        }
        let runs = matches!(judgement.verdict, Verdict::Stale(_) | Verdict::Open(_))
            && duplicate_of.is_none();
        let estimate_ms = records
            .last(&node.name)
            .filter(|_| runs)
            .map(|last| last.record.cost.wall_ms)
            .filter(|&ms| ms > 0);
        entries.push(Planned { id, judgement, duplicate_of, estimate_ms });
    }
    Plan { entries }
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
