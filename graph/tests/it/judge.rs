//! Each reason by itself, early cutoff, twins: with literals.

use std::collections::BTreeSet;

use graph::facts::Fact;
use graph::model::Graph;
use graph::record::{Outcome, Records, Remembered};
use graph::schedule::{Ending, OnFailure};
use graph::spec::{Node, Output, Presence, Role, Source, Spec};
use graph::verdict::{Reason, Verdict};

use crate::world::{Course, World, file, input, name, node};

/// An image of a file, and its SDK, of another file and the image.
fn project() -> Vec<Node> {
    let mut image = node("image/rpi", &[]);
    image.inputs.push(input("machine", "a", Role::Key));
    image.inputs.push(input("noise", "n", Role::Key));
    image.inputs.push(input("describe", "d", Role::Stamp));
    let mut sdk = node("sdk/rpi", &["image/rpi"]);
    sdk.inputs.push(input("sdk", "s", Role::Key));
    vec![image, sdk]
}

fn graph(nodes: Vec<Node>) -> Graph {
    Graph::build(Spec { nodes }).unwrap()
}

fn world() -> World {
    let mut world = World::default();
    ["a", "n", "d", "s"].iter().for_each(|path| world.set(path, "1"));
    world
}

fn built() -> (World, Graph) {
    let (mut world, graph) = (world(), graph(project()));
    world.run(&graph, &Course::smooth());
    (world, graph)
}

/// The verdicts in order, in one line each.
fn verdicts(world: &World, graph: &Graph, forced: &[usize]) -> String {
    let plan = world.plan(graph, &forced.iter().copied().collect::<BTreeSet<_>>());
    let line = |entry: &graph::plan::Planned| {
        let verdict = match &entry.judgement.verdict {
            Verdict::Fresh => "fresh".to_owned(),
            Verdict::Open(needs) => format!("open {needs:?}"),
            Verdict::Stale(reasons) => format!("stale {}", told(reasons)),
            Verdict::Restorable { reasons, .. } => format!("restorable {}", told(reasons)),
        };
        let twin = entry.duplicate_of.map(|first| format!(" = {}", graph.node(first).name));
        format!("{} {verdict}{}", graph.node(entry.id).name, twin.unwrap_or_default())
    };
    plan.entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn told(reasons: &[Reason]) -> String {
    let word = |reason: &Reason| match reason {
        Reason::NeverBuilt => "never-built".to_owned(),
        Reason::Forced => "forced".to_owned(),
        Reason::LastRun(outcome) => format!("last-run({outcome:?})"),
        Reason::Changed { old, new } => format!("{}({}->{})", new.name, old.shown, new.shown),
        Reason::Added(part) => format!("+{}", part.name),
        Reason::Removed(part) => format!("-{}", part.name),
        Reason::KeyRules => "key-rules".to_owned(),
        Reason::OutputsMissing => "outputs-missing".to_owned(),
        Reason::Unknown { part, why, .. } => format!("unknown({part}: {why})"),
        Reason::Unresolved(what) => format!("unresolved({what})"),
    };
    reasons.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn check(world: &World, graph: &Graph, expect: &str) {
    assert_eq!(verdicts(world, graph, &[]), expect);
}

#[test]
fn never_built_then_fresh() {
    let graph = graph(project());
    check(&world(), &graph, "image/rpi stale never-built\nsdk/rpi stale never-built");
    let (world, graph) = built();
    check(&world, &graph, "image/rpi fresh\nsdk/rpi fresh");
}

#[test]
fn a_change_names_old_and_new_and_leaves_dependents_open() {
    let (mut world, graph) = built();
    world.set("a", "2");
    check(&world, &graph, "image/rpi stale machine(1->2)\nsdk/rpi open [image/rpi]");
    world.set("s", "2");
    check(&world, &graph, "image/rpi stale machine(1->2)\nsdk/rpi stale sdk(1->2)");
}

#[test]
fn a_stamp_alone_changes_nothing() {
    let (mut world, graph) = built();
    world.set("d", "2");
    check(&world, &graph, "image/rpi fresh\nsdk/rpi fresh");
    world.facts.insert(file("d"), Fact::Unknown("no git".into()));
    check(&world, &graph, "image/rpi fresh\nsdk/rpi fresh");
}

#[test]
fn missing_is_a_value_and_unknown_is_a_doubt() {
    let (mut world, graph) = built();
    world.facts.insert(file("a"), Fact::Missing);
    check(&world, &graph, "image/rpi stale machine(1->(missing))\nsdk/rpi open [image/rpi]");
    world.facts.insert(file("a"), Fact::Unknown("the disk is gone".into()));
    check(
        &world,
        &graph,
        "image/rpi stale unknown(machine: the disk is gone)\nsdk/rpi open [image/rpi]",
    );
    world.set("n", "2");
    check(
        &world,
        &graph,
        "image/rpi stale unknown(machine: the disk is gone) noise(1->2)\nsdk/rpi open [image/rpi]",
    );
}

#[test]
fn added_and_removed_parts_and_what_else_makes_the_key() {
    let (world, _) = built();
    let mut nodes = project();
    let mut inputs = nodes[0].inputs.to_vec();
    inputs.remove(1);
    nodes[0].inputs = inputs.into();
    nodes[0].inputs.push(input("env.X", "s", Role::Key));
    nodes[1].outputs = nodes[1]
        .outputs
        .iter()
        .cloned()
        .chain([Output { pattern: "*.sh".into(), presence: Presence::Required, below: None }])
        .collect();
    nodes[1].needs.clear();
    let verdicts = verdicts(&world, &graph(nodes), &[]);
    let (image, sdk) = verdicts.split_once('\n').unwrap();
    assert_eq!(image, "image/rpi stale +env.X -noise");
    assert!(sdk.starts_with("sdk/rpi stale -need image/rpi outputs("), "{sdk}");
}

#[test]
fn an_incomplete_declaration_is_stale() {
    let (world, _) = built();
    let mut nodes = project();
    nodes[0].unresolved.push("repo `poky` is not cloned".into());
    check(
        &world,
        &graph(nodes),
        "image/rpi stale unresolved(repo `poky` is not cloned)\nsdk/rpi open [image/rpi]",
    );
}

#[test]
fn forced_is_stale_with_open_needs_too() {
    let (mut world, graph) = built();
    assert_eq!(verdicts(&world, &graph, &[0]), "image/rpi stale forced\nsdk/rpi open [image/rpi]");
    assert_eq!(verdicts(&world, &graph, &[0, 1]), "image/rpi stale forced\nsdk/rpi stale forced");
    world.set("a", "2");
    assert_eq!(
        verdicts(&world, &graph, &[0]),
        "image/rpi stale forced machine(1->2)\nsdk/rpi open [image/rpi]"
    );
    let seen = world.run(&graph, &Course { forced: [0, 1].into(), ..Course::smooth() });
    assert!(seen.endings.values().all(|ending| *ending == Ending::Built));
}

#[test]
fn outputs_that_vanished_are_restored_or_made_again() {
    let (mut world, graph) = built();
    world.lose_outputs(&name("image/rpi"), false);
    check(&world, &graph, "image/rpi restorable outputs-missing\nsdk/rpi fresh");
    world.lose_outputs(&name("image/rpi"), true);
    check(&world, &graph, "image/rpi stale outputs-missing\nsdk/rpi open [image/rpi]");
    world.lose_outputs(&name("sdk/rpi"), false);
    check(&world, &graph, "image/rpi stale outputs-missing\nsdk/rpi open [image/rpi]");
    world.lose_outputs(&name("sdk/rpi"), true);
    check(&world, &graph, "image/rpi stale outputs-missing\nsdk/rpi stale outputs-missing");
}

#[test]
fn going_back_to_what_was_built_before_restores_it() {
    let (mut world, graph) = built();
    world.set("a", "2");
    world.run(&graph, &Course::smooth());
    world.set("a", "1");
    let verdicts = verdicts(&world, &graph, &[]);
    assert!(
        verdicts
            .starts_with("image/rpi restorable machine(2->1)\nsdk/rpi restorable need image/rpi("),
        "{verdicts}"
    );
}

#[test]
fn what_failed_is_stale_until_it_succeeds() {
    for outcome in [
        Outcome::Failed,
        Outcome::TimedOut,
        Outcome::Stalled,
        Outcome::Interrupted,
        Outcome::Unsure,
    ] {
        let (mut world, graph) = built();
        world.set("a", "2");
        let failing = [(0, outcome)].into();
        let seen = world.run(&graph, &Course { failing, ..Course::smooth() });
        let endings: Vec<&Ending> = seen.endings.values().collect();
        assert_eq!(endings, [&Ending::Failed(outcome), &Ending::Skipped(name("image/rpi"))]);
        let expect = format!("image/rpi stale last-run({outcome:?})\nsdk/rpi open [image/rpi]");
        check(&world, &graph, &expect);
        // An older success under the very key that the node has again is proof enough.
        world.set("a", "1");
        let expect =
            format!("image/rpi restorable last-run({outcome:?}) machine(2->1)\nsdk/rpi fresh");
        check(&world, &graph, &expect);
    }
}

#[test]
fn a_need_that_leaves_the_same_cuts_off_what_hangs_on_it() {
    let (mut world, graph) = built();
    world.set("n", "2");
    let seen = world.run(&graph, &Course::smooth());
    let endings: Vec<&Ending> = seen.endings.values().collect();
    assert_eq!(endings, [&Ending::Built, &Ending::Fresh]);
}

fn twins(count: usize) -> Graph {
    let twin = |index: usize| {
        let mut twin = node(&format!("kernel/t{index}"), &[]);
        twin.inputs.push(input("content", "a", Role::Key));
        twin
    };
    graph(
        (0..count)
            .map(twin)
            .chain([node("publish/last", &[format!("kernel/t{}", count - 1).as_str()])])
            .collect(),
    )
}

#[test]
fn twins_run_once_and_the_rest_is_restored() {
    let (mut world, graph) = (world(), twins(3));
    check(
        &world,
        &graph,
        "kernel/t0 stale never-built\nkernel/t1 stale never-built = kernel/t0\n\
         kernel/t2 stale never-built = kernel/t0\npublish/last stale never-built",
    );
    let seen = world.run(&graph, &Course { builds: 4, ..Course::smooth() });
    let endings: Vec<&Ending> = seen.endings.values().collect();
    // The one on which most hangs runs, whichever the plan called the first.
    assert_eq!(endings, [&Ending::Restored, &Ending::Restored, &Ending::Built, &Ending::Built]);
    check(&world, &graph, "kernel/t0 fresh\nkernel/t1 fresh\nkernel/t2 fresh\npublish/last fresh");
}

#[test]
fn twins_of_one_that_failed_are_skipped_with_what_hangs_on_them() {
    let (mut world, graph) = (world(), twins(3));
    let failing = [(2, Outcome::Failed)].into();
    let seen = world.run(&graph, &Course { failing, builds: 1, ..Course::smooth() });
    let skipped = Ending::Skipped(name("kernel/t2"));
    let endings: Vec<&Ending> = seen.endings.values().collect();
    assert_eq!(endings, [&skipped, &skipped, &Ending::Failed(Outcome::Failed), &skipped]);
}

#[test]
fn forced_twins_run_once_too() {
    let (mut world, graph) = (world(), twins(2));
    world.run(&graph, &Course::smooth());
    let seen = world.run(&graph, &Course { forced: [0, 1].into(), ..Course::smooth() });
    let endings: Vec<&Ending> = seen.endings.values().take(2).collect();
    assert_eq!(endings, [&Ending::Restored, &Ending::Built]);
}

#[test]
fn a_restore_that_fails_ends_in_a_run_with_the_true_reason() {
    let (mut world, graph) = built();
    world.lose_outputs(&name("image/rpi"), false);
    let course = Course { unrestorable: [0].into(), ..Course::smooth() };
    let seen = world.run(&graph, &course);
    assert_eq!(seen.endings.values().collect::<Vec<_>>(), [&Ending::Built, &Ending::Fresh]);
}

#[test]
fn stop_on_failure_starts_nothing_more() {
    let (mut world, graph) = (
        world(),
        graph(
            (0..3)
                .map(|index| {
                    let mut node = node(&format!("k/n{index}"), &[]);
                    let text = Source::Value(index.to_string().into());
                    node.inputs.push(input("content", "a", Role::Key));
                    let mut inputs = node.inputs.to_vec();
                    inputs[0].source = text;
                    node.inputs = inputs.into();
                    node
                })
                .collect(),
        ),
    );
    let failing = [(0, Outcome::Failed)].into();
    let course = Course { builds: 1, failing, on_failure: OnFailure::Stop, ..Course::smooth() };
    let seen = world.run(&graph, &course);
    let endings: Vec<&Ending> = seen.endings.values().collect();
    assert_eq!(
        endings,
        [&Ending::Failed(Outcome::Failed), &Ending::NotStarted, &Ending::NotStarted]
    );
}

#[test]
fn what_could_not_be_restored_is_not_recalled_either() {
    let (mut world, graph) = built();
    world.set("a", "2");
    world.run(&graph, &Course::smooth());
    world.set("a", "1");
    let image = &world.plan(&graph, &BTreeSet::new()).entries[0].judgement;
    let Verdict::Restorable { from, .. } = &image.verdict else { panic!("the store has it") };
    let remembered =
        Remembered { record: from.clone(), available: graph::record::Availability::InStore };
    let mut records = Records::default().recalling(move |_| Some(remembered.clone()));
    assert!(records.succeeded(&from.key).is_some());
    records.forget(from);
    assert!(records.succeeded(&from.key).is_none());
}
