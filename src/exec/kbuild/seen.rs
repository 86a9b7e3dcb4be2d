//! What was found so far: paths, names, and the directories that the build has visited. Decides nothing.

use std::collections::HashSet;

use graph::reads::ReadSet;

use super::tree::{Entry, Tree, parent, plain};

/// The set in the making.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    tree: &'a Tree,
    paths: HashSet<String>,
    names: HashSet<String>,
    visited: HashSet<String>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            paths: HashSet::new(),
            names: HashSet::new(),
            visited: HashSet::from([String::new()]),
        }
    }

    pub(super) fn tree(&self) -> &'a Tree {
        self.tree
    }

    /// A path that was read, or looked for: what it leads to, the links on the way, or that nothing is there.
    pub(super) fn read(&mut self, path: &str) {
        match self.tree.place(path) {
            Some(place) if place.entry == Entry::Directory => {
                self.paths.extend(place.links.iter().cloned());
            }
            Some(place) => {
                self.visit(parent(&place.path));
                self.paths.extend(place.links.iter().cloned());
                self.paths.insert(place.path.clone());
            }
            None => self.looked_for(path),
        }
    }

    /// A path that was read, if there is such a file.
    pub(super) fn read_if_file(&mut self, path: &str) -> bool {
        let file = self.tree.is_file(path);
        if file {
            self.read(path);
        }
        file
    }

    /// A path at which a file would count.
    pub(super) fn looked_for(&mut self, path: &str) {
        self.paths.extend(plain(path).filter(|path| !path.is_empty()));
    }

    /// A file whose directory does not count as visited for it.
    pub(super) fn named(&mut self, path: &str) {
        let Some(place) = self.tree.place(path) else { return };
        self.paths.extend(place.links.iter().cloned());
        if place.entry == Entry::File {
            self.paths.insert(place.path.clone());
        }
    }

    /// All files below a directory, in order.
    pub(super) fn all_below(&mut self, directory: &str) -> Vec<String> {
        let mut files = Vec::new();
        self.tree.each_below(directory, &|_| true, &mut |path| files.push(path));
        files.iter().for_each(|path| self.named(path));
        files
    }

    /// A file name whose bearers count, or with `*` at its end the beginning of one.
    pub(super) fn bears(&mut self, name: &str) {
        if !self.names.contains(name) {
            self.names.insert(name.to_owned());
        }
    }

    /// A directory that the build worked in, and those above it.
    pub(super) fn visit(&mut self, directory: &str) {
        let mut directory = directory;
        while !self.visited.contains(directory) {
            self.visited.insert(directory.to_owned());
            directory = parent(directory);
        }
    }

    /// Whether the build worked in a directory.
    pub(super) fn has_visited(&self, directory: &str) -> bool {
        self.visited.contains(directory)
    }

    /// The directories that the build worked in, in order.
    pub(super) fn visited(&self) -> Vec<String> {
        let mut visited: Vec<String> = self.visited.iter().cloned().collect();
        visited.sort_unstable();
        visited
    }

    /// The paths so far.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Leaves out the paths for which `unwanted` holds, and ends.
    pub(super) fn without(self, unwanted: impl Fn(&str) -> bool) -> ReadSet {
        let Self { paths, names, .. } = self;
        ReadSet::new(paths.into_iter().filter(|path| !unwanted(path)), names)
    }
}
