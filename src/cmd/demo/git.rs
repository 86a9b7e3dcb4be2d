//! Makes the git repositories of the example. Knows no example: it gets files, and gives commits.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::failure::{Failure, Kind};

/// One commit: a message and what it changes.
pub(super) struct Commit<'a> {
    /// The first and only line of its message.
    pub(super) subject: String,
    /// The files that it adds or replaces, by path.
    pub(super) files: Vec<(&'a str, &'a str)>,
    /// The files that it removes.
    pub(super) removed: Vec<&'a str>,
    /// A version that it is tagged as.
    pub(super) tag: Option<&'a str>,
    /// A branch beside the history's own that ends with it.
    pub(super) branch: Option<&'a str>,
}

/// The first commit is from 2024-05-01; the others follow a day after another.
const FIRST_DAY: u64 = 1_714_564_800;
const DAY: u64 = 86_400;
const AUTHOR: &str = "Toy Upstream <upstream@example.com>";

/// Whether a file is meant to be run.
pub(super) fn is_executable(text: &str) -> bool {
    text.starts_with("#!")
}

/// Makes a bare repository whose branch is this history, and returns the commits. Author, committer and dates are
/// fixed, so the same history has the same commits everywhere, and writing it again changes nothing.
pub(super) fn write_history(
    bare: &Path,
    branch: &str,
    history: &[Commit<'_>],
) -> Result<Vec<String>> {
    let bare_text = path_text(bare)?;
    git(&["init", "--quiet", "--bare", "--template=", "-b", branch, bare_text], &[])?;
    let stream = import_stream(branch, history);
    // Forced: a commit that someone added to try something out does not stand in the way of writing it again.
    let answer =
        git(&["--git-dir", bare_text, "fast-import", "--quiet", "--force"], stream.as_bytes())?;
    let commits: Vec<String> = answer.lines().map(str::to_owned).collect();
    anyhow::ensure!(commits.len() == history.len(), "`git fast-import` answered: {answer}");
    Ok(commits)
}

/// Makes a repository of a directory, with all that is in it as its first commit, unless it has one.
pub(super) fn commit_all(dir: &Path, subject: &str) -> Result<()> {
    let dir = path_text(dir)?;
    git(&["-C", dir, "init", "--quiet", "--template=", "-b", "main"], &[])?;
    if git(&["-C", dir, "rev-parse", "--verify", "--quiet", "HEAD"], &[]).is_ok() {
        return Ok(());
    }
    git(&["-C", dir, "add", "--all"], &[])?;
    git(&["-C", dir, "commit", "--quiet", "--no-verify", "-m", subject], &[])?;
    Ok(())
}

/// A clone of a repository with a branch checked out, as it is there; what was changed in it is lost.
pub(super) fn clone_anew(bare: &Path, branch: &str, dir: &Path) -> Result<()> {
    let (bare, dir) = (path_text(bare)?, path_text(dir)?);
    git(&["init", "--quiet", "--template=", "-b", branch, dir], &[])?;
    let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
    git(&[&["-C", dir, "fetch", "--quiet", bare][..], &all].concat(), &[])?;
    let from = format!("refs/remotes/origin/{branch}");
    git(&["-C", dir, "checkout", "--quiet", "--force", "--no-track", "-B", branch, &from], &[])?;
    git(&["-C", dir, "clean", "--quiet", "-dffx"], &[])?;
    Ok(())
}

/// Commits what has changed in a repository.
pub(super) fn commit_changes(dir: &Path, subject: &str) -> Result<()> {
    git(&["-C", path_text(dir)?, "commit", "--quiet", "--no-verify", "-am", subject], &[])?;
    Ok(())
}

/// The difference between a file and its last commit, as `git diff` shows it.
pub(super) fn diff(dir: &Path, path: &str) -> Result<String> {
    git(&["-C", path_text(dir)?, "diff", "--no-color", "--unified=1", "HEAD", "--", path], &[])
}

/// What `git fast-import` reads; it answers the commits one a line.
fn import_stream(branch: &str, history: &[Commit<'_>]) -> String {
    let mut stream = String::new();
    for (day, commit) in (0..).zip(history) {
        let mark = day + 1;
        let when = FIRST_DAY + day * DAY;
        let data = |text: &str| format!("data {}\n{text}\n", text.len());
        stream += &format!("commit refs/heads/{branch}\nmark :{mark}\n");
        stream += &format!("author {AUTHOR} {when} +0000\ncommitter {AUTHOR} {when} +0000\n");
        stream += &data(&format!("{}\n", commit.subject));
        for (path, text) in &commit.files {
            let mode = if is_executable(text) { "100755" } else { "100644" };
            stream += &format!("M {mode} inline {path}\n{}", data(text));
        }
        for path in &commit.removed {
            stream += &format!("D {path}\n");
        }
        if let Some(branch) = commit.branch {
            stream += &format!("reset refs/heads/{branch}\nfrom :{mark}\n\n");
        }
        if let Some(tag) = commit.tag {
            stream += &format!("tag {tag}\nfrom :{mark}\ntagger {AUTHOR} {when} +0000\n");
            stream += &data(&format!("{tag}\n"));
        }
    }
    for mark in 1..=history.len() {
        stream += &format!("get-mark :{mark}\n");
    }
    stream
}

/// Runs git with nothing of the user's configuration, so that the result is the same everywhere.
fn git(arguments: &[&str], input: &[u8]) -> Result<String> {
    let doing = || format!("cannot run `git {}`", arguments.join(" "));
    let mut command = Command::new("git");
    command.args(arguments).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_DEFAULT_HASH", "sha1"),
        ("GIT_AUTHOR_NAME", "Boards"),
        ("GIT_AUTHOR_EMAIL", "boards@example.com"),
        ("GIT_AUTHOR_DATE", "2024-06-01T12:00:00Z"),
        ("GIT_COMMITTER_NAME", "Boards"),
        ("GIT_COMMITTER_EMAIL", "boards@example.com"),
        ("GIT_COMMITTER_DATE", "2024-06-01T12:00:00Z"),
        ("LC_ALL", "C"),
    ] {
        command.env(name, value);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| {
        Failure::new(Kind::Environment, format!("{}: {error}", doing()))
            .hint("install git, and see that it is on PATH")
    })?;
    // git reads all of its input before it answers, so that neither side waits for the other.
    let sent = child.stdin.take().expect("its input is a pipe").write_all(input);
    let output = child.wait_with_output().with_context(doing)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(
            Kind::Environment,
            format!("`git {}` failed: {}", arguments.join(" "), message.trim()),
        )
        .into());
    }
    sent.with_context(doing)?;
    String::from_utf8(output.stdout).with_context(doing)
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Commit, import_stream};

    #[test]
    fn a_history_is_a_stream() {
        let history = [
            Commit {
                subject: "One".into(),
                files: vec![("a/b", "x\n"), ("run", "#!/bin/sh\n")],
                removed: vec![],
                tag: Some("v1"),
                branch: Some("stable"),
            },
            Commit {
                subject: "Two".into(),
                files: vec![],
                removed: vec!["a/b"],
                tag: None,
                branch: None,
            },
        ];
        let expect = "\
commit refs/heads/main
mark :1
author Toy Upstream <upstream@example.com> 1714564800 +0000
committer Toy Upstream <upstream@example.com> 1714564800 +0000
data 4
One

M 100644 inline a/b
data 2
x

M 100755 inline run
data 10
#!/bin/sh

reset refs/heads/stable
from :1

tag v1
from :1
tagger Toy Upstream <upstream@example.com> 1714564800 +0000
data 3
v1

commit refs/heads/main
mark :2
author Toy Upstream <upstream@example.com> 1714651200 +0000
committer Toy Upstream <upstream@example.com> 1714651200 +0000
data 4
Two

D a/b
get-mark :1
get-mark :2
";
        assert_eq!(import_stream("main", &history), expect);
    }
}
