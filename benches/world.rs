//! A matrix for benches, of the shape that `build-configs.yaml` has: a `config` and a `kernel` node for each combination,
//! parts that many share, a commit, tools, and steps with arguments. Measures nothing.

#![allow(dead_code, reason = "each bench uses some of it")]

use std::sync::Arc;

use graph::digest::Digest;
use graph::executed::Executed;
use graph::facts::{Fact, Facts};
use graph::fingerprint::{Fingerprint, fingerprint};
use graph::name::NodeName;
use graph::record::{Availability, Cost, Outcome, OutputFile, Record, Records, Remembered};
use graph::resource::Pool;
use graph::spec::{
    Action, Commit, Input, Node, Output, Place, Presence, Repository, Role, Source, Spec, Step,
    Taken, Template,
};

/// How many nodes a bench has: `GRAPH_BENCH_NODES=1000,30000,1000000`, the first two where nothing is said.
#[allow(clippy::disallowed_methods, reason = "the ban is the engine's, and this is no part of it")]
pub(crate) fn sizes() -> Vec<usize> {
    let said = std::env::var("GRAPH_BENCH_NODES").unwrap_or_else(|_| "1000,30000".into());
    said.split(',').map(|size| size.trim().parse().expect("a number of nodes")).collect()
}

/// A Spec of about so many nodes: two for each combination.
pub(crate) fn spec(nodes: usize) -> Spec {
    let names = Parts::new();
    Spec { nodes: (0..nodes / 2).flat_map(|at| pair(&names, at)).collect() }
}

/// What is so now of all that the Spec names.
pub(crate) fn facts(spec: &Spec) -> Facts {
    let sources = spec.nodes.iter().flat_map(|node| &node.inputs).map(|input| &input.source);
    let mut facts = Facts::default();
    for source in sources {
        match source {
            Source::Value(_) | Source::Secret(_) => {}
            observed if facts.has(observed) => {}
            Source::Tool(name) => facts.insert(source.clone(), Fact::text(&format!("{name} 12.2"))),
            Source::Commit(commit) => facts.insert(
                source.clone(),
                Fact::Known { digest: Digest::of(commit.id.as_bytes()), text: commit.id.clone() },
            ),
            other => facts.insert(other.clone(), Fact::text("content")),
        }
    }
    facts
}

/// The record of a node that was built with these parts.
pub(crate) fn record(node: &NodeName, executed: Executed) -> Record {
    let output = OutputFile {
        path: "artifacts/Image".into(),
        digest: Digest::of(node.as_str().as_bytes()),
        size: 10_000_000,
        executable: false,
    };
    Record {
        node: node.clone(),
        key: executed.key.expect("every fact is known"),
        parts: executed.parts.into(),
        reads: None,
        wide_key: None,
        outcome: Outcome::Succeeded,
        outputs: vec![output],
        cost: Cost { wall_ms: 300_000, cpu_ms: 900_000, peak_memory: 1 << 30 },
        run: 1,
        ended: 1_800_000_000_000,
    }
}

/// What is remembered when everything was built: nothing has changed since.
pub(crate) fn built(spec: &Spec, facts: &Facts) -> Records {
    let mut records = Records::default();
    for node in &spec.nodes {
        let executed = Executed::built(node, &parts(node, facts), None);
        let record = Arc::new(record(&node.name, executed));
        records.insert_last(Remembered { record, available: Availability::InPlace });
    }
    records
}

/// What goes into a node whose needs left what [`record`] says.
pub(crate) fn parts(node: &Node, facts: &Facts) -> Fingerprint {
    let made = |need: &NodeName| {
        let output = OutputFile {
            path: "artifacts/Image".into(),
            digest: Digest::of(need.as_str().as_bytes()),
            size: 10_000_000,
            executable: false,
        };
        Some(graph::record::made(&[output]))
    };
    fingerprint(node, facts, made, None)
}

/// Names that all nodes share, as a front-end has them.
struct Parts {
    config: Vec<Arc<str>>,
    tools: Vec<Arc<str>>,
    file: Arc<str>,
}

impl Parts {
    fn new() -> Self {
        let shared = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect();
        Self {
            config: shared(&[
                "arch",
                "defconfig",
                "build_environment",
                "cross_compile",
                "kselftest",
                "variables",
            ]),
            tools: shared(&["make", "bc", "bison", "flex", "perl", "ld", "gcc"]),
            file: "build-configs.yaml".into(),
        }
    }
}

fn pair(names: &Parts, at: usize) -> [Node; 2] {
    let (tree, variant, arch, defconfig) = (at / 2500, at / 1250 % 2, at / 125 % 10, at % 125);
    let line = u32::try_from(at % 5000).expect("a small number");
    let place = Place { file: names.file.clone(), line, column: 5 };
    let commit = Arc::new(Commit {
        repository: Repository::Mirror(format!("https://example.org/tree-{tree}.git").into()),
        id: format!("{tree:040x}").into(),
    });
    let values = [
        format!("arch{arch}"),
        format!("defconfig-{defconfig}+CONFIG_EXAMPLE_{}=y", defconfig % 7),
        format!("gcc-1{variant}"),
        format!("arch{arch}-linux-gnu-"),
        "true".to_owned(),
        "KBUILD_BUILD_USER=KernelCI LC_ALL=C TZ=UTC".to_owned(),
    ];
    let key = |part: &Arc<str>, source| Input {
        part: part.clone(),
        source,
        declared: Some(place.clone()),
        role: Role::Key,
    };
    let inputs = || {
        let mut inputs = vec![key(&"source".into(), Source::Commit(commit.clone()))];
        let texts = names.config.iter().zip(&values);
        inputs.extend(texts.map(|(part, value)| key(part, Source::Value(value.as_str().into()))));
        let tools = names
            .tools
            .iter()
            .map(|tool| key(&format!("tool {tool}").into(), Source::Tool(tool.clone())));
        inputs.extend(tools);
        inputs
    };
    let segments = [
        format!("tree-{tree}"),
        format!("gcc-1{variant}"),
        format!("arch{arch}"),
        values[1].clone(),
    ];
    let name = |kind| {
        NodeName::new(kind, segments.iter().map(String::as_str)).expect("the segments are plain")
    };
    let node = |kind, needs: Vec<NodeName>, targets: &[&'static str]| Node {
        name: name(kind),
        labels: Vec::new().into(),
        inputs: inputs().into(),
        action: action(&commit, &values, &needs, targets),
        needs,
        outputs: vec![Output {
            pattern: "artifacts/**".into(),
            presence: Presence::Required,
            below: Some("artifacts".into()),
        }]
        .into(),
        declared: place.clone(),
        pool: if kind == "config" { Pool::Light } else { Pool::Build },
        unresolved: Vec::new(),
    };
    let config = node("config", Vec::new(), &["config"]);
    let kernel = node("kernel", vec![config.name.clone()], &["kernel", "modules", "dtbs"]);
    [config, kernel]
}

fn action(
    commit: &Arc<Commit>,
    values: &[String],
    needs: &[NodeName],
    targets: &[&'static str],
) -> Action {
    let step = |name: &&'static str| Step {
        name,
        program: "make",
        args: ["-C", &values[0], &values[1], "O=build", name].map(Template::text).to_vec(),
        env: ["ARCH", "CROSS_COMPILE", "KBUILD_BUILD_USER", "LC_ALL", "TZ", "SOURCE_DATE_EPOCH"]
            .map(|name| (name.to_owned(), Template::text(values[0].as_str())))
            .to_vec(),
        ..Step::default()
    };
    let take =
        |_: &NodeName| Taken { need: 0, output: ".config".into(), path: "build/.config".into() };
    Action {
        checkout: Some(commit.clone()),
        takes: needs.iter().map(take).collect(),
        files: Vec::new().into(),
        steps: targets.iter().map(step).collect(),
        reads: Some("kbuild"),
    }
}
