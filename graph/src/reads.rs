//! Which files of a repository a build has read, and what these are at a commit. Reads no repository.
//!
//! A set is made after a build, by what the build's own tools wrote down. At another commit the same files, looked up
//! again, tell whether that build would see anything new: a path that was read and is another file now, and a file
//! that was not there and that would have been found in place of, or beside, one that was.

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Fields};

/// The files that a build read, and the names that would have mattered to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSet {
    paths: Vec<String>,
    names: Vec<String>,
}

/// The files of a repository at a commit.
pub trait Listing {
    /// What git calls the content (and mode) of the file at a path.
    fn id(&self, path: &str) -> Option<&[u8]>;

    /// A digest of the paths of all files that bear a name; see [`ReadSet::names`].
    fn bearers(&self, name: &str) -> Digest;
}

impl ReadSet {
    /// A set of paths, relative to the repository, and names.
    #[must_use]
    pub fn new(
        paths: impl IntoIterator<Item = String>,
        names: impl IntoIterator<Item = String>,
    ) -> Self {
        Self { paths: sorted(paths), names: sorted(names) }
    }

    /// The paths that were read or looked for, in order; what lies there, or that nothing does, counts.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// File names, without directories, in order. Where in the repository files with such a name lie counts, but not what
    /// they hold: a header that appears earlier on a search path, a `Kconfig` that a pattern finds. One that ends in `*`
    /// stands for all names that begin so; with a `/` in it, for all paths that begin so.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What the set is called.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut fields = Fields::of("graph read set v1");
        fields.add(self.paths.len().to_string());
        self.paths.iter().chain(&self.names).for_each(|text| fields.add(text));
        fields.finish()
    }

    /// What the set holds at a commit: the value of the part of a node that read it.
    #[must_use]
    pub fn value(&self, tree: &impl Listing) -> Digest {
        let mut fields = Fields::of("graph read set value v1").field(self.digest().as_bytes());
        for path in &self.paths {
            fields.add(tree.id(path).unwrap_or_default());
        }
        for name in &self.names {
            fields.add(tree.bearers(name).as_bytes());
        }
        fields.finish()
    }
}

fn sorted(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut sorted: Vec<String> = texts.into_iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}
