//! The objects of a repository, read in place: nothing is written, nothing is checked out, and no socket is opened.
//!
//! A partial clone would fetch what it lacks when it is asked for it. Here that would be a surprise offline, a write
//! into somebody's repository, and a commit that is there without its history: what is not at hand is not at hand.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use graph::spec::{Commit, Repository};

use super::mirror::check_commit;
use super::program::{Error, Git, is_no_repository};
use crate::address::is_commit;
use crate::process::Call;
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

/// A commit of a local repository, as a name was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct LocalCommit {
    /// The git directory that holds its objects.
    pub(in crate::probe) objects: PathBuf,
    /// Its name in full.
    pub(in crate::probe) id: String,
    /// Its tree, where that was told, too.
    pub(in crate::probe) tree: Option<String>,
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
                let lines = self.in_local(Path::new(&**dir), &COMMON_DIR)?;
                Ok(PathBuf::from(lines.trim_end_matches('\n')))
            }
        }
    }

    /// The commit that a revision names in a local repository.
    pub(in crate::probe) fn local_revision(
        &self,
        dir: &Path,
        revision: &str,
    ) -> Result<LocalCommit, NoRevision> {
        let unknown = || {
            let (dir, shown) = (dir.display(), revision.escape_default());
            NoRevision::Revision(format!("`{dir}` has no revision `{shown}`"))
        };
        if revision.is_empty() || revision.starts_with('-') || revision.contains('\0') {
            return Err(unknown());
        }
        let (commit, tree) = (format!("{revision}^{{commit}}"), format!("{revision}^{{tree}}"));
        // What a name that moves named meanwhile shows, because the tree is asked for before and after.
        let args = [&COMMON_DIR[..], &["--end-of-options", &tree, &commit, &tree]].concat();
        let Ok(said) = self.in_local(dir, &args) else {
            // Only who fails has to find out whether there is a repository at all.
            let repository = Repository::Local(dir.to_string_lossy().into());
            self.objects_of(&repository).map_err(NoRevision::Repository)?;
            return Err(unknown());
        };
        // Git says of some options that it was given them.
        let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with('-')).collect();
        match lines.as_slice() {
            [objects, tree, commit, again]
                if objects.starts_with('/') && is_commit(commit) && is_commit(tree) =>
            {
                let tree = (tree == again).then(|| (*tree).to_owned());
                Ok(LocalCommit { objects: objects.into(), id: (*commit).to_owned(), tree })
            }
            _ => Err(unknown()),
        }
    }

    /// Asks a local repository, which must be in this very directory: one that happens to be around it, such as that of
    /// the project, is another.
    fn in_local(&self, dir: &Path, args: &[&str]) -> Result<String, String> {
        match self.local_call(dir, args)?.answer() {
            Ok(answer) => Ok(String::from_utf8_lossy(&answer.stdout).into_owned()),
            Err(error) if is_no_repository(&error) => Err(no_repository(dir)),
            Err(error) => Err(format!("cannot read `{}`: {}", dir.display(), Error::from(error))),
        }
    }

    fn local_call<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Call, String> {
        if !dir.is_dir() {
            return Err(format!("there is no directory `{}`", dir.display()));
        }
        let has = |name: &str| dir.join(name).exists();
        if !has(".git") && !has("HEAD") {
            return Err(no_repository(dir));
        }
        // What looks like one and is none must not lead to one around it.
        let real = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let above = real.parent().unwrap_or(&real);
        Ok(quiet(self.call(dir, args)).env([("GIT_CEILING_DIRECTORIES", above)]))
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
    ///
    /// # Errors
    /// In words, where the commit is not at hand.
    pub(in crate::probe) fn tree_of(&self, commit: &Commit) -> Result<String, String> {
        let tree = format!("{}^{{tree}}", commit.id);
        let said = self.of_commit(commit, &["rev-parse", "--verify", &tree])?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// All files of a commit as `git ls-tree -r -z` prints them, or those at or below some paths. A path is taken as it
    /// is: it must be one that a tree can have.
    ///
    /// # Errors
    /// In words, where the commit is not at hand.
    pub(in crate::probe) fn list_tree(
        &self,
        commit: &Commit,
        below: &[&str],
    ) -> Result<Vec<u8>, String> {
        let args = ["ls-tree", "-r", "-z", "--full-tree", &commit.id, "--"];
        self.of_commit(commit, &[&args, below].concat())
    }

    /// What git says of a commit. A local repository is asked in its own directory: to ask first where its objects are
    /// would be a second process, which takes longer than most answers.
    fn of_commit(
        &self,
        Commit { repository, id }: &Commit,
        args: &[&str],
    ) -> Result<Vec<u8>, String> {
        check_commit(id).map_err(|error| error.to_string())?;
        let dir = match repository {
            Repository::Mirror(_) => None,
            Repository::Local(dir) => Some(Path::new(&**dir)),
        };
        let call = match dir {
            None => self.reading(&self.objects_of(repository)?, args),
            Some(dir) => as_they_are(self.local_call(dir, args)?),
        };
        let call = call.env([("GIT_LITERAL_PATHSPECS", "1")]).limit(LONGEST_LIST);
        call.answer().map(|answer| answer.stdout).map_err(|error| match dir {
            Some(dir) if is_no_repository(&error) => no_repository(dir),
            _ => Error::from(error).to_string(),
        })
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
        as_they_are(quiet(self.call(objects, ["--git-dir".as_ref(), objects.as_os_str()])))
            .args(args)
    }
}

fn as_they_are(call: Call) -> Call {
    call.env([("GIT_NO_REPLACE_OBJECTS", "1")])
}

fn no_repository(dir: &Path) -> String {
    format!("`{}` is not a git repository", dir.display())
}

/// The first variable is heard since git 2.39.4 and its like; the second leaves older ones nothing to fetch by.
fn quiet(call: Call) -> Call {
    call.env([("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")])
}
