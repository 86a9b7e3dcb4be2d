//! What must hold of every run, over random graphs in a random world.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use graph::digest::Digest;
use graph::facts::Fact;
use graph::model::{Graph, NodeId};
use graph::plan::Plan;
use graph::record::Outcome;
use graph::resource::Pool;
use graph::schedule::{Ending, OnFailure};
use graph::spec::{Node, Role, Spec};
use graph::verdict::Verdict;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::world::{Course, Seen, World, file, input, node, reasons};

const FILES: usize = 4;

/// A node in the making: whom it needs, of which files it is made, its pool.
#[derive(Debug, Clone)]
struct Sketch {
    needs: Vec<usize>,
    of: usize,
    noise: Option<usize>,
    stamp: Option<usize>,
    pool: Pool,
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let sketch = (
        vec(0_usize..12, 0..3),
        0..FILES,
        proptest::option::of(0..FILES),
        proptest::option::of(0..FILES),
        prop_oneof![Just(Pool::Build), Just(Pool::Light)],
    )
        .prop_map(|(needs, of, noise, stamp, pool)| Sketch { needs, of, noise, stamp, pool });
    vec(sketch, 1..12)
}

/// Nodes draw from few files, so that twins are common.
fn nodes(sketches: &[Sketch]) -> Vec<Node> {
    let name = |index: usize| format!("image/n{index}");
    let sketched = sketches.iter().enumerate().map(|(index, sketch)| {
        let needs: Vec<String> =
            sketch.needs.iter().filter(|&&need| need < index).map(|&need| name(need)).collect();
        let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
        let mut node = node(&name(index), &needs);
        let path = |index: usize| format!("f{index}");
        node.inputs.push(input("content", &path(sketch.of), Role::Key));
        node.inputs.extend(sketch.noise.map(|noise| input("noise", &path(noise), Role::Key)));
        node.inputs.extend(sketch.stamp.map(|stamp| input("describe", &path(stamp), Role::Stamp)));
        node.pool = sketch.pool;
        node
    });
    sketched.collect()
}

/// What happens between and in runs.
#[derive(Debug, Clone)]
enum Act {
    Change { file: usize, to: u8 },
    Vanish { file: usize },
    Hide { file: usize },
    Lose { node: usize, from_store: bool },
    Run(Course),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let outcome = prop_oneof![
        Just(Outcome::Failed),
        Just(Outcome::TimedOut),
        Just(Outcome::Interrupted),
        Just(Outcome::Unsure)
    ];
    let course = (
        (1_usize..4, 1_usize..3, 300_u64..1500),
        prop_oneof![Just(OnFailure::KeepGoing), Just(OnFailure::Stop)],
        btree_map(0_usize..12, outcome, 0..3),
        (btree_set(0_usize..12, 0..2), btree_set(0_usize..12, 0..2)),
        proptest::option::of(0_usize..8),
        vec(1_u64..9, 1..6),
    )
        .prop_map(
            |(
                (builds, lights, memory),
                on_failure,
                failing,
                (unrestorable, forced),
                stop,
                durations,
            )| Course {
                builds,
                lights,
                memory,
                on_failure,
                failing,
                unrestorable,
                forced,
                stop_after: stop,
                durations,
            },
        );
    let act = prop_oneof![
        3 => (0..FILES, 0_u8..3).prop_map(|(file, to)| Act::Change { file, to }),
        1 => (0..FILES).prop_map(|file| Act::Vanish { file }),
        1 => (0..FILES).prop_map(|file| Act::Hide { file }),
        2 => (0_usize..12, any::<bool>()).prop_map(|(node, from_store)| Act::Lose { node, from_store }),
        5 => course.prop_map(Act::Run),
    ];
    vec(act, 0..10)
}

fn graph(sketches: &[Sketch]) -> Graph {
    Graph::build(Spec { nodes: nodes(sketches) }).unwrap()
}

fn fresh_world() -> World {
    let mut world = World::default();
    (0..FILES).for_each(|index| world.set(&format!("f{index}"), "0"));
    world
}

fn apply(world: &mut World, graph: &Graph, act: &Act) {
    match act {
        Act::Change { file, to } => world.set(&format!("f{file}"), &to.to_string()),
        Act::Vanish { file: index } => {
            world.facts.insert(file(&format!("f{index}")), Fact::Missing);
        }
        Act::Hide { file: index } => {
            world.facts.insert(file(&format!("f{index}")), Fact::Unknown("offline".into()));
        }
        Act::Lose { node, from_store } => {
            if let Some(id) = graph.ids().nth(*node) {
                world.lose_outputs(&graph.node(id).name, *from_store);
            }
        }
        Act::Run(course) => {
            let course = within(graph, course);
            let plan = world.plan(graph, &course.forced);
            let seen = world.run(graph, &course);
            check_forecast(graph, &plan, &seen, &course);
        }
    }
}

fn within(graph: &Graph, course: &Course) -> Course {
    let mut course = course.clone();
    course.forced.retain(|&index| index < graph.len());
    course
}

/// Every ending is one that the forecast allows.
fn check_forecast(graph: &Graph, plan: &Plan, seen: &Seen, course: &Course) {
    let mut executions: HashMap<Digest, usize> = HashMap::new();
    for entry in &plan.entries {
        let id = entry.id;
        let ending = &seen.endings[&id];
        let verdict = &entry.judgement.verdict;
        let executed = matches!(ending, Ending::Built | Ending::Failed(_));
        if executed && let Ok(key) = &seen.started[&id].key {
            *executions.entry(*key).or_default() += 1;
        }
        if matches!(verdict, Verdict::Stale(_) | Verdict::Restorable { .. }) {
            assert!(!reasons(verdict).is_empty(), "what is not fresh has a reason");
        }
        // A need that could not be restored had to run after all, and nobody could foresee what it left.
        if matches!(ending, Ending::Skipped(_) | Ending::NotStarted)
            || !course.unrestorable.is_empty()
        {
            continue;
        }
        let needs_settled = entry.judgement.fingerprint.key.is_ok();
        let allowed = match verdict {
            Verdict::Fresh => *ending == Ending::Fresh,
            Verdict::Restorable { .. } => *ending == Ending::Restored,
            // What was open then may have turned out to be the same.
            Verdict::Stale(_) if needs_settled && entry.duplicate_of.is_none() => {
                let key = &entry.judgement.fingerprint.key;
                let ran = seen.started.values().any(|started| started.key == *key);
                executed || ran && *ending == Ending::Restored
            }
            Verdict::Stale(_) => executed || *ending == Ending::Restored,
            Verdict::Open(_) => true,
        };
        assert!(allowed, "{:?}: {verdict:?} ended {ending:?}", graph.node(id).name);
    }
    let interrupted = course.failing.values().any(|outcome| *outcome == Outcome::Interrupted);
    if course.unrestorable.is_empty() && !interrupted {
        assert!(executions.values().all(|&count| count == 1), "one execution a key");
    }
}

fn made(world: &World, graph: &Graph) -> BTreeMap<String, Option<Digest>> {
    let entry = |id: NodeId| {
        let name = &graph.node(id).name;
        (name.to_string(), world.in_place(name))
    };
    graph.ids().map(entry).collect()
}

proptest! {
    /// Whatever happened before, the next good run ends where a clean one does, and the one after it does nothing.
    #[test]
    fn every_history_ends_where_a_clean_run_does(sketches in sketches(), acts in acts(), files in vec(0_u8..3, FILES)) {
        let graph = graph(&sketches);
        let (mut world, mut clean) = (fresh_world(), World::default());
        acts.iter().for_each(|act| apply(&mut world, &graph, act));
        for (index, content) in files.iter().enumerate() {
            world.set(&format!("f{index}"), &content.to_string());
            clean.set(&format!("f{index}"), &content.to_string());
        }
        apply(&mut world, &graph, &Act::Run(Course::smooth()));
        clean.run(&graph, &Course::smooth());
        prop_assert_eq!(made(&world, &graph), made(&clean, &graph));
        prop_assert!(made(&world, &graph).values().all(Option::is_some));

        let plan = world.plan(&graph, &BTreeSet::new());
        prop_assert!(plan.entries.iter().all(|entry| entry.judgement.verdict == Verdict::Fresh));
        let seen = world.run(&graph, &Course::smooth());
        prop_assert!(seen.started.is_empty());
        prop_assert!(seen.endings.values().all(|ending| *ending == Ending::Fresh));
    }

    /// The order in which nodes are declared changes no verdict.
    #[test]
    fn declaration_order_changes_no_verdict(sketches in sketches(), acts in acts(), seed in any::<u64>()) {
        let graph = graph(&sketches);
        let mut world = fresh_world();
        acts.iter().for_each(|act| apply(&mut world, &graph, act));
        let mut shuffled = nodes(&sketches);
        shuffled.sort_by_key(|node| Digest::of(format!("{seed}{}", node.name).as_bytes()));
        let other = Graph::build(Spec { nodes: shuffled }).unwrap();
        let verdicts = |graph: &Graph| -> BTreeMap<String, Verdict> {
            let plan = world.plan(graph, &BTreeSet::new());
            let entry = |entry: &graph::plan::Planned| {
                (graph.node(entry.id).name.to_string(), entry.judgement.verdict.clone())
            };
            plan.entries.iter().map(entry).collect()
        };
        prop_assert_eq!(verdicts(&graph), verdicts(&other));
        let duplicates = |graph: &Graph| world.plan(graph, &BTreeSet::new()).tally().duplicates;
        prop_assert_eq!(duplicates(&graph), duplicates(&other));
    }

    /// A node that failed, was interrupted or is unsure is not fresh afterwards.
    #[test]
    fn what_ended_badly_is_never_fresh(sketches in sketches(), acts in acts(), bad in btree_set(0_usize..12, 1..4)) {
        let graph = graph(&sketches);
        let mut world = fresh_world();
        acts.iter().for_each(|act| apply(&mut world, &graph, act));
        let failing = bad.iter().map(|&index| (index, Outcome::Unsure)).collect();
        let seen = world.run(&graph, &Course { failing, ..Course::smooth() });
        let plan = world.plan(&graph, &BTreeSet::new());
        for entry in &plan.entries {
            if matches!(seen.endings[&entry.id], Ending::Failed(_)) {
                prop_assert!(entry.judgement.verdict != Verdict::Fresh);
            }
        }
    }
}
