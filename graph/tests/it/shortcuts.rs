//! Every short way that a plan and a schedule take leads where the long way does: over random nodes that share pieces, facts
//! that are not known, narrowings, odd names, records and edits, in graphs small and big.

use std::collections::HashMap;
use std::sync::Arc;

use graph::digest::Digest;
use graph::executed::{Executed, HasRead};
use graph::facts::{Fact, Facts};
use graph::fingerprint::fingerprint;
use graph::list::List;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::record::{
    Availability, Cost, Outcome, OutputFile, Record, Recorded, Records, Remembered,
};
use graph::resource::Capacity;
use graph::schedule::{Ending, Finished, Next, OnFailure, Schedule};
use graph::spec::{
    Action, Commit, Input, Node, Output, Piece, Presence, Repository, Role, Source, Spec, Step,
    Taken, Template,
};
use graph::verdict::{Judgement, Rebuild, Verdict, judge};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{option, proptest, test_runner::Config};

use crate::world::{file, name, node, plan_both_ways};

const FILES: u8 = 4;
const SETS: u8 = 2;

/// A node in the making.
#[derive(Debug, Clone)]
struct Sketch {
    /// Which piece it shares with all that say the same.
    shared: u8,
    /// What else goes into it, which is a piece that others have too, or not.
    own: Vec<(Part, u8)>,
    shares_own: bool,
    needs: Vec<usize>,
    /// Which action, and whether others have the very same.
    action: (u8, bool),
    unresolved: bool,
    past: Past,
}

/// What an input is called. Front-ends do not use those that are odd; the judge must not be wrong of them.
#[derive(Debug, Clone, Copy)]
enum Part {
    Plain(u8),
    Stamp(u8),
    /// Named as one in the shared piece is.
    Twice,
    /// Named as what a need leaves is, or as a part that every node has.
    LikeNeed,
    LikeAction,
    Commit,
}

/// What is remembered of a node.
#[derive(Debug, Clone, Copy)]
struct Past {
    was: Was,
    available: Availability,
    reads: Option<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Was {
    NeverBuilt,
    Built,
    /// Under rules that made another key of the same.
    UnderOtherRules,
    Failed,
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let part = prop_oneof![
        8 => (0..3_u8).prop_map(Part::Plain),
        2 => (0..2_u8).prop_map(Part::Stamp),
        1 => Just(Part::Twice),
        1 => Just(Part::LikeNeed),
        1 => Just(Part::LikeAction),
        3 => Just(Part::Commit),
    ];
    let available = prop_oneof![
        6 => Just(Availability::InPlace),
        1 => Just(Availability::InStore),
        1 => Just(Availability::Gone),
    ];
    let was = prop_oneof![
        2 => Just(Was::NeverBuilt),
        6 => Just(Was::Built),
        1 => Just(Was::UnderOtherRules),
        1 => Just(Was::Failed),
    ];
    let past = (was, available, option::of(0..SETS)).prop_map(|(was, available, reads)| Past {
        was,
        available,
        reads,
    });
    let sketch =
        (
            (0..3_u8, vec((part, 0..FILES), 0..3), any::<bool>()),
            vec(0..12_usize, 0..3),
            (0..4_u8, any::<bool>()),
            (0..12_u8).prop_map(|n| n == 0),
            past,
        )
            .prop_map(|((shared, own, shares_own), needs, action, unresolved, past)| {
                Sketch { shared, own, shares_own, needs, action, unresolved, past }
            });
    vec(sketch, 1..12)
}

fn commit() -> Arc<Commit> {
    let repository = Repository::Mirror("https://example.com/linux.git".into());
    Arc::new(Commit { repository, id: "c0ffee".into() })
}

fn input(part: &str, source: Source, role: Role) -> Input {
    Input { part: part.into(), source, declared: None, role }
}

fn part((part, path): (Part, u8)) -> Input {
    let source = file(&format!("f{path}"));
    match part {
        Part::Plain(n) => input(&format!("plain {n}"), source, Role::Key),
        Part::Stamp(n) => input(&format!("stamp {n}"), source, Role::Stamp),
        Part::Twice => input("shared", source, Role::Key),
        Part::LikeNeed => input("need k/0", source, Role::Key),
        Part::LikeAction => input("action", source, Role::Key),
        Part::Commit => input("source", Source::Commit(commit()), Role::Key),
    }
}

/// A part of an action that names a file which may not be known.
fn step(n: u8) -> Step {
    let env = match n {
        0 => Template::default(),
        n => Template::of([Piece::Fact(file(&format!("f{}", n - 1)))]),
    };
    Step { program: "make", env: vec![("N".to_owned(), env)], ..Step::default() }
}

fn nodes(sketches: &[Sketch], slices: usize) -> Vec<Node> {
    let shared: Vec<Arc<[Input]>> = (0..3)
        .map(|n| {
            let value = Source::Value(format!("{n}").into());
            let mut inputs = vec![input("shared", value, Role::Key)];
            inputs.extend((n == 1).then(|| part((Part::Commit, 0))));
            inputs.extend((n == 2).then(|| part((Part::Plain(7), 1))));
            inputs.into()
        })
        .collect();
    let owns: Vec<Arc<[Input]>> =
        sketches.iter().map(|sketch| sketch.own.iter().copied().map(part).collect()).collect();
    let actions: Vec<Arc<[Step]>> = (0..4).map(|n| [step(n)].into()).collect();
    let outputs: Arc<[Output]> =
        [Output { pattern: "*".into(), presence: Presence::Required, below: None }].into();
    let of = |slice: usize, index: usize, sketch: &Sketch| {
        let needs = sketch.needs.iter().filter(|need| **need < index);
        let needs: Vec<NodeName> =
            needs.map(|need| name(&format!("k/{}", slice * sketches.len() + need))).collect();
        let own = if sketch.shares_own { owns[index].clone() } else { owns[index].to_vec().into() };
        let (action, is_shared) = sketch.action;
        let take = (!needs.is_empty()).then(|| Taken {
            need: needs.len() - 1,
            output: "out".into(),
            path: "in".into(),
        });
        Node {
            inputs: List::joined(shared[usize::from(sketch.shared)].clone(), own),
            needs,
            action: Action {
                takes: take.into_iter().collect(),
                steps: if is_shared {
                    actions[usize::from(action)].clone()
                } else {
                    [step(action)].into()
                },
                ..Action::default()
            },
            outputs: if is_shared { outputs.clone() } else { Arc::default() },
            unresolved: if sketch.unresolved { vec!["half".into()] } else { Vec::new() },
            ..node(&format!("k/{}", slice * sketches.len() + index), &[])
        }
    };
    let of = &of;
    let slice =
        |slice| sketches.iter().enumerate().map(move |(index, sketch)| of(slice, index, sketch));
    (0..slices).flat_map(slice).collect()
}

fn set(n: u8) -> Digest {
    Digest::of(&[n])
}

/// What is so now, by what was observed of each file and of each set of the commit.
fn facts(files: &[Observed], sets: &[Observed]) -> Facts {
    let fact = |observed: &Observed| match observed {
        Observed::Is(n) => Fact::text(&n.to_string()),
        Observed::Missing => Fact::Missing,
        Observed::Unknown => Fact::Unknown("offline".into()),
    };
    let mut facts = Facts::default();
    facts.insert(Source::Commit(commit()), Fact::text("c0ffee"));
    for (n, observed) in files.iter().enumerate() {
        facts.insert(file(&format!("f{n}")), fact(observed));
    }
    for (n, observed) in (0..SETS).zip(sets) {
        facts.insert(Source::Read(commit(), Box::new(set(n))), fact(observed));
    }
    facts
}

#[derive(Debug, Clone, Copy)]
enum Observed {
    Is(u8),
    Missing,
    Unknown,
}

fn observed(count: u8) -> impl Strategy<Value = Vec<Observed>> {
    let one = prop_oneof![
        12 => (0..2_u8).prop_map(Observed::Is),
        1 => Just(Observed::Missing),
        1 => Just(Observed::Unknown),
    ];
    vec(one, usize::from(count))
}

fn output(node: &NodeName) -> OutputFile {
    // The nodes of a kind leave the same, so that some of them are twins.
    let digest = Digest::of(&node.as_str().as_bytes()[node.as_str().len() - 1..]);
    OutputFile { path: "out".into(), digest, size: 1, executable: false }
}

fn record(node: &Node, executed: Executed, outcome: Outcome) -> Record {
    let succeeded = outcome == Outcome::Succeeded;
    Record {
        node: node.name.clone(),
        key: executed.key.unwrap_or_else(|| Digest::of(b"none")),
        parts: Recorded { parts: executed.parts, whole: executed.whole }.into(),
        reads: executed.reads,
        outcome,
        outputs: if succeeded { vec![output(&node.name)] } else { Vec::new() },
        cost: Cost { wall_ms: 7, cpu_ms: 7, peak_memory: 1 },
        run: 1,
        ended: 1,
    }
}

/// What is remembered when each node was built from these facts, or was not.
fn past(graph: &Graph, sketches: &[Sketch], facts: &Facts) -> Records {
    let mut records = Records::default();
    let mut made: HashMap<NodeName, Digest> = HashMap::new();
    for id in graph.ids() {
        let node = graph.node(id);
        let Past { was, available, reads } = sketches[id.index() % sketches.len()].past;
        let found = fingerprint(node, facts, |need| made.get(need).copied(), None);
        let value = |n| match facts.get(&Source::Read(commit(), Box::new(set(n)))) {
            Fact::Known { digest, .. } => Some(HasRead { set: set(n), value: digest }),
            Fact::Missing | Fact::Unknown(_) => None,
        };
        let mut executed = Executed::built(node, &found, reads.and_then(value));
        let outcome = match was {
            Was::NeverBuilt => continue,
            Was::Built => Outcome::Succeeded,
            Was::UnderOtherRules => {
                executed.key = Some(Digest::of(node.name.as_str().as_bytes()));
                Outcome::Succeeded
            }
            Was::Failed => Outcome::Failed,
        };
        let record = Arc::new(record(node, executed, outcome));
        if outcome == Outcome::Succeeded {
            made.insert(node.name.clone(), record.made());
            let available = Availability::InStore;
            if id.index() % 3 > 0 {
                records.insert_key(&Remembered { record: record.clone(), available });
            }
        }
        records.insert_last(Remembered { record, available });
    }
    records
}

/// Drives a run and has every judgement of it checked against the long way.
fn drive(
    graph: &Graph,
    facts: &Facts,
    mut schedule: Schedule<'_>,
    mut records: Records,
    forced: &[NodeId],
) -> Vec<(NodeId, Ending)> {
    let mut made: HashMap<NodeName, Digest> = HashMap::new();
    let (mut endings, mut running) = (Vec::new(), Vec::new());
    let check =
        |id: NodeId, judgement: Option<&Judgement>, records: &Records, made: &HashMap<_, _>| {
            let rebuild = if forced.contains(&id) { Rebuild::Forced } else { Rebuild::Stale };
            let long =
                judge(graph.node(id), facts, |need| made.get(need).copied(), records, rebuild);
            match judgement {
                Some(judgement) => assert_eq!(*judgement, long),
                None => assert_eq!(long.verdict, Verdict::Fresh),
            }
        };
    loop {
        match schedule.advance() {
            Next::Settled(id, ending) => {
                let name = &graph.node(id).name;
                if ending == Ending::Fresh {
                    check(id, None, &records, &made);
                    made.insert(name.clone(), records.last(name).unwrap().record.made());
                }
                endings.push((id, ending));
            }
            Next::Start(id, judgement) => {
                check(id, Some(&judgement), &records, &made);
                running.push((id, judgement, None));
            }
            Next::Restore(id, judgement, from) => {
                check(id, Some(&judgement), &records, &made);
                running.push((id, judgement, Some(from)));
            }
            Next::Wait => {
                let (id, judgement, from) = running.remove(running.len() / 2);
                let node = graph.node(id);
                let end = match from {
                    Some(from) if id.index() % 5 == 1 => {
                        records.forget(&from);
                        Finished::NotRestored
                    }
                    _ if judgement.fingerprint.key.is_err() => Finished::Failed(Outcome::Failed),
                    from => {
                        let executed = Executed::judged(&judgement.fingerprint);
                        let new = || Arc::new(record(node, executed, Outcome::Succeeded));
                        let is_restored = from.is_some();
                        let record = from.unwrap_or_else(new);
                        let own = Record { node: node.name.clone(), ..Record::clone(&record) };
                        let (own, available) = (Arc::new(own), Availability::InPlace);
                        let remembered = Remembered { record: own, available };
                        records.insert_key(&remembered);
                        records.insert_last(remembered);
                        made.insert(node.name.clone(), record.made());
                        if is_restored {
                            Finished::Restored(record)
                        } else {
                            Finished::Succeeded(record)
                        }
                    }
                };
                schedule.finish(id, end);
            }
            Next::Done => return endings,
        }
    }
}

fn check(sketches: &[Sketch], then: Option<&Facts>, now: &Facts, forced: Option<usize>) {
    let graph = Graph::build(Spec { nodes: nodes(sketches, 1) }).unwrap();
    // Where nothing is remembered there are ways that are shorter still.
    let records = then.map_or_else(Records::default, |then| past(&graph, sketches, then));
    let all: Vec<NodeId> = graph.ids().collect();
    let forced: Vec<NodeId> = forced.and_then(|at| all.get(at).copied()).into_iter().collect();
    let plan = plan_both_ways(&graph, &forced, now, &records);
    let limits = || (Capacity::new(3, 2, 10), OnFailure::KeepGoing);
    let force = || forced.iter().copied();
    let by_itself = Schedule::new(&graph, &all, force(), (now, records.clone()), limits());
    let by_itself = drive(&graph, now, by_itself, records.clone(), &forced);
    // A run may have learned stamps since the plan was made.
    let mut later = now.clone();
    later.insert(file("elsewhere"), Fact::Missing);
    let after = Schedule::after(&plan, &graph, &all, force(), (&later, records.clone()), limits());
    assert_eq!(drive(&graph, &later, after, records, &forced), by_itself);
}

proptest! {
    #[test]
    fn short_ways_lead_where_the_long_way_does(
        sketches in sketches(),
        (files, sets) in (observed(FILES), observed(SETS)),
        (new_files, new_sets) in (observed(FILES), observed(SETS)),
        (changes, is_new) in (any::<bool>(), prop_oneof![3 => Just(false), 1 => Just(true)]),
        forced in option::of(0..12_usize),
    ) {
        let then = facts(&files, &sets);
        let now = if changes { facts(&new_files, &new_sets) } else { then.clone() };
        let past = (!is_new).then_some(&then);
        check(&sketches, past, &now, forced);
    }

    /// What a run follows may have been made of other facts and other records: then nothing of it is used.
    #[test]
    fn a_run_is_not_led_astray_by_the_plan_of_another_day(
        sketches in sketches(),
        (files, sets) in (observed(FILES), observed(SETS)),
        (new_files, new_sets) in (observed(FILES), observed(SETS)),
    ) {
        let (then, now) = (facts(&files, &sets), facts(&new_files, &new_sets));
        let graph = Graph::build(Spec { nodes: nodes(&sketches, 1) }).unwrap();
        let all: Vec<NodeId> = graph.ids().collect();
        let records = past(&graph, &sketches, &then);
        let limits = || (Capacity::new(3, 2, 10), OnFailure::KeepGoing);
        for (old, old_records) in [(&then, records.clone()), (&now, Records::default())] {
            let plan = graph::plan::plan(&graph, &all, &[], old, &old_records);
            let after = Schedule::after(&plan, &graph, &all, [], (&now, records.clone()), limits());
            drive(&graph, &now, after, records.clone(), &[]);
        }
        // Nor where the records of that plan have learned more since.
        let plan = graph::plan::plan(&graph, &all, &[], &now, &records);
        let mut learned = records.clone();
        for id in all.iter().step_by(2) {
            let Some(last) = records.last(&graph.node(*id).name) else { continue };
            let available = Availability::Gone;
            learned.insert_last(Remembered { record: last.record.clone(), available });
        }
        let after = Schedule::after(&plan, &graph, &all, [], (&now, learned.clone()), limits());
        drive(&graph, &now, after, learned, &[]);
    }
}

proptest! {
    #![proptest_config(Config::with_cases(4))]

    /// Many slices side by side are judged by several threads, and each as if it were alone.
    #[test]
    fn slices_are_judged_as_if_alone(
        mut sketches in sketches(),
        (files, new_files) in (observed(FILES), observed(FILES)),
    ) {
        sketches.truncate(2);
        let sets = [Observed::Is(1), Observed::Is(2)];
        let (then, now) = (facts(&files, &sets), facts(&new_files, &sets));
        let slices = 2200;
        let graph = Graph::build(Spec { nodes: nodes(&sketches, slices) }).unwrap();
        for records in [past(&graph, &sketches, &then), Records::default()] {
            let plan = plan_both_ways(&graph, &[], &now, &records);
            assert_eq!(plan.entries.len(), slices * sketches.len());
        }
    }
}

/// What the plan found to be fresh is judged again where a need of it has run after all and left something else.
#[test]
fn the_word_of_a_plan_holds_while_nothing_happens() {
    let nodes = vec![node("image/a", &[]), node("image/b", &["image/a"])];
    let graph = Graph::build(Spec { nodes }).unwrap();
    let all: Vec<NodeId> = graph.ids().collect();
    let (facts, mut records) = (Facts::default(), Records::default());
    let built = |id: NodeId, left: &dyn Fn(&NodeName) -> Option<Digest>| {
        let node = graph.node(id);
        let executed = Executed::built(node, &fingerprint(node, &facts, left, None), None);
        record(node, executed, Outcome::Succeeded)
    };
    for id in graph.ids() {
        let record = built(id, &|need| Some(records.last(need)?.record.made()));
        let available = Availability::InPlace;
        records.insert_last(Remembered { record: Arc::new(record), available });
    }
    let plan = graph::plan::plan(&graph, &all, &[], &facts, &records);
    assert_eq!(plan.tally().fresh, 2);
    let limits = (Capacity::new(3, 2, 10), OnFailure::KeepGoing);
    let mut schedule = Schedule::after(&plan, &graph, &all, [all[0]], (&facts, records), limits);
    let Next::Start(forced, _) = schedule.advance() else { panic!("what is forced runs") };
    let left_nothing = Record { outputs: Vec::new(), ..built(forced, &|_| None) };
    schedule.finish(forced, Finished::Succeeded(Arc::new(left_nothing)));
    assert!(matches!(schedule.advance(), Next::Settled(id, Ending::Built) if id == forced));
    assert!(matches!(schedule.advance(), Next::Start(id, _) if id == all[1]));
}
