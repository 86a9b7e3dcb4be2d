//! What `graph plan --if-reverted` shows: what would become of nodes if parts were as before.

use std::collections::HashMap;

use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::plan::Plan;
use graph::reverted::Reverted;
use schemars::JsonSchema;
use serde::Serialize;

use super::VERSION;
use super::wire::maybe_seconds;

/// What would become of nodes. Each is in one list at most.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RevertedView {
    /// The version of the form.
    pub version: u32,
    /// The parts, as they were written.
    pub parts: Vec<String>,
    /// How many nodes are stale as things are.
    pub stale_now: usize,
    /// What those that would be fresh took when they ran last.
    #[serde(rename = "saved_s", serialize_with = "maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub saved_ms: Option<u64>,
    /// They would be fresh.
    #[schemars(with = "Vec<String>")]
    pub fresh: Vec<NodeName>,
    /// Their outputs would be put in place from the store.
    #[schemars(with = "Vec<String>")]
    pub restorable: Vec<NodeName>,
    /// What they need would still run, and what that leaves decides.
    #[schemars(with = "Vec<String>")]
    pub open: Vec<NodeName>,
    /// Stale for these parts, and for other reasons too.
    #[schemars(with = "Vec<String>")]
    pub stale: Vec<NodeName>,
    /// Fresh now, because they were built with the parts as they are: these would become stale.
    #[schemars(with = "Vec<String>")]
    pub lost: Vec<NodeName>,
}

impl RevertedView {
    /// What would become of the nodes of a plan.
    #[must_use]
    pub fn of(parts: &[String], graph: &Graph, plan: &Plan, found: &Reverted) -> Self {
        let names = |ids: &[NodeId]| ids.iter().map(|id| graph.node(*id).name.clone()).collect();
        let times: HashMap<NodeId, u64> =
            plan.entries.iter().filter_map(|entry| Some((entry.id, entry.estimate_ms?))).collect();
        let saved = found.fresh.iter().filter_map(|id| times.get(id)).copied();
        Self {
            version: VERSION,
            parts: parts.to_vec(),
            stale_now: plan.tally().stale,
            saved_ms: saved.reduce(u64::saturating_add),
            fresh: names(&found.fresh),
            restorable: names(&found.restorable),
            open: names(&found.open),
            stale: names(&found.stale),
            lost: names(&found.lost),
        }
    }

    /// How many nodes the parts reach that are not fresh.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.fresh.len() + self.restorable.len() + self.open.len() + self.stale.len()
    }
}
