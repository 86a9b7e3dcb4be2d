//! Bare mirrors of kernel trees: the whole history of the branches that are built, without the content of files.
//!
//! They lie among the other mirrors under names that those never have (`host.path@blobless`), because kas must not
//! borrow objects from a repository that lacks some. A checkout fetches the content that it needs, once.
//!
//! What is killed leaves nothing that would be taken for complete: the first fetch goes into a directory that gets its
//! name when all is there, and every later one comes as a whole pack, never as loose objects, of which the commit
//! could be there before its files. As in other mirrors, nothing is pruned and nothing is collected.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use graph::digest::{Digest, Fields};
use rustix::fs::{FlockOperation, flock};

use super::address::mirror_name;
use super::leftovers::sweep_parts;
use super::mirror::{TRANSFER_DEADLINE, check_commit};
use super::program::{Error, Git};
use super::remote::{RemoteTree, is_version_tag};
use crate::address::{check_ref, check_url};

/// What the name of such a mirror ends in. The names that kas makes have no `@`.
const SUFFIX: &str = "@blobless";

/// How git is to fetch: in packs only, and without anything in the background that lives on.
const TRANSFER: [&str; 8] = [
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "fetch.unpackLimit=1",
    "-c",
    "transfer.unpackLimit=1",
];

/// What is fetched, a ref or a commit, and the ref that names it here.
type Spec = (String, String);

/// How many refs are fetched at once: a command line holds so many at least.
const REFS_AT_ONCE: usize = 500;

impl Git {
    /// The mirror of a kernel tree, if there is one.
    #[must_use]
    pub fn tree_mirror_of(&self, url: &str) -> Option<PathBuf> {
        let path = self.tree_mirror_path(url).ok()?;
        path.join("HEAD").is_file().then_some(path)
    }

    /// Which mirror it is: another one at the same place is another.
    pub(in crate::probe) fn tree_mirror_identity(&self, mirror: &Path) -> Option<Digest> {
        // Nobody writes this file again after the mirror was made.
        let head = mirror.join("HEAD").metadata().ok()?;
        let numbers = [head.dev(), head.ino(), head.ctime().cast_unsigned(), head.size()];
        let nanoseconds = head.ctime_nsec().cast_unsigned();
        let mut fields = Fields::of("graph tree mirror v1");
        fields.add(mirror.as_os_str().as_encoded_bytes());
        numbers.iter().chain([&nanoseconds]).for_each(|number| fields.add(number.to_le_bytes()));
        Some(fields.finish())
    }

    /// Fetches branches with their history and the tags that name commits of it, and makes the mirror if there is none.
    ///
    /// # Errors
    /// When the repository cannot be reached or has no such ref, or the directory cannot be written.
    pub(in crate::probe) fn fetch_tree(
        &self,
        url: &str,
        refs: &[String],
    ) -> Result<PathBuf, Error> {
        let path = self.tree_mirror_path(url)?;
        // Flat, since a branch `a/b` could not be fetched beside an `a` that the remote has no more.
        let flat = |name: &String| match name.strip_prefix("refs/heads/") {
            Some(branch) => format!("refs/heads/{}", branch.replace('/', "%2F")),
            None => name.clone(),
        };
        let specs: Vec<Spec> = refs.iter().map(|name| (name.clone(), flat(name))).collect();
        if path.join("HEAD").is_file() {
            self.fetch_into(url, &path, &specs)?;
        } else {
            self.make_tree_mirror(url, &path, &specs)?;
        }
        Ok(path)
    }

    /// Makes the tags of versions those of the remote, as far as they name commits that the mirror has. A fetch brings
    /// the tags of what it fetches; these are the ones that were made, moved or removed later.
    ///
    /// # Errors
    /// As [`Git::fetch_tree`].
    pub(in crate::probe) fn update_tags(
        &self,
        url: &str,
        mirror: &Path,
        remote: &RemoteTree,
    ) -> Result<(), Error> {
        let text = self.tags(mirror)?;
        let known: Vec<(&str, &str)> = text
            .lines()
            .filter_map(|line| line.split_once(" tag "))
            .map(|(object, name)| (name, object))
            .filter(|(name, _)| is_version_tag(name))
            .collect();
        let is_known = |name: &str, object: &str| known.binary_search(&(name, object)).is_ok();
        let differing: Vec<_> =
            remote.tags.iter().filter(|(name, tag)| !is_known(name, &tag.object)).collect();
        let commits: Vec<String> = differing.iter().map(|(_, tag)| tag.commit.clone()).collect();
        let mut at_hand = self.commits_at_hand(mirror, &commits)?;
        at_hand.sort_unstable();
        let wanted: Vec<Spec> = differing
            .iter()
            .filter(|(_, tag)| at_hand.binary_search(&tag.commit).is_ok())
            .map(|(name, _)| ((*name).clone(), (*name).clone()))
            .collect();
        let moved_away = |name: &str| match remote.tags.get(name) {
            Some(tag) => {
                !is_known(name, &tag.object) && at_hand.binary_search(&tag.commit).is_err()
            }
            None => true,
        };
        for (name, object) in known.iter().filter(|(name, _)| moved_away(name)) {
            self.reading(mirror, ["update-ref", "-d", name, object]).answer()?;
        }
        for names in wanted.chunks(REFS_AT_ONCE) {
            self.fetch_into(url, mirror, names)?;
        }
        Ok(())
    }

    fn tree_mirror_path(&self, url: &str) -> Result<PathBuf, Error> {
        Ok(self.mirrors.join(mirror_name(url)? + SUFFIX))
    }

    fn make_tree_mirror(&self, url: &str, path: &Path, refs: &[Spec]) -> Result<(), Error> {
        check_url(url)?;
        self.make_mirror(path, |bare| {
            self.call(&self.mirrors, ["init", "-q", "--bare", "--template=", "--"])
                .args([bare.as_os_str()])
                .answer()?;
            for (name, value) in [
                ("core.repositoryFormatVersion", "1"),
                ("extensions.partialClone", "origin"),
                ("gc.auto", "0"),
                ("gc.pruneExpire", "never"),
                ("remote.origin.promisor", "true"),
                ("remote.origin.partialCloneFilter", "blob:none"),
            ] {
                self.reading(bare, ["config", name, value]).answer()?;
            }
            self.fetch_into(url, bare, refs)
        })
    }

    /// Fetches of one mirror wait for each other: two that update one ref fail.
    fn fetch_into(&self, url: &str, mirror: &Path, refs: &[Spec]) -> Result<(), Error> {
        check_url(url)?;
        refs.iter().try_for_each(|(_, name)| check_ref(name))?;
        let failed = |source| Error::Directory { path: mirror.to_owned(), source };
        let lock = File::create(mirror.join("graph.lock")).map_err(failed)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|errno| failed(errno.into()))?;
        sweep_parts(mirror, SystemTime::now());
        // One repository may have several URLs by which it has one name here.
        self.reading(mirror, ["config", "remote.origin.url", url]).answer()?;
        self.call(mirror, ["--git-dir".as_ref(), mirror.as_os_str()])
            .args(TRANSFER)
            .args(["fetch", "-q", "--no-write-fetch-head", "--no-recurse-submodules", "--force"])
            .args(["origin"])
            .args(refs.iter().map(|(theirs, ours)| format!("+{theirs}:{ours}")))
            .deadline(TRANSFER_DEADLINE)
            .answer()?;
        // Tags in one file, by which it is cheap to see whether any has changed.
        self.reading(mirror, ["pack-refs"]).answer()?;
        Ok(())
    }

    /// Fetches one commit by its name, for one that no branch has any more; most servers give it.
    ///
    /// # Errors
    /// As [`Git::fetch_tree`].
    pub(in crate::probe) fn fetch_commit(&self, url: &str, commit: &str) -> Result<(), Error> {
        check_commit(commit)?;
        let path = self.tree_mirror_path(url)?;
        self.fetch_into(url, &path, &[(commit.to_owned(), format!("refs/graph/{commit}"))])
    }
}
