//! A project to which something happens: its files, trees, tools and outputs are changed, and it is built, by a program that
//! leaves one small file for each node.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
pub(super) const TREES: [&str; 3] = ["alder", "birch", "cedar"];

/// A project, and what is written in its files.
pub(super) struct Project {
    pub(super) world: World,
    pub(super) context: Context,
    symbol: usize,
    blocked: Vec<&'static str>,
    extra: usize,
    remark: usize,
    environment: usize,
    settings: String,
    name: usize,
    whole_commits: bool,
}

/// Something that is done while nodes are built.
type Meanwhile = Box<dyn FnOnce() + Send>;

impl Project {
    pub(super) fn new(settings: &str) -> Self {
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
        let context = context(world.root());
        let (settings, blocked) = (settings.to_owned(), Vec::new());
        let project = Self {
            world,
            context,
            symbol: 0,
            blocked,
            extra: 0,
            remark: 0,
            environment: 0,
            settings,
            name: 0,
            whole_commits: false,
        };
        project.tool(0);
        project.write();
        project
    }

    fn write(&self) {
        for (path, text) in self.texts() {
            fs::write(path, text).expect("it can be written");
        }
    }

    /// The files that users write, as they are to be.
    fn texts(&self) -> [(PathBuf, String); 2] {
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
        let trees = "trees: {\"*\": {path: trees/alder, rev: main}, birch: {path: trees/birch, rev: main}, cedar: {path: trees/cedar, rev: main}}\n";
        let source = if self.whole_commits { "source: commit\n" } else { "" };
        let settings = &self.settings;
        let head = "version: 1\nsources: {kernels: build-configs.yaml}\n";
        let settings = format!("{head}{trees}{source}{settings}");
        [(self.world.path("build-configs.yaml"), text), (self.world.path("graph.yaml"), settings)]
    }

    /// A tool of the toolchain, of some version.
    fn tool(&self, version: usize) {
        let path = self.world.path("bin/pahole");
        fs::create_dir_all(self.world.path("bin")).expect("a directory");
        write_tool(&path, version);
    }

    pub(super) fn build(&self, selectors: &[&str], fails: Option<&'static str>) {
        build(&self.context, selectors, fails, None);
    }

    /// Builds, and after some nodes something happens.
    pub(super) fn build_while(&self, selectors: &[&str], after: usize, meanwhile: Meanwhile) {
        build(&self.context, selectors, None, Some((after, meanwhile)));
    }

    pub(super) fn plan(&self, options: &[&str]) -> Value {
        let args = ["plan", "--offline", "--format", "json"].iter().chain(options);
        let args = Plan::try_parse_from(args).expect("they are arguments").args;
        let mut out = Vec::new();
        plan::run(&args, &self.context, &mut out).expect("there is a plan");
        serde_json::from_slice(&out).expect("it is JSON")
    }

    pub(super) fn remembered(&self) -> usize {
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
    pub(super) fn step(&mut self, random: &mut Random, can_edit_files: bool) -> String {
        match random.below(22) {
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
            14 => {
                let what =
                    random.pick(&["config/**", "kernel/cedar/**", "tree=birch", "!tree=alder"]);
                self.build(&[what], None);
                return format!("built {what}");
            }
            15 => self.whole_commits = !self.whole_commits,
            16 => {
                std::thread::scope(|scope| {
                    scope.spawn(|| self.build(&["!tree=cedar"], None));
                    scope.spawn(|| self.plan(&[]));
                    self.build(&[], None);
                });
                return "built twice at once, and planned".to_owned();
            }
            17 | 18 => return self.step_while_building(random, can_edit_files),
            _ => {
                self.build(&[], None);
                return "built".to_owned();
            }
        }
        self.write();
        "a file or tree or tool is changed".to_owned()
    }

    /// Something happens while all is built.
    fn step_while_building(&mut self, random: &mut Random, can_edit_files: bool) -> String {
        let (what, meanwhile): (_, Meanwhile) = match random.below(5) {
            0 => {
                let (path, version) = (self.world.path("bin/pahole"), random.below(2));
                ("a tool is changed", Box::new(move || write_tool(&path, version)))
            }
            1 => {
                let dir = self.world.path(&format!("trees/{}", random.pick(&TREES)));
                let args = ["commit", "-q", "--allow-empty", "-m", "meanwhile"];
                let mut git = self.world.program("git");
                git.arg("-C").arg(dir).args(args);
                let commit = move || assert!(git.status().expect("git runs").success());
                ("a tree moves", Box::new(commit))
            }
            2 if can_edit_files => match self.output(random) {
                Some(path) => {
                    ("an output is edited", Box::new(move || drop(fs::write(path, "edited"))))
                }
                None => ("nothing happens", Box::new(|| ())),
            },
            3 => match self.output(random) {
                Some(path) => {
                    let dir = path.parent().expect("a node has a directory").to_owned();
                    ("outputs are removed", Box::new(move || drop(fs::remove_dir_all(dir))))
                }
                None => ("nothing happens", Box::new(|| ())),
            },
            _ => {
                self.symbol = random.below(2);
                self.extra += random.below(2);
                self.whole_commits ^= random.one_in(2);
                let texts = self.texts();
                let write = move || {
                    texts.iter().for_each(|(path, text)| fs::write(path, text).expect("written"));
                };
                ("files are written", Box::new(write))
            }
        };
        // What was removed meanwhile is removed all the same where nothing was built.
        let after = random.below(6);
        self.build_while(&[], after, meanwhile);
        self.write();
        format!("{what} while all is built")
    }
}

/// The world as a program sees it in the project below `root`.
pub(super) fn context(root: &Path) -> Context {
    let mut context = Context::read().expect("there is a world");
    context.cwd = root.to_owned();
    context.ci = Ci::None;
    (context.stdout, context.stderr) = (Audience::Stream, Audience::Stream);
    let (bin, home) = (root.join("bin"), root.join("../home"));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("PATH is set"));
    let env = [("PATH", path.as_str()), ("HOME", home.to_str().expect("text"))];
    context.env = env.into_iter().collect();
    context
}

/// Builds, and after some nodes something happens.
pub(super) fn build(
    context: &Context,
    selectors: &[&str],
    fails: Option<&'static str>,
    meanwhile: Option<(usize, Meanwhile)>,
) {
    let args = ["build", "--offline", "--progress", "plain"].iter().chain(selectors);
    let args = Build::try_parse_from(args).expect("they are arguments").args;
    let meanwhile = Mutex::new(meanwhile);
    let made =
        |settings: Settings, _: Arc<Facts>| Pretended { work: settings.work, fails, meanwhile };
    // A build that fails is told of, and that is all right.
    build::run_by(&args, context, &mut Vec::new(), made).ok();
}

pub(super) fn write_tool(path: &Path, version: usize) {
    let other = path.with_extension("new");
    fs::write(&other, format!("#!/bin/sh\necho v1.{version}\n")).expect("a program");
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).expect("a program");
    fs::rename(other, path).expect("a program");
}

pub(super) fn commit(world: &World, dir: &str) {
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
    meanwhile: Mutex<Option<(usize, Meanwhile)>>,
}

impl Pretended {
    fn make(&self, job: &Job) -> io::Result<Execution> {
        let mut meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner);
        match meanwhile.take() {
            Some((0, happens)) => happens(),
            Some((after, happens)) => *meanwhile = Some((after - 1, happens)),
            None => {}
        }
        drop(meanwhile);
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
