//! The shortcut of a plan leads where the long way leads: whatever is done to a project between two plans, the one that does
//! not expand what is known to be fresh tells the same as the one that judges every node.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache::Cache;
use clap::Parser;
use graph::facts::Facts;
use graph::name::NodeName;
use graph::reads::ReadSet;
use graph::record::{Cost, Outcome};
use graph_cli::cmd::{build, plan};
use graph_cli::context::{Audience, Ci, Context};
use graph_cli::exec::collect::Found;
use graph_cli::exec::job::{Events, Execution, Executor, Job, Retry};
use graph_cli::exec::local::Settings;
use graph_cli::exec::stop::Stopping;
use serde_json::Value;

use crate::random::Random;
use crate::world::World;

/// The trees; each has a build config of its name.
const TREES: [&str; 3] = ["alder", "birch", "cedar"];

/// A project, and what is written in its files.
struct Project {
    world: World,
    context: Context,
    symbol: usize,
    blocked: Vec<&'static str>,
    extra: usize,
    remark: usize,
    environment: usize,
    settings: String,
    name: usize,
}

impl Project {
    fn new(settings: &str) -> Self {
        let world = World::empty();
        for tree in TREES {
            let dir = format!("trees/{tree}");
            fs::create_dir_all(world.path(&dir)).expect("a directory");
            world.git(&dir, &["init", "-q", "-b", "main"]);
            for file in ["Kconfig", "Makefile", "README", "arch/x86/configs/tiny_defconfig"] {
                world.write(&format!("{dir}/{file}"), "0\n");
            }
            commit(&world, &dir);
            world.git(&dir, &["tag", "-a", "-m", "v6.1", "v6.1"]);
        }
        let mut context = Context::read().expect("there is a world");
        context.cwd = world.root().to_owned();
        context.ci = Ci::None;
        (context.stdout, context.stderr) = (Audience::Stream, Audience::Stream);
        let bin = world.path("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("PATH is set"));
        context.env =
            [("PATH", path.as_str()), ("HOME", world.path("../home").to_str().expect("text"))]
                .into_iter()
                .collect();
        let (settings, blocked) = (settings.to_owned(), Vec::new());
        let all = (0, 0, 0, 0, 0);
        let (symbol, extra, remark, environment, name) = all;
        let project =
            Self { world, context, symbol, blocked, extra, remark, environment, settings, name };
        project.tool(0);
        project.write();
        project
    }

    fn write(&self) {
        let mut text = String::new();
        let Self { symbol, extra, remark, environment, .. } = self;
        for _ in 0..*remark {
            text.push_str("# a remark\n");
        }
        text.push_str("trees:\n");
        for tree in TREES {
            writeln!(text, "  {tree}: {{url: 'https://git.example/{tree}'}}").expect("memory");
        }
        let blocked: Vec<String> = self.blocked.iter().map(|one| format!("'{one}'")).collect();
        let extra = if extra % 2 == 0 { "allmodconfig" } else { "allnoconfig" };
        writeln!(
            text,
            "fragments:
  debug: {{path: kernel/configs/debug.config, configs: ['CONFIG_DEBUG_{symbol}=y']}}
  other: {{path: kernel/configs/other.config, configs: ['CONFIG_OTHER=y']}}
build_environments:
  gcc-12: {{cc: gcc, cc_version: '{environment}', arch_params: {{x86_64: {{cross_compile: '', opts: {{W: '{environment}'}}}}}}}}
variants: &variants
  gcc-12:
    build_environment: gcc-12
    fragments: [debug]
    architectures:
      x86_64:
        base_defconfig: x86_64_defconfig
        extra_configs: ['{extra}', 'tinyconfig+other']
        filters: [{{blocklist: {{defconfig: [{}]}}}}]
build_configs:
  alder: {{tree: alder, branch: main, variants: *variants}}
  birch-{}: {{tree: birch, branch: main, variants: *variants}}
  cedar:
    tree: cedar
    branch: main
    variants:
      plain: {{build_environment: gcc-12, architectures: {{x86_64: {{}}}}}}",
            blocked.join(", "),
            self.name
        )
        .expect("memory");
        self.world.write("build-configs.yaml", &text);
        let trees = "trees: {\"*\": {path: trees/alder, rev: main}, birch: {path: trees/birch, rev: main}, cedar: {path: trees/cedar, rev: main}}\n";
        let settings = &self.settings;
        let head = "version: 1\nsources: {kernels: build-configs.yaml}\n";
        self.world.write("graph.yaml", &format!("{head}{trees}{settings}"));
    }

    /// A tool of the toolchain, of some version.
    fn tool(&self, version: usize) {
        let path = self.world.path("bin/pahole");
        fs::create_dir_all(self.world.path("bin")).expect("a directory");
        fs::write(&path, format!("#!/bin/sh\necho v1.{version}\n")).expect("a program");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a program");
    }

    fn build(&self, selectors: &[&str], fails: Option<&'static str>) {
        let args = ["build", "--offline", "--progress", "plain"].iter().chain(selectors);
        let args = Build::try_parse_from(args).expect("they are arguments").args;
        let made = |settings: Settings, _: Arc<Facts>| Pretended { work: settings.work, fails };
        // A build that fails is told of, and that is all right.
        build::run_by(&args, &self.context, &mut Vec::new(), made).ok();
    }

    fn plan(&self, options: &[&str]) -> Value {
        let args = ["plan", "--offline", "--format", "json"].iter().chain(options);
        let args = Plan::try_parse_from(args).expect("they are arguments").args;
        let mut out = Vec::new();
        plan::run(&args, &self.context, &mut out).expect("there is a plan");
        serde_json::from_slice(&out).expect("it is JSON")
    }

    fn remembered(&self) -> usize {
        let cache = Cache::open_to_plan(&self.world.path(".graph")).expect("the cache opens");
        cache.fresh_slices().expect("it can be read").len()
    }

    fn output(&self, random: &mut Random) -> Option<PathBuf> {
        let mut all = Vec::new();
        files(&self.world.path(".graph/out"), &mut all);
        all.sort();
        (!all.is_empty()).then(|| all.swap_remove(random.below(all.len())))
    }

    fn change_tree(&self, random: &mut Random) {
        let dir = format!("trees/{}", random.pick(&TREES));
        if random.one_in(3) && self.world.git(&dir, &["rev-list", "--count", "main"]).trim() != "1"
        {
            self.world.git(&dir, &["reset", "-q", "--hard", "HEAD~1"]);
            return;
        }
        let file =
            random.pick(&["Kconfig", "Makefile", "README", "arch/x86/configs/new_defconfig"]);
        self.world.write(&format!("{dir}/{file}"), &format!("{}\n", random.below(3)));
        commit(&self.world, &dir);
    }

    /// Something happens.
    fn step(&mut self, random: &mut Random, can_edit_files: bool) -> String {
        match random.below(16) {
            0 => self.symbol = random.below(2),
            1 => {
                self.blocked = if random.one_in(2) { vec!["debug"] } else { Vec::new() };
            }
            2 => self.extra += 1,
            3 => self.remark = random.below(4),
            4 => self.environment = random.below(2),
            5 => self.name = random.below(2),
            6 | 7 => self.change_tree(random),
            8 => self.tool(random.below(2)),
            9 if can_edit_files => {
                if let Some(path) = self.output(random) {
                    fs::write(&path, "edited").expect("it can be written");
                    return format!("{} is edited", path.display());
                }
            }
            10 if can_edit_files => {
                if let Some(path) = self.output(random) {
                    fs::remove_file(&path).expect("it can be removed");
                    return format!("{} is removed", path.display());
                }
            }
            11 => {
                if let Some(path) = self.output(random) {
                    let dir = path.parent().expect("a node has a directory");
                    fs::remove_dir_all(dir).expect("it can be removed");
                    return format!("{} is removed", dir.display());
                }
            }
            12 => {
                let gc = ["cache", "gc", "--budget", "0B"];
                self.world.graph_ok(&gc);
                return "cache gc".to_owned();
            }
            13 => {
                let what = random.pick(&["arch=x86_64", "build_config=cedar", "kernel/**"]);
                self.build(&["--force", what], Some("tinyconfig"));
                return format!("forced {what}, some of which fail");
            }
            _ => {
                self.build(&[], None);
                return "built".to_owned();
            }
        }
        self.write();
        "a file or tree or tool is changed".to_owned()
    }
}

fn commit(world: &World, dir: &str) {
    world.git(dir, &["add", "-A"]);
    world.git(dir, &["commit", "-q", "--allow-empty", "-m", "more"]);
}

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, all) } else { all.push(path) }
    }
}

#[derive(Parser)]
struct Build {
    #[command(flatten)]
    args: build::Args,
}

#[derive(Parser)]
struct Plan {
    #[command(flatten)]
    args: plan::Args,
}

/// Leaves one file, and says what it has read.
struct Pretended {
    work: PathBuf,
    fails: Option<&'static str>,
}

impl Pretended {
    fn make(&self, job: &Job) -> io::Result<Execution> {
        let name = &job.node.name;
        fs::create_dir_all(&self.work)?;
        let source = self.work.join(name.as_str().replace('/', "%2F"));
        writeln!(fs::File::create(&source)?, "# {name}")?;
        let path = if name.kind() == "config" { ".config" } else { "Image" }.to_owned();
        let fails = self.fails.is_some_and(|part| name.as_str().contains(part));
        let read = ["Kconfig", "Makefile", "arch/x86/configs/tiny_defconfig"];
        Ok(Execution {
            outcome: if fails { Outcome::Failed } else { Outcome::Succeeded },
            cost: Cost { wall_ms: 1000, cpu_ms: 1000, peak_memory: 1 },
            outputs: if fails { Vec::new() } else { vec![Found { path, source }] },
            reads: Some(ReadSet::new(read.map(str::to_owned), [])),
            failure: None,
            retry: Retry::Pointless,
        })
    }
}

impl Executor for Pretended {
    async fn execute(&self, job: Job, _: Events, _: Stopping) -> Execution {
        self.make(&job).expect("the work directory takes a small file")
    }

    fn log(&self, _: &NodeName) -> Arc<str> {
        "".into()
    }
}

/// What both ways must tell: the counts, and each node that is not fresh, with its reasons.
fn told(plan: &Value) -> (Value, Vec<Value>) {
    let nodes = plan["nodes"].as_array().expect("there are nodes").iter();
    let not_fresh = nodes.filter(|node| node["verdict"] != "fresh").cloned().collect();
    (plan["summary"].clone(), not_fresh)
}

fn both_ways(settings: &str, can_edit_files: bool, seeds: std::ops::Range<u64>) {
    let (mut plans, mut known) = (0, 0);
    for seed in seeds {
        let mut random = Random::new(seed);
        let mut project = Project::new(settings);
        let mut story = Vec::new();
        for _ in 0..25 {
            story.push(project.step(&mut random, can_edit_files));
            known += usize::from(project.remembered() > 0);
            plans += 1;
            let first = project.plan(&[]);
            let second = project.plan(&[]);
            let all = project.plan(&["--all"]);
            assert_eq!(told(&first), told(&all), "seed {seed}: {story:#?}");
            assert_eq!(told(&second), told(&all), "seed {seed}, once more: {story:#?}");
        }
    }
    assert!(known * 3 > plans, "there was something to take a shortcut by: {known} of {plans}");
}

#[test]
fn a_plan_that_takes_the_shortcut_tells_the_same() {
    both_ways("", true, 0..4);
}

#[test]
fn a_plan_that_looks_at_directories_alone_tells_the_same_but_for_their_files() {
    both_ways("cache: {outputs: directories}\n", false, 10..13);
}

#[test]
fn what_is_known_is_not_looked_at_node_by_node() {
    let project = Project::new("");
    project.build(&[], None);
    project.plan(&[]);
    assert_eq!(project.remembered(), TREES.len());
    // What the plan tells of a build config that it does not expand can only be what was written down.
    let cache = Cache::open_to_plan(&project.world.path(".graph")).expect("the cache opens");
    let all = project.plan(&["--all"]);
    let names = all["nodes"].as_array().expect("there are nodes").iter();
    let names: Vec<NodeName> = names
        .map(|node| NodeName::parse(node["name"].as_str().expect("a name")).expect("a name"))
        .collect();
    let generation = cache.generation().expect("it can be read");
    let altered: Vec<_> = cache
        .fresh_slices()
        .expect("it can be read")
        .into_iter()
        .map(|known| {
            let known = cache::FreshSlice { excluded: known.excluded + 10, ..known };
            let nodes: Vec<&NodeName> =
                names.iter().filter(|name| name.slice() == Some(&*known.name)).collect();
            (known, nodes)
        })
        .collect();
    let written = cache.remember_slices(generation, &altered).expect("it can be written");
    assert_eq!(written, TREES.len());
    let excluded = |plan: &Value| plan["summary"]["excluded"].as_u64().expect("a count");
    assert_eq!(excluded(&project.plan(&[])), excluded(&all) + 30);

    project.build(&["--force", "build_config=cedar"], None);
    assert_eq!(project.remembered(), 2, "a record of a node takes its slice away");
    let (plan, all) = (project.plan(&[]), project.plan(&["--all"]));
    assert_eq!(plan["summary"]["total"], all["summary"]["total"]);
}
