//! The tree, its first build, and what make does there. Knows no edits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use graph::digest::{Digest, Fields};
use graph::reads::{Listing, ReadSet};
use graph_cli::exec::kbuild::reads;

/// What makes two builds of equal sources equal.
const FIXED: &[(&str, &str)] = &[
    // Not x86, which is 32-bit: only the 64-bit kernel builds one of the tools.
    ("ARCH", "x86_64"),
    ("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 2026"),
    ("KBUILD_BUILD_USER", "KernelCI"),
    ("KBUILD_BUILD_HOST", "graph"),
    ("KBUILD_BUILD_VERSION", "1"),
    ("SOURCE_DATE_EPOCH", "1767225600"),
    ("LC_ALL", "C"),
    ("TZ", "UTC"),
];

/// Paths of files and what git calls their contents.
#[derive(Clone)]
pub(crate) struct Files {
    ids: HashMap<String, Vec<u8>>,
    bearers: BTreeMap<String, BTreeSet<String>>,
}

impl Files {
    fn of(git: &Path) -> Result<Self, Box<dyn Error>> {
        let output = succeed(
            Command::new("git").arg("--git-dir").arg(git).args(["ls-tree", "-r", "-z", "HEAD"]),
        )?;
        let mut files = Self { ids: HashMap::new(), bearers: BTreeMap::new() };
        for line in String::from_utf8(output.stdout)?.split_terminator('\0') {
            let (id, path) = line.split_once('\t').ok_or("git ls-tree said what it never says")?;
            files.set(path, id.as_bytes());
        }
        Ok(files)
    }

    pub(crate) fn set(&mut self, path: &str, id: &[u8]) {
        self.ids.insert(path.to_owned(), id.to_owned());
        self.bearers.entry(name(path).to_owned()).or_default().insert(path.to_owned());
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.ids.remove(path);
        if let Some(bearers) = self.bearers.get_mut(name(path)) {
            bearers.remove(path);
        }
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.ids.contains_key(path)
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// All paths, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.ids.keys().cloned().collect();
        paths.sort_unstable();
        paths
    }
}

impl Listing for Files {
    fn id(&self, path: &str) -> Option<&[u8]> {
        self.ids.get(path).map(Vec::as_slice)
    }

    fn bearers(&self, wanted: &str) -> Digest {
        let mut fields = Fields::of("bearers");
        let mut add = |paths: &BTreeSet<String>| paths.iter().for_each(|path| fields.add(path));
        match wanted.strip_suffix('*') {
            None => self.bearers.get(wanted).into_iter().for_each(&mut add),
            Some(start) => self
                .bearers
                .range(start.to_owned()..)
                .take_while(|(name, _)| name.starts_with(start))
                .for_each(|(_, paths)| add(paths)),
        }
        fields.finish()
    }
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// What a make left.
pub(crate) struct Made {
    /// The digest of `vmlinux`; none if make failed.
    pub(crate) vmlinux: Option<Digest>,
    /// How many commands it said that it ran, without those that it always runs.
    pub(crate) commands: usize,
}

/// A tree and its first build.
pub(crate) struct World {
    pub(crate) tree: PathBuf,
    /// Where builds are made: always the same place, since tools are built with its name in their commands.
    pub(crate) build: PathBuf,
    /// The first build, as it was left.
    base: PathBuf,
    work: PathBuf,
    pub(crate) listing: Files,
}

impl World {
    /// Checks the tree out and builds it, as far as an earlier call has not.
    pub(crate) fn prepare(git: &Path, work: &Path) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(work)?;
        let work = work.canonicalize()?;
        let git = git.canonicalize()?;
        let world = Self {
            tree: work.join("w"),
            build: work.join("o"),
            base: work.join("base"),
            listing: Files::of(&git)?,
            work,
        };
        if !world.tree.exists() {
            fs::create_dir(&world.tree)?;
            for what in [["read-tree", "HEAD"].as_slice(), &["checkout-index", "-a", "-f"]] {
                succeed(
                    Command::new("git")
                        .env("GIT_INDEX_FILE", world.work.join("index"))
                        .arg("--git-dir")
                        .arg(&git)
                        .arg("--work-tree")
                        .arg(&world.tree)
                        .args(what),
                )?;
            }
        }
        if !world.base.exists() {
            remove(&world.build)?;
            world.configure(&world.build)?.ok_or("the tree cannot be configured")?;
            world.make()?.vmlinux.ok_or("the tree cannot be built")?;
            succeed(Command::new("cp").arg("-a").arg(&world.build).arg(&world.base))?;
        }
        Ok(world)
    }

    /// What the first build has read, by `graph`.
    pub(crate) fn set(&self, kind: &str) -> Result<ReadSet, Box<dyn Error>> {
        Ok(reads(kind, &self.tree, &self.base, &[])?.ok_or("no set can be told")?)
    }

    /// The configuration of the first build.
    pub(crate) fn config(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        Ok(fs::read(self.base.join(".config"))?)
    }

    /// Configures in a directory of its own; none if that fails.
    pub(crate) fn configured_anew(&self) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
        let place = self.work.join("config");
        remove(&place)?;
        let config = self.configure(&place)?;
        remove(&place)?;
        Ok(config)
    }

    /// Makes the build directory what the first build left, or empty but for its `.config`.
    pub(crate) fn restore(&self, start: Start) -> Result<(), Box<dyn Error>> {
        remove(&self.build)?;
        match start {
            Start::Built => {
                let copy = ["-a", "--reflink=auto"];
                succeed(Command::new("cp").args(copy).arg(&self.base).arg(&self.build))?;
            }
            Start::Configured => {
                fs::create_dir(&self.build)?;
                fs::copy(self.base.join(".config"), self.build.join(".config"))?;
            }
        }
        Ok(())
    }

    /// Runs make in the build directory.
    pub(crate) fn make(&self) -> Result<Made, Box<dyn Error>> {
        let output = self.program(&self.build).args(["-j2"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let always = ["CALL", "DESCEND", "CHK", "UPD", "GEN     Makefile", "SYNC"];
        let commands = said
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .filter(|line| !always.iter().any(|always| line.starts_with(always)))
            .count();
        let vmlinux = match output.status.success() {
            true => Some(Digest::of(&fs::read(self.build.join("vmlinux"))?)),
            false => None,
        };
        Ok(Made { vmlinux, commands })
    }

    fn configure(&self, place: &Path) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
        fs::create_dir_all(place)?;
        let output = self.program(place).arg("tinyconfig").output()?;
        Ok(output.status.success().then(|| fs::read(place.join(".config"))).transpose()?)
    }

    fn program(&self, place: &Path) -> Command {
        let mut make = Command::new("nice");
        make.args(["-n", "2", "make"])
            .arg("-C")
            .arg(&self.tree)
            .arg(format!("O={}", place.display()));
        make.envs(FIXED.iter().copied()).env_remove("MAKEFLAGS");
        make
    }
}

/// What a build starts from.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Built,
    Configured,
}

/// Removes a directory that may not be there.
pub(crate) fn remove(directory: &Path) -> Result<(), Box<dyn Error>> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Result<Output, Box<dyn Error>> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(output)
}
