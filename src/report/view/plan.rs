//! What `graph plan` shows: how many nodes are what, and why those are not fresh that are not.

use std::sync::Arc;

use graph::model::Graph;
use graph::name::NodeName;
use graph::plan::Plan;
use graph::resource::Capacity;
use graph::verdict::Verdict;
use serde::Serialize;

use super::VERSION;
use super::estimate::estimate;
use super::reason::{ReasonView, VerdictKind};
use super::wire::maybe_seconds;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// A plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlanView {
    /// The version of the form.
    pub version: u32,
    /// The counts.
    pub summary: PlanSummary,
    /// The nodes that are not fresh, or all, needs first.
    pub nodes: Vec<PlannedView>,
    /// What is probably not as the user meant it.
    pub warnings: Vec<WarningView>,
}

/// The counts of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PlanSummary {
    /// What was selected, and all it needs.
    pub total: usize,
    /// Nothing to do.
    pub fresh: usize,
    /// To run.
    pub stale: usize,
    /// To put in place from the store.
    pub restorable: usize,
    /// Declared, but not selected, or rejected by a filter.
    pub excluded: usize,
    /// Of the stale ones, those that an execution under another name serves.
    pub duplicates: usize,
    /// To be decided when their needs have settled.
    pub open: usize,
    /// How long the run may take, from earlier runs.
    #[serde(rename = "estimate_s", serialize_with = "maybe_seconds")]
    pub estimate_ms: Option<u64>,
    /// How many nodes to run never ran before and do not count in the estimate.
    pub unestimated: usize,
}

/// One node of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedView {
    /// Its name.
    pub name: NodeName,
    /// What was decided.
    pub verdict: VerdictKind,
    /// Why.
    pub reasons: Vec<ReasonView>,
    /// How long it may take.
    #[serde(rename = "estimate_s", serialize_with = "maybe_seconds")]
    pub estimate_ms: Option<u64>,
    /// The node whose execution serves this one, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<NodeName>,
}

/// A warning about the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WarningView {
    /// What.
    pub message: String,
    /// Where, `file:line`.
    pub place: Option<Arc<str>>,
    /// What to do.
    pub hints: Vec<String>,
}

/// Which nodes a view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Those that are not fresh.
    #[default]
    NotFresh,
    /// All.
    All,
}

impl PlanView {
    /// A plan of the graph, as it would run on a host of this capacity.
    #[must_use]
    pub fn of(
        graph: &Graph,
        plan: &Plan,
        scope: Scope,
        warnings: &Diagnostics,
        capacity: Capacity,
    ) -> Self {
        let tally = plan.tally();
        let estimate = estimate(graph, plan, capacity);
        let summary = PlanSummary {
            total: tally.total,
            fresh: tally.fresh,
            stale: tally.stale,
            restorable: tally.restorable,
            excluded: graph.len().saturating_sub(tally.total),
            duplicates: tally.duplicates,
            open: tally.open,
            estimate_ms: estimate.wall_ms,
            unestimated: estimate.unknown,
        };
        let nodes = plan
            .entries
            .iter()
            .filter(|entry| scope == Scope::All || entry.judgement.verdict != Verdict::Fresh)
            .map(|entry| {
                let node = graph.node(entry.id);
                let same = entry.duplicate_of.map(|first| graph.node(first).name.clone());
                PlannedView {
                    name: node.name.clone(),
                    verdict: VerdictKind::of(&entry.judgement.verdict),
                    reasons: ReasonView::all(node, &entry.judgement.verdict),
                    estimate_ms: entry.estimate_ms,
                    duplicate_of: same,
                }
            })
            .collect();
        let warnings = warnings.as_slice().iter().map(WarningView::of).collect();
        Self { version: VERSION, summary, nodes, warnings }
    }

    /// Counts the combinations that filters reject, which are no nodes.
    #[must_use]
    pub fn with_rejected(mut self, count: usize) -> Self {
        self.summary.excluded += count;
        self
    }
}

impl WarningView {
    fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            message: diagnostic.message.clone(),
            place: diagnostic.place().map(|place| place.to_string().into()),
            hints: diagnostic.hints.clone(),
        }
    }
}
