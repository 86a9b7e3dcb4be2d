//! Remote repositories as the git probe sees them: refs, mirrors, files at commits, and errors without secrets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use graph_cli::context::Environment;
use graph_cli::probe::git::{Git, Wanted};
use graph_cli::probe::tool::bitbake_version;
use graph_cli::probe::{Forgetful, PinnedFile, pinned_file};

use crate::notes::Notes;

struct Remote {
    dir: tempfile::TempDir,
}

impl Remote {
    /// A repository with one commit, a branch, a light and an annotated tag.
    fn new() -> Self {
        let remote = Self { dir: tempfile::tempdir().unwrap() };
        remote.git(&["init", "-q", "-b", "main"]);
        remote.commit("file", "one");
        remote.git(&["branch", "side"]);
        remote.git(&["tag", "light"]);
        remote.git(&["tag", "-a", "-m", "x", "annotated"]);
        remote
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(args)
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, path: &str, text: &str) -> String {
        fs::write(self.dir.path().join(path), text).unwrap();
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", text]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn url(&self) -> String {
        format!("file://{}", self.dir.path().display())
    }
}

fn git(mirrors: &Path) -> Git {
    let env: Environment = std::env::vars_os().collect();
    Git::new(&env, mirrors, Duration::from_secs(20))
}

fn refs(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn refs_are_told_by_equal_names_and_tags_are_peeled() {
    let remote = Remote::new();
    let head = remote.git(&["rev-parse", "HEAD"]);
    // A pattern of `git ls-remote` matches this one too.
    remote.commit("file", "two");
    remote.git(&["update-ref", "refs/heads/other/refs/heads/side", "HEAD"]);
    let wanted =
        refs(&["refs/heads/side", "refs/tags/light", "refs/tags/annotated", "refs/heads/gone"]);
    let told = git(Path::new("/nowhere")).ls_remote(&remote.url(), &wanted).unwrap();
    assert_eq!(told["refs/heads/side"].as_ref(), Some(&head));
    assert_eq!(told["refs/tags/light"].as_ref(), Some(&head));
    assert_eq!(told["refs/tags/annotated"].as_ref(), Some(&head));
    assert_eq!(told["refs/heads/gone"], None);
}

#[test]
fn many_remotes_are_asked_and_each_has_its_own_answer() {
    let remotes: Vec<Remote> = (0..10).map(|_| Remote::new()).collect();
    let mut wanted: Wanted = remotes.iter().map(|remote| (remote.url(), refs(&["HEAD"]))).collect();
    wanted.insert("file:///nowhere/at/all".to_owned(), refs(&["HEAD"]));
    wanted.insert("ext::touch /tmp/x".to_owned(), refs(&["HEAD"]));
    wanted.insert("--upload-pack=touch".to_owned(), refs(&["HEAD"]));
    let answers = git(Path::new("/nowhere")).ls_remotes(&wanted);
    assert_eq!(answers.len(), 13);
    assert_eq!(answers.values().filter(|answer| answer.is_ok()).count(), 10);
    let told = |url: &str| answers[url].as_ref().unwrap_err().to_string();
    insta::assert_snapshot!(told("file:///nowhere/at/all"), @"git: '/nowhere/at/all' does not appear to be a git repository");
    insta::assert_snapshot!(told("ext::touch /tmp/x"), @"`ext::touch /tmp/x` is no URL for git: it would start a helper program");
    insta::assert_snapshot!(told("--upload-pack=touch"), @"`--upload-pack=touch` is no URL for git: it would be read as an option");
}

#[test]
fn what_git_says_is_told_without_secrets() {
    let url = "http://user:hunter2@localhost:1/x".to_owned();
    let told =
        git(Path::new("/nowhere")).ls_remote(&url, &refs(&["HEAD"])).unwrap_err().to_string();
    assert!(!told.contains("hunter2"), "{told}");
    assert!(told.contains("localhost"), "{told}");
}

#[test]
fn a_mirror_is_cloned_then_fetched_and_read_without_a_checkout() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    let mirrors = dir.path().join("git");
    let git = git(&mirrors);
    let url = remote.url();
    let first = remote.git(&["rev-parse", "HEAD"]);
    assert_eq!(git.read_blob(&url, &first, "file").unwrap(), None);

    let mirror = git.mirror(&url).unwrap();
    assert!(git.has_commit(&mirror, &first));
    assert_eq!(git.read_blob(&url, &first, "file").unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(git.read_blob(&url, &first, "gone").unwrap(), None);

    let second = remote.commit("file", "two");
    assert!(!git.has_commit(&mirror, &second));
    assert_eq!(git.mirror_with(&url, &second).unwrap(), mirror);
    assert_eq!(git.read_blob(&url, &second, "file").unwrap().as_deref(), Some(&b"two"[..]));

    // One that no branch has any more, and one that none ever had.
    let third = remote.commit("file", "three");
    remote.git(&["reset", "-q", "--hard", &first]);
    git.mirror_with(&url, &third).unwrap();
    assert!(git.has_commit(&mirror, &third));
    assert!(git.has_commit(&mirror, &second), "a mirror never loses a commit");
    assert!(git.mirror_with(&url, &"0".repeat(40)).is_err());
    assert!(git.mirror_with(&url, "main").is_err());

    let entries: Vec<PathBuf> =
        fs::read_dir(&mirrors).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries, [mirror], "nothing half made is left");
}

#[test]
fn clones_of_one_repository_at_the_same_time_all_succeed() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    let git = git(dir.path());
    std::thread::scope(|scope| {
        let clones: Vec<_> = (0..6).map(|_| scope.spawn(|| git.mirror(&remote.url()))).collect();
        for clone in clones {
            clone.join().unwrap().unwrap();
        }
    });
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_repository_is_described() {
    let remote = Remote::new();
    let empty = tempfile::tempdir().unwrap();
    let git = git(Path::new("/nowhere"));
    remote.commit("file", "two");
    let described = git.describe(remote.dir.path()).unwrap().unwrap();
    assert!(described.starts_with("annotated-1-g"), "{described}");
    assert_eq!(git.describe(empty.path()).unwrap(), None);
    Command::new("git").args(["init", "-q"]).current_dir(empty.path()).status().unwrap();
    assert_eq!(git.describe(empty.path()).unwrap(), None);
}

#[test]
fn the_version_of_bitbake_at_a_commit_is_read_from_a_mirror() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    let git = git(dir.path());
    fs::create_dir_all(remote.dir.path().join("bitbake/lib/bb")).unwrap();
    let commit = remote.commit("bitbake/lib/bb/__init__.py", "__version__ = \"2.8.0\"\n");
    let version = || bitbake_version(&git, &Forgetful, &remote.url(), &commit).unwrap();
    assert_eq!(version(), None);
    git.mirror(&remote.url()).unwrap();
    assert_eq!(version().as_deref(), Some("2.8.0"));
}

#[test]
fn a_file_of_a_commit_is_read_once_and_no_other_commit_is_taken_for_it() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    let git = git(dir.path());
    let (url, notes) = (remote.url(), Notes::default());
    let first = remote.git(&["rev-parse", "HEAD"]);
    let look = |commit: &str, path: &str| {
        pinned_file(&git, &notes, (&url, commit), path).map_err(|error| error.to_string())
    };
    let content = |text: &str| Ok(PinnedFile::Content(text.into()));
    assert_eq!(look(&first, "file"), Ok(PinnedFile::NotCloned));
    let mirror = git.mirror(&url).unwrap();
    assert_eq!(look(&first, "file"), content("one"));
    assert_eq!(look(&first, "file.lock"), Ok(PinnedFile::Absent));

    // What a mirror has lost is still what the commit holds: nothing was asked of git here.
    fs::rename(mirror.join("objects"), mirror.join("lost")).unwrap();
    assert_eq!(look(&first, "file"), content("one"));
    assert_eq!(look(&first, "file.lock"), Ok(PinnedFile::Absent));
    assert_eq!(look(&first, "other"), Ok(PinnedFile::NotCloned));
    fs::rename(mirror.join("lost"), mirror.join("objects")).unwrap();

    // Only git's word that a path is not there is remembered, not that something else went wrong.
    assert_eq!(look(&first, "HEAD"), Ok(PinnedFile::Absent));
    assert_eq!(notes.0.lock().unwrap().len(), 2);
    let second = remote.commit("file", "two");
    assert_eq!(look(&second, "file"), Ok(PinnedFile::NotCloned));
    git.mirror(&url).unwrap();
    assert_eq!(look(&second, "file"), content("two"));
    fs::remove_dir_all(mirror).unwrap();
    assert_eq!(look(&first, "file"), Ok(PinnedFile::NotCloned), "it is to be cloned again");
}
