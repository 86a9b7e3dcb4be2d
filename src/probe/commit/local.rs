//! What revisions of local repositories name now, without a process where the files of a repository are as they were when
//! git was last asked. What they say is evidence alone: every answer is one that git gave.

use std::path::{Path, PathBuf};

use graph::digest::Digest;
use graph::spec::Repository;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::at_hand::tree_key;
use super::heads::{Found, Lost};
use crate::probe::Probe;
use crate::probe::content::Links;
use crate::probe::git::{Evidence, Git, LocalCommit, NoRevision, in_parallel};

/// A directory and a revision there.
type Asked<'a> = (&'a Path, &'a str);

type Named = Result<LocalCommit, Lost>;

impl Probe<'_> {
    /// The commits that revisions name, in order.
    pub(super) fn revisions(&self, asked: &[Asked<'_>], git: &Git) -> Vec<Result<Found, Lost>> {
        let named = self.named(asked, git);
        let at_hand: Vec<(PathBuf, Repository, String)> = named
            .iter()
            .zip(asked)
            .filter_map(|(named, (dir, _))| {
                let LocalCommit { objects, id, .. } = named.as_ref().ok()?.clone();
                Some((objects, Repository::Local(dir.to_string_lossy().into()), id))
            })
            .collect();
        let mut found = self.found(at_hand, git).into_iter();
        let mut next = || found.next().expect("each that is at hand was looked for");
        named.into_iter().map(|named| named.and_then(|_| next())).collect()
    }

    fn named(&self, asked: &[Asked<'_>], git: &Git) -> Vec<Named> {
        let seen = self.evidence(asked, git);
        let keys: Vec<Digest> = seen.iter().flatten().map(|(key, _)| *key).collect();
        let mut said = self.memory.tools(&keys).into_iter();
        let known = seen.iter().map(|seen| {
            let (_, evidence) = seen.as_ref()?;
            let said = said.next().expect("there is a word on each key")?;
            let (commit, objects) = said.split_once('\n')?;
            let objects = PathBuf::from(objects);
            let is_common = evidence.is_common(&objects);
            is_common.then(|| LocalCommit { objects, id: commit.to_owned(), tree: None })
        });
        let known: Vec<Option<LocalCommit>> = known.collect();
        let misses: Vec<usize> = (0..asked.len()).filter(|&at| known[at].is_none()).collect();
        let told = in_parallel(&misses, |&at| ask(asked[at], git));
        self.remember(asked, &seen, &misses, &told, git);
        let mut told = told.into_iter();
        let mut next = || told.next().expect("each that was not known was asked for");
        known.into_iter().map(|known| known.map_or_else(&mut next, Ok)).collect()
    }

    /// Remembers what git said where the evidence is the same before and after.
    fn remember(
        &self,
        asked: &[Asked<'_>],
        before: &[Option<(Digest, Evidence)>],
        misses: &[usize],
        told: &[Named],
        git: &Git,
    ) {
        let again: Vec<Asked<'_>> = misses.iter().map(|&at| asked[at]).collect();
        let after = self.evidence(&again, git);
        let worth = misses.iter().zip(&after).zip(told).filter_map(|((&at, after), told)| {
            let (key, evidence) = after.as_ref()?;
            let LocalCommit { objects, id, tree } = told.as_ref().ok()?;
            let is_same = before[at].as_ref().is_some_and(|(before, _)| before == key);
            let is_sure = is_same && evidence.suffices() && evidence.is_common(objects);
            let objects = objects.to_str().filter(|_| is_sure)?;
            let tree = tree.as_ref().map(|tree| (tree_key(id), tree.clone()));
            Some([(*key, format!("{id}\n{objects}"))].into_iter().chain(tree))
        });
        self.memory.remember_tools(&worth.flatten().collect::<Vec<_>>());
    }

    /// The evidence of each name, with its digest, where there is any.
    fn evidence(&self, asked: &[Asked<'_>], git: &Git) -> Vec<Option<(Digest, Evidence)>> {
        if asked.is_empty() {
            return Vec::new();
        }
        let Some(around) = git.surroundings(self.files) else {
            return asked.iter().map(|_| None).collect();
        };
        let seen: Vec<Option<Evidence>> =
            asked.par_iter().map(|(dir, revision)| Evidence::of(dir, revision)).collect();
        let files: Vec<PathBuf> =
            seen.iter().flatten().flat_map(|it| it.files().to_vec()).collect();
        let contents = self.files.look(&files, Links::Followed);
        let mut contents = contents.iter();
        seen.into_iter()
            .map(|seen| {
                let evidence = seen?;
                let its = contents.by_ref().take(evidence.files().len());
                Some((evidence.key(its, &around)?, evidence))
            })
            .collect()
    }
}

fn ask((dir, revision): Asked<'_>, git: &Git) -> Named {
    git.local_revision(dir, revision).map_err(|error| match error {
        NoRevision::Repository(why) => Lost::Repository(why),
        NoRevision::Revision(why) => Lost::Name(why),
    })
}
