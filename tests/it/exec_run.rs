//! The loop that drives a run, with an executor and a journal that only pretend.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use graph::digest::Digest;
use graph::event::{Event, FailureReport};
use graph::facts::Facts;
use graph::model::Graph;
use graph::name::NodeName;
use graph::record::{Cost, Outcome, OutputFile, Record, Records};
use graph::resource::Capacity;
use graph::schedule::{Ending, OnFailure, Schedule};
use graph::spec::{Node, Spec};
use graph::verdict::Judgement;
use graph_cli::exec::job::{Events, Execution, Executor, Job, Retry};
use graph_cli::exec::run::{Broken, Journal, Options, Success, Summary, run};
use graph_cli::exec::stop::{Stop, Stopping};
use tokio::sync::{mpsc, watch};

use crate::exec_world::{block_on, input, node};

/// What a pretended node does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    /// Succeeds.
    Well,
    /// Fails so often, then succeeds.
    FailsTimes(usize),
    /// Fails in a way that stays.
    FailsForGood,
    /// Succeeds, but an input changed.
    Changes,
    /// Succeeds, but cannot be recorded.
    CannotBeRecorded,
    /// Runs until the run is to stop.
    UntilStopped,
    /// Is our own mistake.
    Panics,
}

#[derive(Default)]
struct World {
    does: BTreeMap<String, Does>,
    running: AtomicUsize,
    most: AtomicUsize,
    attempts: Mutex<Vec<String>>,
    recorded: Mutex<Vec<String>>,
}

impl World {
    fn does(&self, name: &NodeName) -> Does {
        self.does.get(name.as_str()).copied().unwrap_or(Does::Well)
    }

    fn note(list: &Mutex<Vec<String>>, line: impl Into<String>) {
        list.lock().expect("nobody panicked with it").push(line.into());
    }

    fn of(list: &Mutex<Vec<String>>) -> Vec<String> {
        list.lock().expect("nobody panicked with it").clone()
    }
}

impl Executor for World {
    async fn execute(&self, job: Job, _events: Events, mut stopping: Stopping) -> Execution {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Self::note(&self.attempts, job.node.name.as_str());
        tokio::time::sleep(Duration::from_millis(10)).await;
        let does = self.does(&job.node.name);
        let outcome = match does {
            Does::FailsTimes(times) if job.attempt as usize <= times => Outcome::Failed,
            Does::FailsForGood => Outcome::Failed,
            Does::UntilStopped => {
                stopping.wait_for(|stop| *stop != Stop::No).await.expect("the run lives");
                Outcome::Interrupted
            }
            Does::Panics => panic!("a mistake of ours"),
            _ => Outcome::Succeeded,
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        let message = format!("{does:?}");
        let failure =
            FailureReport { outcome, message, log: "".into(), tail: vec![], causes: vec![] };
        Execution {
            outcome,
            cost: Cost { wall_ms: 0, cpu_ms: 5, peak_memory: 9 },
            outputs: Vec::new(),
            reads: None,
            failure: (outcome != Outcome::Succeeded).then(|| Arc::new(failure)),
            retry: if does == Does::FailsForGood { Retry::Pointless } else { Retry::Worthwhile },
        }
    }

    fn log(&self, node: &NodeName) -> Arc<str> {
        node.file_stem().into()
    }
}

impl World {
    fn record(node: &Node, judgement: &Judgement, execution: Option<&Execution>) -> Arc<Record> {
        let content = node.name.as_str().as_bytes();
        Arc::new(Record {
            node: node.name.clone(),
            key: judgement.fingerprint.key.clone().unwrap_or_else(|_| Digest::of(b"")),
            parts: judgement.fingerprint.parts.clone().into(),
            reads: None,
            outcome: Outcome::Succeeded,
            outputs: vec![OutputFile {
                path: "x".into(),
                digest: Digest::of(content),
                size: 1,
                executable: false,
            }],
            cost: execution.map(|execution| execution.cost).unwrap_or_default(),
            run: 1,
            ended: 1,
        })
    }
}

impl Journal for World {
    fn changed(&self, node: &Node, _: &Judgement) -> anyhow::Result<Vec<String>> {
        let changed = self.does(&node.name) == Does::Changes;
        Ok(changed.then(|| "local root".to_owned()).into_iter().collect())
    }

    fn succeeded(&self, successes: &[Success<'_>]) -> Vec<anyhow::Result<Arc<Record>>> {
        let succeeded = |&Success { node, judgement, execution }: &Success<'_>| {
            if self.does(&node.name) == Does::CannotBeRecorded {
                anyhow::bail!("no space left on device");
            }
            let cpu_ms = execution.cost.cpu_ms;
            Self::note(&self.recorded, format!("{} built, cpu {cpu_ms}", node.name));
            Ok(Self::record(node, judgement, Some(execution)))
        };
        successes.iter().map(succeeded).collect()
    }

    fn failed(&self, node: &Node, _: &Judgement, execution: &Execution) -> anyhow::Result<()> {
        Self::note(&self.recorded, format!("{} {:?}", node.name, execution.outcome));
        Ok(())
    }

    fn restored(
        &self,
        node: &Node,
        judgement: &Judgement,
        _: &Arc<Record>,
    ) -> anyhow::Result<Option<Arc<Record>>> {
        Self::note(&self.recorded, format!("{} restored", node.name));
        Ok(Some(Self::record(node, judgement, None)))
    }
}

struct Went {
    result: Result<Summary, Broken>,
    world: Arc<World>,
    told: Vec<String>,
}

impl Went {
    fn summary(&self) -> &Summary {
        match &self.result {
            Ok(summary) => summary,
            Err(broken) => &broken.summary,
        }
    }

    /// How each node settled, by name.
    fn endings(&self) -> BTreeMap<&str, &Ending> {
        self.summary().endings.iter().map(|(name, ending)| (name.as_str(), ending)).collect()
    }
}

/// `a<b` is a node `image/a` that needs `image/b`; of `a?` something is not known.
fn spec(nodes: &[&str]) -> Spec {
    let make = |text: &&str| {
        let (name, needs) = text.split_once('<').unwrap_or((text, ""));
        let mut made = node(name.trim_end_matches('?'));
        if name.ends_with('?') {
            made.inputs.push(input("tool kas", graph::spec::Source::Tool("kas".into())));
        }
        made.needs = needs.split_terminator('+').map(|need| node(need).name).collect();
        // Nodes of one key run once; these are to differ.
        made.inputs.push(input("name", graph::spec::Source::Value(name.into())));
        made
    };
    Spec { nodes: nodes.iter().map(make).collect() }
}

fn go(nodes: &[&str], does: &[(&str, Does)], on_failure: OnFailure, stop_at: Option<&str>) -> Went {
    let graph = Graph::build(spec(nodes)).expect("a graph");
    let wanted: Vec<_> = graph.ids().collect();
    let facts = Facts::default();
    let capacity = Capacity::new(2, 2, u64::MAX);
    let schedule =
        Schedule::new(&graph, &wanted, [], (&facts, Records::default()), (capacity, on_failure));
    let does = does.iter().map(|(name, does)| (format!("image/{name}"), *does)).collect();
    let world = Arc::new(World { does, ..World::default() });
    let (result, told) = block_on(async {
        let (sender, mut events) = mpsc::channel(4);
        let (stop, stopping) = watch::channel(Stop::No);
        let stop_at = stop_at.map(str::to_owned);
        let listening = tokio::spawn(async move {
            let mut told = Vec::new();
            while let Some(event) = events.recv().await {
                let Some(word) = in_a_word(&event) else { continue };
                if stop_at.as_ref() == Some(&word) {
                    stop.send(Stop::InOrder).expect("the run listens");
                }
                told.push(word);
            }
            told
        });
        let options = Options { retries: 1, estimates: HashMap::new(), ..Options::default() };
        let both = (world.clone(), world.clone());
        let result = run((&graph, schedule), both, Events::new(sender), options, stopping).await;
        (result, listening.await.expect("what was told"))
    });
    Went { result, world, told }
}

/// What is told of a node's way through the schedule.
fn in_a_word(event: &Event) -> Option<String> {
    Some(match event {
        Event::RunStarted { .. } => "run started".to_owned(),
        Event::NodeStarted { node, .. } => format!("{node} started"),
        Event::NodeRetried { node, attempt, .. } => format!("{node} retried {attempt}"),
        Event::NodeEnded { node, ending, .. } => format!("{node} {ending:?}"),
        Event::Stopping => "stopping".to_owned(),
        Event::RunEnded { .. } => "run ended".to_owned(),
        Event::RecordingStarted { .. } => return None,
        Event::StepStarted { .. } | Event::Line { .. } => "something else".to_owned(),
    })
}

#[test]
fn needs_come_first_and_everything_is_told_once() {
    let went = go(&["a<b", "b<c", "c"], &[], OnFailure::KeepGoing, None);
    assert_eq!(
        went.told,
        [
            "run started",
            "image/c started",
            "image/c Built",
            "image/b started",
            "image/b Built",
            "image/a started",
            "image/a Built",
            "run ended"
        ]
    );
    assert_eq!(World::of(&went.world.recorded).len(), 3);
    assert!(went.result.is_ok() && !went.summary().stopped);
}

#[test]
fn no_more_run_at_a_time_than_there_is_room_for() {
    let went = go(&["a", "b", "c", "d", "e"], &[], OnFailure::KeepGoing, None);
    assert_eq!(went.world.most.load(Ordering::SeqCst), 2);
    assert!(went.endings().values().all(|ending| **ending == Ending::Built));
}

#[test]
fn a_failure_skips_what_needs_it_and_nothing_else() {
    let went = go(&["a<b", "b", "c"], &[("b", Does::FailsForGood)], OnFailure::KeepGoing, None);
    let endings = went.endings();
    assert_eq!(endings["image/b"], &Ending::Failed(Outcome::Failed));
    assert_eq!(endings["image/a"], &Ending::Skipped(node("b").name));
    assert_eq!(endings["image/c"], &Ending::Built);
    assert_eq!(went.summary().failures.len(), 1);
    assert_eq!(World::of(&went.world.attempts).iter().filter(|name| *name == "image/b").count(), 1);
}

#[test]
fn without_keep_going_nothing_more_starts() {
    let went = go(&["a", "b", "c", "d"], &[("a", Does::FailsForGood)], OnFailure::Stop, None);
    let endings = went.endings();
    assert_eq!(endings["image/a"], &Ending::Failed(Outcome::Failed));
    let not_started = endings.values().filter(|ending| ***ending == Ending::NotStarted).count();
    assert!(not_started >= 1 && endings["image/b"] == &Ending::Built, "{endings:?}");
    assert!(!went.summary().stopped, "nobody asked");
}

#[test]
fn what_fails_is_tried_again_and_no_more_than_that() {
    let does = [("a", Does::FailsTimes(1)), ("b", Does::FailsTimes(2))];
    let went = go(&["a", "b"], &does, OnFailure::KeepGoing, None);
    assert_eq!(went.endings()["image/a"], &Ending::Built);
    assert_eq!(went.endings()["image/b"], &Ending::Failed(Outcome::Failed));
    assert!(went.told.contains(&"image/a retried 2".to_owned()));
    let mut recorded = World::of(&went.world.recorded);
    recorded.sort();
    assert_eq!(recorded, ["image/a built, cpu 10", "image/b Failed"]);
}

#[test]
fn what_changed_meanwhile_is_never_a_success() {
    let went = go(&["a<b", "b"], &[("b", Does::Changes)], OnFailure::KeepGoing, None);
    assert_eq!(went.endings()["image/b"], &Ending::Failed(Outcome::Unsure));
    assert_eq!(World::of(&went.world.recorded), ["image/b Unsure"]);
    let message = &went.summary().failures[0].1.message;
    assert_eq!(message, "it ran well, but what went into it changed meanwhile: `local root`");
}

#[test]
fn what_could_not_count_is_not_even_started() {
    let went = go(&["a?", "b"], &[], OnFailure::KeepGoing, None);
    assert_eq!(went.endings()["image/a"], &Ending::Failed(Outcome::Failed));
    assert_eq!(went.endings()["image/b"], &Ending::Built);
    assert!(!World::of(&went.world.attempts).iter().any(|attempt| attempt.contains("image/a")));
    let message = &went.summary().failures[0].1.message;
    assert_eq!(message, "not built: `tool kas` is not known: it was not observed");
}

#[test]
fn what_cannot_be_recorded_ends_the_run() {
    let does = [("a", Does::CannotBeRecorded), ("b", Does::UntilStopped)];
    let went = go(&["a", "b", "c", "d<a"], &does, OnFailure::KeepGoing, None);
    let broken = went.result.as_ref().expect_err("the run could not go on");
    assert_eq!(broken.to_string(), "the run could not go on: no space left on device");
    assert_eq!(went.endings()["image/a"], &Ending::Failed(Outcome::Failed));
    assert_eq!(went.endings()["image/b"], &Ending::Failed(Outcome::Interrupted));
    // What does not need it may have begun in its place while it was being recorded.
    assert!(!went.endings()["image/d"].is_good());
    assert!(!World::of(&went.world.attempts).contains(&"image/d".to_owned()));
    let recorded = World::of(&went.world.recorded);
    assert!(recorded.contains(&"image/b Interrupted".to_owned()), "{recorded:?}");
    assert!(!recorded.iter().any(|line| line.starts_with("image/a")), "{recorded:?}");
}

#[test]
fn a_mistake_of_ours_ends_the_run_too() {
    let went = go(&["a", "b"], &[("a", Does::Panics)], OnFailure::KeepGoing, None);
    let broken = went.result.as_ref().expect_err("the run could not go on");
    assert!(broken.to_string().contains("a defect of graph"), "{broken}");
    assert!(!went.endings()["image/a"].is_good());
}

#[test]
fn a_stop_ends_what_runs_and_starts_nothing() {
    let does = [("a", Does::UntilStopped), ("b", Does::UntilStopped)];
    let went = go(&["a", "b", "c", "d<a"], &does, OnFailure::KeepGoing, Some("image/b started"));
    let endings = went.endings();
    assert_eq!(endings["image/a"], &Ending::Failed(Outcome::Interrupted));
    assert_eq!(endings["image/c"], &Ending::NotStarted);
    assert!(!endings["image/d"].is_good());
    assert!(went.summary().stopped && went.told.contains(&"stopping".to_owned()));
    assert!(went.result.is_ok(), "to be asked to stop is no defect");
    let mut recorded = World::of(&went.world.recorded);
    recorded.sort();
    assert_eq!(recorded, ["image/a Interrupted", "image/b Interrupted"]);
}
