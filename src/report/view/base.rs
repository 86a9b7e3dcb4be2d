//! What `graph plan --base` shows: what a build of this tree would rebuild that one of the base would not, and why.

use std::collections::HashMap;
use std::sync::Arc;

use graph::compare::{Change, Comparison, Exclusion};
use graph::model::Graph;
use graph::name::NodeName;
use graph::plan::{Plan, Planned};
use graph::resource::Capacity;
use graph::verdict::Verdict;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::VERSION;
use super::estimate::{estimate, runs};
use super::plan::{Scope, WarningView};
use super::reason::{Nature, ReasonView, VerdictKind, place};
use super::wire::maybe_seconds;
use crate::diagnostic::Diagnostics;

/// What differs between the base and this tree.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BaseView {
    /// The version of the form.
    pub version: u32,
    /// What this tree is compared with.
    pub base: BaseSideView,
    /// The counts.
    pub summary: BaseSummary,
    /// Each reason once, with the nodes that have it; what costs most comes first, then what most nodes have.
    pub causes: Vec<BaseCauseView>,
    /// The nodes that are not as they were, needs first; then those that only the base has.
    pub nodes: Vec<ComparedView>,
    /// What is probably not as the user meant it, in this tree.
    pub warnings: Vec<WarningView>,
}

/// The base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaseSideView {
    /// The revision as it was typed.
    pub revision: Arc<str>,
    /// The commit that it names, in full.
    pub commit: Arc<str>,
    /// Why (a part of) it could not be read; what it would have of that is not known.
    pub errors: Vec<WarningView>,
    /// What is probably not meant in it, and is no longer so in this tree.
    pub warnings: Vec<WarningView>,
}

/// The counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct BaseSummary {
    /// What was selected of this tree, and all it needs.
    pub total: usize,
    /// Nodes that are as they are in the base.
    pub unchanged: usize,
    /// Nodes that a build of this tree would run, or may, and one of the base would not: `added`, `changed`, `follows` and
    /// `unknown`.
    pub rebuild: usize,
    /// Nodes that the base does not have.
    pub added: usize,
    /// Nodes of which parts of their own are not as they were.
    pub changed: usize,
    /// Nodes that need what is not as it was.
    pub follows: usize,
    /// Nodes of which it cannot be told.
    pub unknown: usize,
    /// Nodes with another name, that are what the base has under the old one.
    pub renamed: usize,
    /// Nodes that only the base has.
    pub removed: usize,
    /// Nodes of the base that a filter of this tree rejects.
    pub excluded: usize,
    /// Of those to rebuild, what the store of this host has.
    pub restorable: usize,
    /// Of those to rebuild, what this host has built already.
    pub fresh: usize,
    /// Nodes that are as they are in the base, and that this host would have to build all the same.
    pub stale_otherwise: usize,
    /// How long it may take on this host to build what is to be rebuilt, from earlier runs.
    #[serde(rename = "estimate_s", serialize_with = "maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub estimate_ms: Option<u64>,
    /// How many nodes to run never ran before and do not count in the estimate.
    pub unestimated: usize,
}

/// A reason, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaseCauseView {
    /// The reason.
    #[serde(flatten)]
    pub reason: ReasonView,
    /// Where else it is written, if it is in several places; the blame is that of the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Arc<str>>,
    /// Of a local layer, the files that are not as they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Arc<str>>,
    /// Who wrote it so since the base, or touched these files last.
    pub blame: Option<BlameView>,
    /// The nodes that have it, with those that only follow them.
    #[schemars(with = "Vec<String>")]
    pub nodes: Vec<NodeName>,
    /// How long these took when they last ran, one after the other; nothing if none ever ran.
    #[serde(rename = "cost_s", serialize_with = "maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub cost_ms: Option<u64>,
}

/// Who last touched the place of a reason since the base. Names and subjects are as their authors wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum BlameView {
    /// A commit.
    Commit {
        /// Its name, in full.
        commit: Arc<str>,
        /// Who wrote it.
        author: Arc<str>,
        /// The first line of its message.
        subject: Arc<str>,
    },
    /// Nobody yet: it is not committed.
    Uncommitted,
}

/// One node that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ComparedView {
    /// Its name.
    #[schemars(with = "String")]
    pub name: NodeName,
    /// What became of it.
    pub change: ChangeKind,
    /// Why, where parts of its own changed or are not known.
    pub reasons: Vec<ReasonView>,
    /// The needs that are not as they were, where nothing else is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub follows: Vec<NodeName>,
    /// The name that it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<NodeName>,
    /// The filter that rejects it now, or that rejected it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterView>,
    /// What is to be done for it on this host; nothing where this tree has no such node.
    pub verdict: Option<VerdictKind>,
    /// How long it may take.
    #[serde(rename = "estimate_s", serialize_with = "maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub estimate_ms: Option<u64>,
    /// The node whose execution serves this one, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub duplicate_of: Option<NodeName>,
}

/// What became of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// The base has no such node.
    Added,
    /// Parts of its own are not as they were.
    Changed,
    /// It needs what is not as it was.
    Follows,
    /// It cannot be told.
    Unknown,
    /// It is what the base has under another name.
    Renamed,
    /// A filter rejects it now.
    Excluded,
    /// Nothing declares it any more.
    Removed,
    /// It is as it was.
    Unchanged,
}

impl ChangeKind {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Follows => "follows",
            Self::Unknown => "unknown",
            Self::Renamed => "renamed",
            Self::Excluded => "excluded",
            Self::Removed => "removed",
            Self::Unchanged => "unchanged",
        }
    }

    /// Whether a build of this tree would run the node, or may.
    #[must_use]
    pub fn rebuilds(self) -> bool {
        matches!(self, Self::Added | Self::Changed | Self::Follows | Self::Unknown)
    }

    fn of(change: &Change) -> Self {
        match change {
            Change::Added(_) => Self::Added,
            Change::Removed => Self::Removed,
            Change::Changed(_) => Self::Changed,
            Change::Follows(_) => Self::Follows,
            Change::Renamed { .. } => Self::Renamed,
            Change::Excluded(_) => Self::Excluded,
            Change::Unknown(_) => Self::Unknown,
        }
    }
}

/// A filter that rejects a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FilterView {
    /// Its kind, as it is written.
    pub kind: Arc<str>,
    /// Why it rejects.
    pub why: Arc<str>,
    /// Where it is, `file:line`; on the side that has it.
    pub declared: Option<Arc<str>>,
    /// Who wrote it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blame: Option<BlameView>,
}

impl FilterView {
    fn of(exclusion: &Exclusion) -> Self {
        let Exclusion { filter, why, declared } = exclusion;
        let declared = place(Some(declared));
        Self { kind: filter.clone(), why: why.clone(), declared, blame: None }
    }
}

/// The graphs of both sides.
#[derive(Clone, Copy)]
pub struct Graphs<'a> {
    /// That of the base.
    pub old: &'a Graph,
    /// That of this tree.
    pub new: &'a Graph,
}

impl BaseView {
    /// What a comparison found, with the plan of this tree, as it would run on a host of this capacity.
    #[must_use]
    pub fn of(
        base: BaseSideView,
        graphs: Graphs<'_>,
        comparison: &Comparison,
        plan: &Plan,
        scope: Scope,
        warnings: &Diagnostics,
        capacity: Capacity,
    ) -> Self {
        let planned: HashMap<_, &Planned> =
            plan.entries.iter().map(|entry| (entry.id, entry)).collect();
        let mut nodes: Vec<ComparedView> = Vec::with_capacity(comparison.entries.len());
        let mut runs_of = Plan::default();
        let mut summary = BaseSummary { unchanged: comparison.unchanged, ..BaseSummary::default() };
        let mut changed = vec![false; graphs.new.len()];
        for compared in &comparison.entries {
            let entry = compared.new.and_then(|id| planned.get(&id).copied());
            compared.new.iter().for_each(|id| changed[id.index()] = true);
            let node = compared.new.map(|id| graphs.new.node(id));
            let node = node.or_else(|| Some(graphs.old.node(compared.old?)));
            let view = ComparedView::of(&compared.name, node, &compared.change, entry, graphs.new);
            summary.count(&view);
            if view.change.rebuilds() {
                runs_of.entries.extend(entry.cloned());
            }
            nodes.push(view);
        }
        summary.total = plan.entries.len();
        let otherwise = |entry: &&Planned| !changed[entry.id.index()] && runs(entry);
        summary.stale_otherwise = plan.entries.iter().filter(otherwise).count();
        let estimate = estimate(graphs.new, &runs_of, capacity);
        (summary.estimate_ms, summary.unestimated) = (estimate.wall_ms, estimate.unknown);
        let causes = causes(&nodes);
        if scope == Scope::All {
            let same = plan.entries.iter().filter(|entry| !changed[entry.id.index()]);
            nodes.extend(same.map(|entry| ComparedView::unchanged(entry, graphs.new)));
        }
        let warnings = warnings.as_slice().iter().map(WarningView::of).collect();
        Self { version: VERSION, base, summary, causes, nodes, warnings }
    }

    /// Whether a build of this tree would rebuild something that one of the base would not.
    #[must_use]
    pub fn rebuilds(&self) -> bool {
        self.summary.rebuild > 0
    }
}

impl BaseSummary {
    fn count(&mut self, view: &ComparedView) {
        let count = match view.change {
            ChangeKind::Added => &mut self.added,
            ChangeKind::Changed => &mut self.changed,
            ChangeKind::Follows => &mut self.follows,
            ChangeKind::Unknown => &mut self.unknown,
            ChangeKind::Renamed => &mut self.renamed,
            ChangeKind::Excluded => &mut self.excluded,
            ChangeKind::Removed => &mut self.removed,
            ChangeKind::Unchanged => &mut self.unchanged,
        };
        *count += 1;
        if view.change.rebuilds() {
            self.rebuild += 1;
            self.restorable += usize::from(view.verdict == Some(VerdictKind::Restorable));
            self.fresh += usize::from(view.verdict == Some(VerdictKind::Fresh));
        }
    }
}

impl ComparedView {
    fn of(
        name: &NodeName,
        node: Option<&graph::spec::Node>,
        change: &Change,
        entry: Option<&Planned>,
        graph: &Graph,
    ) -> Self {
        let views = |reasons: &[graph::verdict::Reason]| {
            reasons.iter().map(|reason| ReasonView::of(node, reason)).collect()
        };
        let bare = Self {
            name: name.clone(),
            change: ChangeKind::of(change),
            reasons: Vec::new(),
            follows: Vec::new(),
            from: None,
            filter: None,
            verdict: entry.map(|entry| VerdictKind::of(&entry.judgement.verdict)),
            estimate_ms: entry.and_then(|entry| entry.estimate_ms),
            duplicate_of: entry
                .and_then(|entry| entry.duplicate_of)
                .map(|first| graph.node(first).name.clone()),
        };
        match change {
            Change::Added(was) => Self { filter: was.as_ref().map(FilterView::of), ..bare },
            Change::Removed => bare,
            Change::Changed(reasons) | Change::Unknown(reasons) => {
                Self { reasons: views(reasons), ..bare }
            }
            Change::Follows(needs) => Self { follows: needs.clone(), ..bare },
            Change::Renamed { from } => Self { from: Some(from.clone()), ..bare },
            Change::Excluded(now) => Self { filter: Some(FilterView::of(now)), ..bare },
        }
    }

    fn unchanged(entry: &Planned, graph: &Graph) -> Self {
        let (node, verdict) = (graph.node(entry.id), &entry.judgement.verdict);
        let reasons = match verdict {
            Verdict::Fresh => Vec::new(),
            verdict => ReasonView::all(node, verdict),
        };
        Self {
            name: node.name.clone(),
            change: ChangeKind::Unchanged,
            reasons,
            follows: Vec::new(),
            from: None,
            filter: None,
            verdict: Some(VerdictKind::of(verdict)),
            estimate_ms: entry.estimate_ms,
            duplicate_of: entry.duplicate_of.map(|first| graph.node(first).name.clone()),
        }
    }
}

/// What makes two reasons one to a reader: what became of a part, wherever it is written. Digests of content tell readers
/// nothing, and those of one part may differ between nodes.
fn sameness(reason: &ReasonView) -> ReasonView {
    let mut same = ReasonView { declared: None, ..reason.clone() };
    if reason.nature == Nature::Content {
        (same.old, same.new) = (None, None);
    }
    same
}

/// The nodes of a cause, and what is told of it.
#[derive(Default)]
struct Shared<'a> {
    reasons: Vec<&'a ReasonView>,
    nodes: Vec<usize>,
}

/// Each reason once. What follows a node counts with it.
fn causes(nodes: &[ComparedView]) -> Vec<BaseCauseView> {
    let mut of: IndexMap<ReasonView, Shared<'_>> = IndexMap::new();
    let mut whose: HashMap<&NodeName, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for reason in &node.reasons {
            let entry = of.entry(sameness(reason));
            let index = entry.index();
            let shared = entry.or_default();
            if shared.reasons.iter().all(|known| known.declared != reason.declared) {
                shared.reasons.push(reason);
            }
            shared.nodes.push(at);
            whose.entry(&node.name).or_default().push(index);
        }
        let mut inherited: Vec<usize> =
            node.follows.iter().filter_map(|need| whose.get(need)).flatten().copied().collect();
        inherited.sort_unstable();
        inherited.dedup();
        for &index in &inherited {
            of[index].nodes.push(at);
        }
        if !inherited.is_empty() {
            whose.insert(&node.name, inherited);
        }
    }
    let cause = |Shared { reasons, nodes: of }: Shared<'_>| {
        let costs = of.iter().filter_map(|&at| nodes[at].estimate_ms);
        let places = reasons.iter().skip(1).filter_map(|reason| reason.declared.clone());
        BaseCauseView {
            reason: reasons[0].clone(),
            places: places.collect(),
            files: Vec::new(),
            blame: None,
            nodes: of.iter().map(|&at| nodes[at].name.clone()).collect(),
            cost_ms: costs.reduce(u64::saturating_add),
        }
    };
    let mut causes: Vec<BaseCauseView> = of.into_values().map(cause).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse((cause.cost_ms, cause.nodes.len())));
    causes
}
