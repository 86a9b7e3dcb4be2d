//! What `graph plan` shows: how many nodes are what, and why those are not fresh that are not.

use std::mem::{Discriminant, discriminant};
use std::ops::Range;
use std::sync::Arc;

use graph::model::Graph;
use graph::name::NodeName;
use graph::plan::{Plan, Planned};
use graph::resource::Capacity;
use graph::spec::Node;
use graph::verdict::{Reason, Verdict};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::VERSION;
use super::estimate::{estimate, runs};
use super::reason::{ReasonView, VerdictKind};
use super::wire::maybe_seconds;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// A plan.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlanView<'a> {
    /// The version of the form.
    pub version: u32,
    /// The counts.
    pub summary: PlanSummary,
    /// The nodes that are not fresh, or all, needs first.
    #[schemars(with = "Vec<PlannedView>")]
    pub nodes: PlannedViews<'a>,
    /// What is probably not as the user meant it.
    pub warnings: Vec<WarningView>,
}

/// The counts of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
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
    #[schemars(with = "Option<f64>")]
    pub estimate_ms: Option<u64>,
    /// How many nodes to run never ran before and do not count in the estimate.
    pub unestimated: usize,
}

/// The nodes of a plan, each made when its turn comes: of a million stale ones, one is in memory.
#[derive(Debug, Clone)]
pub struct PlannedViews<'a> {
    graph: &'a Graph,
    entries: Vec<&'a Planned>,
}

/// One node of a plan.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedView {
    /// Its name.
    #[schemars(with = "String")]
    pub name: NodeName,
    /// What was decided.
    pub verdict: VerdictKind,
    /// Why.
    pub reasons: Vec<ReasonView>,
    /// How long it may take.
    #[serde(rename = "estimate_s", serialize_with = "maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub estimate_ms: Option<u64>,
    /// The node whose execution serves this one, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub duplicate_of: Option<NodeName>,
}

/// A warning about the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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

impl<'a> PlanView<'a> {
    /// A plan of the graph, as it would run on a host of this capacity.
    #[must_use]
    pub fn of(
        graph: &'a Graph,
        plan: &'a Plan,
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
        let is_shown =
            |entry: &&Planned| scope == Scope::All || entry.judgement.verdict != Verdict::Fresh;
        let nodes = PlannedViews { graph, entries: plan.entries.iter().filter(is_shown).collect() };
        let warnings = warnings.as_slice().iter().map(WarningView::of).collect();
        Self { version: VERSION, summary, nodes, warnings }
    }

    /// Counts nodes that are known to be fresh and are not in the graph.
    #[must_use]
    pub fn with_unjudged(mut self, count: usize) -> Self {
        self.summary.total += count;
        self.summary.fresh += count;
        self
    }

    /// Counts what is not in the graph: combinations that filters reject, and nodes that cannot be meant.
    #[must_use]
    pub fn with_rejected(mut self, count: usize) -> Self {
        self.summary.excluded += count;
        self
    }
}

impl<'a> PlannedViews<'a> {
    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Each, with its reasons.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = PlannedView> {
        self.heads(0..self.len()).map(|head| head.view())
    }

    /// Some, by their numbers, without their reasons, which are most of the work.
    pub(in crate::report) fn heads(
        &self,
        range: Range<usize>,
    ) -> impl ExactSizeIterator<Item = PlannedHead<'a>> {
        let graph = self.graph;
        self.entries[range].iter().map(move |&entry| {
            let node = graph.node(entry.id);
            let verdict = VerdictKind::of(&entry.judgement.verdict);
            PlannedHead { graph, entry, node, name: &node.name, verdict }
        })
    }

    /// Some, by their numbers.
    pub(in crate::report) fn some(&self, range: Range<usize>) -> Self {
        Self { graph: self.graph, entries: self.entries[range].to_vec() }
    }
}

/// A node of a plan without its reasons.
pub(in crate::report) struct PlannedHead<'a> {
    graph: &'a Graph,
    entry: &'a Planned,
    node: &'a Node,
    pub(in crate::report) name: &'a NodeName,
    pub(in crate::report) verdict: VerdictKind,
}

/// Verdicts for one reason that is about no part: equal ones say the same of every node.
pub(in crate::report) type Plain = (VerdictKind, Discriminant<Reason>);

impl<'a> PlannedHead<'a> {
    /// All of it.
    pub(in crate::report) fn view(&self) -> PlannedView {
        PlannedView {
            name: self.name.clone(),
            verdict: self.verdict,
            reasons: self.reasons(),
            estimate_ms: self.entry.estimate_ms,
            duplicate_of: self.duplicate_of().cloned(),
        }
    }

    pub(in crate::report) fn reasons(&self) -> Vec<ReasonView> {
        ReasonView::all(self.node, &self.entry.judgement.verdict)
    }

    /// Of a million nodes, most are stale for the same plain reason.
    pub(in crate::report) fn plain(&self) -> Option<Plain> {
        let reasons = match &self.entry.judgement.verdict {
            Verdict::Stale(reasons) | Verdict::Restorable { reasons, .. } => &**reasons,
            Verdict::Fresh | Verdict::Open(_) => return None,
        };
        match reasons {
            [reason @ (Reason::NeverBuilt | Reason::Forced | Reason::OutputsMissing)] => {
                Some((self.verdict, discriminant(reason)))
            }
            _ => None,
        }
    }

    /// The node whose execution serves this one, too.
    pub(in crate::report) fn duplicate_of(&self) -> Option<&'a NodeName> {
        self.entry.duplicate_of.map(|first| &self.graph.node(first).name)
    }

    pub(in crate::report) fn estimate_ms(&self) -> Option<u64> {
        self.entry.estimate_ms
    }

    /// Whether it will run, or may, under its own name.
    pub(in crate::report) fn runs(&self) -> bool {
        runs(self.entry)
    }
}

impl Serialize for PlannedViews<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl WarningView {
    /// A warning as it was found.
    #[must_use]
    pub fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            message: diagnostic.message.clone(),
            place: diagnostic.place().map(|place| place.to_string().into()),
            hints: diagnostic.hints.clone(),
        }
    }
}
