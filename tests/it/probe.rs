//! Facts: each source observed once, remotes asked or remembered, and the version of kas without starting it twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use graph::digest::Digest;
use graph::facts::{Fact, Facts};
use graph::model::Graph;
use graph::name::NodeName;
use graph::spec::{Action, Input, Node, Place, RemoteRef, Role, Source, Spec, Tree};
use graph_cli::config::{Kas, Settings};
use graph_cli::context::Environment;
use graph_cli::probe::{Content, Files, Links, Memory, Mode, Observed, Probe, Reread, SeenRef};

/// Remembers in memory, and counts what was read.
#[derive(Default)]
struct Notes {
    tools: Mutex<HashMap<Digest, String>>,
    refs: Mutex<HashMap<(String, String), SeenRef>>,
    looked: AtomicUsize,
}

impl Memory for Notes {
    fn tool(&self, key: &Digest) -> Option<String> {
        self.tools.lock().unwrap().get(key).cloned()
    }

    fn remember_tool(&self, key: &Digest, text: &str) {
        self.tools.lock().unwrap().insert(*key, text.to_owned());
    }

    fn last_ref(&self, url: &str, name: &str) -> Option<SeenRef> {
        self.refs.lock().unwrap().get(&(url.to_owned(), name.to_owned())).cloned()
    }

    fn remember_refs(&self, refs: &[(&str, &str, &str)]) {
        for (url, name, commit) in refs {
            let seen = SeenRef { commit: (*commit).to_owned(), seen: 1_000 };
            self.refs.lock().unwrap().insert(((*url).to_owned(), (*name).to_owned()), seen);
        }
    }
}

impl Files for Notes {
    fn look(&self, paths: &[PathBuf], links: Links) -> Vec<io::Result<Content>> {
        self.looked.fetch_add(paths.len(), Ordering::Relaxed);
        Reread.look(paths, links)
    }
}

struct Project {
    dir: tempfile::TempDir,
    settings: Settings,
    env: Environment,
    notes: Notes,
}

impl Project {
    fn new() -> Self {
        let env =
            std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("PYTHON"));
        Self {
            dir: tempfile::tempdir().unwrap(),
            settings: Settings::default(),
            env: env.collect(),
            notes: Notes::default(),
        }
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn program(&self, path: &str, text: &str) {
        let path = self.write(path, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn git(&self, dir: &str, args: &[&str]) {
        let dir = self.dir.path().join(dir);
        fs::create_dir_all(&dir).unwrap();
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let status =
            Command::new("git").args(identity).args(args).current_dir(dir).status().unwrap();
        assert!(status.success(), "git {args:?}");
    }

    fn observe(&self, mode: Mode, boards: &[&[Source]]) -> Observed {
        let layout = self.settings.layout(self.dir.path());
        let probe = self.probe(&layout, mode);
        let nodes = boards.iter().enumerate().map(|(at, sources)| node(at, sources)).collect();
        let graph = Graph::build(Spec { nodes }).unwrap();
        let wanted: Vec<_> = graph.ids().collect();
        probe.observe(&graph, &wanted).unwrap()
    }

    fn probe<'a>(&'a self, layout: &'a graph_cli::layout::Layout, mode: Mode) -> Probe<'a> {
        Probe {
            layout,
            settings: &self.settings,
            env: &self.env,
            files: &self.notes,
            memory: &self.notes,
            mode,
            now: 1_000 + 2 * 86_400_000,
        }
    }

    fn fact(&self, source: &Source) -> Fact {
        self.observe(Mode::Online, &[std::slice::from_ref(source)]).facts.get(source)
    }
}

fn node(at: usize, sources: &[Source]) -> Node {
    let input = |(number, source): (usize, &Source)| Input {
        part: format!("part {number}").into(),
        source: source.clone(),
        declared: None,
        role: Role::Key,
    };
    Node {
        name: NodeName::new("image", [format!("board-{at}").as_str()]).unwrap(),
        labels: Vec::new().into(),
        inputs: sources.iter().enumerate().map(input).collect(),
        needs: Vec::new(),
        action: Action::default(),
        outputs: Vec::new().into(),
        declared: Place::file("machines.json"),
        pool: graph::resource::Pool::Build,
        unresolved: Vec::new(),
    }
}

fn tree(dir: &str) -> Source {
    Source::Tree(
        Tree { dir: dir.into(), ignore: vec!["/README*".into()], except: Vec::new() }.into(),
    )
}

fn branch(url: &str, name: &str) -> Source {
    Source::Ref(RemoteRef { url: url.to_owned(), name: format!("refs/heads/{name}") }.into())
}

fn text(facts: &Facts, source: &Source) -> String {
    match facts.get(source) {
        Fact::Known { text, .. } => text.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn boards_that_share_a_tree_have_it_observed_once() {
    let project = Project::new();
    project.git(".", &["init", "-q"]);
    for name in ["conf/layer.conf", "README.md", "recipes/a.bb", ".graph/cache.db"] {
        project.write(name, name);
    }
    let board = [tree(".")];
    let boards: Vec<&[Source]> = vec![&board; 12];
    let observed = project.observe(Mode::Offline, &boards);
    assert_eq!(project.notes.looked.load(Ordering::Relaxed), 2);
    assert_eq!(observed.manifests.len(), 1);
    let names: Vec<&str> = observed.manifests[0].1.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["conf/layer.conf", "recipes/a.bb"]);
}

#[test]
fn files_variables_and_what_is_missing_are_facts() {
    let mut project = Project::new();
    project.write("a.patch", "x");
    let file = |path: &str| Source::File(path.into());
    let plain = project.fact(&file("a.patch"));
    assert!(matches!(plain, Fact::Known { .. }));
    project.program("a.patch", "x");
    assert_ne!(project.fact(&file("a.patch")), plain, "the executable bit counts");
    std::os::unix::fs::symlink("a.patch", project.dir.path().join("b.patch")).unwrap();
    assert_eq!(
        project.fact(&file("b.patch")),
        project.fact(&file("a.patch")),
        "links are followed"
    );
    assert_eq!(project.fact(&file("gone")), Fact::Missing);
    assert!(matches!(project.fact(&file(".")), Fact::Unknown(_)));

    let variable = Source::variable("GRAPH_TEST_SECRET", None);
    assert_eq!(project.fact(&variable), Fact::Missing);
    project.env = [("GRAPH_TEST_SECRET", "hunter2")].into_iter().collect();
    let set = project.fact(&variable);
    assert!(!format!("{set:?}").contains("hunter2"));
    project.env = [("GRAPH_TEST_SECRET", "")].into_iter().collect();
    assert_ne!(project.fact(&variable), set);
}

#[test]
fn remotes_are_asked_online_and_remembered_offline() {
    let project = Project::new();
    project.write("remote/file", "x");
    for args in [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-q", "-m", "x"]] {
        project.git("remote", args);
    }
    let url = format!("file://{}", project.dir.path().join("remote").display());
    let (main, gone) = (branch(&url, "main"), branch(&url, "gone"));
    let nowhere = branch("https://user:hunter2@localhost:1/x", "main");
    let board = [main.clone(), gone.clone(), nowhere.clone()];
    let tell = |observed: &Observed| -> String {
        let all = observed.warnings.as_slice().iter();
        let lines: Vec<String> = all
            .map(|warning| format!("{} ({})", warning.message, warning.hints.join("; ")))
            .collect();
        lines.join("\n").replace(&url, "file://…").replace(&url[7..], "…")
    };

    let before = project.observe(Mode::Offline, &[&board]);
    assert!(matches!(before.facts.get(&main), Fact::Unknown(_)));
    insta::assert_snapshot!(tell(&before), @"
    offline: nobody knows `refs/heads/main`, `refs/heads/gone` of `file://…` yet (plan once without `--offline`, or pin the commit)
    offline: nobody knows `refs/heads/main` of `https://***@localhost:1/x` yet (plan once without `--offline`, or pin the commit)
    ");

    let online = project.observe(Mode::Online, &[&board]);
    assert_eq!(text(&online.facts, &main).len(), 40);
    assert_eq!(online.facts.get(&gone), Fact::Missing);
    assert!(matches!(online.facts.get(&nowhere), Fact::Unknown(_)));
    assert!(!tell(&online).contains("hunter2"));
    assert_eq!(online.warnings.as_slice().len(), 2);

    fs::remove_dir_all(project.dir.path().join("remote")).unwrap();
    let offline = project.observe(Mode::Offline, &[std::slice::from_ref(&main)]);
    assert_eq!(offline.facts.get(&main), online.facts.get(&main));
    insta::assert_snapshot!(tell(&offline), @"offline: the refs of `file://…` are as of 2 days ago ()");
}

/// A virtual environment as far as a probe looks at it; its kas leaves a mark each time it is started.
fn venv(project: &Project, version: &str) {
    project.write("venv/lib/python3.11/site-packages/kas/__version__.py", version);
    let shell = fs::canonicalize("/bin/sh").unwrap();
    fs::create_dir_all(project.dir.path().join("venv/bin")).unwrap();
    let python = project.dir.path().join("venv/bin/python3");
    if !python.exists() {
        std::os::unix::fs::symlink(shell, &python).unwrap();
    }
    let mark = project.dir.path().join("started");
    let script = format!(
        "#!{}\necho x >> {}\necho 'kas {version} (configuration format version 21, earliest compatible version 1)'\n",
        python.display(),
        mark.display()
    );
    project.program("venv/bin/kas", &script);
    // As if it had been installed some time ago; `ctime` cannot be set, so this waits.
    std::thread::sleep(std::time::Duration::from_millis(2_050));
}

#[test]
fn kas_is_asked_for_its_version_once_for_as_long_as_it_is_the_same() {
    let mut project = Project::new();
    venv(&project, "5.2");
    project.settings.kas = Kas::Program("venv/bin/kas".to_owned());
    let started = |project: &Project| {
        fs::read_to_string(project.dir.path().join("started")).unwrap_or_default().lines().count()
    };
    let kas = Source::Tool("kas".into());
    for _ in 0..3 {
        assert_eq!(project.fact(&kas), Fact::text("5.2"));
    }
    assert_eq!(started(&project), 1);
    venv(&project, "5.3");
    assert_eq!(project.fact(&kas), Fact::text("5.3"));
    assert_eq!(started(&project), 2);

    // Where Python is told to look elsewhere, nothing can be told from the files.
    let redirected = std::env::vars_os().chain([("PYTHONPATH".into(), "/nowhere".into())]);
    project.env = redirected.collect();
    project.fact(&kas);
    project.fact(&kas);
    assert_eq!(started(&project), 4);

    project.settings.kas = Kas::Program("no-such-kas".to_owned());
    assert!(matches!(project.fact(&kas), Fact::Unknown(_)));
    project.settings.kas = Kas::Version("4.8".to_owned());
    assert_eq!(project.fact(&kas), Fact::text("4.8"), "it is yet to be provisioned");
    let digest = format!("sha256:{}", "ab".repeat(32));
    project.settings.kas = Kas::Image(format!("ghcr.io/siemens/kas/kas:5.2@{digest}"));
    assert_eq!(project.fact(&kas), Fact::text(&digest));
}

#[test]
fn stamps_are_observed_only_when_they_are_wanted() {
    let project = Project::new();
    for args in [&["init", "-q"][..], &["commit", "-q", "--allow-empty", "-m", "x"]] {
        project.git(".", args);
    }
    let describe = Source::Describe(".".into());
    let mut board = node(0, std::slice::from_ref(&describe));
    let mut inputs = board.inputs.to_vec();
    inputs[0].role = Role::Stamp;
    board.inputs = inputs.into();
    let graph = Graph::build(Spec { nodes: vec![board] }).unwrap();
    let wanted: Vec<_> = graph.ids().collect();
    let layout = project.settings.layout(project.dir.path());
    let probe = project.probe(&layout, Mode::Offline);
    let mut observed = probe.observe(&graph, &wanted).unwrap();
    assert!(!observed.facts.has(&describe));
    probe.add_stamps(&graph, &wanted, &mut observed).unwrap();
    assert_eq!(text(&observed.facts, &describe).len(), 7);
    assert!(matches!(project.fact(&describe), Fact::Known { .. }), "as part of the key, it counts");
}

#[test]
fn what_changed_while_a_node_ran_is_seen_again() {
    let project = Project::new();
    project.git(".", &["init", "-q"]);
    project.write("a.bb", "1");
    let sources = [tree("."), Source::File("a.bb".into())];
    let before = project.observe(Mode::Offline, &[&sources]).facts;
    let layout = project.settings.layout(project.dir.path());
    let again = || project.probe(&layout, Mode::Offline).reobserve(&node(0, &sources)).unwrap();
    assert!(sources.iter().all(|source| again().get(source) == before.get(source)));
    project.write("b.bb", "1");
    assert_ne!(again().get(&sources[0]), before.get(&sources[0]));
    assert_eq!(again().get(&sources[1]), before.get(&sources[1]));
    assert!(Path::new(layout.root()).join("b.bb").exists());
}
