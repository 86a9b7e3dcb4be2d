//! Every file of machines of a project, with the kas files of all of them: in parallel, each file read once.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::spec::{Node, Spec};
use rayon::prelude::*;

use super::build::{Build, load_build};
use super::file::{Defaults, Machine, Machines, duplicate, read};
use super::lower::{nodes, outlined};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceText, reason};
use crate::front::kas::{Checkouts, Demands, FileCache, Ground, Text, refuse};
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
    let files = read_all(sources, root, &mut found);
    let machines = pairs(&files);
    let cache = FileCache::new(root);
    let builds: Vec<Option<Build>> = machines
        .par_iter()
        .map(|(branch, machine)| {
            let (mut build, warnings) = load_build(machine, &branch.value, checkouts, &cache)?;
            // What the machine says is built in place of what its kas files say.
            if let Some(target) = &machine.target {
                build.effective.targets = Some(vec![target.clone()]);
            }
            Ok((build, warnings))
        })
        .collect::<Vec<Result<_, Diagnostics>>>()
        .into_iter()
        .map(|build| match build {
            Ok((build, warnings)) => {
                found.extend(warnings);
                Some(build)
            }
            Err(errors) => {
                found.extend(errors);
                None
            }
        })
        .collect();
    let built: Vec<(&Text, &Machine, Build)> = machines
        .into_iter()
        .zip(builds)
        .filter_map(|((branch, machine), build)| Some((branch, machine, build?)))
        .collect();
    let loaded = lower(sources, cache.root(), &built, &mut found);
    if found.has_errors() { Err(found) } else { Ok(Loaded { warnings: found, ..loaded }) }
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

fn lower(
    sources: &Sources,
    root: &Path,
    built: &[(&Text, &Machine, Build)],
    found: &mut Diagnostics,
) -> Loaded {
    let mut reads = files_of(built);
    let machines = sources.machines.iter().map(|file| &file.path);
    reads.extend(machines.chain(&sources.settings).map(|path| root.join(path)));
    let named = |path: &PathBuf| Some(path.strip_prefix(root).ok()?.to_string_lossy().into_owned());
    let names = reads.iter().filter_map(named).collect();
    let ground = Ground::new(root, sources.ignore.clone(), reads, sources.describe);
    let (mut spec, mut missing, mut demands) = (Spec::default(), Vec::new(), Demands::default());
    let lowered: Vec<(Vec<Node>, Diagnostics)> = built
        .par_iter()
        .map(|(branch, machine, build)| {
            let mut found = Diagnostics::default();
            let nodes = match sources.depth {
                Depth::Whole => nodes(machine, branch, build, &ground, &mut found),
                Depth::Outline => {
                    refuse(&build.merged, &build.effective, &ground, &mut found);
                    outlined(machine, branch, &mut found)
                }
            };
            (nodes, found)
        })
        .collect();
    for ((.., build), (nodes, problems)) in built.iter().zip(lowered) {
        spec.nodes.extend(nodes);
        demands.extend(&build.demands);
        found.extend(problems);
        for repo in &build.merged.to_clone {
            if !missing.contains(repo) {
                missing.push(repo.clone());
            }
        }
    }
    Loaded { spec, missing, demands, reads: names, ..Loaded::default() }
}

/// The kas files of all machines. The same file is the same path in memory wherever it is read: a thousand machines
/// read a fragment, and its path is looked at once.
fn files_of(built: &[(&Text, &Machine, Build)]) -> BTreeSet<PathBuf> {
    let kas_files = built.iter().flat_map(|(.., build)| &build.reads);
    let mut paths: Vec<&Arc<Path>> = kas_files.filter_map(|file| file.path.as_ref()).collect();
    paths.sort_unstable_by_key(|path| Arc::as_ptr(path).cast::<u8>());
    paths.dedup_by(|a, b| Arc::ptr_eq(a, b));
    paths.into_iter().map(|path| path.to_path_buf()).collect()
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
