//! How long the engine takes: checking a graph, fingerprints, plans, and a schedule without processes.

mod world;

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use graph::facts::Facts;
use graph::model::{Graph, NodeId};
use graph::plan::plan;
use graph::record::{Record, Records};
use graph::resource::Capacity;
use graph::schedule::{Finished, Next, OnFailure, Schedule};
use graph::spec::Spec;

use crate::world::{built, facts, parts, sizes, spec};

fn main() {
    divan::main();
}

fn graph_of(spec: Spec) -> (Graph, Vec<NodeId>) {
    let graph = Graph::build(spec).expect("the spec is sound");
    let all = graph.ids().collect();
    (graph, all)
}

/// `Graph::build`.
#[divan::bench(args = sizes(), max_time = 20)]
fn check(bencher: Bencher<'_, '_>, nodes: usize) {
    bencher
        .counter(ItemsCount::new(nodes))
        .with_inputs(|| spec(nodes))
        .bench_values(|spec| graph_of(spec).0);
}

/// All parts of each node, and their key.
#[divan::bench(args = sizes(), max_time = 20)]
fn fingerprints(bencher: Bencher<'_, '_>, nodes: usize) {
    let spec = spec(nodes);
    let facts = facts(&spec);
    bencher.counter(ItemsCount::new(nodes)).bench_local(|| {
        spec.nodes.iter().for_each(|node| drop(black_box(parts(node, &facts))));
    });
}

fn bench_plan(bencher: Bencher<'_, '_>, nodes: usize, records: fn(&Spec, &Facts) -> Records) {
    let spec = spec(nodes);
    let facts = facts(&spec);
    let records = records(&spec, &facts);
    let (graph, all) = graph_of(spec);
    bencher
        .counter(ItemsCount::new(nodes))
        .bench_local(|| plan(&graph, &all, &[], &facts, &records));
}

/// The judge's word where nothing has changed.
#[divan::bench(args = sizes(), max_time = 20)]
fn plan_null(bencher: Bencher<'_, '_>, nodes: usize) {
    bench_plan(bencher, nodes, built);
}

/// The judge's word where nothing was ever built.
#[divan::bench(args = sizes(), max_time = 20)]
fn plan_cold(bencher: Bencher<'_, '_>, nodes: usize) {
    bench_plan(bencher, nodes, |_, _| Records::default());
}

/// Drives a schedule to its end; what runs ends at once, with the record that `done` has of it, by its index. Returns how
/// many transitions there were: what it told, and what it was told.
fn drive(mut schedule: Schedule<'_>, done: &[Arc<Record>]) -> usize {
    let (mut transitions, mut running) = (0, Vec::new());
    loop {
        transitions += 1;
        match schedule.advance() {
            Next::Settled(..) => {}
            Next::Start(id, _) | Next::Restore(id, ..) => running.push(id),
            Next::Wait => {
                let id: NodeId = running.pop().expect("something runs");
                schedule.finish(id, Finished::Succeeded(done[id.index()].clone()));
            }
            Next::Done => return transitions,
        }
    }
}

/// A run from its first word to its last, after its plan, as `graph build` has it: with the records of the plan, which the run
/// neither copies nor frees.
fn bench_schedule(bencher: Bencher<'_, '_>, nodes: usize, is_built: bool) {
    let spec = spec(nodes);
    let facts = facts(&spec);
    let done = built(&spec, &facts);
    let records = if is_built { done.clone() } else { Records::default() };
    let (graph, all) = graph_of(spec);
    let plan = plan(&graph, &all, &[], &facts, &records);
    let record =
        |id: &NodeId| done.last(&graph.node(*id).name).expect("it was built").record.clone();
    // Who runs a node has its record at hand.
    let done: Vec<Arc<Record>> = all.iter().map(record).collect();
    let drive = |records| {
        let limits = (Capacity::new(8, 8, u64::MAX), OnFailure::KeepGoing);
        let schedule = Schedule::after(&plan, &graph, &all, [], (&facts, records), limits);
        drive(schedule, &done)
    };
    let transitions = drive(records.clone());
    bencher
        .counter(ItemsCount::new(transitions))
        .with_inputs(|| records.clone())
        .bench_local_values(drive);
}

/// A run in which everything is fresh; transitions a second.
#[divan::bench(args = sizes(), max_time = 20)]
fn schedule_null(bencher: Bencher<'_, '_>, nodes: usize) {
    bench_schedule(bencher, nodes, true);
}

/// A run in which everything runs, in no time; transitions a second.
#[divan::bench(args = sizes(), max_time = 20)]
fn schedule_cold(bencher: Bencher<'_, '_>, nodes: usize) {
    bench_schedule(bencher, nodes, false);
}
