//! What is measured: a function for each line of the table. Knows how to ask each program for the same work.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::measure::{Cost, Subject, in_turn};
use super::project;
use super::table::{Peer, Row, ratio};
use super::tools::Tools;
use super::worlds::Worlds;

/// How many nodes a matrix has that another one is held against.
const FEW: usize = 30_000;

/// The tree that moves.
const TREE: &str = "tree-000";

/// Everything that a row needs.
pub(crate) struct Bench<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) worlds: Worlds<'a>,
    pub(crate) nodes: usize,
    pub(crate) machines: usize,
    pub(crate) files: usize,
    pub(crate) tree: Option<PathBuf>,
    pub(crate) runs: usize,
}

/// How a row comes about.
type Measure = fn(&Bench<'_>) -> Result<Row>;

/// All rows, by the names by which they are asked for, in an order in which none spoils what the next one finds.
pub(crate) const ROWS: [(&str, Measure); 12] = [
    ("start", start),
    ("null", null),
    ("noop", noop),
    ("disk", disk),
    ("moved", moved),
    ("edited", edited),
    ("cold", cold),
    ("scale-null", scale_null),
    ("scale-cold", scale_cold),
    ("list", list),
    ("expand", expand),
    ("facts", facts),
];

impl Bench<'_> {
    fn graph(&self, dir: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.tools.graph);
        command.arg("-C").arg(dir).args(arguments);
        command
    }

    /// Measures `graph` beside another program, if that is installed.
    fn beside(
        &self,
        (work, note): (String, &str),
        ours: Subject<'_>,
        (name, peer): (&'static str, Option<Subject<'_>>),
    ) -> Result<Row> {
        let is_there = peer.is_some();
        let mut subjects: Vec<Subject<'_>> = std::iter::once(ours).chain(peer).collect();
        let costs = in_turn(&mut subjects, self.runs)?;
        let peer = if is_there { Peer::Ran(name, costs[1]) } else { Peer::Missing(name) };
        Ok(Row { work, ours: Some(costs[0]), peer, note: note.to_owned() })
    }

    fn alone(&self, (work, note): (String, &str), ours: Subject<'_>) -> Result<Row> {
        let costs = in_turn(&mut [ours], self.runs)?;
        Ok(Row { work, ours: Some(costs[0]), peer: Peer::None, note: note.to_owned() })
    }

    fn ninja<'a>(
        &'a self,
        dir: &'a Path,
        arguments: &'static [&'static str],
    ) -> Option<Subject<'a>> {
        let program = self.tools.ninja.as_ref()?;
        Some(Subject::new(move || ninja(program, dir, arguments)))
    }

    /// The smaller matrix: that of the goal, or of a small bench a tenth.
    fn few(&self) -> usize {
        if self.nodes > FEW { FEW } else { (self.nodes / 20 * 2).max(2) }
    }
}

fn ninja(program: &Path, dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.arg("-C").arg(dir).args(arguments);
    command
}

fn start(bench: &Bench<'_>) -> Result<Row> {
    let told = ("`graph --version`".to_owned(), "goal: 3 ms");
    let ours = Subject::new(|| {
        let mut command = Command::new(&bench.tools.graph);
        command.arg("--version");
        command
    });
    let peer = bench.tools.ninja.as_ref().map(|program| {
        Subject::new(move || {
            let mut command = Command::new(program);
            command.arg("--version");
            command
        })
    });
    bench.beside(told, ours, ("ninja --version", peer))
}

fn null(bench: &Bench<'_>) -> Result<Row> {
    let dir = bench.worlds.built(bench.nodes)?;
    let work = format!("`graph plan --offline` of {} nodes, nothing changed", bench.nodes);
    let told = (work, "goal at 1,000,000: 150 ms, and 50 times as fast as `ninja -n`");
    let ours = Subject::new(|| bench.graph(&dir, &["plan", "--offline"]));
    bench.beside(told, ours, ("ninja -n", bench.ninja(&dir, &["-n"])))
}

fn noop(bench: &Bench<'_>) -> Result<Row> {
    let dir = bench.worlds.built(bench.nodes)?;
    let work = format!("`graph build --offline` of {} nodes, nothing to do", bench.nodes);
    let told = (work, "goal at 1,000,000: 200 ms");
    let ours = Subject::new(|| bench.graph(&dir, &["build", "--offline"]));
    bench.beside(told, ours, ("ninja", bench.ninja(&dir, &[])))
}

fn disk(bench: &Bench<'_>) -> Result<Row> {
    let state = bench.worlds.built(bench.nodes)?.join(".graph");
    let mut bytes = 0;
    for entry in fs::read_dir(state)? {
        let data = entry?.metadata()?;
        bytes += if data.is_file() { data.len() } else { 0 };
    }
    let a_node = bytes as f64 / bench.nodes as f64;
    let note = format!(
        "{bytes} bytes, {a_node:.0} a node, without the outputs themselves · goal: 250 a node"
    );
    let work = format!("the cache of {} nodes", bench.nodes);
    Ok(Row { work, ours: None, peer: Peer::None, note })
}

/// Each run finds a commit that none has seen before. Afterwards, everything is as it was.
fn moved(bench: &Bench<'_>) -> Result<Row> {
    let dir = bench.worlds.built(bench.nodes)?;
    let repository = dir.join("trees").join(format!("{TREE}.git"));
    let head = fs::read_to_string(repository.join("refs/heads/master"))?;
    let source = project::ninja_source(&dir, TREE);
    let modified = source.metadata()?.modified()?;
    let count = Cell::new(0);
    let advance = || {
        count.set(count.get() + 1);
        Ok(project::advance(&dir, TREE, &format!("change {}", count.get()))?)
    };
    let work = format!("the plan of {} nodes after one tree has moved", bench.nodes);
    let told = (work, "goal at 1,000,000: 400 ms, and 20 times as fast as `ninja -n`");
    let ours = Subject::after(advance, || bench.graph(&dir, &["plan", "--offline"]));
    let peer = bench.tools.ninja.as_ref().map(|program| {
        let touch = || Ok(fs::write(&source, "")?);
        Subject::after(touch, || ninja(program, &dir, &["-n"]))
    });
    let row = bench.beside(told, ours, ("ninja -n", peer));
    fs::write(repository.join("refs/heads/master"), head)?;
    File::options().write(true).open(&source)?.set_modified(modified)?;
    row
}

/// A fragment has other lines each time; what has it in its name is stale, a node or two of each architecture.
fn edited(bench: &Bench<'_>) -> Result<Row> {
    let dir = bench.worlds.built(bench.nodes)?;
    let file = dir.join("build-configs.yaml");
    let text = fs::read_to_string(&file)?;
    let count = Cell::new(0);
    let edit = || {
        count.set(count.get() + 1);
        let line = format!("CONFIG_LOG_BUF_SHIFT={}", count.get());
        Ok(fs::write(&file, text.replace("CONFIG_DEBUG_KERNEL=y", &line))?)
    };
    let work = format!("the plan of {} nodes after a fragment was edited", bench.nodes);
    let ours = Subject::after(edit, || bench.graph(&dir, &["plan", "--offline"]));
    let row = bench.alone((work, ""), ours);
    fs::write(&file, &text)?;
    row
}

/// A matrix, and how to plan it without a cache.
fn without_cache<'a>(bench: &'a Bench<'_>, dir: &'a Path) -> Subject<'a> {
    let state = dir.join(".graph");
    let forget = move || if state.exists() { Ok(fs::remove_dir_all(&state)?) } else { Ok(()) };
    Subject::after(forget, || bench.graph(dir, &["plan", "--offline"]))
}

fn cold(bench: &Bench<'_>) -> Result<Row> {
    let dir = bench.worlds.matrix(bench.nodes)?;
    let work = format!("the plan of {} nodes without a cache", bench.nodes);
    bench.alone((work, "goal at 1,000,000: 2 s, 700 MB"), without_cache(bench, &dir))
}

fn scale_null(bench: &Bench<'_>) -> Result<Row> {
    let (many, few) = (bench.worlds.built(bench.nodes)?, bench.worlds.built(bench.few())?);
    let plan = |dir: &'_ Path| bench.graph(dir, &["plan", "--offline"]);
    let costs =
        in_turn(&mut [Subject::new(|| plan(&many)), Subject::new(|| plan(&few))], bench.runs)?;
    Ok(scale(bench, "nothing changed", &costs))
}

fn scale_cold(bench: &Bench<'_>) -> Result<Row> {
    let (many, few) = (bench.worlds.matrix(bench.nodes)?, bench.worlds.matrix(bench.few())?);
    let mut subjects = [without_cache(bench, &many), without_cache(bench, &few)];
    Ok(scale(bench, "without a cache", &in_turn(&mut subjects, bench.runs)?))
}

fn scale(bench: &Bench<'_>, what: &str, costs: &[Cost]) -> Row {
    let (nodes, few) = (bench.nodes, bench.few());
    let times = ratio(costs[0].wall, costs[1].wall) * few as f64 / nodes as f64;
    Row {
        work: format!("time per node of a plan, {what}, {nodes} nodes against {few}"),
        ours: Some(costs[0]),
        peer: Peer::Ran("graph, the few", costs[1]),
        note: format!("a node takes {times:.2} times as long · goal at 1,000,000: 1.3 at most"),
    }
}

/// What kas does for one machine, `graph` does for all. Repositories are not there, so kas is not to look for them.
fn list(bench: &Bench<'_>) -> Result<Row> {
    let dir = bench.worlds.machines(bench.machines)?;
    let chain = "kas/boards/board-07.yaml:kas/scarthgap.yaml:kas/scarthgap-vendor-7.yaml:kas/bsp.yaml:\
                 kas/with-feature-00.yaml:kas/images/image-0.yaml";
    let work = format!("`graph list` of {} machines beside kas for one of them", bench.machines);
    let ours = Subject::new(|| bench.graph(&dir, &["list"]));
    let dir = &dir;
    let peer = bench.tools.kas.as_ref().map(|program| {
        Subject::new(move || {
            let steps =
                ["repo_setup_loop", "finish_setup_repos", "repos_checkout", "repos_apply_patches"];
            let mut command = Command::new(program);
            command.arg("dump").current_dir(dir);
            command.args(steps.into_iter().flat_map(|step| ["--skip", step])).arg(chain);
            command
        })
    });
    bench.beside((work, "goal: 150 ms"), ours, ("kas dump, of one", peer))
}

/// What KernelCI does for one build config of a matrix, `graph` does for all of them.
fn expand(bench: &Bench<'_>) -> Result<Row> {
    let few = bench.few();
    let dir = bench.worlds.matrix(few)?;
    let ours = Subject::new(|| bench.graph(&dir, &["list"]));
    let work = format!("`graph list` of {few} nodes beside KernelCI for one of their trees");
    let Some(program) = &bench.tools.kernelci else {
        return bench.beside((work, ""), ours, ("kci_build", None));
    };
    let checkout = bench.worlds.checkout(&dir, program)?;
    let peer = Subject::new(|| {
        let mut command = Command::new(program);
        command.arg("--yaml-configs").arg(dir.join("build-configs.yaml"));
        command.args(["list_kernel_configs", "--build-config", TREE, "--kdir"]).arg(&checkout);
        command
    });
    bench.beside((work, ""), ours, ("kci_build, of one", Some(peer)))
}

/// Both are asked twice before, so that each has remembered what it can.
fn facts(bench: &Bench<'_>) -> Result<Row> {
    let kas = bench.tools.kas.clone().unwrap_or_else(|| "kas".into());
    let dir = bench.worlds.layer(bench.files, bench.tree.as_deref(), &kas)?;
    let ours = Subject::new(|| bench.graph(&dir, &["plan", "--offline"]));
    let peer = Subject::new(|| {
        let mut command = Command::new("git");
        command.arg("-C").arg(&dir).args(["--no-optional-locks", "status", "--porcelain"]);
        command
    });
    let files = match &bench.tree {
        Some(tree) => format!("the files of `{}`", tree.display()),
        None => format!("{} files", bench.files),
    };
    let work = format!("`graph plan --offline` of a layer that is {files}, nothing changed");
    bench.beside((work, "goal: half the time of `git status`"), ours, ("git status", Some(peer)))
}
