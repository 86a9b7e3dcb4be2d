//! What holds for any records and any order of events.

use cache::{Cache, Mode, Policy};
use graph::digest::Digest;
use graph::fingerprint::{Part, key_of};
use graph::record::{Availability, Outcome, Records};
use graph::spec::{Place, Role};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::test_runner::Config;

use crate::world::{World, execution, node};

fn any_part() -> impl Strategy<Value = Part> {
    let name = prop_oneof![
        "[a-c.é ]{0,5}",
        "need image/[a-c]",
        "need [a-c/]{0,3}",
        Just(String::from("need "))
    ];
    let place = prop::option::of(("[a-c/]{0,4}", any::<u32>(), any::<u32>()));
    (name, 0..6_u8, prop::option::of("\\PC{0,4}"), place, any::<bool>()).prop_map(
        |(name, digest, shown, place, is_stamp)| {
            let digest = Digest::of(&[digest]);
            Part {
                name: name.into(),
                digest,
                shown: shown.unwrap_or_else(|| digest.short()).into(),
                declared: place.map(|(file, line, column)| Place {
                    file: file.into(),
                    line,
                    column,
                }),
                role: if is_stamp { Role::Stamp } else { Role::Key },
            }
        },
    )
}

fn any_parts() -> impl Strategy<Value = Vec<Part>> {
    prop::collection::vec(any_part(), 0..12).prop_map(|mut parts| {
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        parts.dedup_by(|a, b| a.name == b.name);
        parts
    })
}

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    Build { node: u8, value: u8 },
    Fail { node: u8 },
    Restore { node: u8, value: u8 },
    LoseOutputs { node: u8 },
    LoseArtifact { at: usize },
    MakeRoom { budget: u64, keep_runs: usize, gone: u8 },
    NextRun,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..4_u8, 0..6_u8).prop_map(|(node, value)| Act::Build { node, value }),
        1 => (0..4_u8).prop_map(|node| Act::Fail { node }),
        3 => (0..4_u8, 0..6_u8).prop_map(|(node, value)| Act::Restore { node, value }),
        1 => (0..4_u8).prop_map(|node| Act::LoseOutputs { node }),
        1 => any::<usize>().prop_map(|at| Act::LoseArtifact { at }),
        3 => (0..40_000_u64, 1..4_usize, 0..8_u8)
            .prop_map(|(budget, keep_runs, gone)| Act::MakeRoom { budget, keep_runs, gone }),
        1 => Just(Act::NextRun),
    ]
}

fn name(number: u8) -> String {
    format!("image/n{number}")
}

/// Everything that is said to be somewhere is there.
fn check(world: &World, cache: &Cache) {
    let names: Vec<_> = (0..4).map(|number| node(&name(number))).collect();
    let records = cache.records_for(&names).unwrap();
    let is_stored = |digest: &Digest| {
        let hex = digest.to_string();
        let path = world.dir().join("store").join(&hex[..2]).join(&hex[2..]);
        std::fs::read(path).is_ok_and(|content| Digest::of(&content) == *digest)
    };
    // Who asks for many keys is told the same.
    let many = cache.records_for([]).unwrap();
    (0..100_u8).for_each(|n| assert!(many.succeeded(&Digest::of(&[n, n])).is_none()));
    for last in names.iter().filter_map(|name| records.last(name)) {
        let record = &last.record;
        let told = |records: &Records| {
            records.succeeded(&record.key).map(|same| (same.record, same.available))
        };
        assert_eq!(told(&many), told(&records));
        assert!(!record.parts.is_empty(), "{} lost its parts", record.node);
        for output in &record.outputs {
            let shown = std::fs::read(cache.out_dir(&record.node).join(&*output.path));
            let is_shown = shown.is_ok_and(|content| Digest::of(&content) == output.digest);
            match last.available {
                Availability::InPlace => assert!(is_shown),
                Availability::InStore => assert!(is_stored(&output.digest)),
                Availability::Gone => {}
            }
        }
        if let Some(same) = records.succeeded(&record.key)
            && same.available != Availability::Gone
        {
            assert!(same.record.outputs.iter().all(|output| is_stored(&output.digest)));
        }
    }
}

fn act(world: &World, cache: &Cache, act: &Act) {
    let run = world.begin(cache);
    match act {
        Act::Build { node, value } => {
            let files =
                (0..=*value % 3).map(|n| (n.to_string(), format!("{value}{n}").repeat(2500)));
            let files: Vec<_> = files.collect();
            let files: Vec<_> = files.iter().map(|(path, text)| (&path[..], &text[..])).collect();
            world.build(&run, &name(*node), &value.to_string(), &files);
        }
        Act::Fail { node } => drop(world.fail(&run, &name(*node), "other")),
        Act::Restore { node, value } => {
            let execution = execution(&name(*node), &value.to_string(), world.now());
            let records = cache.records_for([]).unwrap();
            if let Some(same) = records.succeeded(&execution.key.unwrap()) {
                let restored = run.commit_restored(execution, &same.record, &[]);
                assert!(restored.is_ok() || same.available == Availability::Gone);
            }
        }
        Act::LoseOutputs { node: number } => {
            let _ = std::fs::remove_dir_all(cache.out_dir(&node(&name(*number))));
        }
        Act::LoseArtifact { at } => {
            let artifacts = world.artifacts();
            if !artifacts.is_empty() {
                std::fs::remove_file(&artifacts[at % artifacts.len()]).unwrap();
            }
        }
        Act::MakeRoom { budget, keep_runs, gone } => {
            let live: Vec<_> =
                (0..4).filter(|number| number != gone).map(|number| node(&name(number))).collect();
            let policy = Policy {
                live: Some(&live),
                keep_runs: *keep_runs,
                grace: std::time::Duration::from_secs(5),
                ..Policy::with_budget(*budget, world.now())
            };
            let report = cache.gc(run.guard(), &policy, Mode::Remove).unwrap();
            assert_eq!(cache.verify().unwrap(), []);
            let stat = cache.stat().unwrap();
            assert_eq!(stat.artifact_bytes, report.kept);
            assert!(report.kept <= budget + report.over_budget);
        }
        Act::NextRun => {}
    }
}

proptest! {
    #![proptest_config(Config { cases: 20, ..Config::default() })]

    #[test]
    fn records_round_trip(
        parts in any_parts(),
        files in prop::collection::btree_map("[a-c]{1,3}", "[a-z]{0,9}", 0..4),
    ) {
        let world = World::new();
        let cache = world.open();
        let run = world.begin(&cache);
        let mut execution = execution("image/a", "", 77);
        execution.key = Some(key_of(&parts));
        execution.parts = parts;
        let files: Vec<_> = files.iter().map(|(path, text)| (&path[..], &text[..])).collect();
        let produced = world.produce(&files);
        let good = run.commit_success(execution.clone(), &produced).unwrap();
        let name = node("image/a");
        let read = world.open().records_for([&name]).unwrap();
        assert_eq!(read.last(&name).unwrap().record, good);
        let bad = run.commit_failure(execution, Outcome::Stalled).unwrap();
        let read = cache.records_for([&name]).unwrap();
        assert_eq!(read.last(&name).unwrap().record, bad);
        assert_eq!(read.succeeded(&good.key).unwrap().record, good);
    }

    #[test]
    fn whatever_happens_what_is_said_is_so(acts in prop::collection::vec(any_act(), 1..14)) {
        let world = World::new();
        let cache = world.open();
        for step in &acts {
            act(&world, &cache, step);
            check(&world, &cache);
        }
    }
}
