//! What would be fresh again if a part were as before: by example, and against a world in which it is.

use std::collections::BTreeSet;

use graph::model::{Graph, NodeId};
use graph::reverted::{Meant, Reverted, UnknownPart, if_reverted};
use graph::spec::{Node, Role, Spec};
use graph::verdict::{Reason, Verdict};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq, prop_assume, proptest};

use crate::world::{Course, World, input, node, reasons};

/// Two configs of one fragment, and what is built of each; the second reads a file of its own, too.
fn project() -> Graph {
    let mut nodes = Vec::new();
    for name in ["a", "b"] {
        let mut config = node(&format!("config/{name}"), &[]);
        config.inputs.push(input("fragment", "fragment", Role::Key));
        let mut kernel = node(&format!("kernel/{name}"), &[&format!("config/{name}")]);
        kernel.inputs.push(input("source", "source", Role::Key));
        if name == "b" {
            kernel.inputs.push(input("noise", "noise", Role::Key));
        }
        nodes.extend([config, kernel]);
    }
    Graph::build(Spec { nodes }).unwrap()
}

fn built() -> (World, Graph) {
    let (mut world, graph) = (World::default(), project());
    ["fragment", "source", "noise"].iter().for_each(|path| world.set(path, "1"));
    world.run(&graph, &Course::smooth());
    (world, graph)
}

fn reverted(world: &World, graph: &Graph, parts: &[&str]) -> Result<Reverted, Vec<UnknownPart>> {
    let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
    let plan = world.plan(graph, &BTreeSet::new());
    let meant = Meant::parse(&parts, graph, &plan)?;
    Ok(if_reverted(graph, &plan, &world.records(), &meant))
}

fn told(world: &World, graph: &Graph, parts: &[&str]) -> String {
    let found = reverted(world, graph, parts).unwrap();
    let names = |ids: &[NodeId]| {
        ids.iter().map(|id| graph.node(*id).name.to_string()).collect::<Vec<_>>().join(" ")
    };
    [
        ("fresh", &found.fresh),
        ("restorable", &found.restorable),
        ("open", &found.open),
        ("stale", &found.stale),
        ("lost", &found.lost),
    ]
    .into_iter()
    .filter(|(_, ids)| !ids.is_empty())
    .map(|(what, ids)| format!("{what}: {}", names(ids)))
    .collect::<Vec<_>>()
    .join("; ")
}

#[test]
fn what_stands_against_nodes_alone_and_together() {
    let (mut world, graph) = built();
    world.set("source", "2");
    assert_eq!(told(&world, &graph, &["source"]), "fresh: kernel/a kernel/b");
    world.set("noise", "2");
    assert_eq!(told(&world, &graph, &["source"]), "fresh: kernel/a; stale: kernel/b");
    assert_eq!(told(&world, &graph, &["source", "noise"]), "fresh: kernel/a kernel/b");
    assert_eq!(told(&world, &graph, &["*o*e"]), "fresh: kernel/a kernel/b");
    world.set("fragment", "2");
    let all = "fresh: config/a config/b kernel/a kernel/b";
    assert_eq!(told(&world, &graph, &["fragment", "source", "noise"]).len(), all.len());
    // What a config leaves decides of its kernel.
    assert_eq!(told(&world, &graph, &["source", "noise"]), "open: kernel/a kernel/b");
    assert_eq!(told(&world, &graph, &["fragment"]), "fresh: config/a config/b");
}

#[test]
fn outputs_and_outcomes_count() {
    let (mut world, graph) = built();
    world.set("source", "2");
    world.lose_outputs(&crate::world::name("kernel/a"), false);
    world.lose_outputs(&crate::world::name("kernel/b"), true);
    assert_eq!(told(&world, &graph, &["source"]), "restorable: kernel/a; stale: kernel/b");
    let (mut world, graph) = built();
    world.set("source", "2");
    let failing = [(1, graph::record::Outcome::Failed)].into();
    world.run(&graph, &Course { failing, ..Course::smooth() });
    // The one that was built since has the new value; of the one that failed, the last run counts.
    assert_eq!(told(&world, &graph, &["source"]), "");
}

#[test]
fn what_was_built_since_is_lost() {
    let (mut world, graph) = built();
    world.set("source", "2");
    world.run(&graph, &Course { builds: 1, stop_after: Some(1), ..Course::smooth() });
    let told = told(&world, &graph, &["source"]);
    assert!(told.contains("lost: kernel/"), "{told}");
}

#[test]
fn parts_that_nobody_has_come_with_the_nearest() {
    let (world, graph) = built();
    let unknown = reverted(&world, &graph, &["sorce", "fragment", "[", "x*"]).unwrap_err();
    let told: Vec<(&str, usize)> =
        unknown.iter().map(|part| (part.written.as_str(), part.nearest.len())).collect();
    assert_eq!(told, [("sorce", 1), ("[", 0), ("x*", 0)]);
    assert_eq!(unknown[0].nearest, ["source"]);
    // A part that is as it was is one, and so are those that reports call otherwise.
    assert_eq!(told_of_nothing(&world, &graph), Reverted::default());
}

fn told_of_nothing(world: &World, graph: &Graph) -> Reverted {
    reverted(world, graph, &["source", "commands", "action", "output patterns"]).unwrap()
}

/// The part and the file of that number. Of what is called noise, what is made does not depend.
fn file(index: usize) -> &'static str {
    ["a", "b", "noise c", "noise d"][index]
}

/// Nodes that each read one file or two, and need some that come before.
fn nodes(sketches: &[(Vec<usize>, usize, Option<usize>)]) -> Vec<Node> {
    let name = |index: usize| format!("image/n{index}");
    let sketched = sketches.iter().enumerate().map(|(index, (needs, one, other))| {
        let needs: Vec<String> =
            needs.iter().filter(|&&need| need < index).map(|&need| name(need)).collect();
        let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
        let mut node = node(&name(index), &needs);
        node.inputs.push(input(file(*one), file(*one), Role::Key));
        if let Some(other) = other.filter(|other| other != one) {
            node.inputs.push(input(file(other), file(other), Role::Key));
        }
        node
    });
    sketched.collect()
}

proptest! {
    #[test]
    fn it_is_so_when_the_part_is_as_before(
        sketches in vec((vec(0_usize..10, 0..3), 0_usize..4, proptest::option::of(0_usize..4)), 1..10),
        changed in vec(any::<bool>(), 4),
        between in proptest::option::of(0_usize..6),
        back in 0_usize..4,
    ) {
        let graph = Graph::build(Spec { nodes: nodes(&sketches) }).unwrap();
        let mut world = World::default();
        (0..4).for_each(|index| world.set(file(index), "1"));
        world.run(&graph, &Course::smooth());
        for index in (0..4).filter(|index| changed[*index]) {
            world.set(file(index), "2");
        }
        if let Some(stop_after) = between {
            world.run(&graph, &Course { stop_after: Some(stop_after), ..Course::smooth() });
        }
        let before = world.plan(&graph, &BTreeSet::new());
        let has = |node: &Node| node.inputs.iter().any(|input| *input.part == *file(back));
        prop_assume!(graph.ids().any(|id| has(graph.node(id))));
        let meant = Meant::parse(&[file(back).to_owned()], &graph, &before).unwrap();
        let found = if_reverted(&graph, &before, &world.records(), &meant);
        world.set(file(back), "1");
        let after = world.plan(&graph, &BTreeSet::new());
        for (was, is) in before.entries.iter().zip(&after.entries) {
            prop_assert_eq!(was.id, is.id);
            let name = &graph.node(is.id).name;
            let (was, now) = (&was.judgement.verdict, &is.judgement.verdict);
            if found.fresh.contains(&is.id) {
                prop_assert_eq!(now, &Verdict::Fresh, "{} was {:?}", name, was);
            }
            if found.lost.contains(&is.id) {
                prop_assert!(*now != Verdict::Fresh, "{} was {:?}", name, was);
            }
            if found.stale.contains(&is.id) {
                prop_assert!(*now != Verdict::Fresh, "{} was {:?}", name, was);
            }
            // A node that is stale for a need alone knows nothing of what that need was made of before.
            let reached = reasons(was).iter().any(|reason| match reason {
                Reason::Changed { new, .. } => meant.has(&new.name),
                _ => false,
            });
            if reached && *now == Verdict::Fresh {
                let told = found.fresh.contains(&is.id) || found.open.contains(&is.id);
                prop_assert!(told, "{} is fresh: {:?}", name, found);
            }
        }
    }
}
