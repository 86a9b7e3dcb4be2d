//! The kernel trees as this front-end sees them: a seam, since to read them is a probe's work. Data and one trait.

use std::sync::Arc;

use graph::spec::Commit;

/// A branch of a tree that is to be built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeBranch {
    /// The tree's name in the configuration, by which the settings can substitute a local repository.
    pub tree: Arc<str>,
    /// Its URL.
    pub url: Arc<str>,
    /// The branch, without `refs/heads/`.
    pub branch: Arc<str>,
}

/// What a branch names now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit.
    pub commit: Arc<Commit>,
    /// `git describe --always --match='v[1-9]*'` of it, which filters see as `kernel`.
    pub describe: Arc<str>,
    /// `git describe --match='v[1-9]*'` in full, with the tag it counts from; empty where there is none.
    pub describe_verbose: Arc<str>,
}

/// Why nothing is known of a branch, in words that name the remote or the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreachable {
    /// It could not be asked or fetched, and what was last known is not at hand either.
    Remote(String),
    /// It was asked, and it has no such branch or revision.
    NoSuchBranch(String),
}

/// The trees.
pub trait Trees: Sync {
    /// What each of these branches names now, in order. Every remote is asked once, all at the same time.
    fn heads(&self, wanted: &[TreeBranch]) -> Vec<Result<Head, Unreachable>>;

    /// The paths of all files of a commit that lie at or below one of these paths, sorted.
    ///
    /// # Errors
    /// In words, where the commit cannot be read.
    fn files(&self, commit: &Commit, below: &[String]) -> Result<Arc<[String]>, String>;
}
