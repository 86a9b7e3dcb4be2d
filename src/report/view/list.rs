//! What `graph list` shows: the declared nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use graph::list::List;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::spec::Label;
use serde::Serialize;

use super::VERSION;

/// Nodes as they were declared.
#[derive(Debug, Clone, Serialize)]
pub struct ListView {
    /// The version of the form.
    pub version: u32,
    /// The nodes, needs first.
    pub nodes: Vec<ListedView>,
}

/// One node.
#[derive(Debug, Clone, Serialize)]
pub struct ListedView {
    /// Its name.
    pub name: NodeName,
    /// The name's first segment.
    pub kind: String,
    /// Its labels; always lists, because a machine can have several workflows.
    pub labels: Labels,
    /// What it needs.
    pub needs: Vec<NodeName>,
    /// Where it was declared, `file:line`.
    pub declared: Arc<str>,
}

/// Labels by key.
pub type Labels = BTreeMap<&'static str, Vec<String>>;

impl ListView {
    /// The given nodes of a graph, in the order given.
    #[must_use]
    pub fn of(graph: &Graph, ids: &[NodeId]) -> Self {
        let nodes = ids
            .iter()
            .map(|&id| graph.node(id))
            .map(|node| ListedView {
                name: node.name.clone(),
                kind: node.name.kind().to_owned(),
                labels: labels(&node.labels),
                needs: node.needs.clone(),
                declared: node.declared.to_string().into(),
            })
            .collect();
        Self { version: VERSION, nodes }
    }
}

pub(super) fn labels(labels: &List<Label>) -> Labels {
    let mut by_key = Labels::new();
    for label in labels {
        by_key.entry(label.key).or_default().push(label.value.to_string());
    }
    by_key
}
