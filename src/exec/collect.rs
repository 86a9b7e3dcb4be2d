//! Finds the files that a node left, by the patterns of its outputs. Reads directories; copies nothing.
//!
//! A pattern is walked component by component, so that a build's output of a million files is not read to find three.
//! A symbolic link counts as the file it leads to, if that lies below the work directory too: a build must not be able
//! to publish what is none of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use graph::spec::{Output, Presence};

/// How many names of a directory a message lists.
const LISTED: usize = 20;

/// A file to keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Its path below the node's output directory.
    pub path: String,
    /// Where it is now.
    pub source: PathBuf,
}

/// Finds the outputs below a work directory, in order of their paths. Each file is called by its name, or, where an
/// output says below which directory, by its path from there.
///
/// # Errors
/// In words, one line for each required pattern without a match, and for each file that cannot be kept.
pub fn collect(work: &Path, outputs: &[Output]) -> Result<Vec<Found>, Vec<String>> {
    let work = work
        .canonicalize()
        .map_err(|error| vec![format!("cannot read the work directory: {error}")])?;
    let mut files = BTreeSet::new();
    let mut with_paths = Vec::new();
    let mut problems = Vec::new();
    for output in outputs {
        match matches(&work, &output.pattern) {
            Err(problem) => problems.push(problem),
            Ok(found) if found.is_empty() && output.presence == Presence::Required => {
                let pattern = &output.pattern;
                problems.push(format!(
                    "no file matches `{pattern}`: {}",
                    what_is_there(&work, pattern)
                ));
            }
            Ok(found) => match &output.below {
                None => files.extend(found),
                Some(below) => {
                    for source in found {
                        match path_below(&work, below, &source) {
                            Ok(path) => with_paths.push(Found { path, source }),
                            Err(problem) => problems.push(problem),
                        }
                    }
                }
            },
        }
    }
    let mut found = name(&work, files).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    found.extend(with_paths);
    found.sort();
    found.dedup();
    let clashes = found.windows(2).filter(|pair| pair[0].path == pair[1].path);
    problems.extend(clashes.map(|pair| format!("two files would be kept as `{}`", pair[0].path)));
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The path of a file from a directory of the work directory on.
fn path_below(work: &Path, below: &str, file: &Path) -> Result<String, String> {
    let from_work = file.strip_prefix(work).map_err(|_| "a file lies nowhere".to_owned())?;
    let is_plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    match from_work.strip_prefix(below) {
        Ok(path) if is_plain(path) && is_plain(Path::new(below)) => text(Some(path.as_os_str())),
        _ => Err(format!("`{}` does not lie below `{below}`", from_work.display())),
    }
}

fn matches(work: &Path, pattern: &str) -> Result<BTreeSet<PathBuf>, String> {
    let mut at = BTreeSet::from([work.to_owned()]);
    let components: Vec<&str> =
        pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for component in &components {
        if *component == ".." {
            return Err(format!("the pattern `{pattern}` leaves the work directory"));
        }
        at = if *component == "**" {
            at.iter().flat_map(|dir| all_below(dir)).collect()
        } else if is_literal(component) {
            at.iter().map(|dir| dir.join(component)).filter(|path| path.exists()).collect()
        } else {
            let matcher =
                compile(component).map_err(|error| format!("the pattern `{pattern}`: {error}"))?;
            at.iter().flat_map(|dir| entries(dir)).filter(|path| is_match(&matcher, path)).collect()
        };
        at.retain(|path| stays_below(work, path));
    }
    if components.last() == Some(&"**") {
        // At the end it stands for everything below.
        at = at.iter().flat_map(|dir| entries(dir)).collect();
        at.retain(|path| stays_below(work, path));
    }
    at.retain(|path| path.is_file());
    Ok(at)
}

fn compile(component: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(component).literal_separator(true).build()?.compile_matcher())
}

fn is_literal(component: &str) -> bool {
    !component.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

fn is_match(matcher: &GlobMatcher, path: &Path) -> bool {
    path.file_name().is_some_and(|name| matcher.is_match(Path::new(name)))
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// A directory and all directories below it; links to directories are not followed, so it ends.
fn all_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    let mut next = 0;
    while let Some(dir) = found.get(next) {
        let below = fs::read_dir(dir).into_iter().flatten().flatten();
        let dirs = below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let dirs: Vec<PathBuf> = dirs.map(|entry| entry.path()).collect();
        found.extend(dirs);
        next += 1;
    }
    found
}

/// Whether a path leads to something below the work directory; the directory that it is in does. Only a link can lead
/// elsewhere, so only links are followed to where they really lead.
fn stays_below(work: &Path, path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(file) if !file.is_symlink() => true,
        _ => path.canonicalize().is_ok_and(|real| real.starts_with(work)),
    }
}

/// What the nearest directory that exists on the way to a pattern holds.
fn what_is_there(work: &Path, pattern: &str) -> String {
    let mut dir = work.to_owned();
    let components: Vec<&str> = pattern.split('/').collect();
    for component in &components[..components.len() - 1] {
        let next = if is_literal(component) {
            Some(dir.join(component))
        } else {
            let matcher = compile(component).ok();
            entries(&dir).into_iter().find(|path| {
                path.is_dir() && matcher.as_ref().is_some_and(|matcher| is_match(matcher, path))
            })
        };
        match next {
            Some(next) if next.is_dir() && stays_below(work, &next) => dir = next,
            _ => break,
        }
    }
    let shown = dir.strip_prefix(work).unwrap_or(&dir).display().to_string();
    let shown =
        if shown.is_empty() { "the work directory".to_owned() } else { format!("`{shown}`") };
    let mut names: Vec<String> = entries(&dir)
        .iter()
        .filter_map(|path| path.file_name())
        .filter(|name| !name.as_encoded_bytes().starts_with(b"."))
        .map(|name| format!("`{}`", name.display()))
        .collect();
    names.sort();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    match (names.is_empty(), more) {
        (true, _) => format!("{shown} is empty"),
        (false, 0) => format!("{shown} has {}", names.join(", ")),
        (false, more) => format!("{shown} has {} and {more} more", names.join(", ")),
    }
}

/// Gives each file a path below the output directory: its name; where different files have one name, the name of its
/// directory and its own; where that is not enough, its whole path.
fn name(work: &Path, files: BTreeSet<PathBuf>) -> Result<Vec<Found>, String> {
    let mut found = Vec::new();
    for (name, alike) in grouped(files, |path| text(path.file_name()))? {
        let alike = distinct(alike).map_err(|error| format!("cannot read `{name}`: {error}"))?;
        if let [source] = alike.as_slice() {
            found.push(Found { path: name, source: source.clone() });
            continue;
        }
        let parent = |path: &Path| text(path.parent().and_then(Path::file_name));
        for (parent, alike) in grouped(alike, parent)? {
            if let [source] = alike.as_slice() {
                found.push(Found { path: format!("{parent}/{name}"), source: source.clone() });
                continue;
            }
            for source in alike {
                let whole = text(source.strip_prefix(work).ok().map(Path::as_os_str))?;
                found.push(Found { path: whole, source });
            }
        }
    }
    found.sort();
    Ok(found)
}

fn text(name: Option<&OsStr>) -> Result<String, String> {
    let name = name.ok_or("a file has no name")?;
    let text = name.to_str().map(str::to_owned);
    text.ok_or_else(|| format!("the file name `{}` is not valid UTF-8", name.display()))
}

fn grouped(
    files: impl IntoIterator<Item = PathBuf>,
    key: impl Fn(&Path) -> Result<String, String>,
) -> Result<BTreeMap<String, Vec<PathBuf>>, String> {
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        groups.entry(key(&file)?).or_default().push(file);
    }
    Ok(groups)
}

/// The first of each that have the same content.
fn distinct(files: Vec<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let mut distinct: Vec<PathBuf> = Vec::new();
    for file in files {
        let mut known = false;
        for other in &distinct {
            known |= same_content(&file, other)?;
        }
        if !known {
            distinct.push(file);
        }
    }
    Ok(distinct)
}

fn same_content(a: &Path, b: &Path) -> io::Result<bool> {
    if fs::metadata(a)?.len() != fs::metadata(b)?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (BufReader::new(File::open(a)?), BufReader::new(File::open(b)?));
    let (mut left, mut right) = ([0; 8192], [0; 8192]);
    loop {
        let count = a.read(&mut left)?;
        if count == 0 {
            return Ok(b.read(&mut right)? == 0);
        }
        match b.read_exact(&mut right[..count]) {
            Ok(()) if left[..count] == right[..count] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}
