//! The cache as probes see it: their seams, met by what `graph` keeps. Opened late, because only a loaded project
//! knows where it is.

use std::io;
use std::path::{Path, PathBuf};

use cache::{Cache, Content as Stored};
use graph::digest::Digest;

use crate::diagnostic::reason;
use crate::failure::{Failure, Kind};
use crate::probe::{Content, Files, Links, Memory, SeenRef};

/// What is kept between runs.
#[derive(Clone)]
pub(super) struct Kept {
    cache: Cache,
    now: i64,
}

impl Kept {
    /// Opens it for a verb that changes nothing but memos.
    pub(super) fn to_plan(state: &Path, now: i64) -> anyhow::Result<Self> {
        let _span = tracing::info_span!("open").entered();
        Ok(Self { cache: Cache::open_to_plan(state).map_err(failure)?, now })
    }

    /// Opens it for a verb that builds.
    pub(super) fn to_build(state: &Path, now: i64) -> anyhow::Result<Self> {
        let _span = tracing::info_span!("open").entered();
        Ok(Self { cache: Cache::open(state).map_err(failure)?, now })
    }

    /// The cache itself.
    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }
}

/// What the cache says, as the failure of a command: the disk and what lies on it are the environment.
#[allow(
    clippy::needless_pass_by_value,
    reason = "it stands in `map_err`, which gives the value away"
)]
pub(super) fn failure(error: cache::Error) -> Failure {
    let hints = error.hints();
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let cause_said = match cause.downcast_ref::<io::Error>() {
            Some(error) => reason(error),
            None => cause.to_string(),
        };
        message = format!("{message}: {cause_said}");
        source = cause.source();
    }
    hints.into_iter().fold(Failure::new(Kind::Environment, message), Failure::hint)
}

impl Files for Kept {
    fn look(&self, paths: &[PathBuf], links: Links) -> Vec<io::Result<Content>> {
        let links = match links {
            Links::AsLinks => cache::Links::AsLinks,
            Links::Followed => cache::Links::Followed,
        };
        self.cache
            .contents(paths, links)
            .into_iter()
            .zip(paths)
            .map(|(content, path)| match content {
                Stored::Known { digest, executable } => Ok(Content::File { digest, executable }),
                Stored::Missing => Ok(Content::Missing),
                Stored::Unreadable(_) if path.is_dir() => Ok(Content::Directory),
                Stored::Unreadable(why) => Err(io::Error::other(why)),
            })
            .collect()
    }
}

/// What cannot be remembered is observed again the next time, so errors are let go.
impl Memory for Kept {
    fn tool(&self, key: &Digest) -> Option<String> {
        self.tools(&[*key]).pop().flatten()
    }

    fn tools(&self, keys: &[Digest]) -> Vec<Option<String>> {
        self.cache.tools_said(keys).unwrap_or_else(|_| vec![None; keys.len()])
    }

    fn remember_tool(&self, key: &Digest, text: &str) {
        self.remember_tools(&[(*key, text.to_owned())]);
    }

    fn remember_tools(&self, told: &[(Digest, String)]) {
        self.cache.remember_tools(told, self.now).ok();
    }

    fn last_ref(&self, url: &str, name: &str) -> Option<SeenRef> {
        self.last_refs(&[(url, name)]).pop().flatten()
    }

    fn last_refs(&self, refs: &[(&str, &str)]) -> Vec<Option<SeenRef>> {
        let seen = |seen: cache::SeenRef| SeenRef { commit: seen.commit, seen: seen.seen };
        let found = self.cache.last_refs(refs).unwrap_or_else(|_| vec![None; refs.len()]);
        found.into_iter().map(|found| found.map(seen)).collect()
    }

    fn remember_refs(&self, refs: &[(&str, &str, &str)]) {
        self.cache.remember_refs(refs, self.now).ok();
    }
}
