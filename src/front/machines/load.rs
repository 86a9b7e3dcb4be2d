//! Every file of machines of a project, with the kas files of all of them: in parallel, each file read once.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::spec::Node;
use rayon::prelude::*;

use super::build::{Build, load_build};
use super::file::{Defaults, Machine, Machines, duplicate, read};
use super::lower::{nodes, outlined};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceText, reason};
use crate::front::kas::{Checkouts, FileCache, Ground, RepoAt, Text, refuse};
use crate::front::loaded::{Depth, Loaded, SourceFile, Sources};

/// Loads all machines.
///
/// # Errors
/// All problems of all files.
pub fn load(
    sources: &Sources,
    root: &Path,
    checkouts: &dyn Checkouts,
) -> Result<Loaded, Diagnostics> {
    let mut found = Diagnostics::default();
    let files = {
        let _span = tracing::info_span!("parse").entered();
        read_all(sources, root, &mut found)
    };
    let machines = pairs(&files);
    let cache = FileCache::new(root);
    let mut read = match sources.depth {
        Depth::Whole => whole(sources, &machines, checkouts, &cache, &mut found),
        Depth::Outline => outlines(sources, &machines, checkouts, &cache, &mut found),
    };
    let named =
        |path: &PathBuf| Some(path.strip_prefix(cache.root()).ok()?.to_string_lossy().into_owned());
    read.loaded.reads = read.files.iter().filter_map(named).collect();
    if found.has_errors() { Err(found) } else { Ok(Loaded { warnings: found, ..read.loaded }) }
}

/// The whole of every machine. What no file may count twice for is known when all are read, so all are held until then.
fn whole(
    sources: &Sources,
    machines: &[(&Text, &Machine)],
    checkouts: &dyn Checkouts,
    cache: &FileCache,
    found: &mut Diagnostics,
) -> Read {
    let chains = tracing::info_span!("chains").entered();
    let load = |(branch, machine): &(&Text, &Machine)| build(machine, branch, checkouts, cache);
    let builds: Vec<Result<(Build, Diagnostics), Diagnostics>> =
        machines.par_iter().map(load).collect();
    let mut built: Vec<(&Text, &Machine, Build)> = Vec::with_capacity(builds.len());
    for ((branch, machine), build) in machines.iter().zip(builds) {
        match build {
            Ok((build, warnings)) => {
                found.extend(warnings);
                built.push((branch, machine, build));
            }
            Err(errors) => found.extend(errors),
        }
    }
    drop(chains);
    let _span = tracing::info_span!("lower").entered();
    let mut read = Read::default();
    built.iter().for_each(|(.., build)| read.add(build));
    read.finish(sources, cache.root());
    let ground =
        Ground::new(cache.root(), sources.ignore.clone(), read.files.clone(), sources.describe);
    let lowered: Vec<(Vec<Node>, Diagnostics)> = built
        .into_par_iter()
        .map(|(branch, machine, build)| {
            let mut found = Diagnostics::default();
            (nodes(machine, branch, &build, &ground, &mut found), found)
        })
        .collect();
    for (nodes, problems) in lowered {
        read.loaded.spec.nodes.extend(nodes);
        found.extend(problems);
    }
    read
}

/// The outline of every machine. Each configuration is dropped as soon as it is known to be sound.
fn outlines(
    sources: &Sources,
    machines: &[(&Text, &Machine)],
    checkouts: &dyn Checkouts,
    cache: &FileCache,
    found: &mut Diagnostics,
) -> Read {
    let _span = tracing::info_span!("chains").entered();
    let ground =
        Ground::new(cache.root(), sources.ignore.clone(), BTreeSet::new(), sources.describe);
    let outline = |(branch, machine): &(&Text, &Machine)| {
        let (build, warnings) = build(machine, branch, checkouts, cache)?;
        let mut problems = Diagnostics::default();
        refuse(&build.merged, &build.effective, &ground, &mut problems);
        let nodes = outlined(machine, branch, &mut problems);
        let mut read = Read::default();
        read.add(&build);
        read.loaded.spec.nodes = nodes;
        Ok((read, warnings, problems))
    };
    let outlines: Vec<Result<(Read, Diagnostics, Diagnostics), Diagnostics>> =
        machines.par_iter().map(outline).collect();
    let (mut all, mut refused) = (Read::default(), Vec::new());
    for outline in outlines {
        match outline {
            Ok((read, warnings, problems)) => {
                found.extend(warnings);
                refused.push(problems);
                all.append(read);
            }
            Err(errors) => found.extend(errors),
        }
    }
    refused.into_iter().for_each(|problems| found.extend(problems));
    all.finish(sources, cache.root());
    all
}

/// What the machine says is built in place of what its kas files say.
fn build(
    machine: &Machine,
    branch: &Text,
    checkouts: &dyn Checkouts,
    cache: &FileCache,
) -> Result<(Build, Diagnostics), Diagnostics> {
    let (mut build, warnings) = load_build(machine, &branch.value, checkouts, cache)?;
    if let Some(target) = &machine.target {
        build.effective.targets = Some(vec![target.clone()]);
    }
    Ok((build, warnings))
}

/// What was read of machines.
#[derive(Default)]
struct Read {
    loaded: Loaded,
    /// The kas files. A file is one path in memory wherever it is read: a thousand machines read a fragment, and its
    /// path is compared once.
    paths: Vec<Arc<Path>>,
    /// All files, absolute, when all is read.
    files: BTreeSet<PathBuf>,
}

impl Read {
    fn add(&mut self, build: &Build) {
        self.paths.extend(build.reads.iter().filter_map(|file| file.path.clone()));
        self.loaded.demands.extend(&build.demands);
        self.miss(&build.merged.to_clone);
    }

    fn append(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.loaded.demands.extend(&other.loaded.demands);
        self.miss(&other.loaded.missing);
        self.loaded.spec.nodes.extend(other.loaded.spec.nodes);
    }

    fn miss(&mut self, repos: &[RepoAt]) {
        for repo in repos {
            if !self.loaded.missing.contains(repo) {
                self.loaded.missing.push(repo.clone());
            }
        }
    }

    fn finish(&mut self, sources: &Sources, root: &Path) {
        self.paths.sort_unstable_by_key(|path| Arc::as_ptr(path).cast::<u8>());
        self.paths.dedup_by(|a, b| Arc::ptr_eq(a, b));
        let kas_files = self.paths.drain(..).map(|path| path.to_path_buf());
        let machines = sources.machines.iter().map(|file| &file.path);
        let others = machines.chain(&sources.settings).map(|path| root.join(path));
        self.files = kas_files.chain(others).collect();
    }
}

/// Reads every file of machines, and none of their kas files.
///
/// # Errors
/// All problems of all files.
pub fn declared(
    sources: &Sources,
    root: &Path,
) -> Result<(Vec<Declared>, Diagnostics), Diagnostics> {
    let mut found = Diagnostics::default();
    let files = read_all(sources, root, &mut found);
    if found.has_errors() {
        return Err(found);
    }
    let machines = pairs(&files).into_iter().map(|(branch, machine)| Declared {
        yocto_branch: branch.clone(),
        machine: machine.clone(),
    });
    Ok((machines.collect(), found))
}

/// A machine with the branch of Yocto that it is built with.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The branch.
    pub yocto_branch: Text,
    /// The machine.
    pub machine: Machine,
}

fn read_all(sources: &Sources, root: &Path, found: &mut Diagnostics) -> Vec<Machines> {
    let files: Vec<Machines> = sources
        .machines
        .iter()
        .filter_map(|file| open(file, root, &sources.defaults, found))
        .collect();
    check_unique(&pairs(&files), found);
    files
}

fn pairs(files: &[Machines]) -> Vec<(&Text, &Machine)> {
    files
        .iter()
        .flat_map(|file| file.machines.iter().map(|machine| (&file.yocto_branch, machine)))
        .collect()
}

fn open(
    file: &SourceFile,
    root: &Path,
    defaults: &Defaults,
    found: &mut Diagnostics,
) -> Option<Machines> {
    let absolute = root.join(&file.path);
    let name = absolute.strip_prefix(root).unwrap_or(&absolute).to_string_lossy().into_owned();
    let bytes = match fs::read(&absolute) {
        Ok(bytes) => bytes,
        Err(error) => {
            let problem = match error.kind() {
                ErrorKind::NotFound => Diagnostic::error(format!("there is no `{name}`")),
                _ => Diagnostic::error(format!("`{name}` cannot be read: {}", reason(&error))),
            };
            found.push(match &file.declared {
                Some(span) => problem.at(span),
                None => problem.in_file(name),
            });
            return None;
        }
    };
    let Ok(text) = String::from_utf8(bytes) else {
        found.push(Diagnostic::error("the machines are not written in UTF-8").in_file(name));
        return None;
    };
    let (machines, problems) = read(&Arc::new(SourceText::new(name, text)), defaults);
    found.extend(problems);
    machines
}

/// Two files may name one machine, if they build it for different branches.
fn check_unique(machines: &[(&Text, &Machine)], found: &mut Diagnostics) {
    let mut titles: HashMap<String, &Text> = HashMap::new();
    for (branch, machine) in machines {
        let title = format!("{}-{}", machine.name.value, branch.value);
        match titles.get(&title) {
            Some(first) => found.push(duplicate(&machine.name, first)),
            None => {
                titles.insert(title, &machine.name);
            }
        }
    }
}
