//! What the tests of execution share: nodes, settings, a place for both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use graph::event::Event;
use graph::facts::Facts;
use graph::name::NodeName;
use graph::resource::Pool;
use graph::spec::{
    Action, Input, Node, Output, Place, Presence, Repository, Role, Source, Step, Template,
};
use graph_cli::exec::checkout::{self, Objects, Origin};
use graph_cli::exec::environment::Environment;
use graph_cli::exec::job::{Events, Execution, Executor, Job};
use graph_cli::exec::kas::{Places, Toolchain};
use graph_cli::exec::local::{LocalExecutor, Settings};
use graph_cli::exec::stop::Stop;
use tokio::sync::{mpsc, watch};

/// A node `image/NAME` without anything.
pub(crate) fn node(name: &str) -> Node {
    Node {
        name: NodeName::new("image", [name]).expect("a name"),
        labels: Vec::new().into(),
        inputs: Vec::new().into(),
        needs: Vec::new(),
        action: Action::default(),
        outputs: Vec::new().into(),
        declared: Place::file("test"),
        pool: Pool::Build,
        unresolved: Vec::new(),
    }
}

/// Has a node end with a step more.
pub(crate) fn add_step(node: &mut Node, step: Step) {
    node.action.steps = node.action.steps.iter().cloned().chain([step]).collect();
}

/// With a step that runs a script of the shell.
pub(crate) fn sh(mut node: Node, script: &str) -> Node {
    let args = ["-c", script].map(Template::text).to_vec();
    add_step(&mut node, Step { name: "build", program: "sh", args, ..Step::default() });
    node
}

pub(crate) fn input(part: &str, source: Source) -> Input {
    Input { part: part.into(), source, declared: None, role: Role::Key }
}

pub(crate) fn required(pattern: &str) -> Output {
    Output { pattern: pattern.to_owned(), presence: Presence::Required, below: None }
}

pub(crate) fn outer(variables: &[(&str, &str)]) -> Environment {
    let path = std::env::var_os("PATH").expect("a path");
    let mut outer = BTreeMap::from([("PATH".to_owned(), path)]);
    outer.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    outer
}

pub(crate) fn places(root: &Path) -> Places {
    let state = root.join(".graph");
    Places {
        root: root.to_owned(),
        git: state.join("git"),
        sstate: state.join("sstate"),
        downloads: state.join("downloads"),
        state,
    }
}

pub(crate) fn settings(root: &Path, variables: &[(&str, &str)]) -> Settings {
    let places = places(root);
    Settings {
        run: 7,
        work: places.state.join("work"),
        out: places.state.join("out"),
        logs: places.state.join("logs/7"),
        sources: Origin {
            sources: places.state.join("sources"),
            objects: Objects::new(|repository| match repository {
                Repository::Local(dir) => Ok(PathBuf::from(&**dir)),
                Repository::Mirror(_) => Err("there is no mirror".to_owned()),
            }),
            environment: checkout::environment(&outer(variables)),
        },
        places,
        shims: None,
        kas: Toolchain::Program("kas".into()),
        cores: 2,
        tokens: 2,
        timeout: None,
        stall: None,
        grace: Duration::from_secs(5),
        outer: outer(variables),
        supervisor: env!("CARGO_BIN_EXE_graph").into(),
    }
}

/// What came of one execution.
pub(crate) struct Ran {
    pub(crate) execution: Execution,
    pub(crate) log: String,
    pub(crate) lines: Vec<String>,
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Executes a node once. When `stop_at` has a word, the run is asked to stop as soon as that is logged.
pub(crate) fn execute(settings: Settings, node: Node, stop_at: Option<(&str, Stop)>) -> Ran {
    let root = settings.places.root.clone();
    let executor = LocalExecutor::new(settings, Arc::new(Facts::default()));
    let log = root.join(&*executor.log(&node.name));
    let (execution, lines) = block_on(async {
        let (sender, mut events) = mpsc::channel(10_000);
        let (stop, stopping) = watch::channel(Stop::No);
        let job = Job { node: Arc::new(node), attempt: 1, needs: Vec::new() };
        let ran =
            tokio::spawn(async move { executor.execute(job, Events::new(sender), stopping).await });
        let mut lines = Vec::new();
        while let Some(event) = events.recv().await {
            let Event::Line { line, .. } = event else { continue };
            if let Some((_, how)) = stop_at.filter(|(word, _)| line.contains(word)) {
                // The step may have ended meanwhile.
                stop.send(how).ok();
            }
            lines.push(line.to_string());
        }
        (ran.await.expect("an execution"), lines)
    });
    let log = std::fs::read_to_string(log).unwrap_or_default();
    Ran { execution, log, lines }
}

/// Executes nodes all at once, on one executor.
pub(crate) fn execute_all(settings: Settings, jobs: Vec<Job>) -> Vec<Ran> {
    let root = settings.places.root.clone();
    let executor = Arc::new(LocalExecutor::new(settings, Arc::new(Facts::default())));
    let logs: Vec<PathBuf> =
        jobs.iter().map(|job| root.join(&*executor.log(&job.node.name))).collect();
    let executions: Vec<Execution> = block_on(async {
        let (_stop, stopping) = watch::channel(Stop::No);
        let running: Vec<_> = jobs
            .into_iter()
            .map(|job| {
                let (executor, stopping) = (executor.clone(), stopping.clone());
                let events = Events::new(mpsc::channel(1).0);
                tokio::spawn(async move { executor.execute(job, events, stopping).await })
            })
            .collect();
        let mut executions = Vec::new();
        for running in running {
            executions.push(running.await.expect("an execution"));
        }
        executions
    });
    let log = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let ran = executions.into_iter().zip(&logs);
    ran.map(|(execution, path)| Ran { execution, log: log(path), lines: Vec::new() }).collect()
}

/// A first attempt at a node without needs.
pub(crate) fn job(node: Node) -> Job {
    Job { node: Arc::new(node), attempt: 1, needs: Vec::new() }
}

/// Why an execution failed.
pub(crate) fn message(ran: &Ran) -> &str {
    ran.execution.failure.as_ref().map_or("", |failure| &failure.message)
}

/// Runs git in a directory, without the user's settings.
pub(crate) fn git(dir: &Path, args: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
