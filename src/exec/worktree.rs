//! Where git keeps what it knows of a directory. Reads a few small files; starts nothing.
//!
//! A container sees only what is mounted. A project that is a work tree beside its repository (`git worktree`), a
//! submodule, or a directory within a repository has its `.git` elsewhere, and without it every git in the container
//! fails: kas asks it for the root of local repositories, recipes for a version.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// What lies outside a directory of all that git needs in it: the entry `.git`, the repository that it names, what that
/// has in common with other work trees, and where it borrows objects.
#[must_use]
pub fn elsewhere(dir: &Path) -> Vec<PathBuf> {
    let entries = dir.ancestors().map(|above| above.join(".git"));
    let Some(entry) = entries.into_iter().find(|entry| entry.exists()) else { return Vec::new() };
    let mut found = vec![entry.clone()];
    let repository = match pointer(&entry, "gitdir: ") {
        Some(repository) => repository,
        None => entry,
    };
    let common = pointer(&repository.join("commondir"), "").unwrap_or_else(|| repository.clone());
    let borrowed = fs::read_to_string(common.join("objects/info/alternates")).unwrap_or_default();
    found.extend([repository, common.clone()]);
    // A line that is no path was written for another program.
    let lenders = borrowed.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '"']));
    found.extend(lenders.map(|line| plain(&common.join("objects").join(line))));
    let mut needed: Vec<PathBuf> = Vec::new();
    for path in found {
        let is_there = needed.iter().any(|mounted| path.starts_with(mounted));
        if !path.starts_with(dir) && !is_there && path.exists() {
            // What is mounted whole makes what lies in it needless.
            needed.retain(|mounted| !mounted.starts_with(&path));
            needed.push(path);
        }
    }
    needed
}

/// The path that a file of git's holds, relative to where the file lies.
fn pointer(file: &Path, before: &str) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    let path = text.strip_prefix(before)?.trim_end_matches('\n');
    (!path.is_empty()).then(|| plain(&file.parent().unwrap_or(file).join(path)))
}

/// A path without `.` and `..`, which a container engine would not take for the same.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::elsewhere;

    fn git(dir: &Path, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always"]);
        let status = git.args(args).current_dir(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").status();
        assert!(status.expect("git").success(), "git {args:?}");
    }

    #[test]
    fn all_that_git_needs_is_named() {
        let top = tempfile::tempdir().expect("a directory");
        let top = top.path().canonicalize().expect("a directory");
        let check = |dir: &str, expect: &[&str]| {
            let found: Vec<String> = elsewhere(&top.join(dir))
                .iter()
                .map(|path| path.strip_prefix(&top).expect("below").display().to_string())
                .collect();
            assert_eq!(found, expect, "{dir}");
        };
        fs::create_dir_all(top.join("main/sub/dir")).expect("a directory");
        fs::create_dir_all(top.join("none")).expect("a directory");
        git(&top.join("main"), &["init", "-q"]);
        fs::write(top.join("main/file"), "x").expect("a file");
        git(&top.join("main"), &["add", "-A"]);
        git(&top.join("main"), &["commit", "-q", "-m", "x"]);
        check("none", &[]);
        check("main", &[]);
        check("main/sub/dir", &["main/.git"]);
        git(&top.join("main"), &["worktree", "add", "-q", "../tree"]);
        check("tree", &["main/.git"]);
        fs::create_dir_all(top.join("tree/below")).expect("a directory");
        check("tree/below", &["tree/.git", "main/.git"]);
        git(&top, &["clone", "-q", "--shared", "main", "borrower"]);
        check("borrower", &["main/.git/objects"]);
        git(&top.join("borrower"), &["submodule", "--quiet", "add", "../main", "module"]);
        check("borrower/module", &["borrower/.git/modules/module"]);
    }
}
