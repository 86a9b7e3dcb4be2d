//! Random projects, loaded in two ways that must not differ: many chains with one memory of files against each chain
//! with a memory of its own, and outlines of machines against the whole of them. Needs no kas.

use std::fs;
use std::path::Path;
use std::thread;

use graph::spec::{Node, Role};
use graph_cli::diagnostic::Diagnostics;
use graph_cli::front::kas::{Chain, Directories, Effective, FileCache, Ground, load_chain};
use graph_cli::front::kernelci::NoneFresh;
use graph_cli::front::machines::Defaults;
use graph_cli::front::{Depth, Loaded, Sources, load};
use serde_json::json;

use super::project::Project;
use crate::kas_values::canonical;
use crate::kernel_trees::NoTrees;

const PROJECTS: u64 = 60;

/// Chains of a project: its own, each file of it alone, and some of two.
fn chains(project: &Project) -> Vec<String> {
    let parts: Vec<&str> = project.chain.split(':').collect();
    let mut chains = vec![project.chain.clone()];
    chains.extend(parts.iter().map(|part| (*part).to_owned()));
    chains.extend(parts.windows(2).map(|two| format!("{}:{}", two[1], two[0])));
    chains.extend(parts.first().map(|part| format!("{part}:{part}")));
    chains
}

/// All that a chain becomes, with every place, as text.
fn told(root: &Path, chain: &str, files: &FileCache) -> String {
    let chain = Chain::parse(chain).expect("a generated chain is good");
    let merged = match load_chain(&chain, &Directories::new(root, root), files) {
        Ok(merged) => merged,
        Err(problems) => return problems_told(&problems),
    };
    let ground = Ground::new(root, Vec::new(), Default::default(), Role::Stamp);
    let mut found = Diagnostics::default();
    let meaning = match Effective::of(&merged) {
        Ok((effective, warnings)) => {
            found.extend(warnings);
            let inputs = graph_cli::front::kas::inputs(&merged, &effective, &ground, &mut found);
            let file = graph_cli::front::kas::generated_file(&merged, &effective, &ground);
            format!("{inputs:?}\n{file:?}\n{}", problems_told(&found))
        }
        Err(problems) => problems_told(&problems),
    };
    format!(
        "{}\n{:?}\n{:?}\n{:?}\n{:?}\n{}\n{meaning}",
        canonical(&merged.config),
        merged.files,
        merged.missing_repos,
        merged.to_clone,
        merged.demands,
        problems_told(&merged.warnings),
    )
}

fn problems_told(problems: &Diagnostics) -> String {
    let all = problems.as_slice().iter();
    all.map(|problem| format!("{:?}: {problem} {:?}\n", problem.severity, problem.hints)).collect()
}

fn project(parent: &Path, seed: u64) -> (std::path::PathBuf, Project) {
    let root = parent.join(seed.to_string());
    fs::create_dir_all(&root).expect("a directory");
    let project = Project::random(seed, &root);
    (root, project)
}

#[test]
fn chains_that_share_what_was_read_are_what_each_is_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let parent = fs::canonicalize(dir.path()).expect("it has a canonical path");
    for seed in 0..PROJECTS {
        let (root, project) = project(&parent, seed);
        let (shared, chains) = (FileCache::new(&root), chains(&project));
        let (shared, root) = (&shared, root.as_path());
        let together: Vec<String> = thread::scope(|scope| {
            let asked: Vec<_> =
                chains.iter().map(|chain| scope.spawn(move || told(root, chain, shared))).collect();
            asked.into_iter().map(|told| told.join().expect("no chain panics")).collect()
        });
        for (chain, together) in chains.iter().zip(together) {
            let alone = told(root, chain, &FileCache::new(root));
            assert_eq!(together, alone, "seed {seed}, {chain}\n{}", project.text());
        }
    }
}

/// What is seen of a node without what goes into it.
fn outline(node: &Node) -> String {
    let labels: Vec<_> = node.labels.iter().collect();
    format!("{} {labels:?} {:?} {:?} {:?}", node.name, node.needs, node.declared, node.pool)
}

fn seen(loaded: &Result<Loaded, Diagnostics>) -> String {
    match loaded {
        Err(problems) => problems_told(problems),
        Ok(loaded) => {
            let nodes: Vec<String> = loaded.spec.nodes.iter().map(outline).collect();
            let warnings = problems_told(&loaded.warnings);
            let Loaded { missing, demands, reads, left_out, .. } = loaded;
            format!("{nodes:#?}\n{warnings}\n{missing:?}\n{demands:?}\n{reads:?}\n{left_out:?}")
        }
    }
}

#[test]
fn outlines_of_machines_are_the_machines() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let parent = fs::canonicalize(dir.path()).expect("it has a canonical path");
    let (mut good, mut bad) = (0, 0);
    for seed in 0..PROJECTS {
        let (root, project) = project(&parent, seed);
        let chains = chains(&project);
        // One that may load, and one with all there is to refuse.
        for take in [1, chains.len()] {
            let machines = chains.iter().take(take).enumerate();
            let machines: Vec<_> = machines
                .map(|(at, chain)| json!({"name": format!("m{at}"), "config": chain, "sdk": at % 2, "workflows": ["manual"]}))
                .collect();
            let text = json!({"yocto_branch": "b", "machines": machines}).to_string();
            fs::write(root.join("machines.json"), text).expect("a file");
            let at = |depth| {
                let sources = Sources {
                    machines: vec!["machines.json".into()],
                    kernels: Vec::new(),
                    excluded: false,
                    depth,
                    settings: None,
                    defaults: Defaults { build_target: "image".into(), output: "*".into() },
                    ignore: Vec::new(),
                    describe: Role::Stamp,
                };
                load(&sources, &root, &Directories::new(&root, &root), &NoTrees, &NoneFresh)
            };
            let (whole, outlined) = (at(Depth::Whole), at(Depth::Outline));
            assert_eq!(seen(&outlined), seen(&whole), "seed {seed}\n{}", project.text());
            if whole.is_ok() { good += 1 } else { bad += 1 }
        }
    }
    assert!(good > 10 && bad > 10, "{good} projects load and {bad} do not");
}
