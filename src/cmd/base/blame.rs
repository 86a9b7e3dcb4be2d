//! Who wrote what changed: few calls of git, for what is shown. Decides nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use graph::spec::Source;

use super::revision::Base;
use crate::probe::git::{Author, Git};
use crate::report::view::base::{BaseCauseView, BaseView, BlameView, FilterView, Graphs};
use crate::report::view::reason::{Nature, ReasonKind};

/// Of more files nobody is told who wrote them: each is a process.
const MOST_FILES: usize = 40;

/// More lines of one file make a command line too long.
const MOST_LINES: usize = 1000;

/// Who is to be asked about what.
pub(super) struct Blame<'a> {
    pub(super) git: &'a Git,
    pub(super) root: &'a Path,
    pub(super) graphs: Graphs<'a>,
    pub(super) base: &'a Base,
}

impl Blame<'_> {
    /// Tells of every cause and every filter who wrote it so since the base, where that can be told.
    pub(super) fn fill(&self, view: &mut BaseView) {
        let mut wanted: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        let places = view.causes.iter().filter(|cause| self.touched(cause).is_none());
        let places = places.filter_map(|cause| place(now(cause)?));
        let filters = view.nodes.iter().filter_map(|node| node.filter.as_ref());
        let filters = filters.filter_map(|filter| place(filter.declared.as_ref()?));
        for (file, line) in places.chain(filters) {
            wanted.entry(file).or_default().insert(line);
        }
        let found = self.lines(wanted);
        let at = |declared: &Option<Arc<str>>| {
            let (file, line) = place(declared.as_ref()?)?;
            found.get(&file)?.get(&line).cloned()
        };
        let mut asked = 0;
        for cause in &mut view.causes {
            cause.blame = match self.touched(cause) {
                Some(file) if asked < MOST_FILES => {
                    asked += 1;
                    let since = &self.base.snapshot.commit;
                    let files: Vec<&str> = match cause.files.as_slice() {
                        [] => vec![&file],
                        files => files.iter().map(|file| &**file).take(MOST_LINES).collect(),
                    };
                    let author = self.git.last_touched(self.root, &files, since);
                    author.ok().flatten().map(view_of)
                }
                Some(_) => None,
                None => now(cause).and_then(|_| at(&cause.reason.declared)),
            };
        }
        let filters = view.nodes.iter_mut().filter_map(|node| node.filter.as_mut());
        filters.for_each(|filter: &mut FilterView| filter.blame = at(&filter.declared));
    }

    /// The file that changed, where the reason is its content and not what is written about it.
    fn touched(&self, cause: &BaseCauseView) -> Option<String> {
        if cause.reason.nature != Nature::Content {
            return None;
        }
        let node = self.graphs.new.node(self.graphs.new.id(cause.nodes.first()?)?);
        let part = cause.reason.part.as_deref()?;
        let input = node.inputs.iter().find(|input| *input.part == *part)?;
        let path = match &input.source {
            Source::File(path) | Source::Series(path) => path.to_string(),
            Source::Tree(tree) => tree.dir.to_string(),
            _ => return None,
        };
        Path::new(&path).is_relative().then_some(path)
    }

    fn lines(
        &self,
        wanted: BTreeMap<String, BTreeSet<u32>>,
    ) -> HashMap<String, HashMap<u32, BlameView>> {
        let mut found = HashMap::new();
        for (file, mut lines) in wanted.into_iter().take(MOST_FILES) {
            if !self.root.join(&file).is_file() {
                continue;
            }
            while lines.len() > MOST_LINES {
                lines.pop_last();
            }
            let since = &self.base.snapshot.commit;
            let authors: HashMap<u32, Author> =
                match self.git.blame(self.root, &file, &lines, since) {
                    Ok(authors) => authors,
                    Err(_) if self.git.tracks(self.root, &file).unwrap_or(true) => continue,
                    Err(_) => lines.iter().map(|line| (*line, Author::Uncommitted)).collect(),
                };
            let views = authors.into_iter().map(|(line, author)| (line, view_of(author)));
            found.insert(file, views.collect());
        }
        found
    }
}

/// The place of a cause in this tree; that of what is gone is in the base.
fn now(cause: &BaseCauseView) -> Option<&Arc<str>> {
    let gone = cause.reason.kind == ReasonKind::Removed;
    cause.reason.declared.as_ref().filter(|_| !gone)
}

fn place(declared: &Arc<str>) -> Option<(String, u32)> {
    let (file, line) = declared.rsplit_once(':')?;
    let line = line.parse().ok().filter(|&line| line > 0)?;
    let is_below = Path::new(file).is_relative();
    is_below.then(|| (file.to_owned(), line))
}

fn view_of(author: Author) -> BlameView {
    match author {
        Author::Commit { commit, author, subject } => BlameView::Commit { commit, author, subject },
        Author::Uncommitted => BlameView::Uncommitted,
    }
}
