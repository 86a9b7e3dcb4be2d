//! The Spec, checked: no duplicate, no dangling need, no cycle; dense ids. Knows no fact and no record.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::name::NodeName;
use crate::names::Names;
use crate::spec::{Node, Place, Spec};

/// A node's place in its graph; meaningless elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    pub(crate) fn of(index: usize) -> Self {
        Self(u32::try_from(index).expect("a graph has less than 2^32 nodes"))
    }

    /// The id as an index into arrays of one entry a node.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A checked graph.
///
/// Invariant: ids run from 0 in topological order, so every need has a smaller id than its dependent; among
/// nodes that are free to go either way, declaration order is kept.
///
/// A clone is the same graph, for one who must own it.
#[derive(Debug, Clone, Default)]
pub struct Graph(Arc<Checked>);

#[derive(Debug, Default)]
struct Checked {
    nodes: Vec<Node>,
    needs: Adjacency,
    dependents: Adjacency,
    by_name: Names,
}

/// Compressed adjacency: the neighbours of `i` are `targets[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, Default)]
struct Adjacency {
    starts: Vec<u32>,
    targets: Vec<NodeId>,
}

impl Adjacency {
    fn of(count: usize, edges: &[(NodeId, NodeId)]) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (from, _) in edges {
            starts[from.index() + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut targets = vec![NodeId(0); edges.len()];
        for (from, to) in edges {
            let slot = &mut next[from.index()];
            targets[*slot as usize] = *to;
            *slot += 1;
        }
        Self { starts, targets }
    }

    fn of_node(&self, id: NodeId) -> &[NodeId] {
        &self.targets[self.starts[id.index()] as usize..self.starts[id.index() + 1] as usize]
    }
}

/// What is wrong with a Spec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// Two declarations of one name.
    #[error("`{name}` is declared twice: {first} and {second}")]
    Duplicate {
        /// The name.
        name: NodeName,
        /// The first declaration.
        first: Place,
        /// The second.
        second: Place,
    },
    /// A need that no declaration meets.
    #[error("`{name}` needs `{need}`, which nothing declares")]
    Dangling {
        /// The node with the need.
        name: NodeName,
        /// The need.
        need: NodeName,
        /// Where the node was declared.
        declared: Place,
    },
    /// Nodes that need each other.
    #[error("these nodes need each other: {}", .0.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))]
    Cycle(Vec<NodeName>),
}

impl Graph {
    /// Checks a Spec and puts it in order.
    ///
    /// # Errors
    /// All defects at once.
    pub fn build(mut spec: Spec) -> Result<Self, Vec<Defect>> {
        let mut defects = Vec::new();
        let nodes = &spec.nodes;
        let by_name = Names::of(nodes, |index, earlier| {
            defects.push(Defect::Duplicate {
                name: nodes[index].name.clone(),
                first: nodes[earlier].declared.clone(),
                second: nodes[index].declared.clone(),
            });
        });
        let mut edges = Vec::new();
        let mut before: Option<(&NodeName, NodeId)> = None;
        for node in spec.nodes.iter_mut().filter(|node| node.needs.len() > 1) {
            let mut seen = HashSet::new();
            node.needs.retain(|need| seen.insert(need.clone()));
        }
        for (index, node) in spec.nodes.iter().enumerate() {
            for need in &node.needs {
                // A front-end declares what a node needs just before it, more often than not, and has one name for both.
                let before = before.filter(|(name, _)| name.is(need)).map(|(_, id)| id);
                match before.or_else(|| by_name.get(need, &spec.nodes).map(NodeId::of)) {
                    Some(target) => edges.push((target, NodeId::of(index))),
                    None => defects.push(Defect::Dangling {
                        name: node.name.clone(),
                        need: need.clone(),
                        declared: node.declared.clone(),
                    }),
                }
            }
            before = Some((&node.name, NodeId::of(index)));
        }
        let position = match order(spec.nodes.len(), &edges) {
            Ok(position) if defects.is_empty() => position,
            Ok(_) => return Err(defects),
            Err(left) => {
                defects.extend(cycles(&spec, &left, &edges));
                return Err(defects);
            }
        };
        Ok(arranged(spec, by_name, &position, edges))
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.nodes.is_empty()
    }

    /// All ids, needs first.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.0.nodes.len()).map(NodeId::of)
    }

    /// The declaration of a node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.0.nodes[id.index()]
    }

    /// Whether the other is a clone of this one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The id of a name.
    #[must_use]
    pub fn id(&self, name: &NodeName) -> Option<NodeId> {
        self.0.by_name.get(name, &self.0.nodes).map(NodeId::of)
    }

    /// What a node needs.
    #[must_use]
    pub fn needs(&self, id: NodeId) -> &[NodeId] {
        self.0.needs.of_node(id)
    }

    /// What needs a node.
    #[must_use]
    pub fn dependents(&self, id: NodeId) -> &[NodeId] {
        self.0.dependents.of_node(id)
    }

    /// The given nodes with everything they need, in order, each once.
    #[must_use]
    pub fn closure(&self, wanted: &[NodeId]) -> Vec<NodeId> {
        let mut included = vec![false; self.len()];
        wanted.iter().for_each(|id| included[id.index()] = true);
        if wanted.len() >= self.len() && !included.contains(&false) {
            return self.ids().collect();
        }
        for id in self.ids().rev() {
            if included[id.index()] {
                self.needs(id).iter().for_each(|need| included[need.index()] = true);
            }
        }
        self.ids().filter(|id| included[id.index()]).collect()
    }
}

/// For each node its place in topological order, by Kahn's algorithm, smallest declaration index first; or else the
/// nodes that stand on a cycle or behind one. Edges run from the need to the node that has it.
fn order(count: usize, edges: &[(NodeId, NodeId)]) -> Result<Vec<NodeId>, Vec<NodeId>> {
    if edges.iter().all(|(from, to)| from < to) {
        return Ok((0..count).map(NodeId::of).collect());
    }
    let outgoing = Adjacency::of(count, edges);
    let mut open = vec![0_u32; count];
    edges.iter().for_each(|(_, to)| open[to.index()] += 1);
    let mut ready: BinaryHeap<Reverse<NodeId>> = (0..count)
        .filter(|&index| open[index] == 0)
        .map(|index| Reverse(NodeId::of(index)))
        .collect();
    let mut position = vec![None; count];
    let mut placed = 0;
    while let Some(Reverse(node)) = ready.pop() {
        position[node.index()] = Some(NodeId::of(placed));
        placed += 1;
        for next in outgoing.of_node(node) {
            open[next.index()] -= 1;
            if open[next.index()] == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    let left = || (0..count).filter(|&index| position[index].is_none()).map(NodeId::of).collect();
    position.iter().copied().collect::<Option<Vec<NodeId>>>().ok_or_else(left)
}

/// The cycles among the nodes that could not be ordered. Kosaraju's algorithm, because petgraph's Tarjan is
/// recursive and a deep graph overflows the stack.
fn cycles(spec: &Spec, left: &[NodeId], edges: &[(NodeId, NodeId)]) -> Vec<Defect> {
    let mut graph: DiGraph<NodeId, ()> = DiGraph::new();
    let inside: HashMap<NodeId, NodeIndex> =
        left.iter().map(|&id| (id, graph.add_node(id))).collect();
    for (from, to) in edges {
        if let (Some(&from), Some(&to)) = (inside.get(from), inside.get(to)) {
            graph.add_edge(from, to, ());
        }
    }
    let mut found: Vec<Vec<NodeId>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|group| group.len() > 1 || graph.contains_edge(group[0], group[0]))
        .map(|group| {
            let mut group: Vec<NodeId> = group.into_iter().map(|index| graph[index]).collect();
            group.sort_unstable();
            group
        })
        .collect();
    found.sort();
    let name = |id: NodeId| spec.nodes[id.index()].name.clone();
    found.into_iter().map(|group| Defect::Cycle(group.into_iter().map(name).collect())).collect()
}

/// Puts the nodes in their places.
fn arranged(
    spec: Spec,
    mut by_name: Names,
    position: &[NodeId],
    mut edges: Vec<(NodeId, NodeId)>,
) -> Graph {
    let count = spec.nodes.len();
    let mut nodes = spec.nodes;
    let is_in_order = position.iter().enumerate().all(|(index, id)| id.index() == index);
    if !is_in_order {
        by_name.moved(|index| position[index].index());
        let mut placed: Vec<(NodeId, Node)> = position.iter().copied().zip(nodes).collect();
        placed.sort_unstable_by_key(|(id, _)| *id);
        nodes = placed.into_iter().map(|(_, node)| node).collect();
        for (from, to) in &mut edges {
            (*from, *to) = (position[from.index()], position[to.index()]);
        }
    }
    let dependents = Adjacency::of(count, &edges);
    edges.iter_mut().for_each(|edge| *edge = (edge.1, edge.0));
    let needs = Adjacency::of(count, &edges);
    Graph(Arc::new(Checked { nodes, needs, dependents, by_name }))
}
