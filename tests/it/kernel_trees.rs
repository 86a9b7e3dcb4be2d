//! Kernel trees that are told and not read. Knows no configuration.

use std::sync::Arc;

use graph::spec::{Commit, Repository};
use graph_cli::front::kernelci::{Head, TreeBranch, Trees, Unreachable};

/// Trees for who has none.
pub(crate) struct NoTrees;

impl Trees for NoTrees {
    fn heads(&self, wanted: &[TreeBranch]) -> Vec<Result<Head, Unreachable>> {
        wanted.iter().map(|_| Err(Unreachable::Remote("there are no trees".to_owned()))).collect()
    }

    fn files(&self, _: &Commit, _: &[String]) -> Result<Arc<[String]>, String> {
        Err("there are no trees".to_owned())
    }
}

/// Trees all of whose branches are at commits that hold the same files.
pub(crate) struct ToldTrees {
    /// What git would describe every commit as.
    pub(crate) describe: &'static str,
    /// All paths, sorted.
    pub(crate) paths: Vec<String>,
    /// Trees that cannot be reached, by name.
    pub(crate) unreachable: &'static [&'static str],
    /// Branches that are not there, in any tree.
    pub(crate) without: &'static [&'static str],
}

impl ToldTrees {
    /// Trees that hold these files.
    pub(crate) fn with(describe: &'static str, paths: &[&str]) -> Self {
        let mut paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        paths.sort();
        Self { describe, paths, unreachable: &[], without: &[] }
    }

    fn head(&self, wanted: &TreeBranch) -> Result<Head, Unreachable> {
        if self.unreachable.contains(&&*wanted.tree) {
            return Err(Unreachable::Remote("could not resolve host".to_owned()));
        }
        if self.without.contains(&&*wanted.branch) {
            let why = format!("`{}` has no branch `{}`", wanted.tree, wanted.branch);
            return Err(Unreachable::NoSuchBranch(why));
        }
        // A commit of its own for each branch, so that none is read for another.
        let id = commit_id(&format!("{} {}", wanted.url, wanted.branch));
        Ok(Head {
            commit: Arc::new(Commit {
                repository: Repository::Mirror(wanted.url.clone()),
                id: id.into(),
            }),
            describe: self.describe.into(),
            describe_verbose: self.describe.into(),
        })
    }
}

/// Forty hexadecimal digits of a text.
fn commit_id(text: &str) -> String {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    text.bytes().for_each(|byte| state = (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{state:016x}{:024x}", state.rotate_left(17))
}

impl Trees for ToldTrees {
    fn heads(&self, wanted: &[TreeBranch]) -> Vec<Result<Head, Unreachable>> {
        wanted.iter().map(|wanted| self.head(wanted)).collect()
    }

    fn files(&self, _: &Commit, below: &[String]) -> Result<Arc<[String]>, String> {
        let is_below = |path: &String| {
            below.iter().any(|dir| {
                path.strip_prefix(dir.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        Ok(self.paths.iter().filter(|path| is_below(path)).cloned().collect())
    }
}
