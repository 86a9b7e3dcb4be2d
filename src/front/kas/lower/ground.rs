//! What a configuration stands on: the directories of its local repositories, and what of their content counts.
//! Reads no content.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use graph::spec::{Role, Source, Tree};

use crate::front::kas::checkouts::{inside, normal};
use crate::front::kas::effective::{EffectivePatch, EffectiveRepo};

/// What all configurations of a project share.
#[derive(Debug)]
pub struct Ground {
    root: PathBuf,
    ignore: Vec<String>,
    reads: BTreeSet<PathBuf>,
    describe: Role,
    trees: Mutex<HashMap<PathBuf, Arc<Tree>>>,
}

impl Ground {
    /// For a project whose root (absolute) is given. `ignore` are patterns of what is no part of a local repository;
    /// `reads` are the files (absolute) whose effect enters through the configurations; `describe` tells whether
    /// `git describe` is a stamp or part of the key.
    pub fn new(
        root: impl Into<PathBuf>,
        ignore: Vec<String>,
        reads: BTreeSet<PathBuf>,
        describe: Role,
    ) -> Self {
        Self { root: normal(&root.into()), ignore, reads, describe, trees: Mutex::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn describe(&self) -> Role {
        self.describe
    }

    /// The directory of a repository without a URL. kas takes a relative path from its work directory; here every
    /// node has one of its own, so the project's root is meant.
    pub(super) fn dir(&self, repo: &EffectiveRepo, top: &Path) -> PathBuf {
        match &repo.path {
            Some(path) => normal(&self.root.join(&*path.value)),
            None => top.to_owned(),
        }
    }

    /// A path as sources name it: relative to the root where it lies below it.
    pub(super) fn named(&self, path: &Path) -> Arc<str> {
        match path.strip_prefix(&self.root) {
            Ok(below) if below.as_os_str().is_empty() => ".".into(),
            Ok(below) => below.to_string_lossy().into(),
            Err(_) => path.to_string_lossy().into(),
        }
    }

    /// The content of a local repository. Equal for all nodes that build with it, so that it is observed once.
    pub(super) fn tree(&self, dir: &Path) -> Source {
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = trees.entry(dir.to_owned()).or_insert_with(|| {
            let below = |path: &PathBuf| inside(path.strip_prefix(dir).ok()?);
            let mut except: Vec<String> = self.reads.iter().filter_map(below).collect();
            except.sort_unstable();
            Arc::new(Tree { dir: self.named(dir), ignore: self.ignore.clone(), except })
        });
        Source::Tree(Arc::clone(tree))
    }

    /// What a patch of a local repository says; `None` if its path leads out of the repository.
    pub(super) fn patch(&self, patch: &EffectivePatch, holder: &Path) -> Option<Source> {
        let path = holder.join(inside(Path::new(&*patch.path.value))?);
        let name = self.named(&path);
        Some(if path.is_dir() { Source::Series(name) } else { Source::File(name) })
    }
}
