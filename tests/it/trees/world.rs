//! Small repositories in the place of kernel trees, and a project that looks at them. Knows no test.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use graph::digest::Digest;
use graph_cli::cmd::trees::KernelTrees;
use graph_cli::config::{LocalTree, Settings};
use graph_cli::context::Environment;
use graph_cli::front::kernelci::{Head, TreeBranch, Trees, Unreachable};
use graph_cli::layout::Layout;
use graph_cli::probe::{Content, Files, Links, Memory, Mode, Probe, Reread, SeenRef};

/// A day in milliseconds.
pub(super) const DAY: i64 = 86_400_000;

/// Remembers in memory.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) tools: Mutex<HashMap<Digest, String>>,
    refs: Mutex<HashMap<(String, String), SeenRef>>,
    now: AtomicI64,
}

impl Memory for Notes {
    fn tool(&self, key: &Digest) -> Option<String> {
        self.tools.lock().expect("not poisoned").get(key).cloned()
    }

    fn remember_tool(&self, key: &Digest, text: &str) {
        self.tools.lock().expect("not poisoned").insert(*key, text.to_owned());
    }

    fn last_ref(&self, url: &str, name: &str) -> Option<SeenRef> {
        let key = (url.to_owned(), name.to_owned());
        self.refs.lock().expect("not poisoned").get(&key).cloned()
    }

    fn remember_refs(&self, refs: &[(&str, &str, &str)]) {
        let seen = self.now.load(Ordering::Relaxed);
        for (url, name, commit) in refs {
            let last = SeenRef { commit: (*commit).to_owned(), seen };
            let key = ((*url).to_owned(), (*name).to_owned());
            self.refs.lock().expect("not poisoned").insert(key, last);
        }
    }
}

impl Files for Notes {
    fn look(&self, paths: &[PathBuf], links: Links) -> Vec<io::Result<Content>> {
        Reread.look(paths, links)
    }
}

/// A repository with a work tree.
pub(super) struct Repo(pub(super) PathBuf);

impl Repo {
    pub(super) fn new(path: PathBuf) -> Self {
        fs::create_dir_all(&path).expect("a directory");
        let repo = Self(path);
        repo.git(&["init", "-q", "-b", "main"]);
        for name in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
            repo.git(&["config", name, "true"]);
        }
        repo
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut git = Command::new("git");
        let output = git.args(identity).args(args).current_dir(&self.0).output().expect("git runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {said}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    /// Commits files and gives the commit.
    pub(super) fn commit(&self, files: &[(&str, &str)]) -> String {
        files.iter().for_each(|(path, text)| self.write(path, text));
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn tag(&self, name: &str) {
        self.git(&["tag", "-a", "-m", "x", name]);
    }

    pub(super) fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }
}

/// A project, with a git that tells how it is called.
pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    pub(super) settings: Settings,
    pub(super) notes: Notes,
    pub(super) told: Mutex<Vec<String>>,
    env: Environment,
}

impl World {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let bin = dir.path().join("bin");
        let git = "#!/bin/sh\necho \"$@\" >> \"$GIT_CALLS\"\nPATH=${PATH#*:}\nexec git \"$@\"\n";
        fs::create_dir(&bin).expect("a directory");
        fs::write(bin.join("git"), git).expect("a file");
        fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).expect("ours");
        let path = std::env::var("PATH").expect("there is a PATH");
        let calls = dir.path().join("calls").display().to_string();
        let own = [("PATH", format!("{}:{path}", bin.display())), ("GIT_CALLS", calls)];
        let own = own.into_iter().map(|(name, value)| (name.into(), value.into()));
        let env = std::env::vars_os().chain(own).collect();
        let (settings, notes, told) = Default::default();
        Self { dir, settings, notes, told, env }
    }

    pub(super) fn repo(&self, name: &str) -> Repo {
        Repo::new(self.dir.path().join("up").join(name))
    }

    pub(super) fn substitute(&mut self, tree: &str, path: &Path, rev: &str) {
        let local = LocalTree { path: path.to_owned(), rev: rev.to_owned() };
        self.settings.trees.insert(tree.to_owned(), local);
    }

    pub(super) fn set_env(&mut self, name: &str, value: &Path) {
        let all = self.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.env = all.chain([(name.into(), value.into())]).collect();
    }

    pub(super) fn layout(&self) -> Layout {
        self.settings.layout(self.dir.path())
    }

    pub(super) fn mirrors(&self) -> PathBuf {
        self.layout().git().to_owned()
    }

    /// How git was called since this was last asked, one line a call, of the words that are given.
    pub(super) fn calls(&self, words: &[&str]) -> Vec<String> {
        let calls = self.dir.path().join("calls");
        let said = fs::read_to_string(&calls).unwrap_or_default();
        fs::remove_file(&calls).ok();
        let of_those = |line: &&str| line.split(' ').any(|word| words.contains(&word));
        said.lines().filter(of_those).map(str::to_owned).collect()
    }

    /// Does something with a probe of this project, on a day.
    pub(super) fn at<T>(&self, mode: Mode, day: i64, act: impl FnOnce(Probe<'_>) -> T) -> T {
        let (layout, now) = (self.layout(), day * DAY);
        self.notes.now.store(now, Ordering::Relaxed);
        let (settings, env, notes) = (&self.settings, &self.env, &self.notes);
        act(Probe { layout: &layout, settings, env, files: notes, memory: notes, mode, now })
    }

    pub(super) fn probe<T>(&self, act: impl FnOnce(Probe<'_>) -> T) -> T {
        self.at(Mode::Online, 0, act)
    }

    /// Does something with the trees of this project, and gives what there is to be said.
    pub(super) fn trees<T>(
        &self,
        mode: Mode,
        day: i64,
        act: impl FnOnce(&KernelTrees<'_>) -> T,
    ) -> (T, Vec<String>) {
        let tell = |text: &str| self.told.lock().expect("not poisoned").push(text.to_owned());
        self.at(mode, day, |probe| {
            let trees = KernelTrees::new(probe, &tell);
            let result = act(&trees);
            let warnings = trees.warnings();
            (result, warnings.as_slice().iter().map(|one| one.message.clone()).collect())
        })
    }

    pub(super) fn heads(&self, wanted: &[TreeBranch]) -> Vec<Result<Head, Unreachable>> {
        self.trees(Mode::Online, 0, |trees| trees.heads(wanted)).0
    }
}

pub(super) fn branch(tree: &str, url: &str, branch: &str) -> TreeBranch {
    TreeBranch { tree: tree.into(), url: url.into(), branch: branch.into() }
}

/// The commit of a head.
pub(super) fn id(head: &Result<Head, Unreachable>) -> &str {
    &head.as_ref().expect("it is at hand").commit.id
}

/// Why there is no head.
pub(super) fn why(head: &Result<Head, Unreachable>) -> &str {
    match head.as_ref().expect_err("it is not at hand") {
        Unreachable::Remote(why) | Unreachable::NoSuchBranch(why) => why,
    }
}
