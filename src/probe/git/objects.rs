//! The objects of a repository, read in place: nothing is written, nothing is checked out, and no socket is opened.
//!
//! A partial clone would fetch what it lacks when it is asked for it. Here that would be a surprise offline, a write
//! into somebody's repository, and a commit that is there without its history: what is not at hand is not at hand.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use graph::spec::Repository;

use super::mirror::check_commit;
use super::program::{Error, Git};
use crate::address::is_commit;
use crate::process::{Call, What};
use crate::redact::redact_url;

/// More than the list of all files of any kernel.
const LONGEST_LIST: usize = 1 << 30;

/// Asks for the directory that all work trees of a repository share.
const COMMON_DIR: [&str; 3] = ["rev-parse", "--path-format=absolute", "--git-common-dir"];

/// Why a revision of a local repository is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) enum NoRevision {
    /// The repository is not there or cannot be read, in words.
    Repository(String),
    /// It has no such commit, in words.
    Revision(String),
}

impl Git {
    /// The git directory that holds the objects of a repository: a mirror, or that of a local repository.
    ///
    /// # Errors
    /// In words, where there is none.
    pub fn objects_of(&self, repository: &Repository) -> Result<PathBuf, String> {
        match repository {
            Repository::Mirror(url) => self
                .tree_mirror_of(url)
                .ok_or_else(|| format!("`{}` was not fetched yet", redact_url(url))),
            Repository::Local(dir) => {
                let dir = Path::new(&**dir);
                self.in_local(dir, &COMMON_DIR)
                    .map(|lines| PathBuf::from(lines.trim_end_matches('\n')))
            }
        }
    }

    /// The git directory of a local repository, and the commit that a revision names there.
    pub(in crate::probe) fn local_revision(
        &self,
        dir: &Path,
        revision: &str,
    ) -> Result<(PathBuf, String), NoRevision> {
        let unknown = || {
            let (dir, shown) = (dir.display(), revision.escape_default());
            NoRevision::Revision(format!("`{dir}` has no revision `{shown}`"))
        };
        if revision.is_empty() || revision.starts_with('-') || revision.contains('\0') {
            return Err(unknown());
        }
        let commit = format!("{revision}^{{commit}}");
        let args =
            [&COMMON_DIR[..], &["--verify", "--quiet", "--end-of-options", &commit]].concat();
        let Ok(said) = self.in_local(dir, &args) else {
            // Only who fails has to find out whether there is a repository at all.
            let repository = Repository::Local(dir.to_string_lossy().into());
            self.objects_of(&repository).map_err(NoRevision::Repository)?;
            return Err(unknown());
        };
        let mut lines = said.lines().rev();
        match (lines.next().filter(|commit| is_commit(commit)), lines.next()) {
            (Some(commit), Some(objects)) if objects.starts_with('/') => {
                Ok((objects.into(), commit.to_owned()))
            }
            _ => Err(unknown()),
        }
    }

    /// Asks a local repository, which must be in this very directory: one that happens to be around it, such as that of
    /// the project, is another.
    fn in_local(&self, dir: &Path, args: &[&str]) -> Result<String, String> {
        if !dir.is_dir() {
            return Err(format!("there is no directory `{}`", dir.display()));
        }
        let has = |name: &str| dir.join(name).exists();
        if !has(".git") && !has("HEAD") {
            return Err(format!("`{}` is not a git repository", dir.display()));
        }
        // What looks like one and is none must not lead to one around it.
        let real = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let above = real.parent().unwrap_or(&real);
        let call = quiet(self.call(dir, args)).env([("GIT_CEILING_DIRECTORIES", above)]);
        match call.answer() {
            Ok(answer) => Ok(String::from_utf8_lossy(&answer.stdout).into_owned()),
            Err(error) => match &error.what {
                What::Failed { stderr, .. } if stderr.contains("not a git repository") => {
                    Err(format!("`{}` is not a git repository", dir.display()))
                }
                _ => Err(format!("cannot read `{}`: {}", dir.display(), Error::from(error))),
            },
        }
    }

    /// Which of some commits a repository has, in no order. What is no commit is not among them.
    pub(in crate::probe) fn commits_at_hand(
        &self,
        objects: &Path,
        commits: &[String],
    ) -> Result<Vec<String>, Error> {
        // A command line holds so many at least.
        const AT_A_TIME: usize = 1000;
        let mut found = Vec::new();
        for some in commits.chunks(AT_A_TIME) {
            some.iter().try_for_each(|commit| check_commit(commit))?;
            let args = ["rev-list", "--no-walk=unsorted", "--ignore-missing"];
            let answer = self.reading(objects, args).args(some).answer()?;
            found.extend(String::from_utf8_lossy(&answer.stdout).lines().map(str::to_owned));
        }
        Ok(found)
    }

    /// The tree of a commit, by its name in full.
    pub(in crate::probe) fn tree_of(&self, objects: &Path, commit: &str) -> Result<String, Error> {
        check_commit(commit)?;
        let tree = format!("{commit}^{{tree}}");
        let answer = self.reading(objects, ["rev-parse", "--verify", &tree]).answer()?;
        Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    /// All files of a commit as `git ls-tree -r -z` prints them, or those at or below some paths. A path is taken as it
    /// is: it must be one that a tree can have.
    pub(in crate::probe) fn list_tree(
        &self,
        objects: &Path,
        commit: &str,
        below: &[&str],
    ) -> Result<Vec<u8>, Error> {
        check_commit(commit)?;
        let args = ["ls-tree", "-r", "-z", "--full-tree", commit, "--"];
        let call = self.reading(objects, args).args(below).env([("GIT_LITERAL_PATHSPECS", "1")]);
        Ok(call.limit(LONGEST_LIST).answer()?.stdout)
    }

    /// `git describe --always` of a commit, by the annotated tags that match a pattern.
    pub(in crate::probe) fn describe_commit(
        &self,
        objects: &Path,
        commit: &str,
        pattern: &str,
    ) -> Result<String, Error> {
        check_commit(commit)?;
        let pattern = format!("--match={pattern}");
        let args = ["describe", "--always", &pattern, commit];
        let answer = self.reading(objects, args).answer()?;
        Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    /// Every tag, each on a line with its object, which is a `tag` where the tag is annotated.
    pub(in crate::probe) fn tags(&self, objects: &Path) -> Result<String, Error> {
        let args =
            ["for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", "refs/tags/"];
        let answer = self.reading(objects, args).answer()?;
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// A call that reads what lies in a git directory. What its commits hold is what their names say, whatever its owner
    /// has replaced.
    pub(super) fn reading<A: AsRef<OsStr>>(
        &self,
        objects: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Call {
        quiet(self.call(objects, ["--git-dir".as_ref(), objects.as_os_str()]))
            .args(args)
            .env([("GIT_NO_REPLACE_OBJECTS", "1")])
    }
}

/// The first variable is heard since git 2.39.4 and its like; the second leaves older ones nothing to fetch by.
fn quiet(call: Call) -> Call {
    call.env([("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")])
}
