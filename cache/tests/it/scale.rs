//! How much room and time a large matrix takes. The limits are loose: they are there to notice a factor, not a percent.
//! `GRAPH_CACHE_SCALE=100000 cargo test --release -p graph-cache scale -- --nocapture` measures.

use std::time::{Duration, Instant};

use graph::digest::Digest;
use graph::fingerprint::{Part, key_of};
use graph::name::NodeName;
use graph::record::{Availability, Cost, Outcome};
use graph::spec::Role;

use crate::world::{World, part};

/// A matrix as KernelCI has it: twenty parts that many nodes share, and a need that is each one's own.
fn nodes(count: usize) -> Vec<(NodeName, Vec<Part>)> {
    (0..count)
        .map(|n| {
            let (config, arch, defconfig) = (n / 2000, n / 200 % 10, n % 200);
            let tail = format!("tree-{config}/gcc-12/arch{arch}/defconfig+CONFIG_N={defconfig}");
            let mut parts: Vec<Part> = (0..20)
                .map(|p| {
                    part(&format!("part.{p:02}"), &format!("{p} {}", [config, arch, 0][p % 3]))
                })
                .collect();
            let made = Digest::of(tail.as_bytes());
            parts.push(Part {
                name: format!("need config/{tail}").into(),
                digest: made,
                shown: made.short().into(),
                declared: None,
                role: Role::Key,
            });
            parts.push(part("defconfig", &defconfig.to_string()));
            parts.sort_by(|a, b| a.name.cmp(&b.name));
            (NodeName::parse(&format!("kernel/{tail}")).unwrap(), parts)
        })
        .collect()
}

fn scale() -> usize {
    std::env::var("GRAPH_CACHE_SCALE").map_or(400, |text| text.parse().unwrap())
}

fn execution(node: &NodeName, parts: &[Part], ended: i64) -> cache::Execution {
    cache::Execution {
        node: node.clone(),
        key: Some(key_of(parts)),
        parts: parts.to_vec(),
        reads: None,
        whole: None,
        cost: Cost { wall_ms: 300_000, cpu_ms: 900_000, peak_memory: 3 << 30 },
        ended,
        cause: cache::Cause::Judged,
    }
}

/// As a program that fills a cache does it: all at once, each node with one small output.
#[test]
fn many_results_are_written_down_together() {
    let count = scale();
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let nodes = nodes(count);
    let outputs: Vec<_> = (0..50)
        .map(|n| world.produce(&[(&format!("{n}/.config"), &format!("CONFIG_N={n}"))]))
        .map(|mut produced| {
            ".config".clone_into(&mut produced[0].path);
            produced
        })
        .collect();
    let begun = Instant::now();
    for (at, some) in nodes.chunks(20_000).enumerate() {
        let results = some.iter().enumerate().map(|(n, (node, parts))| {
            (execution(node, parts, world.now()), outputs[(at + n) % 50].clone())
        });
        let answers = run.commit_successes(results.collect());
        assert!(answers.iter().all(Result::is_ok));
    }
    let wrote = begun.elapsed();
    drop((run, cache));
    let bytes = std::fs::metadata(world.dir().join("cache.db")).unwrap().len();
    let a_node = bytes / u64::try_from(count).unwrap();
    println!("{count} nodes with an output: {a_node} bytes each, written in {wrote:?}");
    let fixed = 200_000;
    assert!(bytes < fixed + 300 * u64::try_from(count).unwrap(), "{bytes} bytes for {count} nodes");
    let names: Vec<NodeName> = nodes.into_iter().map(|(node, _)| node).collect();
    let records = world.open().records_for(&names).unwrap();
    let is_there =
        |name| records.last(name).is_some_and(|last| last.available == Availability::InPlace);
    assert!(names.iter().all(is_there));
}

#[test]
fn a_large_matrix_takes_little() {
    let count = scale();
    let world = World::new();
    let cache = world.open();
    let run = world.begin(&cache);
    let nodes = nodes(count);
    let begun = Instant::now();
    for (n, (node, parts)) in nodes.iter().enumerate() {
        let execution = execution(node, parts, world.now());
        // Artifacts would measure the disk: one in a hundred has some.
        if n % 100 == 0 {
            let produced = world.produce(&[("Image", "image")]);
            run.commit_success(execution, &produced).unwrap();
        } else {
            run.commit_failure(execution, Outcome::Failed).unwrap();
        }
    }
    let wrote = begun.elapsed();
    drop((run, cache));
    let bytes = std::fs::metadata(world.dir().join("cache.db")).unwrap().len();
    let names: Vec<NodeName> = nodes.into_iter().map(|(node, _)| node).collect();

    // The first of these warms the disk's cache; what counts is the least that it takes.
    let mut least = [Duration::MAX; 2];
    for _ in 0..5 {
        let begun = Instant::now();
        let cache = world.open();
        least[0] = least[0].min(begun.elapsed());
        let begun = Instant::now();
        drop(cache.records_for(&names).unwrap());
        least[1] = least[1].min(begun.elapsed());
    }
    let [opened, read] = least;
    let cache = world.open();
    let records = cache.records_for(&names).unwrap();
    let begun = Instant::now();
    let parts: usize =
        names.iter().map(|name| records.last(name).unwrap().record.parts.len()).sum();
    let compared = begun.elapsed();
    assert_eq!(parts, 22 * count);
    let a_node = bytes / u64::try_from(count).unwrap();
    println!(
        "{count} nodes: {a_node} bytes each, written in {wrote:?}, opened in {opened:?}, \
         read in {read:?}, all parts in {compared:?}"
    );
    let fixed = 200_000;
    assert!(bytes < fixed + 300 * u64::try_from(count).unwrap(), "{bytes} bytes for {count} nodes");
    let most =
        Duration::from_millis(500) + Duration::from_micros(40) * u32::try_from(count).unwrap();
    assert!(read < most, "{read:?} for {count} nodes");
}
