//! The chains of the machines and the pinned files that are there, loaded; what includes name is cloned first.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::targets::Target;
use crate::cmd::build::clone_one;
use crate::cmd::checkouts::Mirrors;
use crate::cmd::console::Console;
use crate::diagnostic::{Diagnostic, Diagnostics, reason};
use crate::failure::{Failure, Kind};
use crate::front::kas::{
    Chain, Checkouts, Effective, EffectiveRepo, FileCache, Lookup, Merged, Pin, RepoAt, load_chain,
};
use crate::front::yaml::Node;
use crate::probe::Mode;
use crate::probe::git::Git;

/// Whether commits that are pinned stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Those of what floats move to where it is now.
    Nothing,
    /// They stay, where the chain still means the same branch of the same repository.
    Commits,
}

/// A chain, and the pinned file that was made of it.
pub(super) struct Loaded {
    /// The chain, merged.
    pub(super) merged: Merged,
    /// What it means.
    pub(super) effective: Effective,
    /// The file that is there.
    pub(super) before: Before,
}

/// A pinned file as it is now.
pub(super) enum Before {
    /// There is none.
    Absent,
    /// It is there, and cannot be understood.
    Broken {
        /// What it holds, as far as that is text.
        text: String,
        /// What is wrong with it.
        problems: Diagnostics,
    },
    /// It is there.
    Pinned {
        /// What it holds.
        text: String,
        /// Its keys.
        config: Arc<Node>,
        /// What it means.
        effective: Box<Effective>,
    },
}

impl Before {
    /// What the file holds.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Absent => "",
            Self::Broken { text, .. } | Self::Pinned { text, .. } => text,
        }
    }

    /// What the file means, if it means anything.
    pub(super) fn effective(&self) -> Option<&Effective> {
        match self {
            Self::Pinned { effective, .. } => Some(effective),
            _ => None,
        }
    }
}

/// Everything that chains are loaded with.
pub(super) struct Loader<'a> {
    pub(super) root: &'a Path,
    pub(super) mirrors: &'a Mirrors<'a>,
    pub(super) git: &'a Git,
    pub(super) mode: Mode,
    pub(super) keep: Keep,
    pub(super) console: &'a Console,
}

impl Loader<'_> {
    /// Loads all chains. What cannot be loaded is `None`, and told in `found`; what cannot be cloned,
    /// in the failures beside.
    pub(super) fn load(
        &self,
        targets: &[Target],
        found: &mut Diagnostics,
    ) -> (Vec<Option<Loaded>>, Vec<Failure>) {
        let files = FileCache::new(self.root);
        let before: Vec<Before> =
            targets.par_iter().map(|target| self.before(target, &files)).collect();
        if self.keep == Keep::Commits {
            before.iter().for_each(|before| cannot_keep(before, found));
        }
        let kept: Vec<Kept<'_>> = before
            .iter()
            .map(|before| Kept::of(self.mirrors, before.effective(), self.keep))
            .collect();
        let mut failures = Vec::new();
        let mut cloned: Vec<RepoAt> = Vec::new();
        let merged = loop {
            let merged: Vec<Result<Merged, Diagnostics>> = targets
                .par_iter()
                .zip(&kept)
                .map(|(target, kept)| load_chain(&target.chain, kept, &files))
                .collect();
            let mut missing: Vec<RepoAt> = Vec::new();
            for (merged, kept) in merged.iter().zip(&kept) {
                let wanted = merged.iter().flat_map(|merged| &merged.to_clone);
                for repo in wanted.map(|repo| kept.at(repo)).filter(|repo| !cloned.contains(repo)) {
                    if !missing.contains(&repo) {
                        missing.push(repo);
                    }
                }
            }
            if missing.is_empty() || self.mode == Mode::Offline || !failures.is_empty() {
                break merged;
            }
            for repo in &missing {
                failures.extend(clone_one(self.git, repo, self.console).err());
            }
            cloned.extend(missing);
        };
        let loaded = merged.into_iter().zip(before).map(|(merged, before)| {
            let loaded = merged.and_then(understood);
            loaded.map(|(merged, effective, warnings)| {
                found.extend(warnings);
                Loaded { merged, effective, before }
            })
        });
        let loaded: Vec<Result<Loaded, Diagnostics>> = loaded.collect();
        let told = loaded.into_iter().map(|loaded| match loaded {
            Ok(loaded) => Some(loaded),
            Err(problems) => {
                // What could not be cloned was told when it could not.
                if failures.is_empty() || !is_about_clones(&problems) {
                    found.extend(problems);
                }
                None
            }
        });
        (told.collect(), failures)
    }

    fn before(&self, target: &Target, files: &FileCache) -> Before {
        let broken = |text: String, problem: Diagnostic| Before::Broken {
            text,
            problems: [problem.in_file(Arc::clone(&target.file))].into_iter().collect(),
        };
        let bytes = match fs::read(self.root.join(&*target.file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Before::Absent,
            Err(error) => {
                let problem = Diagnostic::error(format!("cannot be read: {}", reason(&error)));
                return broken(String::new(), problem);
            }
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let chain = match Chain::parse(&target.file) {
            Ok(chain) => chain,
            Err(problem) => return broken(text, problem),
        };
        match load_chain(&chain, self.mirrors, files).and_then(understood) {
            Ok((merged, effective, _)) => {
                Before::Pinned { text, config: merged.config, effective: Box::new(effective) }
            }
            Err(problems) => Before::Broken { text, problems },
        }
    }
}

/// A file that cannot be understood has no commits to keep.
fn cannot_keep(before: &Before, found: &mut Diagnostics) {
    let Before::Broken { problems, .. } = before else { return };
    let hint = "without `--keep` it is written anew";
    problems.as_slice().iter().for_each(|problem| found.push(problem.clone().hint(hint)));
}

fn understood(merged: Merged) -> Result<(Merged, Effective, Diagnostics), Diagnostics> {
    if !merged.missing_repos.is_empty() {
        let missing = |id: &Arc<str>| {
            Diagnostic::error(format!("{NOT_THERE} `{id}`, which kas files include"))
                .hint("without `--offline` it is cloned")
        };
        return Err(merged.missing_repos.iter().map(missing).collect());
    }
    let mut found = merged.warnings.clone();
    match Effective::of(&merged) {
        Ok((effective, warnings)) => {
            found.extend(warnings);
            Ok((merged, effective, found))
        }
        Err(problems) => {
            found.extend(problems);
            Err(found)
        }
    }
}

const NOT_THERE: &str = "there is no clone of";

fn is_about_clones(problems: &Diagnostics) -> bool {
    problems.as_slice().iter().all(|problem| problem.message.starts_with(NOT_THERE))
}

/// The commits that a pinned file has for what floats in its chain. Files of other repositories are read at these, so
/// that what is included and what is pinned are one state.
pub(super) struct Kept<'a> {
    mirrors: &'a Mirrors<'a>,
    pins: HashMap<Arc<str>, EffectiveRepo>,
}

impl<'a> Kept<'a> {
    fn of(mirrors: &'a Mirrors<'a>, pinned: Option<&Effective>, keep: Keep) -> Self {
        let pinned = pinned.filter(|_| keep == Keep::Commits);
        let repos = pinned.iter().flat_map(|effective| &effective.repos);
        let is_pinned = |repo: &&EffectiveRepo| matches!(repo.pin(), Pin::Commit(_));
        let pins = repos.filter(is_pinned).map(|repo| (Arc::clone(&repo.id), repo.clone()));
        Self { mirrors, pins: pins.collect() }
    }

    /// The repository at its kept commit, if it floats and the pinned file means the same branch or tag.
    fn at(&self, repo: &RepoAt) -> RepoAt {
        let Some(pinned) = self.pins.get(&repo.id).filter(|_| repo.commit.is_none()) else {
            return repo.clone();
        };
        let was = RepoAt::from(pinned);
        // An old `refspec` is branch and commit in one, so that a pinned file cannot have both.
        let same = (&was.branch, &was.tag) == (&repo.branch, &repo.tag) || pinned.refspec.is_some();
        match was.url == repo.url && same {
            true => RepoAt { commit: was.commit, ..repo.clone() },
            false => repo.clone(),
        }
    }
}

impl Checkouts for Kept<'_> {
    fn find(&self, repo: &RepoAt, path: &str) -> Lookup {
        self.mirrors.find(&self.at(repo), path)
    }
}

/// The commits that are kept of what floats, by the id of the repository.
pub(super) fn kept_commits(
    mirrors: &Mirrors<'_>,
    loaded: &Loaded,
    keep: Keep,
) -> HashMap<Arc<str>, Arc<str>> {
    let kept = Kept::of(mirrors, loaded.before.effective(), keep);
    let floats = |repo: &&EffectiveRepo| !repo.is_local() && !matches!(repo.pin(), Pin::Commit(_));
    let repos = loaded.effective.repos.iter().filter(floats);
    repos
        .filter_map(|repo| Some((Arc::clone(&repo.id), kept.at(&RepoAt::from(repo)).commit?)))
        .collect()
}

/// The failure of a command that found these problems and that wrote nothing.
pub(super) fn nothing_written(kind: Kind, problems: Diagnostics) -> Failure {
    let message = "nothing was written: every pinned file is as it was";
    Failure { diagnostics: problems, ..Failure::new(kind, message) }
}
