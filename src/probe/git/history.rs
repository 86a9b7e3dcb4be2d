//! What happened between two commits, from the mirror of a repository. Asks no remote.

use std::path::Path;

use super::program::{Error, Git};

/// The commits that lead from one commit to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The newest of those that the second has and the first has not, newest first.
    pub commits: Vec<LogEntry>,
    /// How many of those there are in all.
    pub added: usize,
    /// How many the first has and the second has not: more than none where a branch was rewritten or taken back.
    pub dropped: usize,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The commit, in full.
    pub commit: String,
    /// The first line of its message, as its author wrote it.
    pub subject: String,
}

impl Git {
    /// The history between two commits, with at most so many log lines. `None` if the mirror of the URL is not there or
    /// lacks one of them.
    ///
    /// # Errors
    /// When git fails.
    pub fn history(
        &self,
        url: &str,
        (old, new): (&str, &str),
        most: usize,
    ) -> Result<Option<History>, Error> {
        let Some(mirror) = self.mirror_of(url) else { return Ok(None) };
        if !self.has_commit(&mirror, old) || !self.has_commit(&mirror, new) {
            return Ok(None);
        }
        let sides = format!("{old}...{new}");
        let counted = self.text(&mirror, &["rev-list", "--left-right", "--count", &sides, "--"])?;
        let mut counts = counted.split_whitespace().map(|count| count.parse().unwrap_or_default());
        let (dropped, added) =
            (counts.next().unwrap_or_default(), counts.next().unwrap_or_default());
        let (range, most) = (format!("{old}..{new}"), format!("--max-count={most}"));
        let log = ["-c", "log.showSignature=false", "log", "--no-color", "--no-decorate"];
        let form = ["--encoding=UTF-8", "--format=%H%x09%s", &most, &range, "--"];
        let log = self.text(&mirror, &[&log[..], &form].concat())?;
        let entry = |line: &str| {
            let (commit, subject) = line.split_once('\t')?;
            Some(LogEntry { commit: commit.to_owned(), subject: subject.to_owned() })
        };
        let commits = log.split('\n').filter_map(entry).collect();
        Ok(Some(History { commits, added, dropped }))
    }

    fn text(&self, dir: &Path, args: &[&str]) -> Result<String, Error> {
        let answer = self.call(dir, args).limit(16 << 20).answer()?;
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }
}
