//! What commits are: their trees, their files, whether they are at hand. What a commit holds never changes, so what was
//! once read of it is remembered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use graph::digest::{Digest, Fields};
use graph::facts::Fact;
use graph::spec::{Commit, Source};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::listing::Listing;
use crate::probe::Probe;
use crate::probe::git::Git;

/// How many paths are given to git; of more, all files are listed and the others left out here.
const MOST_PATHS: usize = 300;

/// A commit as people are shown it.
fn shown(commit: &Commit) -> &str {
    short(&commit.id)
}

/// The name of a commit as people are shown it.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

impl Probe<'_> {
    /// The facts of whole commits: their trees, so that two commits with the same files are the same.
    pub(in crate::probe) fn commits(
        &self,
        commits: &[&Arc<Commit>],
        git: &Git,
    ) -> Vec<(Source, Fact)> {
        let trees = self.trees_of(commits, git);
        let fact = |(commit, tree): (&&Arc<Commit>, Result<String, String>)| {
            let fact = match tree {
                Ok(tree) => Fact::Known {
                    digest: Fields::of("graph fact commit v1").field(tree).finish(),
                    text: shown(commit).into(),
                },
                Err(why) => Fact::Unknown(why.into()),
            };
            (Source::Commit(Arc::clone(commit)), fact)
        };
        commits.iter().zip(trees).map(fact).collect()
    }

    /// The trees of commits, by their names, in order.
    pub(super) fn trees_of(
        &self,
        commits: &[&Arc<Commit>],
        git: &Git,
    ) -> Vec<Result<String, String>> {
        let keys: Vec<Digest> = commits.iter().map(|commit| tree_key(&commit.id)).collect();
        // Several repositories may have the same commit.
        let distinct: BTreeMap<&Digest, &Arc<Commit>> =
            keys.iter().zip(commits.iter().copied()).rev().collect();
        let distinct: Vec<(&Digest, &Arc<Commit>)> = distinct.into_iter().collect();
        let asked: Vec<Digest> = distinct.iter().map(|(key, _)| **key).collect();
        let known = self.memory.tools(&asked);
        let misses: Vec<usize> = (0..known.len()).filter(|&at| known[at].is_none()).collect();
        let told: Vec<Result<String, String>> =
            misses.par_iter().map(|&at| ask_tree_of(distinct[at].1, git)).collect();
        let new = misses.iter().zip(&told);
        let new = new.filter_map(|(&at, tree)| Some((asked[at], tree.as_ref().ok()?.clone())));
        self.memory.remember_tools(&new.collect::<Vec<_>>());
        let mut told = told.into_iter();
        let mut next = || told.next().expect("each miss was asked for");
        let trees: Vec<Result<String, String>> =
            known.into_iter().map(|known| known.map_or_else(&mut next, Ok)).collect();
        let tree = |(key, commit): (&Digest, &&Arc<Commit>)| {
            let at = asked.binary_search(key).expect("all were asked for");
            match &trees[at] {
                // What one repository cannot tell, another may.
                Err(_) if distinct[at].1 != *commit => ask_tree_of(commit, git),
                told => told.clone(),
            }
        };
        keys.iter().zip(commits).map(tree).collect()
    }

    /// All files of a commit.
    pub(super) fn listing(&self, commit: &Commit, git: &Git) -> Result<Listing, String> {
        let _span = tracing::debug_span!("listing").entered();
        let text = git.list_tree(commit, &[]).map_err(|why| not_at_hand(commit, &why))?;
        Listing::new(text).ok_or_else(|| format!("git lists commit `{}` oddly", shown(commit)))
    }

    /// The paths of all regular files of a commit that lie at or below one of some paths, sorted.
    ///
    /// # Errors
    /// In words, where the commit is not at hand.
    pub fn files_of(&self, commit: &Commit, below: &[String]) -> Result<Arc<[String]>, String> {
        let mut below: Vec<&str> = below
            .iter()
            .map(|path| path.trim_end_matches('/'))
            .filter(|path| path.split('/').all(|part| !matches!(part, "" | "." | "..")))
            .collect();
        below.sort_unstable();
        below.dedup();
        if below.is_empty() {
            return Ok([].into());
        }
        let mut key = Fields::of("graph files of commit v1").field(&*commit.id);
        below.iter().for_each(|path| key.add(path));
        let key = key.finish();
        let parts = |text: &str| text.split_terminator('\0').map(str::to_owned).collect();
        if let Some(text) = self.memory.tool(&key) {
            return Ok(parts(&text));
        }
        let asked = if below.len() > MOST_PATHS { &[][..] } else { &below };
        let listed =
            self.git().list_tree(commit, asked).map_err(|why| not_at_hand(commit, &why))?;
        let text = files_below(&listed, &below);
        self.memory.remember_tool(&key, &text);
        Ok(parts(&text))
    }
}

/// Of a list by git, the regular files at or below sorted paths, each ended by NUL. A path that is no text is none that
/// a configuration could name.
fn files_below(listed: &[u8], below: &[&str]) -> String {
    let is_below = |path: &str| {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| below.binary_search(&&path[..end]).is_ok())
    };
    let mut text = String::new();
    for entry in listed.split(|&byte| byte == 0) {
        let Some((kind, path)) = std::str::from_utf8(entry).ok().and_then(|it| it.split_once('\t'))
        else {
            continue;
        };
        if kind.starts_with("100") && is_below(path) {
            text.push_str(path);
            text.push('\0');
        }
    }
    text
}

/// Where the objects of a commit are.
pub(super) fn objects(commit: &Commit, git: &Git) -> Result<PathBuf, String> {
    git.objects_of(&commit.repository).map_err(|why| not_at_hand(commit, &why))
}

/// Under what the tree of a commit is remembered.
pub(super) fn tree_key(commit: &str) -> Digest {
    Fields::of("graph tree of commit v1").field(commit).finish()
}

fn ask_tree_of(commit: &Commit, git: &Git) -> Result<String, String> {
    git.tree_of(commit).map_err(|why| not_at_hand(commit, &why))
}

fn not_at_hand(commit: &Commit, why: &str) -> String {
    format!("commit `{}` is not at hand: {why}", shown(commit))
}
