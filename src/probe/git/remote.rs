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

impl Git {
    /// Asks every repository for the commits of its refs; annotated tags are peeled.
    #[must_use]
    pub fn ls_remotes(&self, wanted: &Wanted) -> Answers {
        let urls: Vec<(&String, &BTreeSet<String>)> = wanted.iter().collect();
        let next = AtomicUsize::new(0);
        let answers = Mutex::new(Answers::new());
        let ask = || {
            while let Some((url, refs)) = urls.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = self.ls_remote(url, refs);
                let mut answers = answers.lock().expect("no thread panics while it holds this");
                answers.insert((*url).clone(), answer);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..urls.len().min(AT_A_TIME) {
                scope.spawn(ask);
            }
        });
        answers.into_inner().expect("no thread panicked while it held this")
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
        let answer = self.call(Path::new("/"), &args).deadline(self.deadline).answer()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        // A pattern also matches refs that end in it, so only equal names count.
        let told: BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter(|(commit, _)| is_commit(commit))
            .map(|(commit, name)| (name, commit))
            .collect();
        let commit = |name: &String| {
            let peeled = told.get(format!("{name}^{{}}").as_str());
            peeled.or_else(|| told.get(name.as_str())).map(|commit| (*commit).to_owned())
        };
        Ok(refs.iter().map(|name| (name.clone(), commit(name))).collect())
    }
}
