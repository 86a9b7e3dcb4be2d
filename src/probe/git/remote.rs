//! What the refs of remote repositories name now: each repository asked once, all at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::program::{Error, Git};
use crate::address::{check_ref, check_url, is_commit};

/// More at a time would look like an attack to a server and is no faster.
const AT_A_TIME: usize = 8;

/// Refs by URL.
pub type Wanted = BTreeMap<String, BTreeSet<String>>;

/// By URL: the commit of each ref that was asked for, `None` where the repository has no such ref.
pub type Answers = BTreeMap<String, Result<BTreeMap<String, Option<String>>, Error>>;

/// What the repository of a kernel tree has now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::probe) struct RemoteTree {
    /// The commit of each branch that was asked for, by the full name of its ref; `None` where there is no such branch.
    pub(in crate::probe) heads: BTreeMap<String, Option<String>>,
    /// The annotated tags of versions, by the full names of their refs.
    pub(in crate::probe) tags: BTreeMap<String, RemoteTag>,
}

/// An annotated tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct RemoteTag {
    /// The tag itself.
    pub(in crate::probe) object: String,
    /// The commit that it names.
    pub(in crate::probe) commit: String,
}

/// Where tags are.
pub(super) const TAGS: &str = "refs/tags/";

impl Git {
    /// Asks every repository for the commits of its refs; annotated tags are peeled.
    #[must_use]
    pub fn ls_remotes(&self, wanted: &Wanted) -> Answers {
        let urls: Vec<(&String, &BTreeSet<String>)> = wanted.iter().collect();
        let answers = in_parallel(&urls, |(url, refs)| self.ls_remote(url, refs));
        urls.into_iter().map(|(url, _)| url.clone()).zip(answers).collect()
    }

    /// Asks one repository for the commits of refs; annotated tags are peeled.
    ///
    /// # Errors
    /// When the URL or a ref is none, or the repository cannot be reached in time.
    pub fn ls_remote(
        &self,
        url: &str,
        refs: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Option<String>>, Error> {
        check_url(url)?;
        let mut args = vec!["ls-remote".to_owned(), "--".to_owned(), url.to_owned()];
        for name in refs {
            check_ref(name)?;
            args.push(name.clone());
            if name.starts_with("refs/tags/") {
                args.push(format!("{name}^{{}}"));
            }
        }
        let text = self.ask(&args)?;
        let told = refs_told(&text);
        let commit = |name: &String| {
            let peeled = told.get(format!("{name}^{{}}").as_str());
            peeled.or_else(|| told.get(name.as_str())).map(|commit| (*commit).to_owned())
        };
        Ok(refs.iter().map(|name| (name.clone(), commit(name))).collect())
    }
    /// Asks one repository for the commits of branches, and at once for the tags that `git describe` counts from.
    ///
    /// # Errors
    /// As [`Git::ls_remote`].
    pub(in crate::probe) fn ls_tree_remote(
        &self,
        url: &str,
        branches: &BTreeSet<String>,
    ) -> Result<RemoteTree, Error> {
        check_url(url)?;
        let mut args = vec!["ls-remote".to_owned(), "--".to_owned(), url.to_owned()];
        for name in branches {
            check_ref(name)?;
            args.push(name.clone());
        }
        args.extend([format!("{TAGS}v[1-9]*"), format!("{TAGS}v[1-9]*^{{}}")]);
        let text = self.ask(&args)?;
        let told = refs_told(&text);
        let heads = branches
            .iter()
            .map(|name| (name.clone(), told.get(name.as_str()).map(|&commit| commit.to_owned())))
            .collect();
        // Only annotated tags have a name that ends so, and no other tags count.
        let tags = told.iter().filter_map(|(&name, &commit)| {
            let name = name.strip_suffix("^{}").filter(|name| is_version_tag(name))?;
            let object = *told.get(name)?;
            Some((
                name.to_owned(),
                RemoteTag { object: object.to_owned(), commit: commit.to_owned() },
            ))
        });
        Ok(RemoteTree { heads, tags: tags.collect() })
    }

    fn ask(&self, args: &[String]) -> Result<String, Error> {
        let answer = self.call(Path::new("/"), args).deadline(self.deadline).answer()?;
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }
}

/// The refs in an answer of `git ls-remote`. A pattern also matches refs that end in it, so only equal names count.
fn refs_told(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(commit, _)| is_commit(commit))
        .map(|(commit, name)| (name, commit))
        .collect()
}

/// Whether the full name of a ref is that of a tag that `git describe --match='v[1-9]*'` looks at.
pub(super) fn is_version_tag(name: &str) -> bool {
    let version = name.strip_prefix(TAGS).and_then(|tag| tag.strip_prefix('v'));
    version.is_some_and(|rest| rest.starts_with(|c: char| matches!(c, '1'..='9')))
        && check_ref(name).is_ok()
}

/// Does the same with each item, some at a time, and gives the results in order. For work that waits for others.
pub(in crate::probe) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let go_on = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return };
            let result = work(item);
            results.lock().expect("no thread panics while it holds this").push((at, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..items.len().min(AT_A_TIME) {
            scope.spawn(go_on);
        }
    });
    let mut results = results.into_inner().expect("no thread panicked while it held this");
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
