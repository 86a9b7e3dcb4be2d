//! What `graph list` shows: the declared nodes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use graph::list::List;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::spec::Label;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::VERSION;

/// Nodes as they were declared.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ListView<'a> {
    /// The version of the form.
    pub version: u32,
    /// The nodes, needs first.
    #[schemars(with = "Vec<ListedView<'static>>")]
    pub nodes: ListedViews<'a>,
}

/// The nodes of a list, each made when its turn comes: of a million, one is in memory.
#[derive(Debug, Clone, Copy)]
pub struct ListedViews<'a> {
    graph: &'a Graph,
    ids: &'a [NodeId],
}

/// One node.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ListedView<'a> {
    /// Its name.
    #[schemars(with = "String")]
    pub name: &'a NodeName,
    /// The name's first segment.
    pub kind: &'a str,
    /// Its labels; always lists, because a machine can have several workflows.
    pub labels: Labels,
    /// What it needs.
    #[schemars(with = "Vec<String>")]
    pub needs: &'a [NodeName],
    /// Where it was declared, `file:line`.
    pub declared: String,
}

/// Labels by key.
pub type Labels = BTreeMap<&'static str, Vec<Arc<str>>>;

impl<'a> ListView<'a> {
    /// The given nodes of a graph, in the order given.
    #[must_use]
    pub fn of(graph: &'a Graph, ids: &'a [NodeId]) -> Self {
        Self { version: VERSION, nodes: ListedViews { graph, ids } }
    }
}

impl<'a> ListedViews<'a> {
    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Some, by their numbers.
    pub(in crate::report) fn some(&self, range: Range<usize>) -> Self {
        Self { graph: self.graph, ids: &self.ids[range] }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Each in turn.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ListedView<'a>> {
        let graph = self.graph;
        self.ids.iter().map(move |&id| graph.node(id)).map(|node| ListedView {
            name: &node.name,
            kind: node.name.kind(),
            labels: labels(&node.labels),
            needs: &node.needs,
            declared: node.declared.to_string(),
        })
    }
}

impl Serialize for ListedViews<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

pub(super) fn labels(labels: &List<Label>) -> Labels {
    let mut by_key = Labels::new();
    for label in labels {
        by_key.entry(label.key).or_default().push(Arc::clone(&label.value));
    }
    by_key
}
