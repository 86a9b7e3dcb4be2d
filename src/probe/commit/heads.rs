//! What the branches of kernel trees name now: every remote asked once, and fetched where its mirror lacks the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::spec::{Commit, Repository};

use super::at_hand::short;
use super::describe::VERSIONS;
use crate::diagnostic::Diagnostics;
use crate::probe::git::{Git, NoRevision, in_parallel};
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
        let _span = tracing::info_span!("heads").entered();
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
                let mut seen: BTreeMap<&str, i64> = BTreeMap::new();
                for (url, branches) in &remotes {
                    for branch in branches {
                        answers
                            .insert(wish(url, branch), self.recall(url, branch, &mut seen, &git));
                    }
                }
                let oldest = seen.values().copied().min().unwrap_or(self.now);
                let urls = seen.into_keys().collect();
                refs::as_of("branches", &urls, self.now - oldest)
                    .into_iter()
                    .for_each(|age| warnings.push(age));
            }
        }
        let revisions: Vec<(&Path, &str)> = revisions.into_iter().collect();
        let found = in_parallel(&revisions, |(dir, revision)| self.revision(dir, revision, &git));
        answers.extend(revisions.iter().zip(found).map(|((dir, revision), found)| {
            (Wish::Revision { dir: (*dir).to_owned(), revision: (*revision).into() }, found)
        }));
        let answer =
            |wish| answers.get(wish).cloned().expect("all that was wished for was looked for");
        (wishes.iter().map(answer).collect(), warnings)
    }

    fn revision(&self, dir: &Path, revision: &str, git: &Git) -> Result<Found, Lost> {
        let (objects, id) = git.local_revision(dir, revision).map_err(|error| match error {
            NoRevision::Repository(why) => Lost::Repository(why),
            NoRevision::Revision(why) => Lost::Name(why),
        })?;
        let repository = Repository::Local(dir.to_string_lossy().into());
        self.found(&objects, repository, &id, git)
    }

    pub(super) fn found(
        &self,
        objects: &Path,
        repository: Repository,
        id: &str,
        git: &Git,
    ) -> Result<Found, Lost> {
        let describe = self.described(objects, id, VERSIONS, git).map_err(|why| {
            Lost::Repository(format!("cannot describe commit `{}`: {why}", short(id)))
        })?;
        let commit = Arc::new(Commit { repository, id: id.into() });
        Ok(Found { commit, tagged: !id.starts_with(&describe), describe: describe.into() })
    }

    /// What was last known, where its commit is at hand.
    fn recall<'u>(
        &self,
        url: &'u str,
        branch: &str,
        seen: &mut BTreeMap<&'u str, i64>,
        git: &Git,
    ) -> Result<Found, Lost> {
        let shown = redact_url(url);
        let lost = |why: String| Lost::Repository(format!("offline: {why}"));
        let Some(last) = self.memory.last_ref(url, &head(branch)) else {
            return Err(lost(format!("nobody knows branch `{branch}` of `{shown}` yet")));
        };
        let mirror = self.at_hand(url, &last.commit, git).ok_or_else(|| {
            let commit = short(&last.commit);
            lost(format!("commit `{commit}`, the last known of branch `{branch}` of `{shown}`, is not at hand"))
        })?;
        let found = self.found(&mirror, Repository::Mirror(url.into()), &last.commit, git)?;
        let oldest = seen.entry(url).or_insert(last.seen);
        *oldest = last.seen.min(*oldest);
        Ok(found)
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
