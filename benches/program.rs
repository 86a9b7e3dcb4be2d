//! How long the front and the end of the program take: YAML read, and a plan printed.

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
use graph_cli::diagnostic::{Diagnostics, SourceText};
use graph_cli::front::yaml::parse_yaml;
use graph_cli::report::json::json;
use graph_cli::report::view::plan::{PlanView, Scope};

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
        json(&view, &mut io::sink()).expect("nothing refuses it");
    });
}
