//! The Spec, checked: no duplicate, no dangling need, no cycle; dense ids. Knows no fact and no record.

use std::collections::HashMap;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::name::NodeName;
use crate::spec::{Node, Place, Spec};

/// A node's place in its graph; meaningless elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
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
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    needs: Adjacency,
    dependents: Adjacency,
    by_name: HashMap<NodeName, NodeId>,
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
    pub fn build(spec: Spec) -> Result<Self, Vec<Defect>> {
        let mut defects = Vec::new();
        let mut declared: HashMap<&NodeName, usize> = HashMap::with_capacity(spec.nodes.len());
        for (index, node) in spec.nodes.iter().enumerate() {
            if let Some(&earlier) = declared.get(&node.name) {
                let (first, second) = (spec.nodes[earlier].declared.clone(), node.declared.clone());
                defects.push(Defect::Duplicate { name: node.name.clone(), first, second });
            } else {
                declared.insert(&node.name, index);
            }
        }
        let mut edges = Vec::new();
        for (index, node) in spec.nodes.iter().enumerate() {
            for need in &node.needs {
                match declared.get(need) {
                    Some(&target) => edges.push((target, index)),
                    None => defects.push(Defect::Dangling {
                        name: node.name.clone(),
                        need: need.clone(),
                        declared: node.declared.clone(),
                    }),
                }
            }
        }
        defects.extend(cycles(&spec, &edges));
        if !defects.is_empty() {
            return Err(defects);
        }
        drop(declared);
        Ok(ordered(spec, &edges))
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All ids, needs first.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).expect("a graph has less than 2^32 nodes")).map(NodeId)
    }

    /// The declaration of a node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The id of a name.
    #[must_use]
    pub fn id(&self, name: &NodeName) -> Option<NodeId> {
        self.by_name.get(name).copied()
    }

    /// What a node needs.
    #[must_use]
    pub fn needs(&self, id: NodeId) -> &[NodeId] {
        self.needs.of_node(id)
    }

    /// What needs a node.
    #[must_use]
    pub fn dependents(&self, id: NodeId) -> &[NodeId] {
        self.dependents.of_node(id)
    }

    /// The given nodes with everything they need, in order, each once.
    #[must_use]
    pub fn closure(&self, wanted: &[NodeId]) -> Vec<NodeId> {
        let mut included = vec![false; self.len()];
        wanted.iter().for_each(|id| included[id.index()] = true);
        for id in self.ids().rev() {
            if included[id.index()] {
                self.needs(id).iter().for_each(|need| included[need.index()] = true);
            }
        }
        self.ids().filter(|id| included[id.index()]).collect()
    }
}

/// Edges run from the need to the node that has it.
fn cycles(spec: &Spec, edges: &[(usize, usize)]) -> Vec<Defect> {
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(spec.nodes.len(), edges.len());
    let ids: Vec<NodeIndex> = spec.nodes.iter().map(|_| graph.add_node(())).collect();
    for &(from, to) in edges {
        graph.add_edge(ids[from], ids[to], ());
    }
    let mut found: Vec<Vec<usize>> = tarjan_scc(&graph)
        .into_iter()
        .filter(|group| group.len() > 1 || graph.contains_edge(group[0], group[0]))
        .map(|group| {
            let mut group: Vec<usize> = group.into_iter().map(NodeIndex::index).collect();
            group.sort_unstable();
            group
        })
        .collect();
    found.sort();
    let name = |index: usize| spec.nodes[index].name.clone();
    found.into_iter().map(|group| Defect::Cycle(group.into_iter().map(name).collect())).collect()
}

/// Kahn's algorithm, smallest declaration index first.
fn ordered(spec: Spec, edges: &[(usize, usize)]) -> Graph {
    let count = spec.nodes.len();
    let as_id =
        |index: usize| NodeId(u32::try_from(index).expect("a graph has less than 2^32 nodes"));
    let declared: Vec<(NodeId, NodeId)> =
        edges.iter().map(|&(from, to)| (as_id(from), as_id(to))).collect();
    let outgoing = Adjacency::of(count, &declared);
    let mut open = vec![0_u32; count];
    edges.iter().for_each(|&(_, to)| open[to] += 1);
    let mut ready: std::collections::BinaryHeap<std::cmp::Reverse<usize>> =
        (0..count).filter(|&index| open[index] == 0).map(std::cmp::Reverse).collect();
    let mut position = vec![0_usize; count];
    let mut placed = 0;
    while let Some(std::cmp::Reverse(index)) = ready.pop() {
        position[index] = placed;
        placed += 1;
        for next in outgoing.of_node(as_id(index)) {
            open[next.index()] -= 1;
            if open[next.index()] == 0 {
                ready.push(std::cmp::Reverse(next.index()));
            }
        }
    }
    debug_assert_eq!(placed, count, "cycles were reported before");
    let mut nodes: Vec<Option<Node>> = (0..count).map(|_| None).collect();
    for (index, node) in spec.nodes.into_iter().enumerate() {
        nodes[position[index]] = Some(node);
    }
    let nodes: Vec<Node> =
        nodes.into_iter().map(|node| node.expect("every node has one position")).collect();
    let forward: Vec<(NodeId, NodeId)> =
        edges.iter().map(|&(from, to)| (as_id(position[from]), as_id(position[to]))).collect();
    let backward: Vec<(NodeId, NodeId)> = forward.iter().map(|&(from, to)| (to, from)).collect();
    let by_name =
        nodes.iter().enumerate().map(|(index, node)| (node.name.clone(), as_id(index))).collect();
    Graph {
        needs: Adjacency::of(count, &backward),
        dependents: Adjacency::of(count, &forward),
        nodes,
        by_name,
    }
}
