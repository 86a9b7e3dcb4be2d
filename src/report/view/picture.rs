//! What `graph render` draws: nodes or groups of them with their verdicts, and what needs what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use graph::model::{Graph, NodeId};
use graph::plan::Plan;

use super::reason::VerdictKind;

/// A drawing. Everything in it stands in the order of the graph, needs first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PictureView {
    /// What is drawn.
    pub shapes: Vec<Shape>,
    /// From a need to what needs it, by index into `shapes`, with how many needs it stands for.
    pub arrows: BTreeMap<(usize, usize), usize>,
}

/// A node, or several of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The name of the node, or a selector of the group.
    pub title: String,
    /// How many nodes of each verdict it stands for.
    pub verdicts: BTreeMap<VerdictKind, usize>,
    /// How many nodes it stands for.
    pub nodes: usize,
}

/// How far a graph is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every node is drawn.
    Nodes,
    /// Nodes whose names begin with the same segments are one, this many of them. The last never counts.
    Segments(usize),
}

impl PictureView {
    /// All nodes of a plan.
    #[must_use]
    pub fn of(graph: &Graph, plan: &Plan, depth: Depth) -> Self {
        let mut picture = Self::default();
        let mut of_node: HashMap<NodeId, usize> = HashMap::new();
        let mut of_title: HashMap<String, usize> = HashMap::new();
        for entry in &plan.entries {
            let title = depth.title(graph.node(entry.id).name.as_str());
            let at = *of_title.entry(title).or_insert_with_key(|title| {
                let (title, verdicts) = (title.clone(), BTreeMap::new());
                picture.shapes.push(Shape { title, verdicts, nodes: 0 });
                picture.shapes.len() - 1
            });
            let shape = &mut picture.shapes[at];
            shape.nodes += 1;
            *shape.verdicts.entry(VerdictKind::of(&entry.judgement.verdict)).or_default() += 1;
            of_node.insert(entry.id, at);
            for need in graph.needs(entry.id) {
                // What is needed is in the plan before; of what is drawn as one, nothing points at itself.
                if let Some(&need) = of_node.get(need).filter(|need| **need != at) {
                    *picture.arrows.entry((need, at)).or_default() += 1;
                }
            }
        }
        picture
    }

    /// How many shapes and arrows there would be; counted without drawing them, for depths that are not taken.
    #[must_use]
    pub fn size(graph: &Graph, plan: &Plan, depth: Depth) -> (usize, usize) {
        if depth == Depth::Nodes {
            let arrows = plan.entries.iter().map(|entry| graph.needs(entry.id).len()).sum();
            return (plan.entries.len(), arrows);
        }
        let group = |id: NodeId| depth.prefix(graph.node(id).name.as_str());
        let shapes: BTreeSet<&str> = plan.entries.iter().map(|entry| group(entry.id)).collect();
        let all = plan.entries.iter().flat_map(|entry| {
            graph.needs(entry.id).iter().map(move |need| (group(*need), group(entry.id)))
        });
        let arrows: BTreeSet<(&str, &str)> = all.filter(|(need, node)| need != node).collect();
        (shapes.len(), arrows.len())
    }
}

impl Shape {
    /// The verdict that it is drawn as: that which asks for most.
    #[must_use]
    pub fn verdict(&self) -> VerdictKind {
        let order =
            [VerdictKind::Stale, VerdictKind::Open, VerdictKind::Restorable, VerdictKind::Fresh];
        let found = order.into_iter().find(|verdict| self.verdicts.contains_key(verdict));
        found.expect("a shape stands for a node")
    }
}

impl Depth {
    /// The part of a name that those of one group share.
    fn prefix(self, name: &str) -> &str {
        let Self::Segments(most) = self else { return name };
        let ends = name.match_indices('/').map(|(at, _)| at);
        ends.take(most.max(1)).last().map_or(name, |end| &name[..end])
    }

    fn title(self, name: &str) -> String {
        match self {
            Self::Nodes => name.to_owned(),
            Self::Segments(_) => format!("{}/**", self.prefix(name)),
        }
    }
}
