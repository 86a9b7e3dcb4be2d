//! What `graph lock` shows: which repositories moved and which files changed. The message of a commit is made of it.

use std::sync::Arc;

use graph::name::NodeName;
use schemars::JsonSchema;
use serde::Serialize;

use super::VERSION;
use super::diff::KeyView;

/// Pinned files, as they were and as they are to be.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LockView {
    /// The version of the form.
    pub version: u32,
    /// Whether files were written.
    pub written: bool,
    /// What moved; the same movement in several files is there once.
    pub repositories: Vec<MovedView>,
    /// The files, in the order of their machines.
    pub files: Vec<LockedView>,
}

/// A repository that is not pinned as it was.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MovedView {
    /// Its id.
    pub repository: Arc<str>,
    /// Its URL, without user name and password.
    pub url: Arc<str>,
    /// The branch or tag that it follows.
    pub reference: Option<Arc<str>>,
    /// The commit that was pinned; null where the files did not have the repository.
    pub old: Option<Arc<str>>,
    /// The commit that is pinned; null where the files do not have it any more.
    pub new: Option<Arc<str>>,
    /// The files, relative to the project's root.
    pub files: Vec<Arc<str>>,
    /// What lies between the two commits, if that was asked for and there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryView>,
}

/// What lies between two commits.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct HistoryView {
    /// Commits that are new, newest first; not all where there are many.
    pub commits: Vec<LogView>,
    /// How many are new.
    pub added: usize,
    /// How many are gone.
    pub dropped: usize,
    /// Why nothing of this is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Arc<str>>,
}

/// One commit.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LogView {
    /// Its id.
    pub commit: Arc<str>,
    /// The first line of its message.
    pub subject: Arc<str>,
}

/// A pinned file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LockedView {
    /// Its path, relative to the project's root.
    pub path: Arc<str>,
    /// The node that is built of it.
    #[schemars(with = "String")]
    pub node: NodeName,
    /// What becomes of it.
    pub change: FileChange,
    /// The keys of its configuration that change, commits aside.
    pub keys: Vec<KeyView>,
    /// Its text as it was and as it is to be.
    #[serde(skip)]
    pub texts: (String, String),
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileChange {
    /// It is not there yet.
    Created,
    /// It gets another meaning.
    Changed,
    /// It means the same in other words: comments, order, layout.
    Reworded,
    /// It stays, byte for byte.
    Same,
}

impl LockView {
    /// A view of files and movements.
    #[must_use]
    pub fn of(repositories: Vec<MovedView>, files: Vec<LockedView>) -> Self {
        Self { version: VERSION, written: false, repositories, files }
    }

    /// The files that do not stay as they are.
    pub fn changed(&self) -> impl Iterator<Item = &LockedView> {
        self.files.iter().filter(|file| file.change != FileChange::Same)
    }
}
