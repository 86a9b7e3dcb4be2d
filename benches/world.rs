//! A matrix for benches, of the shape that `build-configs.yaml` has: a `config` and a `kernel` node for each combination,
//! parts that many share, a commit, tools, and steps with arguments. Measures nothing.

#![allow(dead_code, reason = "each bench uses some of it")]

use std::sync::Arc;

use graph::digest::Digest;
use graph::executed::Executed;
use graph::facts::{Fact, Facts};
use graph::fingerprint::{Fingerprint, fingerprint};
use graph::list::List;
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
    let parts = Parts::new();
    let mut all = Vec::with_capacity(nodes);
    for at in 0..(nodes / 2).div_ceil(OF_AN_ARCH) {
        all.extend(meeting(&parts, at));
    }
    all.truncate(nodes);
    Spec { nodes: all }
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

/// How many combinations have one tree, and how many of them one variant and one architecture.
const OF_A_TREE: usize = 2500;
const OF_A_VARIANT: usize = 1250;
const OF_AN_ARCH: usize = 125;

/// What nodes have in common, as a front-end has it: what a toolchain says, and what a defconfig says to a toolchain.
struct Parts {
    file: Arc<str>,
    toolchains: Vec<Toolchain>,
    outputs: Arc<[Output]>,
    takes: Arc<[Taken]>,
}

struct Toolchain {
    inputs: Vec<Input>,
    kernel: Arc<[Step]>,
    asked: Vec<Asked>,
}

struct Asked {
    defconfig: String,
    inputs: Arc<[Input]>,
    config: Arc<[Step]>,
}

impl Parts {
    fn new() -> Self {
        let file: Arc<str> = "build-configs.yaml".into();
        let toolchains = (0..OF_A_TREE / OF_AN_ARCH).map(|at| toolchain(&file, at)).collect();
        let output = Output {
            pattern: "artifacts/**".into(),
            presence: Presence::Required,
            below: Some("artifacts".into()),
        };
        let take = Taken { need: 0, output: ".config".into(), path: "build/.config".into() };
        Self { file, toolchains, outputs: [output].into(), takes: [take].into() }
    }
}

fn key(part: &str, source: Source, file: &Arc<str>) -> Input {
    let declared = Some(Place { file: file.clone(), line: 7, column: 5 });
    Input { part: part.into(), source, declared, role: Role::Key }
}

fn toolchain(file: &Arc<str>, at: usize) -> Toolchain {
    let (variant, arch) = (at * OF_AN_ARCH / OF_A_VARIANT, at % (OF_A_VARIANT / OF_AN_ARCH));
    let arch = format!("arch{arch}");
    let texts = [
        ("arch", arch.clone()),
        ("build_environment", format!("gcc-1{variant}")),
        ("cross_compile", format!("{arch}-linux-gnu-")),
        ("kselftest", "true".to_owned()),
        ("variables", "KBUILD_BUILD_USER=KernelCI LC_ALL=C TZ=UTC".to_owned()),
    ];
    let mut inputs: Vec<Input> =
        texts.map(|(part, text)| key(part, Source::Value(text.into()), file)).into();
    let tools = ["make", "bc", "bison", "flex", "perl", "ld", "gcc"];
    inputs.extend(tools.map(|tool| key(&format!("tool {tool}"), Source::Tool(tool.into()), file)));
    let defconfigs = (0..OF_AN_ARCH)
        .map(|defconfig| format!("defconfig-{defconfig}+CONFIG_EXAMPLE_{}=y", defconfig % 7));
    let asked = defconfigs.map(|defconfig| Asked {
        inputs: [key("defconfig", Source::Value(defconfig.as_str().into()), file)].into(),
        config: steps(&arch, &defconfig, &["config"]),
        defconfig,
    });
    let kernel = steps(&arch, "", &["kernel", "modules", "dtbs"]);
    Toolchain { inputs, asked: asked.collect(), kernel }
}

fn steps(arch: &str, defconfig: &str, targets: &[&'static str]) -> Arc<[Step]> {
    let step = |name: &&'static str| Step {
        name,
        program: "make",
        args: ["-C", arch, defconfig, "O=build", name].map(Template::text).to_vec(),
        env: ["ARCH", "CROSS_COMPILE", "KBUILD_BUILD_USER", "LC_ALL", "TZ", "SOURCE_DATE_EPOCH"]
            .map(|name| (name.to_owned(), Template::text(arch)))
            .to_vec(),
        ..Step::default()
    };
    targets.iter().map(step).collect()
}

/// The nodes of all defconfigs for a tree, a variant and an architecture.
fn meeting(parts: &Parts, at: usize) -> Vec<Node> {
    let first = at * OF_AN_ARCH;
    let tree = first / OF_A_TREE;
    let toolchain = &parts.toolchains[at % parts.toolchains.len()];
    let variant = format!("gcc-1{}", first / OF_A_VARIANT % 2);
    let arch = format!("arch{}", at % (OF_A_VARIANT / OF_AN_ARCH));
    let commit = Arc::new(Commit {
        repository: Repository::Mirror(format!("https://example.org/tree-{tree}.git").into()),
        id: format!("{tree:040x}").into(),
    });
    let source = key("source", Source::Commit(commit.clone()), &parts.file);
    let inputs = || -> Arc<[Input]> {
        [source.clone()].into_iter().chain(toolchain.inputs.iter().cloned()).collect()
    };
    let (config_inputs, kernel_inputs) = (inputs(), inputs());
    let pair = |(at, asked): (usize, &Asked)| -> [Node; 2] {
        let line = u32::try_from((first + at) % 5000).expect("a small number");
        let declared = Place { file: parts.file.clone(), line, column: 5 };
        let tree = format!("tree-{tree}");
        let segments = [&*tree, &*variant, &*arch, &*asked.defconfig];
        let node = |kind, inputs: List<Input>, takes: &Arc<[Taken]>, steps: &Arc<[Step]>| Node {
            name: NodeName::new(kind, segments).expect("the segments are plain"),
            labels: List::default(),
            inputs,
            needs: Vec::new(),
            action: Action {
                checkout: Some(commit.clone()),
                takes: takes.clone(),
                files: Arc::default(),
                steps: steps.clone(),
                reads: Some("kbuild"),
            },
            outputs: parts.outputs.clone(),
            declared: declared.clone(),
            pool: if kind == "config" { Pool::Light } else { Pool::Build },
            unresolved: Vec::new(),
        };
        let inputs = List::joined(config_inputs.clone(), asked.inputs.clone());
        let config = node("config", inputs, &Arc::default(), &asked.config);
        let inputs = kernel_inputs.clone().into();
        let mut kernel = node("kernel", inputs, &parts.takes, &toolchain.kernel);
        kernel.needs.push(config.name.clone());
        [config, kernel]
    };
    toolchain.asked.iter().enumerate().flat_map(pair).collect()
}
