//! Which of the nodes that will run are run together on one host, when several hosts share them. Knows no runner and no
//! kind of node.
//!
//! What hangs together is never torn apart: a node and a need of it that runs too, because on another host the need would
//! run twice; and nodes that one execution serves. That is a *unit*. Units that are alike to the caller (they share a
//! commit, or state of an earlier build) stay together as long as that does not make one host the last to end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::model::{Graph, NodeId};
use crate::plan::{Plan, Planned};
use crate::spec::Node;
use crate::verdict::Verdict;

/// What one host runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shard {
    /// The nodes, needs first.
    pub nodes: Vec<NodeId>,
    /// What the executions of those take that ran before, one after the other, in milliseconds.
    pub estimate_ms: u64,
    /// How many executions never ran before.
    pub unestimated: usize,
    /// What it counts for in the balance: its time, with a mean for what never ran.
    weight: u64,
}

/// The least that can be run apart, in the order of the first node of each.
#[must_use]
pub fn units(graph: &Graph, plan: &Plan) -> Vec<Shard> {
    let running: Vec<&Planned> = plan.entries.iter().filter(|entry| runs(entry)).collect();
    let position: HashMap<NodeId, usize, RandomState> =
        running.iter().enumerate().map(|(at, entry)| (entry.id, at)).collect();
    let mut sets = Sets::of(running.len());
    for (at, entry) in running.iter().enumerate() {
        let joined = graph.needs(entry.id).iter().chain(&entry.duplicate_of);
        joined.filter_map(|other| position.get(other)).for_each(|&other| sets.join(at, other));
    }
    let guess = guesses(graph, &running);
    let mut units: BTreeMap<usize, Shard> = BTreeMap::new();
    for (at, entry) in running.iter().enumerate() {
        let unit = units.entry(sets.first(at)).or_default();
        unit.nodes.push(entry.id);
        match (entry.duplicate_of, entry.estimate_ms) {
            (Some(_), _) => {}
            (None, Some(ms)) => {
                unit.estimate_ms = unit.estimate_ms.saturating_add(ms);
                unit.weight = unit.weight.saturating_add(ms);
            }
            (None, None) => {
                unit.unestimated += 1;
                unit.weight = unit.weight.saturating_add(guess(entry.id));
            }
        }
    }
    units.into_values().collect()
}

/// Deals units out to so many hosts, the longest first, each to the host that has least. Units that are alike count as
/// one as long as they take little more than a host's fair part. Hosts without work are left out.
#[must_use]
pub fn deal(
    graph: &Graph,
    units: Vec<Shard>,
    alike: impl Fn(&Node) -> Arc<str>,
    hosts: usize,
) -> Vec<Shard> {
    let total = units.iter().fold(0_u64, |sum, unit| sum.saturating_add(unit.weight));
    // A fair part is a fraction: of units of a second each, rounding would leave hosts without any.
    let (total, hosts_of) = (u128::from(total.max(1)), hosts.max(1) as u128);
    let mut kin: BTreeMap<Arc<str>, Vec<Shard>> = BTreeMap::new();
    for unit in units {
        let first = *unit.nodes.first().expect("a unit is made of a node");
        kin.entry(alike(graph.node(first))).or_default().push(unit);
    }
    let mut pieces = Vec::new();
    for units in kin.into_values() {
        let weight = units.iter().fold(0_u64, |sum, unit| sum.saturating_add(unit.weight));
        let parts = u128::from(weight) * hosts_of;
        let count = if parts * 4 <= total * 5 { 1 } else { parts.div_ceil(total) };
        pieces.extend(longest_first(units, usize::try_from(count).unwrap_or(hosts).min(hosts)));
    }
    let mut shards = longest_first(pieces, hosts);
    shards.iter_mut().for_each(|shard| shard.nodes.sort_unstable());
    shards.sort_by_key(|shard| shard.nodes.first().copied());
    shards
}

/// The longest first, each to the one that has least; of equals, the earlier.
fn longest_first(mut pieces: Vec<Shard>, count: usize) -> Vec<Shard> {
    pieces.sort_by_key(|piece| (std::cmp::Reverse(piece.weight), piece.nodes.first().copied()));
    let mut shards = vec![Shard::default(); count.max(1)];
    for piece in pieces {
        // Of those that weigh the same, for nothing has a weight where everything takes no time, that with the fewest.
        let least = shards.iter_mut().min_by_key(|shard| (shard.weight, shard.nodes.len()));
        let least = least.expect("there is at least one");
        least.nodes.extend(piece.nodes);
        least.estimate_ms = least.estimate_ms.saturating_add(piece.estimate_ms);
        least.unestimated += piece.unestimated;
        least.weight = least.weight.saturating_add(piece.weight);
    }
    shards.retain(|shard| !shard.nodes.is_empty());
    shards
}

/// Whether an entry will run or may, be it under another name.
fn runs(entry: &Planned) -> bool {
    matches!(entry.judgement.verdict, Verdict::Stale(_) | Verdict::Open(_))
}

/// What to take for the time of a node that never ran: the mean of its kind, else the mean of all, else one.
fn guesses<'g>(graph: &'g Graph, running: &[&Planned]) -> impl Fn(NodeId) -> u64 + use<'g> {
    let mut sums: HashMap<&str, (u64, u64)> = HashMap::new();
    for entry in running {
        let Some(ms) = entry.estimate_ms else { continue };
        for kind in [graph.node(entry.id).name.kind(), ""] {
            let (sum, count) = sums.entry(kind).or_default();
            (*sum, *count) = (sum.saturating_add(ms), *count + 1);
        }
    }
    move |id| {
        let mean = |kind| sums.get(kind).map(|(sum, count)| (sum / count).max(1));
        mean(graph.node(id).name.kind()).or_else(|| mean("")).unwrap_or(1)
    }
}

/// Disjoint sets of indices, each known by its smallest.
struct Sets(Vec<usize>);

impl Sets {
    fn of(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn first(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}
