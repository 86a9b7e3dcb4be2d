//! What `graph list` shows: the declared nodes.

use std::collections::BTreeMap;
use std::ops::Range;

use graph::list::List;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::spec::{Label, Place};
use schemars::JsonSchema;
use serde::ser::SerializeMap;
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
    #[schemars(with = "BTreeMap<&'static str, Vec<String>>")]
    pub labels: Labels<'a>,
    /// What it needs.
    #[schemars(with = "Vec<String>")]
    pub needs: &'a [NodeName],
    /// Where it was declared, `file:line`.
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_shown")]
    pub declared: &'a Place,
}

/// Labels, in the order of their keys, and those of one key as they were declared.
#[derive(Debug, Clone)]
pub struct Labels<'a>(Vec<&'a Label>);

/// The values of one key.
struct Values<'a>(&'a [&'a Label]);

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
            labels: Labels::of(&node.labels),
            needs: &node.needs,
            declared: &node.declared,
        })
    }
}

impl Serialize for ListedViews<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'a> Labels<'a> {
    pub(super) fn of(labels: &'a List<Label>) -> Self {
        let mut all: Vec<&Label> = labels.iter().collect();
        all.sort_by_key(|label| label.key);
        Self(all)
    }

    /// Without the values of which this is so.
    #[must_use]
    pub fn without(mut self, is_told: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|label| !is_told(&label.value));
        self
    }

    /// The labels of each key.
    pub fn by_key(&self) -> impl Iterator<Item = &[&'a Label]> {
        self.0.chunk_by(|one, next| one.key == next.key)
    }
}

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for labels in self.by_key() {
            map.serialize_entry(labels[0].key, &Values(labels))?;
        }
        map.end()
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|label| &*label.value))
    }
}

fn as_shown<S: Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(place)
}
