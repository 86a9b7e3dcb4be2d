//! How long the front and the end of the program take: YAML read, a matrix expanded, and a plan printed.

#[path = "../examples/matrix/project/mod.rs"]
mod project;
mod world;

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use graph::model::{Graph, NodeId};
use graph::plan::plan;
use graph::record::Records;
use graph::resource::Capacity;
use graph::spec::{Commit, Repository, Role};
use graph_cli::diagnostic::{Diagnostics, SourceText};
use graph_cli::front::kernelci::{self, Head, TreeBranch, Trees, Unreachable};
use graph_cli::front::machines::Defaults;
use graph_cli::front::yaml::parse_yaml;
use graph_cli::front::{Depth, Sources};
use graph_cli::report::json;
use graph_cli::report::view::plan::{PlanView, Scope};

use crate::project::Shape;
use crate::world::{facts, sizes, spec};

fn main() {
    divan::main();
}

/// A file with as many build configs, as KernelCI writes them.
#[divan::bench(args = [10, 1000], max_time = 5)]
fn yaml(bencher: Bencher<'_, '_>, configs: usize) {
    let mut text =
        String::from("_anchors:\n  archs: &archs\n    arm64: {base: defconfig}\nbuild_configs:\n");
    for at in 0..configs {
        write!(
            text,
            "  tree-{at}:\n    tree: tree-{at}\n    branch: 'linux-{at}.y'\n    variants: # of one\n      gcc-12:\n        \
             build_environment: gcc-12\n        architectures:\n          <<: *archs\n          x86_64:\n            \
             base_defconfig: 'x86_64_defconfig'\n            extra_configs: [allnoconfig, \"all{at}\"]\n"
        )
        .expect("memory takes everything");
    }
    let source = Arc::new(SourceText::new("build-configs.yaml", text.clone()));
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| parse_yaml(&source).expect("the file is sound"));
}

/// The trees of a matrix, without git.
struct Heads {
    shape: Shape,
}

impl Trees for Heads {
    fn heads(&self, wanted: &[TreeBranch]) -> Vec<Result<Head, Unreachable>> {
        let head = |branch: &TreeBranch| {
            let repository = Repository::Local(branch.tree.clone());
            let id = format!("{:0>40}", branch.tree.trim_start_matches("tree-")).into();
            let describe: Arc<str> = "v6.1".into();
            let commit = Arc::new(Commit { repository, id });
            Ok(Head { commit, describe: describe.clone(), describe_verbose: describe })
        };
        wanted.iter().map(head).collect()
    }

    fn files(&self, commit: &Commit, _: &[String]) -> Result<Arc<[String]>, String> {
        let tree = commit.id.trim_start_matches('0').parse().unwrap_or(0);
        Ok(project::configs_of(&self.shape, tree).into())
    }
}

/// `build-configs.yaml` becomes nodes: files read, trees asked, combinations lowered.
#[divan::bench(args = sizes(), max_time = 20)]
fn expand(bencher: Bencher<'_, '_>, nodes: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let shape = Shape::of(nodes).expect("the number is even");
    let file = dir.path().join("build-configs.yaml");
    std::fs::write(&file, project::build_configs(&shape)).expect("it can be written");
    let sources = Sources {
        machines: Vec::new(),
        kernels: vec!["build-configs.yaml".into()],
        excluded: false,
        depth: Depth::Whole,
        settings: None,
        defaults: Defaults { build_target: String::new(), output: String::new() },
        ignore: Vec::new(),
        describe: Role::Stamp,
    };
    let heads = Heads { shape };
    let load = || {
        kernelci::load(&sources, dir.path(), &heads, &kernelci::NoneFresh)
            .expect("the files are sound")
    };
    assert_eq!(load().spec.nodes.len(), nodes);
    bencher.counter(ItemsCount::new(nodes)).bench_local(load);
}

/// `plan --format json` of nodes that were never built, without the plan itself.
#[divan::bench(args = sizes(), max_time = 20)]
fn plan_json(bencher: Bencher<'_, '_>, nodes: usize) {
    let spec = spec(nodes);
    let facts = facts(&spec);
    let graph = Graph::build(spec).expect("the spec is sound");
    let all: Vec<NodeId> = graph.ids().collect();
    let plan = plan(&graph, &all, &[], &facts, &Records::default());
    bencher.counter(ItemsCount::new(nodes)).bench_local(|| {
        let capacity = Capacity::new(8, 8, u64::MAX);
        let none = Diagnostics::default();
        let view = PlanView::of(&graph, &plan, Scope::NotFresh, &none, capacity);
        json::plan(&view, &mut io::sink()).expect("nothing refuses it");
    });
}
