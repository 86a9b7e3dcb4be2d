//! What `graph why` shows: the verdict on one node, against what it was compared with.

use std::collections::BTreeMap;
use std::sync::Arc;

use graph::fingerprint::Part;
use graph::name::NodeName;
use graph::record::Record;
use graph::spec::{Node, Role};
use graph::verdict::{Judgement, Reason, differences};
use serde::Serialize;

use super::VERSION;
use super::reason::{ReasonView, VerdictKind, outcome_name};
use super::wire::{instant, seconds};

/// The explanation of one node.
#[derive(Debug, Clone, Serialize)]
pub struct WhyView {
    /// The version of the form.
    pub version: u32,
    /// The node.
    pub node: NodeName,
    /// What would be decided now; absent where an earlier run is explained.
    pub verdict: Option<VerdictKind>,
    /// The run that is explained, where it is not the next one.
    pub explained: Option<ExecutionView>,
    /// Why.
    pub reasons: Vec<ReasonView>,
    /// For each part that is a tree, the files that changed.
    pub files: BTreeMap<Arc<str>, Vec<FileChange>>,
    /// What changed, but rebuilds nothing by itself.
    pub stamps: Vec<ReasonView>,
    /// The execution it was compared with.
    pub compared: Option<ExecutionView>,
}

/// One recorded execution.
#[derive(Debug, Clone, Serialize)]
pub struct ExecutionView {
    /// The run.
    pub run: i64,
    /// When it ended.
    #[serde(serialize_with = "instant")]
    pub ended: i64,
    /// How it ended.
    pub outcome: &'static str,
    /// Wall time.
    #[serde(rename = "wall_s", serialize_with = "seconds")]
    pub wall_ms: u64,
    /// CPU time of all processes.
    #[serde(rename = "cpu_s", serialize_with = "seconds")]
    pub cpu_ms: u64,
    /// The largest resident size in bytes.
    pub peak_memory: u64,
    /// The key it ran under.
    pub key: String,
}

/// A file of a tree that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileChange {
    /// Its path in the tree.
    pub path: String,
    /// What happened to it.
    pub change: Change,
}

/// What can happen to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its content or its executable bit is another.
    Changed,
}

impl WhyView {
    /// Why a node is or is not fresh now, compared with its last execution.
    #[must_use]
    pub fn now(node: &Node, judgement: &Judgement, last: Option<&Record>) -> Self {
        let stamps = last.map_or_else(Vec::new, |last| {
            stamps(Some(node), &last.parts, &judgement.fingerprint.parts)
        });
        Self {
            version: VERSION,
            node: node.name.clone(),
            verdict: Some(VerdictKind::of(&judgement.verdict)),
            explained: None,
            reasons: ReasonView::all(node, &judgement.verdict),
            files: BTreeMap::new(),
            stamps,
            compared: last.map(ExecutionView::of),
        }
    }

    /// Why a node ran in an earlier run: the judge's reasons of then, `None` where what they rest on is forgotten. The
    /// node is `None` if it is no longer declared.
    #[must_use]
    pub fn then(
        node: Option<&Node>,
        ran: &Record,
        before: Option<&Record>,
        reasons: Option<&[Reason]>,
    ) -> Self {
        let before_parts = before.map_or(&[] as &[Part], |before| &before.parts);
        Self {
            version: VERSION,
            node: ran.node.clone(),
            verdict: None,
            explained: Some(ExecutionView::of(ran)),
            reasons: reasons
                .unwrap_or_default()
                .iter()
                .map(|reason| ReasonView::of(node, reason))
                .collect(),
            files: BTreeMap::new(),
            stamps: match before {
                Some(_) => stamps(node, before_parts, &ran.parts),
                None => Vec::new(),
            },
            compared: before.map(ExecutionView::of),
        }
    }

    /// Leaves a part out that turned out not to have changed.
    #[must_use]
    pub fn without(mut self, part: &str) -> Self {
        self.reasons.retain(|reason| reason.part.as_deref() != Some(part));
        self
    }

    /// Adds the files that changed in a tree.
    #[must_use]
    pub fn with_files(mut self, part: &str, mut files: Vec<FileChange>) -> Self {
        files.sort();
        self.files.insert(part.into(), files);
        self
    }
}

impl ExecutionView {
    /// A record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self {
            run: record.run,
            ended: record.ended,
            outcome: outcome_name(record.outcome),
            wall_ms: record.cost.wall_ms,
            cpu_ms: record.cost.cpu_ms,
            peak_memory: record.cost.peak_memory,
            key: record.key.to_string(),
        }
    }
}

/// The engine compares what is in the key; stamps are compared the same way by playing that they are.
fn stamps(node: Option<&Node>, before: &[Part], after: &[Part]) -> Vec<ReasonView> {
    let as_keys = |parts: &[Part]| -> Vec<Part> {
        let stamps = parts.iter().filter(|part| part.role == Role::Stamp).cloned();
        stamps.map(|part| Part { role: Role::Key, ..part }).collect()
    };
    differences(&as_keys(before), &as_keys(after))
        .iter()
        .map(|reason| ReasonView::of(node, reason))
        .collect()
}
