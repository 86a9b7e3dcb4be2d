//! Finds the files that a node left, by the patterns of its outputs. Reads directories; copies nothing.
//!
//! A pattern is walked component by component, so that a build's output of a million files is not read to find three, and
//! no directory is read twice. A symbolic link counts as the file it leads to, if that lies below the work directory too: a
//! build must not be able to publish what is none of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

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
    let mut walk = Walk { work, dirs: HashMap::new(), trail: Vec::new() };
    let mut files = BTreeSet::new();
    let mut with_paths = Vec::new();
    let mut problems = Vec::new();
    for output in outputs {
        match walk.matches(&output.pattern) {
            Err(problem) => problems.push(problem),
            Ok(found) if found.is_empty() && output.presence == Presence::Required => {
                let pattern = &output.pattern;
                problems
                    .push(format!("no file matches `{pattern}`: {}", walk.what_is_there(pattern)));
            }
            Ok(found) => match &output.below {
                None => files.extend(found),
                Some(below) => {
                    for source in found {
                        match path_below(work, below, &source) {
                            Ok(path) => with_paths.push(Found { path, source }),
                            Err(problem) => problems.push(problem),
                        }
                    }
                }
            },
        }
    }
    let mut found = name(work, files).unwrap_or_else(|problem| {
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

/// What is found at a path; of a link, what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    File,
    /// Neither, or a link that leads out of the work directory.
    Other,
}

/// Paths below a work directory, and what is found there.
type Places = BTreeMap<PathBuf, Kind>;

/// A walk through a work directory.
struct Walk<'a> {
    work: &'a Path,
    /// What the directories hold that were read.
    dirs: HashMap<PathBuf, Rc<[Entry]>>,
    /// The components of the last pattern, and the places to which each has led: the next may begin as it did.
    trail: Vec<(&'a str, Rc<Places>)>,
}

/// An entry of a directory. Directories that are no links are told from them.
type Entry = (PathBuf, fs::FileType);

impl<'a> Walk<'a> {
    fn matches(&mut self, pattern: &'a str) -> Result<BTreeSet<PathBuf>, String> {
        let components: Vec<&str> =
            pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let known =
            self.trail.iter().zip(&components).take_while(|((known, _), next)| known == *next);
        self.trail.truncate(known.count());
        for component in &components[self.trail.len()..] {
            let at = match self.trail.last() {
                Some((_, at)) => self.step(at.clone().as_ref(), component),
                None => self.step(&[(self.work.to_owned(), Kind::Directory)].into(), component),
            };
            let at = at.map_err(|why| format!("the pattern `{pattern}`{why}"))?;
            self.trail.push((component, Rc::new(at)));
        }
        let Some((last, at)) = self.trail.last() else { return Ok(BTreeSet::new()) };
        let (last, mut at) = (*last, at.clone());
        if last == "**" {
            // At the end it stands for everything below.
            at = Rc::new(self.all_of(at.keys(), |_| true));
        }
        let files = at.iter().filter(|(_, kind)| **kind == Kind::File);
        Ok(files.map(|(path, _)| path.clone()).collect())
    }

    /// The places to which a component of a pattern leads from others, or what is wrong with it.
    fn step(&mut self, from: &Places, component: &str) -> Result<Places, String> {
        let dirs = from.iter().filter(|(_, kind)| **kind == Kind::Directory).map(|(dir, _)| dir);
        if component == ".." {
            return Err(" leaves the work directory".to_owned());
        }
        if component == "**" {
            let all = dirs.flat_map(|dir| self.all_below(dir));
            return Ok(all.map(|dir| (dir, Kind::Directory)).collect());
        }
        if is_literal(component) {
            return Ok(dirs.filter_map(|dir| self.look(dir.join(component))).collect());
        }
        let fits = Wildcard::of(component).map_err(|error| format!(": {error}"))?;
        Ok(self.all_of(dirs, |path| fits.is_match(path)))
    }

    /// The entries of directories that fit.
    fn all_of<'p>(
        &mut self,
        dirs: impl Iterator<Item = &'p PathBuf>,
        fits: impl Fn(&Path) -> bool,
    ) -> Places {
        let mut found = Places::new();
        for dir in dirs {
            let entries = self.entries(dir);
            let fitting = entries.iter().filter(|(path, _)| fits(path));
            found.extend(fitting.map(|(path, kind)| (path.clone(), self.kind(path, *kind))));
        }
        found
    }

    /// The entries of a directory; none where it cannot be read.
    fn entries(&mut self, dir: &Path) -> Rc<[Entry]> {
        if let Some(known) = self.dirs.get(dir) {
            return known.clone();
        }
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let entries: Rc<[Entry]> =
            entries.filter_map(|entry| Some((entry.path(), entry.file_type().ok()?))).collect();
        self.dirs.insert(dir.to_owned(), entries.clone());
        entries
    }

    /// A directory and all directories below it; links to directories are not followed, so it ends.
    fn all_below(&mut self, dir: &Path) -> Vec<PathBuf> {
        let mut found = vec![dir.to_owned()];
        let mut next = 0;
        while let Some(dir) = found.get(next) {
            let entries = self.entries(&dir.clone());
            let dirs = entries.iter().filter(|(_, kind)| kind.is_dir());
            found.extend(dirs.map(|(path, _)| path.clone()));
            next += 1;
        }
        found
    }

    fn look(&self, path: PathBuf) -> Option<(PathBuf, Kind)> {
        let found = fs::symlink_metadata(&path).ok()?;
        let kind = self.kind(&path, found.file_type());
        Some((path, kind))
    }

    /// Only a link can lead out of the directory that it is in, so only links are followed to where they really lead.
    fn kind(&self, path: &Path, found: fs::FileType) -> Kind {
        let found = match found.is_symlink().then(|| self.led_to(path)) {
            None => Some(found),
            Some(found) => found,
        };
        match found {
            Some(found) if found.is_dir() => Kind::Directory,
            Some(found) if found.is_file() => Kind::File,
            _ => Kind::Other,
        }
    }

    /// What a link leads to, if that lies below the work directory.
    fn led_to(&self, link: &Path) -> Option<fs::FileType> {
        let (real, work) = (link.canonicalize().ok()?, self.work.canonicalize().ok()?);
        real.starts_with(work).then_some(fs::metadata(real).ok()?.file_type())
    }

    /// What the nearest directory that exists on the way to a pattern holds.
    fn what_is_there(&mut self, pattern: &str) -> String {
        let work = self.work;
        let mut dir = work.to_owned();
        let components: Vec<&str> = pattern.split('/').collect();
        for component in &components[..components.len() - 1] {
            let next = if is_literal(component) {
                self.look(dir.join(component))
            } else {
                let fits = Wildcard::of(component).ok();
                let fits = |path: &Path| fits.as_ref().is_some_and(|fits| fits.is_match(path));
                let found = self.all_of([&dir].into_iter(), fits);
                found.into_iter().find(|(_, kind)| *kind == Kind::Directory)
            };
            match next {
                Some((next, Kind::Directory)) => dir = next,
                _ => break,
            }
        }
        let shown = dir.strip_prefix(work).unwrap_or(&dir).display().to_string();
        let shown =
            if shown.is_empty() { "the work directory".to_owned() } else { format!("`{shown}`") };
        let entries = self.entries(&dir);
        let mut names: Vec<String> = entries
            .iter()
            .filter_map(|(path, _)| path.file_name())
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
}

fn is_literal(component: &str) -> bool {
    !component.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

/// A component of a pattern that names match.
enum Wildcard<'a> {
    /// Only stars, as in most: what is between them. To compile a matcher takes longer than to read a directory.
    Stars(Vec<&'a str>),
    Other(Box<GlobMatcher>),
}

impl<'a> Wildcard<'a> {
    fn of(component: &'a str) -> Result<Self, globset::Error> {
        if is_literal(&component.replace('*', "")) {
            return Ok(Self::Stars(component.split('*').collect()));
        }
        let glob = GlobBuilder::new(component).literal_separator(true).build()?;
        Ok(Self::Other(Box::new(glob.compile_matcher())))
    }

    fn is_match(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| match self {
            Self::Stars(pieces) => fits(pieces, name.as_encoded_bytes()),
            Self::Other(matcher) => matcher.is_match(Path::new(name)),
        })
    }
}

/// Whether a name is these pieces with anything between them. What is in the middle may be taken at its first place: that
/// leaves most for what follows.
fn fits(pieces: &[&str], name: &[u8]) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let rest =
        name.strip_prefix(first.as_bytes()).and_then(|rest| rest.strip_suffix(last.as_bytes()));
    let Some(mut rest) = rest else { return false };
    middle.iter().filter(|piece| !piece.is_empty()).all(|piece| {
        let at = rest.windows(piece.len()).position(|window| window == piece.as_bytes());
        rest = at.map_or(&[], |at| &rest[at + piece.len()..]);
        at.is_some()
    })
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use globset::GlobBuilder;
    use proptest::prelude::proptest;

    use super::Wildcard;

    proptest! {
        #[test]
        fn stars_match_as_they_do_elsewhere(
            pattern in r"[ab.é]{0,2}\*[ab*.é]{0,4}",
            name in "[ab.é]{1,8}",
        ) {
            let glob = GlobBuilder::new(&pattern).literal_separator(true).build().unwrap();
            let wildcard = Wildcard::of(&pattern).unwrap();
            let is_plain = matches!(wildcard, Wildcard::Stars(_));
            let path = Path::new(&name);
            // Two stars are a pattern of their own only where they stand alone, and `.` and `..` are no entries.
            if pattern != "**" && path.file_name().is_some() {
                assert!(is_plain);
                assert_eq!(wildcard.is_match(path), glob.compile_matcher().is_match(path), "{pattern}");
            }
        }
    }
}
