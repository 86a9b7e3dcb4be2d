//! One remote of kernel trees: asked once for its branches and tags, and fetched where its mirror lacks any.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use graph::digest::{Digest, Fields};
use graph::spec::Repository;

use super::at_hand::short;
use super::heads::{Answer, Found, Lost, Tell, head, wish};
use crate::address::check_branch;
use crate::probe::Probe;
use crate::probe::git::{self, Git, RemoteTree};
use crate::redact::redact_url;

impl Probe<'_> {
    /// Asks one remote for branches, and fetches what its mirror lacks.
    pub(super) fn ask_tree(
        &self,
        url: &str,
        branches: &BTreeSet<&str>,
        tell: &Tell<'_>,
        git: &Git,
    ) -> Answer {
        let shown = redact_url(url);
        let is_right = |branch: &&&str| check_branch(&head(branch)).is_ok();
        let (right, wrong): (Vec<&str>, Vec<&str>) = branches.iter().partition(is_right);
        let mut answer: Answer = wrong
            .iter()
            .map(|branch| {
                let branch_shown = branch.escape_default();
                (
                    wish(url, branch),
                    Err(Lost::Name(format!("`{branch_shown}` is not the name of a branch"))),
                )
            })
            .collect();
        if right.is_empty() {
            return answer;
        }
        let refs: BTreeSet<String> = right.iter().map(|branch| head(branch)).collect();
        let remote = match git.ls_tree_remote(url, &refs) {
            Ok(remote) => remote,
            Err(error) => {
                let why = format!("cannot ask `{shown}`: {error}");
                let lost = |branch: &&str| (wish(url, branch), Err(Lost::Repository(why.clone())));
                answer.extend(right.iter().map(lost));
                return answer;
            }
        };
        let fetched = self.bring(url, &remote, tell, git);
        for branch in right {
            let found = match remote.heads.get(&head(branch)) {
                Some(Some(id)) => self.arrived(url, branch, id, &fetched, git),
                _ => Err(Lost::Name(format!("`{shown}` has no branch `{branch}`"))),
            };
            answer.insert(wish(url, branch), found);
        }
        answer
    }

    fn arrived(
        &self,
        url: &str,
        branch: &str,
        id: &str,
        fetched: &Result<(), String>,
        git: &Git,
    ) -> Result<Found, Lost> {
        fetched.as_ref().map_err(|why| Lost::Repository(why.clone()))?;
        let mirror = self.at_hand(url, id, git).ok_or_else(|| {
            let (commit, shown) = (short(id), redact_url(url));
            Lost::Repository(format!(
                "`{shown}` did not give commit `{commit}` of branch `{branch}`"
            ))
        })?;
        self.memory.remember_refs(&[(url, &head(branch), id)]);
        let place = (mirror, Repository::Mirror(url.into()), id.to_owned());
        self.found(vec![place], git).pop().expect("there is an answer to each")
    }

    /// Makes the mirror of a remote have its heads, and its tags.
    fn bring(
        &self,
        url: &str,
        remote: &RemoteTree,
        tell: &Tell<'_>,
        git: &Git,
    ) -> Result<(), String> {
        let shown = redact_url(url);
        let failed = |error| format!("cannot fetch `{shown}`: {error}");
        let is_lacking = |id: &str| self.at_hand(url, id, git).is_none();
        let heads = || remote.heads.iter().filter_map(|(name, id)| Some((name, id.as_deref()?)));
        let lacking: Vec<String> =
            heads().filter(|(_, id)| is_lacking(id)).map(|(name, _)| name.clone()).collect();
        if !lacking.is_empty() {
            tell(&match git.tree_mirror_of(url) {
                Some(_) => format!("fetching {} of `{shown}`", branches(&lacking)),
                None => format!(
                    "fetching {} of `{shown}` for the first time: the history of a kernel takes minutes",
                    branches(&lacking)
                ),
            });
            git.fetch_tree(url, &lacking).map_err(failed)?;
            // A branch that was moved meanwhile may not have had it any more.
            for (_, id) in heads().filter(|(name, id)| lacking.contains(name) && is_lacking(id)) {
                git.fetch_commit(url, id).map_err(failed)?;
            }
            tell(&format!("fetched {} of `{shown}`", branches(&lacking)));
        }
        let Some(mirror) = git.tree_mirror_of(url) else { return Ok(()) };
        self.bring_tags(url, &mirror, remote, git).map_err(failed)
    }

    fn bring_tags(
        &self,
        url: &str,
        mirror: &Path,
        remote: &RemoteTree,
        git: &Git,
    ) -> Result<(), git::Error> {
        let mut theirs = Fields::of("graph tags of remote v1");
        git.tree_mirror_identity(mirror).iter().for_each(|which| theirs.add(which.as_bytes()));
        remote.heads.values().flatten().for_each(|id| theirs.add(id));
        for (name, tag) in &remote.tags {
            theirs.add(name);
            theirs.add(&tag.object);
        }
        let theirs = theirs.finish();
        // Both sides count: what is remembered is that these tags of ours are all that can be had of those.
        let key = || {
            let ours = self.state(mirror, git)?;
            let key = Fields::of("graph tags of mirror v1").field(ours.as_bytes());
            Ok::<_, git::Error>(key.field(theirs.as_bytes()).finish())
        };
        if self.memory.tool(&key()?).is_none() {
            git.update_tags(url, mirror, remote)?;
            self.memory.remember_tool(&key()?, "");
        }
        Ok(())
    }

    /// The mirror of a URL, if it has a commit.
    pub(super) fn at_hand(&self, url: &str, id: &str, git: &Git) -> Option<PathBuf> {
        self.all_at_hand(&[(url, id)], git).pop().flatten()
    }

    /// The mirrors of URLs that have a commit each, in order. A mirror never loses one, so that it need not be asked again.
    pub(super) fn all_at_hand(&self, asked: &[(&str, &str)], git: &Git) -> Vec<Option<PathBuf>> {
        let place = |(url, id): &(&str, &str)| {
            let mirror = git.tree_mirror_of(url)?;
            let identity = git.tree_mirror_identity(&mirror)?;
            let key = Fields::of("graph commit at hand v1").field(identity.as_bytes()).field(id);
            Some((key.finish(), mirror))
        };
        let places: Vec<Option<(Digest, PathBuf)>> = asked.iter().map(place).collect();
        let keys: Vec<Digest> = places.iter().flatten().map(|(key, _)| *key).collect();
        let mut known = self.memory.tools(&keys).into_iter();
        let mut found = Vec::with_capacity(asked.len());
        for (place, (_, id)) in places.into_iter().zip(asked) {
            found.push(place.and_then(|(key, mirror)| {
                if known.next().expect("there is a word on each key").is_some() {
                    return Some(mirror);
                }
                let has = git.commits_at_hand(&mirror, &[(*id).to_owned()]).ok()?;
                if has.is_empty() {
                    return None;
                }
                self.memory.remember_tool(&key, "");
                Some(mirror)
            }));
        }
        found
    }
}

fn branches(refs: &[String]) -> String {
    match refs {
        [one] => format!("branch `{}`", one.strip_prefix("refs/heads/").unwrap_or(one)),
        several => format!("{} branches", several.len()),
    }
}
