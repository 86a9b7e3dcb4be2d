//! A state directory to try things in, and short ways to say what happens there. Knows no expectation.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache::{Cache, Cause, Execution, Produced, Run};
use graph::digest::{Digest, Fields};
use graph::fingerprint::{Part, key_of};
use graph::name::NodeName;
use graph::record::{Availability, Cost, Outcome, Record};
use graph::spec::{Place, Role};
use tempfile::TempDir;

/// A project with a state directory.
pub(crate) struct World {
    root: TempDir,
    clock: Cell<i64>,
}

pub(crate) fn node(name: &str) -> NodeName {
    NodeName::parse(name).unwrap()
}

/// A part as a front-end would declare it.
pub(crate) fn part(name: &str, value: &str) -> Part {
    Part {
        name: name.into(),
        digest: Fields::of("test part").field(value).finish(),
        shown: value.into(),
        declared: Some(Place { file: "kas/base.yaml".into(), line: 12, column: 3 }),
        role: Role::Key,
    }
}

/// What is left of an execution of `name` whose only part is `value`.
pub(crate) fn execution(name: &str, value: &str, ended: i64) -> Execution {
    let parts = vec![part("value", value)];
    let cost = Cost { wall_ms: 1500, cpu_ms: 3000, peak_memory: 1 << 20 };
    let (key, cause) = (Some(key_of(&parts)), Cause::Judged);
    Execution { node: node(name), key, parts, reads: None, whole: None, cost, ended, cause }
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("work")).unwrap();
        Self { root, clock: Cell::new(1_700_000_000_000) }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join(".graph")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn open(&self) -> Cache {
        Cache::open(&self.dir()).unwrap()
    }

    /// A second passes.
    pub(crate) fn now(&self) -> i64 {
        self.clock.set(self.clock.get() + 1000);
        self.clock.get()
    }

    pub(crate) fn begin(&self, cache: &Cache) -> Run {
        let guard = Cache::try_lock(&self.dir(), "graph build", self.now()).unwrap();
        cache.begin_run(guard, "graph build", self.now()).unwrap()
    }

    /// Writes files as a build would, each with its own path as name.
    pub(crate) fn produce(&self, files: &[(&str, &str)]) -> Vec<Produced> {
        produce(&self.path("work"), files)
    }

    /// Builds a node from a value: its outputs are `files`.
    pub(crate) fn build(
        &self,
        run: &Run,
        name: &str,
        value: &str,
        files: &[(&str, &str)],
    ) -> Arc<Record> {
        let produced = self.produce(files);
        run.commit_success(execution(name, value, self.now()), &produced).unwrap()
    }

    pub(crate) fn fail(&self, run: &Run, name: &str, value: &str) -> Arc<Record> {
        run.commit_failure(execution(name, value, self.now()), Outcome::Failed).unwrap()
    }

    /// Every artifact in the store.
    pub(crate) fn artifacts(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for dir in fs::read_dir(self.dir().join("store")).into_iter().flatten() {
            let dir = dir.unwrap();
            if dir.file_name() != "tmp" {
                found.extend(fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path()));
            }
        }
        found.sort();
        found
    }

    pub(crate) fn artifact(&self, content: &str) -> PathBuf {
        let hex = Digest::of(content.as_bytes()).to_string();
        self.dir().join("store").join(&hex[..2]).join(&hex[2..])
    }
}

pub(crate) fn produce(work: &Path, files: &[(&str, &str)]) -> Vec<Produced> {
    let write = |(path, content): &(&str, &str)| {
        let file = work.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        Produced { path: (*path).to_owned(), file }
    };
    files.iter().map(write).collect()
}

/// Where the cache says the outputs of a node's last execution are.
pub(crate) fn available(cache: &Cache, name: &str) -> Option<Availability> {
    let node = node(name);
    let records = cache.records_for([&node]).unwrap();
    records.last(&node).map(|last| last.available)
}

/// Replaces the content of an artifact, whatever its permissions.
pub(crate) fn damage(artifact: &Path, content: &str) {
    fs::remove_file(artifact).unwrap();
    fs::write(artifact, content).unwrap();
}
