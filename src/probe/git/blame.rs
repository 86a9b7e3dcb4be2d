//! Who wrote lines of a work tree, and who last touched files of it, since a commit. What authors call themselves is told as
//! they wrote it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::program::{Error, Git};

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The author of a commit.
    Commit {
        /// The commit, in full.
        commit: Arc<str>,
        /// The name of its author.
        author: Arc<str>,
        /// The first line of its message.
        subject: Arc<str>,
    },
    /// Nobody yet: it is not committed.
    Uncommitted,
}

/// What git calls a commit that was not made yet.
const NOT_YET: &str = "0000000000000000000000000000000000000000";

impl Git {
    /// Who wrote lines of a file, as far as they were written since a commit. `file` is relative to `dir`.
    ///
    /// # Errors
    /// When git fails, as it does for a file that it does not track.
    pub fn blame(
        &self,
        dir: &Path,
        file: &str,
        lines: &BTreeSet<u32>,
        since: &str,
    ) -> Result<HashMap<u32, Author>, Error> {
        let mut args =
            vec!["blame".to_owned(), "--porcelain".to_owned(), "--encoding=UTF-8".into()];
        args.extend(lines.iter().map(|line| format!("-L{line},{line}")));
        args.extend([format!("^{since}"), "--".to_owned(), file.to_owned()]);
        let said = self.call(dir, args).limit(16 << 20).answer()?.stdout;
        Ok(blamed(&String::from_utf8_lossy(&said)))
    }

    /// Who last touched one of some files, as far as that was since a commit. They are relative to `dir`.
    ///
    /// # Errors
    /// When git fails.
    pub fn last_touched(
        &self,
        dir: &Path,
        files: &[&str],
        since: &str,
    ) -> Result<Option<Author>, Error> {
        // What was done last is what is not committed.
        let status = ["status", "--porcelain", "-z", "--ignore-submodules=all", "--"];
        let literal = [("GIT_LITERAL_PATHSPECS", "1")];
        let status = self.call(dir, status).args(files).env(literal).answer()?.stdout;
        if !status.is_empty() {
            return Ok(Some(Author::Uncommitted));
        }
        let range = format!("{since}..HEAD");
        let log = ["-c", "log.showSignature=false", "log", "--no-color", "--no-decorate"];
        let form = ["--encoding=UTF-8", "--max-count=1", "--format=%H%x00%an%x00%s", &range, "--"];
        let said = self.call(dir, log).args(form).args(files).env(literal).answer()?.stdout;
        let said = String::from_utf8_lossy(&said);
        let mut parts = said.trim_end_matches('\n').splitn(3, '\0');
        let (Some(commit), Some(author), Some(subject)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let (commit, author, subject) = (commit.into(), author.into(), subject.into());
        Ok(Some(Author::Commit { commit, author, subject }))
    }

    /// Whether git tracks a file; relative to `dir`.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn tracks(&self, dir: &Path, file: &str) -> Result<bool, Error> {
        let call = self.call(dir, ["ls-files", "--error-unmatch", "-z", "--", file]);
        let (_, status) = call.env([("GIT_LITERAL_PATHSPECS", "1")]).outcome()?;
        Ok(status.success())
    }
}

/// What is known of a commit, which git tells once.
#[derive(Default, Clone)]
struct Known {
    author: Arc<str>,
    subject: Arc<str>,
    is_before: bool,
}

/// Reads what `git blame --porcelain` prints: for each line a head, what is new of its commit, and after a tab the line.
fn blamed(text: &str) -> HashMap<u32, Author> {
    let mut commits: HashMap<&str, Known> = HashMap::new();
    let mut of_lines: Vec<(u32, &str)> = Vec::new();
    let mut current = "";
    let mut expects_head = true;
    for line in text.split('\n') {
        if line.starts_with('\t') {
            expects_head = true;
        } else if expects_head {
            let mut words = line.split(' ');
            let (Some(commit), Some(_), Some(number)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            of_lines.push((number, commit));
            (current, expects_head) = (commit, false);
            commits.entry(commit).or_default();
        } else if let Some(known) = commits.get_mut(current) {
            match line.split_once(' ') {
                Some(("author", name)) => known.author = name.into(),
                Some(("summary", subject)) => known.subject = subject.into(),
                None if line == "boundary" => known.is_before = true,
                _ => {}
            }
        }
    }
    let author = |(line, commit): (u32, &str)| {
        if commit == NOT_YET {
            return Some((line, Author::Uncommitted));
        }
        let known = commits.get(commit).filter(|known| !known.is_before)?.clone();
        let Known { author, subject, .. } = known;
        Some((line, Author::Commit { commit: commit.into(), author, subject }))
    };
    of_lines.into_iter().filter_map(author).collect()
}

#[cfg(test)]
mod tests {
    use super::{Author, blamed};

    #[test]
    fn what_git_says_of_lines_is_read() {
        let text = "\
1111111111111111111111111111111111111111 3 4 1
author A U Thor
author-mail <a@example.com>
summary boundary
filename a.yaml
\tboundary
2222222222222222222222222222222222222222 1 1 1
author Old
summary before
boundary
filename a.yaml
\tx: 1
1111111111111111111111111111111111111111 5 6 1
\tauthor nobody
0000000000000000000000000000000000000000 7 7 1
author Not Committed Yet
summary Version of a.yaml from a.yaml
filename a.yaml
\ty
";
        let blame = blamed(text);
        let author = Author::Commit {
            commit: "1".repeat(40).into(),
            author: "A U Thor".into(),
            subject: "boundary".into(),
        };
        assert_eq!(blame.get(&4), Some(&author));
        assert_eq!(blame.get(&6), Some(&author));
        assert_eq!(blame.get(&1), None, "it is older than what was asked for");
        assert_eq!(blame.get(&7), Some(&Author::Uncommitted));
    }
}
