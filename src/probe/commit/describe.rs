//! How a commit is described, as KernelCI does it: remembered by the commit and the tags that there are.
//!
//! Git abbreviates a commit by how many objects a repository has, so that a mirror without the content of files may
//! show fewer digits than a full clone does. Of a kernel's whole history both show twelve.

use std::fs;
use std::path::{Path, PathBuf};

use graph::digest::{Digest, Fields};
use graph::spec::Commit;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::at_hand::objects;
use crate::probe::Probe;
use crate::probe::content::Links;
use crate::probe::git::{self, Git, in_parallel};

/// The tags that count for filters, and for whether a kernel is new enough.
pub(super) const VERSIONS: &str = "v[1-9]*";

impl Probe<'_> {
    /// What KernelCI calls the `describe` of a revision in `bmeta.json`: it counts from any annotated tag, such as
    /// `next-20230728`, but in the tree `soc` from those of versions. Of a mirror, tags that name no version are those
    /// that the remote had when it was fetched.
    ///
    /// # Errors
    /// In words, where the commit is not at hand.
    pub fn describe_in(&self, tree: &str, commit: &Commit) -> Result<String, String> {
        let git = self.git();
        let objects = objects(commit, &git)?;
        let pattern = if tree == "soc" { "v*" } else { "*" };
        let described = self.described(&[(&objects, &commit.id)], pattern, &git).pop();
        Ok(described.expect("there is an answer to each")?.replace('/', "_"))
    }

    /// `git describe --always` of commits, each with where its objects are, by the annotated tags that match a pattern; in
    /// their order.
    pub(super) fn described(
        &self,
        wanted: &[(&Path, &str)],
        pattern: &str,
        git: &Git,
    ) -> Vec<Result<String, String>> {
        let key = |(objects, commit): &(&Path, &str), state: &Digest| {
            let place = objects.as_os_str().as_encoded_bytes();
            let key = Fields::of("graph describe v1").field(place).field(state.as_bytes());
            key.field(commit).field(pattern).finish()
        };
        let places: Vec<&Path> = wanted.iter().map(|(objects, _)| *objects).collect();
        let states = self.states(&places, git);
        let keys: Vec<Result<Digest, String>> = wanted
            .iter()
            .zip(states)
            .map(|(wanted, state)| Ok(key(wanted, &state.map_err(|error| error.to_string())?)))
            .collect();
        let sure: Vec<Digest> = keys.iter().flatten().copied().collect();
        let mut known = self.memory.tools(&sure).into_iter();
        let known: Vec<Option<String>> =
            keys.iter().map(|key| key.as_ref().ok().and_then(|_| known.next().flatten())).collect();
        let misses: Vec<usize> =
            (0..wanted.len()).filter(|&at| keys[at].is_ok() && known[at].is_none()).collect();
        let told = in_parallel(&misses, |&at| {
            let (objects, commit) = wanted[at];
            git.describe_commit(objects, commit, pattern).map_err(|error| error.to_string())
        });
        // A tag that came while git was asked may or may not be in what it said.
        let places: Vec<&Path> = misses.iter().map(|&at| wanted[at].0).collect();
        let after = self.states(&places, git);
        let is_same = |at: usize, after: &Result<Digest, git::Error>| match (&keys[at], after) {
            (Ok(before), Ok(after)) => *before == key(&wanted[at], after),
            _ => false,
        };
        let worth = misses.iter().zip(&told).zip(&after).filter_map(|((&at, told), after)| {
            let (key, text) = (keys[at].as_ref().ok()?, told.as_ref().ok()?);
            is_same(at, after).then(|| (*key, text.clone()))
        });
        self.memory.remember_tools(&worth.collect::<Vec<_>>());
        let mut told = told.into_iter();
        keys.into_iter()
            .zip(known)
            .map(|(key, known)| {
                key?;
                known.map_or_else(|| told.next().expect("each miss was asked for"), Ok)
            })
            .collect()
    }

    /// What besides the commit decides how it is described: the tags, and where history was cut off. Taken from the files
    /// of the repository, as to start git for each of many would take longer than all else of a plan.
    pub(super) fn state(&self, objects: &Path, git: &Git) -> Result<Digest, git::Error> {
        self.states(&[objects], git).pop().expect("there is a state of each")
    }

    fn states(&self, places: &[&Path], git: &Git) -> Vec<Result<Digest, git::Error>> {
        let files_of = |objects: &&Path| {
            let mut files = vec![objects.join("shallow"), objects.join("packed-refs")];
            files.extend(loose(&objects.join("refs/tags")));
            files
        };
        let files: Vec<Vec<PathBuf>> = places.par_iter().map(files_of).collect();
        let contents = self.files.look(&files.concat(), Links::Followed);
        let mut contents = contents.into_iter();
        let state = |(objects, files): (&&Path, Vec<PathBuf>)| {
            let mut fields = Fields::of("graph describe state v2");
            for (path, content) in files.iter().zip(contents.by_ref()) {
                fields.add(path.as_os_str().as_encoded_bytes());
                match content {
                    Ok(content) => content.digest().iter().for_each(|it| fields.add(it.as_bytes())),
                    Err(error) => fields.add(error.to_string()),
                }
            }
            if objects.join("reftable").exists() {
                fields.add(git.tags(objects)?);
            }
            Ok(fields.finish())
        };
        places.iter().zip(files).map(state).collect()
    }
}

/// Every file below a directory, sorted.
fn loose(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found.sort_unstable();
    found
}
