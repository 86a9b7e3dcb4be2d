//! A project over a repository of Debian's Linux, and short ways to use it. Knows no expectation.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Debian's package puts the source.
const SOURCE: &str = "/usr/src/linux-source-6.1.tar.xz";

/// The project: a matrix of three names of two kernels.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/linux");

/// What a command said.
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    stderr: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, stdout, stderr } = self;
        write!(f, "{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// A project with a clone of Linux in it.
pub(crate) struct Project {
    dir: TempDir,
}

/// A repository of Debian's Linux 6.1, made once: to commit 78,000 files takes half a minute.
pub(crate) fn linux() -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("linux-6.1");
    let complete = dir.join(".git/complete");
    if complete.is_file() {
        return dir;
    }
    assert!(
        Path::new(SOURCE).is_file(),
        "there is no `{SOURCE}`; on Debian 12: `apt install linux-source-6.1 flex bison bc libelf-dev libssl-dev`"
    );
    fs::remove_dir_all(&dir).ok();
    fs::create_dir_all(&dir).unwrap();
    run(Command::new("tar").args(["-xf", SOURCE, "--strip-components=1", "-C"]).arg(&dir));
    git(&dir, &["init", "-q", "-b", "linux-6.1.y"]);
    git(&dir, &["add", "--all", "--force", "."]);
    git(&dir, &["commit", "-q", "-m", "Linux 6.1 as Debian has it"]);
    git(&dir, &["tag", "-a", "-m", "Linux 6.1", "v6.1.192"]);
    fs::write(complete, "").unwrap();
    dir
}

fn git(dir: &Path, args: &[&str]) -> Said {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    run(Command::new("git").args(identity).args(args).current_dir(dir))
}

fn run(command: &mut Command) -> Said {
    let said = outcome(command);
    assert!(said.status.success(), "{command:?}: {said}");
    said
}

fn outcome(command: &mut Command) -> Said {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Whether an explanation names a path among the files that a build reads.
pub(crate) fn is_read(why: &Said, path: &str) -> bool {
    why.stdout.contains("source") && why.stdout.contains(path)
}

impl Project {
    /// One with a clone of `linux`, which shares its objects.
    pub(crate) fn new(linux: &Path) -> Self {
        let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = dir.path().join("project");
        fs::create_dir(&root).unwrap();
        for file in ["build-configs.yaml", "graph.yaml"] {
            fs::copy(Path::new(EXAMPLE).join(file), root.join(file)).unwrap();
        }
        let from = linux.to_str().unwrap();
        git(dir.path(), &["clone", "-q", "--shared", from, "linux"]);
        Self { dir }
    }

    /// Has it compile through ccache, with a cache of its own.
    pub(crate) fn use_ccache(&self) {
        let path = self.dir.path().join("project/graph.yaml");
        let settings = fs::read_to_string(&path).unwrap();
        fs::write(path, settings + "shared: {ccache: ../ccache}\n").unwrap();
    }

    /// How many files are in that cache.
    pub(crate) fn files_in_ccache(&self) -> usize {
        let mut dirs = vec![self.dir.path().join("ccache")];
        let mut files = 0;
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    files += 1;
                }
            }
        }
        files
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graph"));
        command.args(args).current_dir(self.dir.path().join("project")).env("NO_COLOR", "1");
        command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
        command
    }

    pub(crate) fn graph(&self, args: &[&str]) -> Said {
        outcome(&mut self.command(args))
    }

    pub(crate) fn graph_ok(&self, args: &[&str]) -> Said {
        run(&mut self.command(args))
    }

    /// A file that a node left, below whatever directory.
    pub(crate) fn artifact(&self, node: &str, name: &str) -> Option<Vec<u8>> {
        let mut dirs = vec![self.dir.path().join("project/.graph/out").join(node)];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).ok().into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else if path.file_name().is_some_and(|file| file == name) {
                    return fs::read(path).ok();
                }
            }
        }
        None
    }

    /// Commits a change of a file.
    pub(crate) fn append(&self, path: &str, text: &str) {
        let linux = self.dir.path().join("linux");
        let content = fs::read_to_string(linux.join(path)).unwrap();
        fs::write(linux.join(path), content + text).unwrap();
        git(&linux, &["commit", "-q", "-m", "an edit", "--", path]);
    }

    /// Takes the last commit back.
    pub(crate) fn undo(&self) {
        git(&self.dir.path().join("linux"), &["reset", "-q", "--hard", "HEAD~1"]);
    }

    /// Waits until no process works below the project any more.
    pub(crate) fn no_process_is_left(&self) {
        let begun = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "left: {left:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn processes(&self) -> Vec<String> {
        let below = |pid: &u32| {
            fs::read_link(format!("/proc/{pid}/cwd"))
                .is_ok_and(|cwd| cwd.starts_with(self.dir.path()))
        };
        pids().filter(below).map(command_line).collect()
    }
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// How many compilers proper run among the descendants of a process.
pub(crate) fn compilers_below(pid: u32) -> usize {
    let parent = |pid: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let is_below = |mut at: u32| loop {
        match parent(at) {
            Some(above) if above == pid => return true,
            Some(above) if above > 1 => at = above,
            _ => return false,
        }
    };
    let name = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    pids().filter(|pid| name(pid).trim() == "cc1").filter(|pid| is_below(*pid)).count()
}
