//! Work dealt out to hosts: nothing lost, nothing torn apart, none with much more than its part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use graph::facts::Facts;
use graph::model::{Graph, NodeId};
use graph::plan::{Plan, plan};
use graph::record::Records;
use graph::shards::{Shard, deal, units};
use graph::spec::{Node, Spec};
use proptest::collection::vec;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::world::node;

/// Configs and kernels, each with the time that it takes; the sketch says of which tree.
fn world(kernels: &[(u64, usize)]) -> (Graph, Plan) {
    let mut nodes = Vec::new();
    for (index, (_, tree)) in kernels.iter().enumerate() {
        let config = format!("config/{tree}/{index}");
        nodes.push(node(&config, &[]));
        nodes.push(node(&format!("kernel/{tree}/{index}"), &[&config]));
    }
    // What has the same parts is one execution, so each has something of its own.
    for (index, node) in nodes.iter_mut().enumerate() {
        node.unresolved = vec![index.to_string()].into();
    }
    let graph = Graph::build(Spec { nodes }).unwrap();
    let all: Vec<NodeId> = graph.ids().collect();
    let mut plan = plan(&graph, &all, &[], &Facts::default(), &Records::default());
    for entry in &mut plan.entries {
        let name = graph.node(entry.id).name.as_str();
        let index: usize = name.rsplit('/').next().unwrap().parse().unwrap();
        let ms = if name.starts_with("kernel") { kernels[index].0 } else { 1 };
        entry.estimate_ms = Some(ms).filter(|ms| *ms > 0);
    }
    (graph, plan)
}

fn tree(node: &Node) -> Arc<str> {
    node.name.as_str().split('/').nth(1).unwrap().into()
}

fn names(graph: &Graph, shards: &[Shard]) -> Vec<String> {
    let name = |id: &NodeId| graph.node(*id).name.to_string();
    shards.iter().map(|shard| shard.nodes.iter().map(name).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_hangs_together_stays_together() {
    let (graph, plan) = world(&[(10, 0), (20, 0), (0, 1)]);
    let units = units(&graph, &plan);
    assert_eq!(
        names(&graph, &units),
        ["config/0/0 kernel/0/0", "config/0/1 kernel/0/1", "config/1/2 kernel/1/2"]
    );
    assert_eq!((units[0].estimate_ms, units[0].unestimated), (11, 0));
    assert_eq!((units[2].estimate_ms, units[2].unestimated), (1, 1));
}

#[test]
fn what_is_alike_stays_together_where_that_is_fair() {
    let (graph, plan) = world(&[(10, 0), (20, 0), (35, 1)]);
    let units = units(&graph, &plan);
    assert_eq!(names(&graph, &deal(&graph, units.clone(), tree, 1)).len(), 1);
    let shards = deal(&graph, units.clone(), tree, 2);
    assert_eq!(
        names(&graph, &shards),
        ["config/0/0 kernel/0/0 config/0/1 kernel/0/1", "config/1/2 kernel/1/2"]
    );
    // Hosts without work are left out.
    assert_eq!(deal(&graph, units, tree, 9).len(), 3);
    assert_eq!(deal(&graph, Vec::new(), tree, 3), []);
}

#[test]
fn a_tree_that_is_too_much_for_one_is_shared() {
    let (graph, plan) = world(&[(100, 0), (100, 0), (100, 0), (100, 0), (10, 1), (10, 1)]);
    let shards = deal(&graph, units(&graph, &plan), tree, 4);
    let times: Vec<u64> = shards.iter().map(|shard| shard.estimate_ms).collect();
    assert_eq!(shards.len(), 4);
    assert!(times.iter().all(|ms| (100..=125).contains(ms)), "{times:?}");
    let small = |name: &&String| name.contains("/1/");
    assert_eq!(names(&graph, &shards).iter().filter(small).count(), 1, "the small tree is whole");
}

proptest! {
    #[test]
    fn shards_share_all_the_work(
        kernels in vec((0_u64..1000, 0_usize..4), 0..40),
        hosts in 1_usize..9,
    ) {
        let (graph, plan) = world(&kernels);
        let units = units(&graph, &plan);
        let shards = deal(&graph, units.clone(), tree, hosts);
        prop_assert!(shards.len() <= hosts);
        prop_assert_eq!(&shards, &deal(&graph, units.clone(), tree, hosts), "the same every time");
        let mut of: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (at, shard) in shards.iter().enumerate() {
            prop_assert!(shard.nodes.is_sorted());
            for id in &shard.nodes {
                prop_assert_eq!(of.insert(*id, at), None, "each node once");
            }
        }
        let all: BTreeSet<NodeId> = graph.ids().collect();
        prop_assert_eq!(of.keys().copied().collect::<BTreeSet<_>>(), all);
        for id in graph.ids() {
            prop_assert!(graph.needs(id).iter().all(|need| of[need] == of[&id]));
        }
        if kernels.iter().all(|(ms, _)| *ms > 0) && !shards.is_empty() {
            let total: u64 = shards.iter().map(|shard| shard.estimate_ms).sum();
            let fair = total.div_ceil(hosts as u64);
            let unit = units.iter().map(|unit| unit.estimate_ms).max().unwrap();
            let most = shards.iter().map(|shard| shard.estimate_ms).max().unwrap();
            // The longest piece is no more than 5/4 of a fair part or a fair part and a unit, and it comes last at worst.
            prop_assert!(most <= 2 * fair + fair / 4 + unit, "{} of {} fair", most, fair);
        }
    }
}
