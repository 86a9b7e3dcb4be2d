//! What the making of a `.config` has read. Made each time in seconds, so rather too much counts than too little.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use graph::reads::ReadSet;

use super::arch::{architectures, is_foreign};
use super::built::Built;
use super::glob;
use super::seen::Seen;
use super::steering::{self, Trail};
use super::tree::{Tree, base, joined, parent};
use super::words::{ANY, Base, Word, words};

/// Names under which `conf` looks for a configuration to start from.
const BEGINNINGS: &[&str] = &[
    ".config",
    "all.config",
    "alldef.config",
    "allmod.config",
    "allno.config",
    "allrandom.config",
    "allyes.config",
    "include/config",
];

/// The files that the making of the `.config` in `build` has read; nothing where there is none.
pub(super) fn read(tree: &Tree, build: &Path, extra: &[String]) -> io::Result<Option<ReadSet>> {
    let Ok(config) = fs::read(build.join(".config")) else { return Ok(None) };
    let config = String::from_utf8_lossy(&config);
    let built = Built::walk(build)?;
    let architectures = architectures(tree, &config, &built);
    let mut seen = Seen::new(tree);
    extra.iter().for_each(|path| seen.read(path));
    kconfig_files(&mut seen, tree, build, &architectures);
    let mut trail = Trail::new(&architectures);
    let mut files = steering::scripts(&mut seen, &|directory| directory == "scripts/kconfig");
    files.extend(steering::of_directory(&mut seen, ""));
    let mut directories: Vec<String> =
        architectures.iter().map(|arch| format!("arch/{arch}")).collect();
    if directories.is_empty() {
        directories.push("arch".to_owned());
    }
    for directory in &directories {
        files.extend(steering::below(&mut seen, directory));
    }
    files.into_iter().for_each(|path| trail.add(path));
    trail.follow(&mut seen);
    configurations(&mut seen, &architectures);
    BEGINNINGS.iter().for_each(|path| seen.looked_for(path));
    seen.bears("Kconfig*");
    seen.bears("localversion*");
    Ok(Some(seen.without(|_| false)))
}

/// The Kconfig files: all by name, less those of other architectures, and then whatever these source.
fn kconfig_files(seen: &mut Seen<'_>, tree: &Tree, build: &Path, architectures: &[String]) {
    let told = fs::read_to_string(build.join("include/config/auto.conf.cmd")).unwrap_or_default();
    let build = build.canonicalize().ok();
    let build = build.as_deref().and_then(|build| build.strip_prefix(tree.root()).ok()?.to_str());
    let mut open = Vec::new();
    let enter = |path: &str| path != ".git" && Some(path) != build;
    tree.each_below("", &enter, &mut |path| {
        if base(&path).starts_with("Kconfig") && !is_foreign(&path, architectures) {
            open.push(path);
        }
    });
    open.extend(listed(&told));
    let arch = match architectures {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let mut done = HashSet::new();
    while let Some(path) = open.pop() {
        if !done.insert(path.clone()) {
            continue;
        }
        seen.named(&path);
        let text = tree.text(&path);
        for line in text.lines() {
            let Some(sources) = tells_files(line) else { continue };
            for word in words(line, arch) {
                open.extend(named(seen, tree, &word, parent(&path), sources));
            }
        }
    }
}

/// The files of `deps_config` in an `auto.conf.cmd`.
pub(super) fn listed(text: &str) -> Vec<String> {
    let Some((_, list)) = text.split_once("deps_config :=") else { return Vec::new() };
    list.lines()
        .take_while(|line| line.trim_end().ends_with('\\') || line.starts_with([' ', '\t']))
        .flat_map(str::split_whitespace)
        .filter(|word| *word != "\\")
        .map(str::to_owned)
        .collect()
}

/// What a line of Kconfig has to do with files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Source,
    Shell,
}

fn tells_files(line: &str) -> Option<Tells> {
    let line = line.trim_start();
    let first = line.split_whitespace().next()?;
    if matches!(first, "source" | "rsource" | "osource" | "orsource") {
        Some(Tells::Source)
    } else {
        line.contains("$(").then_some(Tells::Shell)
    }
}

/// The files that a word names, which are read in turn where they are sourced.
fn named(seen: &mut Seen<'_>, tree: &Tree, word: &Word, own: &str, tells: Tells) -> Vec<String> {
    let mut found = Vec::new();
    for directory in [own, ""] {
        if word.is_literal() {
            let path = joined(directory, &word.path);
            if tree.is_file(&path) {
                found.push(path);
            } else if tells == Tells::Source || word.base == Base::Root {
                seen.looked_for(&path);
            }
        } else if word.path.contains(|c: char| c.is_alphanumeric()) {
            found.extend(glob::matches(tree, directory, &word.path));
        }
    }
    let name = base(&word.path);
    if tells == Tells::Source && !word.is_literal() && !name.starts_with("Kconfig") {
        let start = name.find(|c: char| c == ANY || "*?[".contains(c)).unwrap_or(name.len());
        seen.bears(&if start == name.len() {
            name.to_owned()
        } else {
            format!("{}*", &name[..start])
        });
    }
    for path in &found {
        seen.named(path);
    }
    if tells == Tells::Source { found } else { Vec::new() }
}

/// The configurations to start from: those of the architecture and those of all, either of which may gain one that has
/// the name of one of the other.
fn configurations(seen: &mut Seen<'_>, architectures: &[String]) {
    let mut directories = vec!["kernel/configs".to_owned()];
    directories.extend(architectures.iter().map(|arch| format!("arch/{arch}/configs")));
    let mut names = Vec::new();
    for directory in &directories {
        for path in seen.all_below(directory) {
            names.extend(path.strip_prefix(directory.as_str()).map(str::to_owned));
        }
    }
    for name in names {
        for directory in &directories {
            seen.looked_for(&format!("{directory}{name}"));
        }
    }
}
