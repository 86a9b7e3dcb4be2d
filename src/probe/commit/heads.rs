//! What the branches of kernel trees name now: every remote asked once, and fetched where its mirror lacks the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::spec::{Commit, Repository};

use super::at_hand::short;
use super::describe::VERSIONS;
use crate::diagnostic::Diagnostics;
use crate::probe::git::{Git, in_parallel};
use crate::probe::{Mode, Probe, refs};
use crate::redact::redact_url;

/// A commit that is asked for by a name that moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wish {
    /// The head of a branch of a remote, whose mirror is to have it.
    Branch {
        /// The URL, as configured.
        url: Arc<str>,
        /// The branch, without `refs/heads/`.
        branch: Arc<str>,
    },
    /// A revision of a local repository, which is only read.
    Revision {
        /// The repository, absolute.
        dir: PathBuf,
        /// The revision, as git understands it.
        revision: Arc<str>,
    },
}

/// A commit that is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The commit.
    pub commit: Arc<Commit>,
    /// `git describe --always --match='v[1-9]*'` of it.
    pub describe: Arc<str>,
    /// Whether that counts from a tag. If not, it is the commit, abbreviated.
    pub tagged: bool,
}

/// Why a commit is not at hand, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The repository could not be asked, fetched or read.
    Repository(String),
    /// It has no such branch or revision.
    Name(String),
}

/// The commits of one repository by the names that were asked for.
pub(super) type Answer = BTreeMap<Wish, Result<Found, Lost>>;

/// Tells somebody who waits what takes so long.
pub type Tell<'a> = dyn Fn(&str) + Sync + 'a;

impl Probe<'_> {
    /// The commits that some names name now, in order, and what is to be said of all of them. `tell` hears of what takes
    /// minutes.
    #[must_use]
    pub fn heads(
        &self,
        wishes: &[Wish],
        tell: &Tell<'_>,
    ) -> (Vec<Result<Found, Lost>>, Diagnostics) {
        let _span = tracing::debug_span!("heads").entered();
        let git = self.git();
        let mut remotes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut revisions: BTreeSet<(&Path, &str)> = BTreeSet::new();
        for wish in wishes {
            match wish {
                Wish::Branch { url, branch } => {
                    remotes.entry(url).or_default().insert(branch);
                }
                Wish::Revision { dir, revision } => {
                    revisions.insert((dir, revision));
                }
            }
        }
        let mut warnings = Diagnostics::default();
        let remotes: Vec<(&str, BTreeSet<&str>)> = remotes.into_iter().collect();
        let mut answers = Answer::new();
        match self.mode {
            Mode::Online => {
                let ask = |(url, branches): &(&str, BTreeSet<&str>)| {
                    self.ask_tree(url, branches, tell, &git)
                };
                in_parallel(&remotes, ask).into_iter().for_each(|answer| answers.extend(answer));
            }
            Mode::Offline => {
                let mut asked: Vec<(&str, &str)> = Vec::new();
                for (url, branches) in &remotes {
                    asked.extend(branches.iter().map(|branch| (*url, *branch)));
                }
                let mut seen: BTreeMap<&str, i64> = BTreeMap::new();
                let recalled = self.recall(&asked, &mut seen, &git);
                let names = asked.iter().map(|(url, branch)| wish(url, branch));
                answers.extend(names.zip(recalled));
                let oldest = seen.values().copied().min().unwrap_or(self.now);
                let urls = seen.into_keys().collect();
                refs::as_of("branches", &urls, self.now - oldest)
                    .into_iter()
                    .for_each(|age| warnings.push(age));
            }
        }
        let revisions: Vec<(&Path, &str)> = revisions.into_iter().collect();
        let found = self.revisions(&revisions, &git);
        answers.extend(revisions.iter().zip(found).map(|((dir, revision), found)| {
            (Wish::Revision { dir: (*dir).to_owned(), revision: (*revision).into() }, found)
        }));
        let answer =
            |wish| answers.get(wish).cloned().expect("all that was wished for was looked for");
        (wishes.iter().map(answer).collect(), warnings)
    }

    /// What is to be said of commits that are at hand, each with where its objects are, in order.
    pub(super) fn found(
        &self,
        commits: Vec<(PathBuf, Repository, String)>,
        git: &Git,
    ) -> Vec<Result<Found, Lost>> {
        let wanted: Vec<(&Path, &str)> =
            commits.iter().map(|(objects, _, id)| (objects.as_path(), id.as_str())).collect();
        let described = self.described(&wanted, VERSIONS, git);
        let found = |((_, repository, id), described): (_, Result<String, String>)| {
            let id: String = id;
            let describe = described.map_err(|why| {
                Lost::Repository(format!("cannot describe commit `{}`: {why}", short(&id)))
            })?;
            let tagged = !id.starts_with(&describe);
            let commit = Arc::new(Commit { repository, id: id.into() });
            Ok(Found { commit, tagged, describe: describe.into() })
        };
        commits.into_iter().zip(described).map(found).collect()
    }

    /// What branches were last known to name, each as URL and branch, in order, where the commits are at hand. `seen` gets
    /// the oldest time of each URL.
    fn recall<'u>(
        &self,
        asked: &[(&'u str, &str)],
        seen: &mut BTreeMap<&'u str, i64>,
        git: &Git,
    ) -> Vec<Result<Found, Lost>> {
        let heads: Vec<String> = asked.iter().map(|(_, branch)| head(branch)).collect();
        let refs: Vec<(&str, &str)> =
            asked.iter().zip(&heads).map(|((url, _), head)| (*url, head.as_str())).collect();
        let last = self.memory.last_refs(&refs);
        let lost = |why: String| Lost::Repository(format!("offline: {why}"));
        let known: Vec<(&str, &str)> = asked
            .iter()
            .zip(&last)
            .filter_map(|((url, _), last)| Some((*url, last.as_ref()?.commit.as_str())))
            .collect();
        let mut mirrors = self.all_at_hand(&known, git).into_iter();
        let mut places: Vec<Result<(PathBuf, Repository, String), Lost>> = Vec::new();
        for ((url, branch), last) in asked.iter().zip(&last) {
            let shown = redact_url(url);
            let place = match last {
                None => Err(lost(format!("nobody knows branch `{branch}` of `{shown}` yet"))),
                Some(last) => match mirrors.next().flatten() {
                    Some(mirror) => {
                        let oldest = seen.entry(url).or_insert(last.seen);
                        *oldest = last.seen.min(*oldest);
                        Ok((mirror, Repository::Mirror((*url).into()), last.commit.clone()))
                    }
                    None => {
                        let commit = short(&last.commit);
                        Err(lost(format!(
                            "commit `{commit}`, the last known of branch `{branch}` of `{shown}`, is not at hand"
                        )))
                    }
                },
            };
            places.push(place);
        }
        let at_hand = places.iter().filter_map(|place| place.as_ref().ok().cloned()).collect();
        let mut found = self.found(at_hand, git).into_iter();
        let mut next = || found.next().expect("each that is at hand was looked for");
        places.into_iter().map(|place| place.and_then(|_| next())).collect()
    }
}

/// The full name of a branch.
pub(super) fn head(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// A branch of a remote.
pub(super) fn wish(url: &str, branch: &str) -> Wish {
    Wish::Branch { url: url.into(), branch: branch.into() }
}
