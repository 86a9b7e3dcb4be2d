//! How long what is remembered takes: records written and read, and what files hold.

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use cache::{Cache, Cause, Execution, Links, Run};
use divan::Bencher;
use divan::counter::ItemsCount;
use graph::executed::Executed;
use graph::fingerprint::Fingerprint;
use graph::name::NodeName;
use graph::record::{Cost, Outcome};
use tempfile::TempDir;

use crate::world::{facts, parts, sizes, spec};

const NOW: i64 = 1_800_000_000_000;

fn main() {
    divan::main();
}

/// A state directory.
fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn begin(dir: &Path) -> (Cache, Run) {
    let cache = Cache::open(dir).expect("it can be made");
    let guard = Cache::try_lock(dir, "graph build", NOW).expect("nobody else is there");
    let run = cache.begin_run(guard, "graph build", NOW).expect("it can be written");
    (cache, run)
}

fn fingerprints(nodes: usize) -> Vec<(NodeName, Fingerprint)> {
    let spec = spec(nodes);
    let facts = facts(&spec);
    spec.nodes.iter().map(|node| (node.name.clone(), parts(node, &facts))).collect()
}

fn execution((node, fingerprint): &(NodeName, Fingerprint)) -> Execution {
    let Executed { parts, key, reads, whole } = Executed::judged(fingerprint);
    let cost = Cost { wall_ms: 300_000, cpu_ms: 900_000, peak_memory: 1 << 30 };
    let (node, cause) = (node.clone(), Cause::Judged);
    Execution { node, key, parts, reads, whole, cost, ended: NOW, cause }
}

/// Records of failures, so that no artifact is measured; each is on the disk before the next.
fn write(run: &Run, all: &[(NodeName, Fingerprint)]) {
    for node in all {
        run.commit_failure(execution(node), Outcome::Failed).expect("it can be written");
    }
}

/// Records of successes without an artifact, a thousand at a time.
fn write_together(run: &Run, all: &[(NodeName, Fingerprint)]) {
    for some in all.chunks(1000) {
        let successes = some.iter().map(|node| (execution(node), Vec::new())).collect();
        for record in run.commit_successes(successes) {
            record.expect("it can be written");
        }
    }
}

fn bench_written(
    bencher: Bencher<'_, '_>,
    nodes: usize,
    write: fn(&Run, &[(NodeName, Fingerprint)]),
) {
    let all = fingerprints(nodes);
    bencher
        .counter(ItemsCount::new(nodes))
        .with_inputs(|| {
            let dir = place();
            let (cache, run) = begin(dir.path());
            (dir, cache, run)
        })
        .bench_local_refs(|(_, _, run)| write(run, &all));
}

/// Each record in a transaction of its own, as a run writes what ends alone. It waits for the disk for each, so that there
/// is no more to learn from a million.
#[divan::bench(args = sizes().into_iter().filter(|nodes| *nodes <= 1000), sample_count = 3, sample_size = 1)]
fn records_written(bencher: Bencher<'_, '_>, nodes: usize) {
    bench_written(bencher, nodes, write);
}

/// A thousand records in a transaction, as a run writes what ends together.
#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1)]
fn records_written_together(bencher: Bencher<'_, '_>, nodes: usize) {
    bench_written(bencher, nodes, write_together);
}

/// The last record of each node, as a plan asks for them, and the cache opened for it.
#[divan::bench(args = sizes(), max_time = 20)]
fn records_read(bencher: Bencher<'_, '_>, nodes: usize) {
    let dir = place();
    let all = fingerprints(nodes);
    {
        let (_cache, run) = begin(dir.path());
        write_together(&run, &all);
    }
    let names: Vec<NodeName> = all.into_iter().map(|(node, _)| node).collect();
    bencher.counter(ItemsCount::new(nodes)).bench_local(|| {
        let cache = Cache::open_to_plan(dir.path()).expect("it can be read");
        cache.records_for(&names).expect("it can be read")
    });
}

/// The files below a directory, in order, without those of git.
fn below(dir: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry"));
    let mut entries: Vec<_> = entries.filter(|entry| entry.file_name() != ".git").collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_type().expect("a type").is_dir() {
            below(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// Files that were read before, in a tree of their own or, without a change to it, in `GRAPH_BENCH_TREE`.
#[divan::bench]
fn files_warm(bencher: Bencher<'_, '_>) {
    const DIRS: usize = 40;
    const IN_EACH: usize = 25;
    let dir = place();
    let tree = std::env::var_os("GRAPH_BENCH_TREE").map_or_else(
        || {
            for at in 0..DIRS {
                let below = dir.path().join(format!("tree/drivers/net/wireless/d{at}"));
                fs::create_dir_all(&below).expect("it can be made");
                for file in 0..IN_EACH {
                    fs::write(below.join(format!("f{file}.c")), "int i;\n")
                        .expect("it can be written");
                }
            }
            // What is younger than two seconds is never remembered.
            std::thread::sleep(std::time::Duration::from_millis(2100));
            dir.path().join("tree")
        },
        PathBuf::from,
    );
    let mut paths = Vec::new();
    below(&tree, &mut paths);
    let cache = Cache::open(&dir.path().join("state")).expect("it can be made");
    let first = cache.contents(&paths, Links::AsLinks);
    assert_eq!(first.len(), paths.len());
    bencher
        .counter(ItemsCount::new(paths.len()))
        .bench_local(|| cache.contents(&paths, Links::AsLinks));
}
