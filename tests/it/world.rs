//! A world of its own for each test: a directory with the example project in it, a home, and an environment in which
//! nothing of the machine is left but `PATH`. It runs the real program; it knows nothing of what that does.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use graph_cli::cmd::demo;
use tempfile::TempDir;

use crate::redact::redact;
use crate::venv;

/// The boards of the example, in the order of its `machines.json`.
pub(crate) const BOARDS: [&str; 12] = [
    "alder-one",
    "alder-two",
    "alder-mini",
    "alder-cam",
    "birch-gateway",
    "birch-hmi",
    "birch-sensor",
    "cedar-nuc",
    "cedar-rack",
    "rowan-dev",
    "virt-arm64",
    "virt-x86-64",
];

/// The node of a board's image.
pub(crate) fn image(board: &str) -> String {
    format!("image/{board}-scarthgap")
}

/// A directory with a project and everything that its commands may touch.
pub(crate) struct World {
    dir: TempDir,
    root: PathBuf,
    environment: BTreeMap<String, String>,
    commits: BTreeMap<String, Vec<String>>,
}

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// Its standard output, as it was.
    pub(crate) stdout: String,
    /// Its standard error, as it was.
    pub(crate) stderr: String,
    /// Its exit status; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What is replaced where it is shown.
    paths: Vec<(String, &'static str)>,
}

impl World {
    /// A world with the example in it; its kas is the one that tests share.
    pub(crate) fn new() -> Self {
        let mut world = Self::empty();
        let example = demo::write(&world.root).expect("the example is written out");
        world.commits = example.commits;
        let kas = format!("program: {}", venv::kas().display());
        world.edit("graph.yaml", "version: \"5.2\"", &kas);
        world
    }

    /// A world whose project directory is empty.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let top = fs::canonicalize(dir.path()).expect("it has a canonical path");
        let root = top.join("project");
        let home = top.join("home");
        fs::create_dir_all(&root).expect("a project directory");
        fs::create_dir_all(&home).expect("a home directory");
        let path = std::env::var("PATH").expect("PATH is set and text");
        let text = |path: &Path| path.to_str().expect("the path is text").to_owned();
        let environment = [
            ("PATH", path),
            ("HOME", text(&home)),
            ("TMPDIR", text(&top)),
            ("TZ", "UTC".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CEILING_DIRECTORIES", text(&top)),
            ("GIT_AUTHOR_NAME", "Test".to_owned()),
            ("GIT_AUTHOR_EMAIL", "test@example.com".to_owned()),
            ("GIT_AUTHOR_DATE", "2024-07-01T12:00:00Z".to_owned()),
            ("GIT_COMMITTER_NAME", "Test".to_owned()),
            ("GIT_COMMITTER_EMAIL", "test@example.com".to_owned()),
            ("GIT_COMMITTER_DATE", "2024-07-01T12:00:00Z".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        Self { dir, root, environment, commits: BTreeMap::new() }
    }

    /// The project's directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the project.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Sets a variable for every command that follows.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Removes a variable for every command that follows.
    pub(crate) fn unset_env(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// A program that is to run in the project with the world's environment and no input.
    pub(crate) fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().envs(&self.environment).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// `graph`, for a test that needs more than its output.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_graph"));
        command.args(arguments);
        command
    }

    /// Runs `graph`.
    pub(crate) fn graph(&self, arguments: &[&str]) -> Output {
        self.run(&mut self.command(arguments))
    }

    /// Runs `graph` and sees that it succeeds.
    pub(crate) fn graph_ok(&self, arguments: &[&str]) -> Output {
        let output = self.graph(arguments);
        assert_eq!(output.code, Some(0), "graph {}\n{output}", arguments.join(" "));
        output
    }

    /// Runs a program that [`World::program`] or [`World::command`] prepared.
    pub(crate) fn run(&self, command: &mut Command) -> Output {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        self.ended(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Waits for a program whose outputs are pipes.
    pub(crate) fn ended(&self, child: Child) -> Output {
        let output = child.wait_with_output().expect("a child can be waited for");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        let shown = |path: &Path| path.display().to_string();
        Output {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code(),
            paths: vec![
                (shown(&self.root), "[ROOT]"),
                (shown(self.root.parent().expect("the root is below the world")), "[WORLD]"),
                (shown(&venv::kas()), "[KAS]"),
            ],
        }
    }

    /// Runs git in a directory of the project.
    pub(crate) fn git(&self, dir: &str, arguments: &[&str]) -> String {
        let output = self.run(self.program("git").arg("-C").arg(self.path(dir)).args(arguments));
        assert_eq!(output.code, Some(0), "git {}\n{output}", arguments.join(" "));
        output.stdout
    }

    /// Runs kas itself, with a work directory that is named after what it is for.
    pub(crate) fn kas(&self, work: &str, arguments: &[&str]) -> Output {
        let work = self.dir.path().join("kas").join(work);
        fs::create_dir_all(&work).expect("a work directory for kas");
        let mut command = self.program(venv::kas());
        command.args(arguments).env("KAS_WORK_DIR", &work).env("KAS_BUILD_DIR", work.join("build"));
        command.env("SSTATE_DIR", self.path("shared/sstate"));
        command.env("DL_DIR", self.path("shared/downloads"));
        self.run(&mut command)
    }

    /// Where [`World::kas`] works.
    pub(crate) fn kas_work(&self, work: &str) -> PathBuf {
        self.dir.path().join("kas").join(work)
    }

    /// The text of a file of the project.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let full = self.path(path);
        fs::create_dir_all(full.parent().expect("a file has a directory")).expect("directories");
        fs::write(full, text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Replaces a text that a file of the project has exactly once.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}:\n{text}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Removes a file of the project.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// A commit of an upstream repository, counted from 1.
    pub(crate) fn commit(&self, repo: &str, number: usize) -> &str {
        &self.commits[repo][number - 1]
    }

    /// Adds a commit to the branch of an upstream repository, and returns it. A file without text is removed.
    pub(crate) fn commit_upstream(&self, repo: &str, files: &[(&str, Option<&str>)]) -> String {
        let mut stream = "commit refs/heads/scarthgap\nmark :1\n".to_owned();
        stream += "committer Test <test@example.com> 1719835200 +0000\ndata 4\nTest\n";
        stream += "from refs/heads/scarthgap^0\n";
        for (path, text) in files {
            stream += &match text {
                Some(text) => format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len()),
                None => format!("D {path}\n"),
            };
        }
        stream += "get-mark :1\n";
        let mut command = self.program("git");
        command.arg("--git-dir").arg(self.path(&format!("upstream/{repo}.git")));
        command.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("git starts");
        let mut input = child.stdin.take().expect("its input is a pipe");
        input.write_all(stream.as_bytes()).expect("git reads");
        drop(input);
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git fast-import failed in {repo}");
        String::from_utf8(output.stdout).expect("a commit is text").trim().to_owned()
    }

    /// Adds lines to the `local.conf` of the boards that read a kas file: the switches of the toy bitbake.
    pub(crate) fn toy(&self, kas_file: &str, lines: &str) {
        let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
        self.edit(
            kas_file,
            "\nlocal_conf_header:\n",
            &format!("\nlocal_conf_header:\n  toy: |\n{indented}"),
        );
    }
}

impl Display for Output {
    /// For snapshots: what a user saw and what a script saw, without what differs from run to run.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let clean = |text: &str| {
            let mut text = text.to_owned();
            for (path, name) in &self.paths {
                text = text.replace(path, name);
            }
            redact(&text)
        };
        match self.code {
            Some(code) => writeln!(f, "exit status {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}\n{}", clean(text).trim_end())?;
            }
        }
        Ok(())
    }
}

#[test]
fn the_world_is_hermetic() {
    let mut world = World::empty();
    world.set_env("GREETING", "hello");
    let output =
        world.run(world.program("sh").args(["-c", "echo $GREETING $HOME $PWD; pwd >&2; exit 3"]));
    insta::assert_snapshot!(output, @"
    exit status 3
    --- stdout
    hello [WORLD]/home [ROOT]
    --- stderr
    [ROOT]
    ");
    world.unset_env("GREETING");
    let output = world.run(world.program("env").arg("-0"));
    assert!(!output.stdout.contains("CARGO"), "{output}");
    assert!(!output.stdout.contains("GREETING"), "{output}");
}

#[test]
fn upstream_gets_commits() {
    let world = World::new();
    let files = [("README.md", None), ("conf/new.conf", Some("A = \"1\"\n"))];
    let commit = world.commit_upstream("meta-toybsp", &files);
    let log = world.git("upstream/meta-toybsp.git", &["log", "--format=%H", "scarthgap"]);
    let expect = [
        commit.as_str(),
        world.commit("meta-toybsp", 3),
        world.commit("meta-toybsp", 2),
        world.commit("meta-toybsp", 1),
    ];
    assert_eq!(log.lines().collect::<Vec<_>>(), expect);
    let changed =
        world.git("upstream/meta-toybsp.git", &["show", "--format=", "--name-status", &commit]);
    assert_eq!(changed, "D\tREADME.md\nA\tconf/new.conf\n");
}
