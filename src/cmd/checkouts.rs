//! The files of other repositories that kas files include, read from mirrors at the very commit that is configured.
//! What lies in a work tree is never read: it may be at any commit.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use crate::front::kas::{Checkouts, Content, Directories, FoundFile, Lookup, RepoAt};
use crate::probe::git::Git;
use crate::probe::{Memory, Mode, PinnedFile, Probe, pinned_file};

/// Mirrors, and the local directories of repositories without a URL.
pub(super) struct Mirrors<'a> {
    git: Git,
    memory: &'a dyn Memory,
    mode: Mode,
    now: i64,
    local: Directories,
    /// What refs name, by URL and ref: asked once.
    refs: Mutex<HashMap<(String, String), Option<String>>>,
}

impl<'a> Mirrors<'a> {
    pub(super) fn new(probe: &Probe<'a>) -> Self {
        let root = probe.layout.root();
        let local = Directories::new(root, root);
        Self {
            git: probe.git(),
            memory: probe.memory,
            mode: probe.mode,
            now: probe.now,
            local,
            refs: Mutex::default(),
        }
    }

    /// The commit at which a repository is configured, if that can be told.
    pub(super) fn commit(&self, url: &str, repo: &RepoAt) -> Option<String> {
        if let Some(commit) = &repo.commit {
            return Some(commit.to_string());
        }
        let name = match (&repo.tag, &repo.branch) {
            (Some(tag), _) => format!("refs/tags/{}", tag.trim_start_matches("refs/tags/")),
            (None, Some(branch)) => {
                format!("refs/heads/{}", branch.trim_start_matches("refs/heads/"))
            }
            (None, None) => "HEAD".to_owned(),
        };
        let key = (url.to_owned(), name);
        let mut refs = self.refs.lock().expect("no thread panics while it holds this");
        refs.entry(key).or_insert_with_key(|(url, name)| self.ask(url, name)).clone()
    }

    /// The commits of refs that were asked for, by URL and name: whoever asks on need not ask for them again.
    pub(super) fn asked(&self) -> HashMap<(String, String), String> {
        let refs = self.refs.lock().expect("no thread panics while it holds this");
        let known = refs.iter().filter_map(|(key, commit)| Some((key.clone(), commit.clone()?)));
        known.collect()
    }

    fn ask(&self, url: &str, name: &str) -> Option<String> {
        let last = self.memory.last_ref(url, name);
        // What this very command has heard is not asked again: both sides of a comparison are told the same.
        if self.mode == Mode::Offline || last.as_ref().is_some_and(|last| last.seen == self.now) {
            return last.map(|seen| seen.commit);
        }
        let answer = self.git.ls_remote(url, &BTreeSet::from([name.to_owned()])).ok()?;
        let commit = answer.get(name)?.clone()?;
        self.memory.remember_refs(&[(url, name, &commit)]);
        Some(commit)
    }
}

impl Checkouts for Mirrors<'_> {
    fn find(&self, repo: &RepoAt, path: &str) -> Lookup {
        let Some(url) = &repo.url else { return self.local.find(repo, path) };
        let Some(commit) = self.commit(url, repo) else { return Lookup::NotCloned };
        match pinned_file(&self.git, self.memory, (url, &commit), path) {
            Ok(PinnedFile::Content(bytes)) => Lookup::File(Arc::new(FoundFile {
                key: format!("{commit}:{path}").into(),
                name: format!("{}/{path}", repo.id).into(),
                content: Content::Bytes(bytes.into()),
            })),
            Ok(PinnedFile::Absent) => Lookup::NoSuchFile,
            Ok(PinnedFile::NotCloned) => Lookup::NotCloned,
            Err(error) => Lookup::Unreadable(error.to_string()),
        }
    }
}
