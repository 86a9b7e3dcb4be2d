//! One walk over a chain: every file with its lock file and its includes, depth first, in the order in which kas
//! merges them (`IncludeHandler.get_config` of `kas/includehandler.py`). Finds files; merges nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::front::kas::chain::Chain;
use crate::front::kas::checkouts::{Checkouts, Content, FoundFile, Lookup, inside, normal};
use crate::front::kas::effective::Text;
use crate::front::kas::files::{FileCache, Include, KasFile, Problem};
use crate::front::kas::merged::{FileRef, RepoAt};
use crate::front::kas::problems;

/// Includes do not nest deeper, and no chain has more files: beyond this it is a mistake or an attack.
const DEEPEST: usize = 200;
const MOST_FILES: usize = 20_000;

/// A walk, with what outlives a round of it: kas walks again when it has cloned what an include needs.
pub(super) struct Walk<'a> {
    pub(super) files: &'a FileCache,
    pub(super) checkouts: &'a dyn Checkouts,
    /// The directory that the includes of the chain's files start from; a `_source_dir` moves it.
    pub(super) top: PathBuf,
    /// The repositories that includes may name by now.
    pub(super) known: HashMap<Arc<str>, Known>,
}

/// Where a repository that includes name is.
pub(super) enum Known {
    /// The repository of the chain itself.
    Top(PathBuf),
    /// Another one.
    Other(Arc<RepoAt>),
}

/// What one round found.
#[derive(Default)]
pub(super) struct Round {
    /// The files in the order in which they are merged.
    pub(super) loaded: Vec<(FileRef, Arc<KasFile>)>,
    /// The repositories that includes name and that are not known or not cloned, by their first mention.
    pub(super) missing: Vec<Text>,
    pub(super) found: Diagnostics,
    /// The files under way, outermost first, each with the include that named it.
    open: Vec<(Arc<FoundFile>, Option<Span>)>,
}

/// The files that an include can reach.
#[derive(Clone)]
enum Tree {
    /// Those on disk below a directory.
    Local(Arc<Path>),
    /// Those of another repository.
    Other(Arc<RepoAt>),
}

/// A place in a tree: an absolute path in a local one, a relative path in another repository.
#[derive(Clone)]
struct Spot {
    tree: Tree,
    path: PathBuf,
}

/// A file to visit.
struct Visit {
    file: Arc<FoundFile>,
    spot: Spot,
    /// Where its includes start from.
    base: Spot,
    /// The include that named it.
    via: Option<Span>,
    repo: Option<Arc<str>>,
    is_lock: bool,
    is_first: bool,
}

impl Walk<'_> {
    /// Walks over all files of a chain.
    pub(super) fn round(&mut self, chain: &Chain) -> Round {
        let mut round = Round::default();
        for (index, name) in chain.files().iter().enumerate() {
            let declared = chain.declared_file(index);
            let path = self.files.root().join(&**name);
            let dir = path.parent().unwrap_or(&path);
            let spot = Spot { tree: Tree::Local(self.files.boundary(dir)), path: path.clone() };
            let base = self.local(self.top.clone());
            let file = match self.find(&spot) {
                Some(Lookup::File(file)) => file,
                other => {
                    let known = self.neighbours(&spot);
                    round.found.push(problems::no_such_part(
                        name,
                        other,
                        &known,
                        declared.as_ref(),
                    ));
                    continue;
                }
            };
            let (via, is_first) = (declared, index == 0);
            let visit = Visit { file, spot, base, via, repo: None, is_lock: false, is_first };
            self.visit(visit, &mut round);
        }
        round
    }

    fn visit(&mut self, visit: Visit, round: &mut Round) {
        if let Some(problem) = round.refuses(&visit) {
            round.found.push(problem);
            return;
        }
        let kas_file = match self.files.load(&visit.file) {
            Ok(kas_file) => kas_file,
            Err(Problem::Content(problems)) => return round.found.extend(problems),
            Err(Problem::Whole(why)) => {
                let problem = Diagnostic::error(format!("`{}` {why}", visit.file.name));
                return round.found.push(problems::at(problem, visit.via.as_ref()));
            }
        };
        if !kas_file.problems.is_empty() {
            round.found.extend(kas_file.problems.clone());
        }
        round.open.push((Arc::clone(&visit.file), visit.via.clone()));
        self.visit_lock(&visit, round);
        let base = self.move_base(&visit, &kas_file, round);
        for include in &kas_file.includes {
            match include {
                Include::Own(path) => self.visit_own(&visit, &base, path, round),
                Include::Foreign { repo, file } => self.visit_foreign(repo, file, round),
            }
        }
        round.open.pop();
        let path = match &visit.file.content {
            Content::OnDisk(path) => Some(Arc::clone(path)),
            Content::Bytes(_) => None,
        };
        let Visit { file, repo, is_lock, .. } = visit;
        round
            .loaded
            .push((FileRef { name: Arc::clone(&file.name), path, repo, is_lock }, kas_file));
    }

    /// The lock file comes before the includes, and its own includes start from where this file's would have, had it
    /// no `_source_dir`.
    fn visit_lock(&mut self, visit: &Visit, round: &mut Round) {
        let path = &visit.spot.path;
        let (Some(stem), Some(extension)) = (path.file_stem(), path.extension()) else { return };
        let mut name = stem.to_owned();
        name.push(".lock.");
        name.push(extension);
        let spot = Spot { tree: visit.spot.tree.clone(), path: path.with_file_name(name) };
        match self.find(&spot) {
            Some(Lookup::File(file)) => {
                let (base, via, repo) = (visit.base.clone(), visit.via.clone(), visit.repo.clone());
                let lock = Visit { file, spot, base, via, repo, is_lock: true, is_first: false };
                self.visit(lock, round);
            }
            None | Some(Lookup::NoSuchFile | Lookup::NotCloned) => {}
            Some(other) => {
                let problem = problems::bad_lock(&visit.file.name, &other);
                round.found.push(problems::at(problem, visit.via.as_ref()));
            }
        }
    }

    /// Where the includes of a file start from, which its `_source_dir` moves, for the files of the chain after it too.
    fn move_base(&mut self, visit: &Visit, kas_file: &KasFile, round: &mut Round) -> Spot {
        let Some(source_dir) = &kas_file.source_dir else { return visit.base.clone() };
        if !visit.is_first {
            round.found.push(problems::late_source_dir(&visit.file.name, source_dir));
        }
        if source_dir.value.is_empty() {
            return visit.base.clone();
        }
        let root = self.files.root();
        let dir = normal(&root.join(&*source_dir.value));
        if !dir.starts_with(root) && !dir.starts_with(self.files.boundary(root)) {
            round.found.push(problems::foreign_source_dir(source_dir));
            return visit.base.clone();
        }
        self.top.clone_from(&dir);
        self.local(dir)
    }

    /// An include of a file in the same repository. Where there is none, kas looks beside the file that includes it.
    fn visit_own(&mut self, visit: &Visit, base: &Spot, include: &Text, round: &mut Round) {
        let spot = base.join(&include.value);
        let mut found = (self.find(&spot), spot);
        let outside = found.0.is_none() && found.1.is_on_disk();
        if !outside && matches!(found.0, None | Some(Lookup::NoSuchFile)) {
            let beside = visit.spot.parent().join(&include.value);
            if let Some(file) = self.find(&beside).filter(|file| *file != Lookup::NoSuchFile) {
                round.found.push(problems::beside(include));
                found = (Some(file), beside);
            }
        }
        match found {
            (Some(Lookup::File(file)), spot) => {
                let via = Some(include.span.clone());
                let (base, repo) = (base.clone(), visit.repo.clone());
                let visit = Visit { file, spot, base, via, repo, is_lock: false, is_first: false };
                self.visit(visit, round);
            }
            (other, spot) => {
                let known = self.neighbours(&spot);
                round.found.push(problems::no_such_include(include, other, &known));
            }
        }
    }

    /// An include of a file in another repository. One that is not known or not cloned yet is missing.
    fn visit_foreign(&mut self, repo: &Text, file: &Text, round: &mut Round) {
        let base = match self.known.get(&repo.value) {
            Some(Known::Top(dir)) => self.local(dir.clone()),
            Some(Known::Other(at)) => {
                Spot { tree: Tree::Other(Arc::clone(at)), path: PathBuf::new() }
            }
            None => return round.miss(repo),
        };
        let spot = base.join(&file.value);
        match self.find(&spot) {
            Some(Lookup::File(found)) => {
                let via = Some(file.span.clone());
                let repo = Some(repo.value.clone());
                let visit =
                    Visit { file: found, spot, base, via, repo, is_lock: false, is_first: false };
                self.visit(visit, round);
            }
            Some(Lookup::NotCloned) => round.miss(repo),
            other => {
                let known = self.neighbours(&spot);
                round.found.push(problems::no_such_include(file, other, &known));
            }
        }
    }

    fn local(&self, dir: PathBuf) -> Spot {
        Spot { tree: Tree::Local(self.files.boundary(&dir)), path: dir }
    }

    /// `None`: its path leads out of its tree.
    fn find(&self, spot: &Spot) -> Option<Lookup> {
        match &spot.tree {
            Tree::Local(boundary) => {
                spot.path.starts_with(boundary).then(|| self.files.find(boundary, &spot.path))
            }
            Tree::Other(repo) => Some(self.checkouts.find(repo, &inside(&spot.path)?)),
        }
    }

    /// The names beside a local file that is not there.
    fn neighbours(&self, spot: &Spot) -> Vec<String> {
        match &spot.tree {
            Tree::Local(boundary) if spot.path.starts_with(boundary) => {
                self.files.neighbours(&spot.path)
            }
            _ => Vec::new(),
        }
    }
}

impl Round {
    fn miss(&mut self, repo: &Text) {
        if !self.missing.iter().any(|known| known.value == repo.value) {
            self.missing.push(repo.clone());
        }
    }

    fn refuses(&self, visit: &Visit) -> Option<Diagnostic> {
        let via = visit.via.as_ref();
        if let Some(start) = self.open.iter().position(|(file, _)| file.key == visit.file.key) {
            return Some(problems::cycle(&self.open[start..], via));
        }
        let problem = if self.open.len() >= DEEPEST {
            format!("includes nest more than {DEEPEST} deep")
        } else if self.loaded.len() + self.open.len() >= MOST_FILES {
            format!("a chain includes more than {MOST_FILES} files")
        } else {
            return None;
        };
        Some(problems::at(Diagnostic::error(problem), via))
    }
}

impl Spot {
    fn join(&self, path: &str) -> Self {
        Self { tree: self.tree.clone(), path: normal(&self.path.join(path)) }
    }

    fn parent(&self) -> Self {
        let path = self.path.parent().unwrap_or(&self.path).to_owned();
        Self { tree: self.tree.clone(), path }
    }

    fn is_on_disk(&self) -> bool {
        matches!(self.tree, Tree::Local(_)) && self.path.exists()
    }
}
