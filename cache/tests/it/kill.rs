//! A writer that is killed at any moment leaves nothing wrong behind.
//!
//! The test starts itself again as the writer: with `GRAPH_CACHE_WRITER` set, it builds, restores, fails and makes
//! room without end, until it is killed. `GRAPH_CACHE_KILLS` says how often, where more than a few times are wanted.

use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use cache::{Cache, Execution, Mode, Policy, Produced, RunStatus};
use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::{Availability, Outcome, Record};

use crate::world::{World, execution, node, produce};

const WRITER: &str = "GRAPH_CACHE_WRITER";
const ROUNDS: u64 = 20;

/// A small generator, so that a failure can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn names() -> Vec<NodeName> {
    (0..6).map(|n| node(&format!("image/n{n}"))).collect()
}

/// What a build makes of a value, so that whoever checks can tell.
fn content(value: u64, file: &str) -> String {
    format!("{file} of {value} ").repeat(1 + usize::try_from(value).unwrap() * 700)
}

fn write_for_ever(root: &Path, seed: u64) -> ! {
    let mut random = Random(seed);
    let work = root.join("work");
    let dir = root.join(".graph");
    let cache = Cache::open(&dir).unwrap();
    loop {
        let guard = Cache::try_lock(&dir, "graph build", 1).unwrap();
        let run = cache.begin_run(guard, "graph build", 1).unwrap();
        for _ in 0..8 {
            let name = format!("image/n{}", random.below(6));
            let value = random.below(9);
            let text = |file| content(value, file);
            let execution = execution(&name, &value.to_string(), 5);
            let records = cache.records_for([]).unwrap();
            match (random.below(6), records.succeeded(&execution.key.unwrap())) {
                (2..=3, _) => drop(run.commit_successes(together(&work, &mut random))),
                (0, _) => drop(run.commit_failure(execution, Outcome::Failed).unwrap()),
                (1, Some(same)) => drop(run.commit_restored(execution, &same.record, &[])),
                _ => {
                    let files = produce(&work, &[("a", &text("a")), ("d/b", &text("b"))]);
                    run.commit_success(execution, &files).unwrap();
                }
            }
        }
        if random.below(3) == 0 {
            let policy = Policy { keep_runs: 3, ..Policy::with_budget(60_000, 10) };
            cache.gc(run.guard(), &policy, Mode::Remove).unwrap();
        }
    }
}

/// Some results that are written down together, also two of one node.
fn together(work: &Path, random: &mut Random) -> Vec<(Execution, Vec<Produced>)> {
    let mut results = Vec::new();
    for n in 0..random.below(12) {
        let (name, value) = (format!("image/n{}", random.below(6)), random.below(9));
        let text = |file| content(value, file);
        let files = [("a", text("a")), ("d/b", text("b"))];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let produced = produce(&work.join(n.to_string()), &files);
        results.push((execution(&name, &value.to_string(), 5), produced));
    }
    results
}

#[test]
fn writer() {
    if let Some(given) = env::var_os(WRITER) {
        let given = given.into_string().unwrap();
        let (seed, root) = given.split_once(' ').unwrap();
        write_for_ever(&PathBuf::from(root), seed.parse().unwrap());
    }
}

#[test]
fn killed_at_any_moment_nothing_is_wrong() {
    let world = World::new();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut succeeded = 0;
    let rounds = env::var("GRAPH_CACHE_KILLS").map_or(ROUNDS, |text| text.parse().unwrap());
    for round in 0..rounds {
        let seed = random.below(u64::MAX) | 1;
        let root = world.path("");
        let mut writer = Command::new(env::current_exe().unwrap())
            .args(["--exact", "kill::writer", "--nocapture"])
            .env(WRITER, format!("{seed} {}", root.display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(15 + random.below(140)));
        writer.kill().unwrap();
        let status = writer.wait().unwrap();
        assert_eq!(
            status.signal(),
            Some(9),
            "round {round}: the writer failed by itself: {status}"
        );
        succeeded += check(&world, &format!("round {round}, seed {seed}"));
    }
    assert!(succeeded > 0, "no writer ever came to record a success");
}

/// Everything that the cache says is true. Gives the number of nodes whose last execution was a success.
fn check(world: &World, round: &str) -> usize {
    let cache = world.open();
    assert_eq!(cache.verify().unwrap(), [], "{round}");
    let names = names();
    let records = cache.records_for(&names).unwrap();
    let mut succeeded = 0;
    for name in &names {
        let Some(last) = records.last(name) else { continue };
        let parts = &last.record.parts;
        assert_eq!(parts.len(), 1, "{round}: a record without its parts");
        if last.record.outcome != Outcome::Succeeded {
            continue;
        }
        succeeded += 1;
        assert_ne!(last.available, Availability::Gone, "{round}: {name}");
        assert_is_right(&last.record, &parts[0].shown, round);
        if last.available == Availability::InPlace {
            for output in &last.record.outputs {
                let shown = fs::read(cache.out_dir(name).join(&*output.path)).unwrap();
                assert_eq!(Digest::of(&shown), output.digest, "{round}: {name}");
            }
        }
        let same = records.succeeded(&last.record.key).unwrap();
        assert_eq!(same.available, Availability::InStore, "{round}: {name}");
    }
    for name in &names {
        let files = |name: &str| cache.out_dir(&node("image/n0")).parent().unwrap().join(name);
        let out = files(name.as_str().trim_start_matches("image/"));
        let complete = out.join("a").exists() == out.join("d/b").exists();
        assert!(complete, "{round}: {name} has half of its outputs");
    }
    let run = world.begin(&cache);
    let statuses: Vec<RunStatus> =
        cache.runs(99).unwrap().into_iter().map(|run| run.status).collect();
    assert!(statuses[1..].iter().all(|status| *status == RunStatus::Interrupted), "{round}");
    assert_eq!(cache.stat().unwrap().leftovers, 0, "{round}");
    drop(run);
    succeeded
}

fn assert_is_right(record: &Record, value: &str, round: &str) {
    let value = value.parse().unwrap();
    let expected = ["a", "b"].map(|file| Digest::of(content(value, file).as_bytes()));
    let found: Vec<Digest> = record.outputs.iter().map(|output| output.digest).collect();
    assert_eq!(found, expected, "{round}: {} is not what its parts make", record.node);
}
