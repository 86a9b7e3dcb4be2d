//! What a chain of files becomes: one mapping, the files that made it, and what could not be read yet.
//! Data only; `load_chain` makes it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::spec::Place;

use crate::diagnostic::Diagnostics;
use crate::front::yaml::Node;

/// A chain, merged.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The merged mapping in kas's key order, without `header.includes` (as `kas dump` prints it). Every leaf has the
    /// place of the file that won.
    pub config: Arc<Node>,
    /// The files in the order in which they were merged; one that is included twice is there twice.
    pub files: Vec<FileRef>,
    /// The ids of the repositories that includes name and that could not be read, in the order of their first mention.
    /// Where there is one, `config` lacks what their files would add.
    pub missing_repos: Vec<Arc<str>>,
    /// Those of them that are defined so far, as they have to be cloned.
    pub to_clone: Vec<RepoAt>,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    /// What kas itself must be to read these files.
    pub demands: Demands,
    /// The repository that an entry of `repos` without `url` and `path` means. Absolute.
    pub top_dir: PathBuf,
}

/// What files ask of the kas that reads them. `graph` builds from one file of its own, so that only the format counts
/// for builds, and the rest for whoever runs kas by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// The newest format, and where it was written.
    pub format: Option<(i64, Place)>,
    /// Each `_source_dir` in a file that is not the first of its chain.
    pub late_source_dirs: Vec<Place>,
}

impl Demands {
    /// Adds what other files ask.
    pub fn extend(&mut self, others: &Self) {
        let newest = others.format.iter().chain(&self.format).max_by_key(|(format, _)| *format);
        self.format = newest.cloned();
        for place in &others.late_source_dirs {
            if !self.late_source_dirs.contains(place) {
                self.late_source_dirs.push(place.clone());
            }
        }
    }
}

/// A file that was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// The name by which messages call it: relative to the project's root where it lies below it.
    pub name: Arc<str>,
    /// Where it is on disk, absolute; `None` if it was read from elsewhere.
    pub path: Option<Arc<Path>>,
    /// The id of the repository it was included from, if an include named one.
    pub repo: Option<Arc<str>>,
    /// Whether it is a lock file.
    pub is_lock: bool,
}

/// A repository at the revision that is configured when an include needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoAt {
    /// Its key in `repos`.
    pub id: Arc<str>,
    /// Where it is cloned from; `None` for a local directory.
    pub url: Option<Arc<str>>,
    /// Its directory as kas sees it: relative to kas's work directory, or absolute.
    pub path: PathBuf,
    /// The commit it is pinned to.
    pub commit: Option<Arc<str>>,
    /// The branch.
    pub branch: Option<Arc<str>>,
    /// The tag, or the old `refspec`.
    pub tag: Option<Arc<str>>,
}
