//! A checkout as the build saw it: which paths are files, through symbolic links as git has them. Reads directories,
//! each once, and no file.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// More links on one path than any tree has; a loop ends there.
const MOST_LINKS: usize = 16;

/// What an entry of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    File,
    Directory,
    Link,
}

/// The entries of a directory, by name.
pub(super) type Entries = Rc<BTreeMap<String, Entry>>;

/// What a path of the checkout leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The path without links, relative to the checkout; empty for the checkout itself.
    pub(super) path: String,
    /// What lies there.
    pub(super) entry: Entry,
    /// The links on the way, which git knows as files.
    pub(super) links: Vec<String>,
}

/// A checkout.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    /// How absolute paths into the checkout begin, each with its slash.
    prefixes: Vec<String>,
    directories: RefCell<HashMap<String, Entries>>,
    places: RefCell<HashMap<String, Option<Rc<Place>>>>,
}

impl Tree {
    pub(super) fn open(checkout: &Path) -> io::Result<Self> {
        let root = checkout.canonicalize()?;
        let mut prefixes: Vec<String> =
            [checkout, &root].map(|path| format!("{}/", path.to_string_lossy())).to_vec();
        prefixes.dedup();
        Ok(Self { root, prefixes, directories: RefCell::default(), places: RefCell::default() })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// What follows the checkout in an absolute path.
    pub(super) fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.prefixes.iter().find_map(|prefix| path.strip_prefix(prefix.as_str()))
    }

    /// The entries of a directory given by its path without links; none where there is no such directory.
    pub(super) fn entries(&self, directory: &str) -> Entries {
        if let Some(known) = self.directories.borrow().get(directory) {
            return Rc::clone(known);
        }
        let entries = Rc::new(listed(&self.root.join(directory)));
        self.directories.borrow_mut().insert(directory.to_owned(), Rc::clone(&entries));
        entries
    }

    /// What a path leads to; nothing where it leads nowhere or out of the checkout.
    pub(super) fn place(&self, path: &str) -> Option<Rc<Place>> {
        if let Some(known) = self.places.borrow().get(path) {
            return known.clone();
        }
        let place = self.walk(path).map(Rc::new);
        self.places.borrow_mut().insert(path.to_owned(), place.clone());
        place
    }

    pub(super) fn is_file(&self, path: &str) -> bool {
        self.place(path).is_some_and(|place| place.entry == Entry::File)
    }

    /// The text of a file, whatever bytes are in it; empty if it cannot be read, as a link that leads nowhere.
    pub(super) fn text(&self, path: &str) -> String {
        fs::read(self.root.join(path))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Calls back with the path of every file and link below a directory for which `enter` holds on each directory.
    pub(super) fn each_below(
        &self,
        directory: &str,
        enter: &dyn Fn(&str) -> bool,
        found: &mut dyn FnMut(String),
    ) {
        for (name, entry) in self.entries(directory).iter() {
            let path = joined(directory, name);
            match entry {
                Entry::Directory if enter(&path) => self.each_below(&path, enter, found),
                Entry::Directory => {}
                Entry::File | Entry::Link => found(path),
            }
        }
    }

    fn walk(&self, path: &str) -> Option<Place> {
        let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut at = String::new();
        let mut links = Vec::new();
        let mut entry = Entry::Directory;
        while let Some(part) = rest.pop() {
            if part.is_empty() || part == "." {
                continue;
            }
            if entry == Entry::File {
                return None;
            }
            if part == ".." {
                if at.is_empty() {
                    return None;
                }
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = joined(&at, &part);
            match *self.entries(&at).get(&part)? {
                Entry::Link => {
                    let target = fs::read_link(self.root.join(&next)).ok()?;
                    let target = target.to_str().filter(|target| !target.starts_with('/'))?;
                    links.push(next);
                    if links.len() > MOST_LINKS {
                        return None;
                    }
                    rest.extend(target.split('/').rev().map(str::to_owned));
                }
                found => {
                    entry = found;
                    at = next;
                }
            }
        }
        Some(Place { path: at, entry, links })
    }
}

fn listed(directory: &Path) -> BTreeMap<String, Entry> {
    let Ok(entries) = fs::read_dir(directory) else { return BTreeMap::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let kind = entry.file_type().ok()?;
            let name = entry.file_name().into_string().ok()?;
            let entry = match kind {
                kind if kind.is_dir() => Entry::Directory,
                kind if kind.is_symlink() => Entry::Link,
                _ => Entry::File,
            };
            Some((name, entry))
        })
        .collect()
}

/// A name below a directory, which may be the root.
pub(super) fn joined(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// The directory that a path lies in; empty for the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A path by its text alone, without `.` and `..`; nothing for one that climbs out.
pub(super) fn plain(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
