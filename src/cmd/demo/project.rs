//! Writes the example project into a directory: its files, and the repositories that stand in for servers.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::files::FILES;
use super::git::{commit_all, is_executable, write_history};
use super::history::histories;
use super::kernels;
use crate::failure::{Failure, Kind};

/// Its presence tells a demo from anything else that lies in a directory. It also keeps git away.
const MARKER: &str = "upstream/.gitignore";
const MARKER_TEXT: &str =
    "# Written by `graph demo`: these repositories stand in for servers.\n*\n";
/// What builds share is kept out of the project's own repository.
const SHARED: (&str, &str) = ("shared/.gitignore", "*\n");
/// The branch of all three upstream repositories: the release of Yocto that the boards use.
const BRANCH: &str = "scarthgap";

/// An example project that was written out.
#[derive(Debug)]
pub struct Example {
    /// Its directory, absolute and without symbolic links.
    pub root: PathBuf,
    /// The commits of the upstream repositories, oldest first, by the name of the repository.
    pub commits: BTreeMap<String, Vec<String>>,
}

/// Writes the example into a directory that is absent, empty, or holds it already; then its files are as they were
/// in the beginning again, and what else lies there stays.
///
/// # Errors
/// A [`Failure`] of kind input when something else is in the directory or kas could not work there; of kind
/// environment when git or the file system refuses.
pub fn write(dir: &Path) -> Result<Example> {
    check_path(&std::path::absolute(dir).with_context(|| cannot("resolve", dir))?)?;
    check_is_free(dir, is_demo(dir) || kernels::is_demo(&dir.join(kernels::DIRECTORY)))?;
    put(dir, MARKER, MARKER_TEXT)?;
    put(dir, SHARED.0, SHARED.1)?;
    let root = fs::canonicalize(dir).with_context(|| cannot("resolve", dir))?;
    check_path(&root)?;
    let commits = histories(FILES)
        .into_iter()
        .map(|(repo, history)| {
            let bare = root.join("upstream").join(format!("{repo}.git"));
            Ok((repo.to_owned(), write_history(&bare, BRANCH, &history)?))
        })
        .collect::<Result<BTreeMap<_, _>>>()?;
    let example = Example { root, commits };
    for (path, text) in FILES.iter().filter(|(path, _)| !path.starts_with("upstream/")) {
        put(&example.root, path, &example.fill_in(text))?;
    }
    commit_all(&example.root, "Twelve boards")?;
    Ok(example)
}

impl Example {
    /// Replaces `@UPSTREAM@` by the URL of the directory of repositories, and `@COMMIT:<repo>:<n>@` by the n-th commit.
    fn fill_in(&self, text: &str) -> String {
        let mut text = text.replace("@UPSTREAM@", &file_url(&self.root.join("upstream")));
        for (repo, commits) in &self.commits {
            for (number, commit) in (1..).zip(commits) {
                text = text.replace(&format!("@COMMIT:{repo}:{number}@"), commit);
            }
        }
        text
    }
}

/// Whether a directory holds what [`write()`] wrote.
pub(super) fn is_demo(dir: &Path) -> bool {
    fs::read_to_string(dir.join(MARKER)).is_ok_and(|text| text == MARKER_TEXT)
}

/// Sees that a directory is absent or empty, unless it is ours.
pub(super) fn check_is_free(dir: &Path, is_ours: bool) -> Result<()> {
    let is_empty = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| cannot("read", dir)),
    };
    if is_empty || is_ours {
        return Ok(());
    }
    let message = format!("`{}` is not empty and holds no demo", dir.display());
    Err(Failure::new(Kind::Input, message).hint("name another directory: `graph demo DIR`").into())
}

/// kas hands its build directory to a shell unquoted, and separates files by colons.
fn check_path(root: &Path) -> Result<()> {
    let is_plain =
        |c: char| !c.is_whitespace() && !c.is_control() && !":\"'\\$`*?[]{}&;|<>()#".contains(c);
    if root.to_str().is_some_and(|text| text.chars().all(is_plain)) {
        return Ok(());
    }
    let message =
        format!("kas cannot build below `{}`: its path has a space or the like", root.display());
    Err(Failure::new(Kind::Input, message).hint("name a directory with a plain path").into())
}

pub(super) fn file_url(path: &Path) -> String {
    let mut url = "file://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b'+' => {
                url.push(char::from(*byte));
            }
            byte => url += &format!("%{byte:02X}"),
        }
    }
    url
}

/// Writes a file, unless it is as it should be: its time stamp would only make others read it again.
pub(super) fn put(root: &Path, path: &str, text: &str) -> Result<()> {
    let path = root.join(path);
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let parent = path.parent().expect("a path below a root has a parent");
    fs::create_dir_all(parent).with_context(|| cannot("make", parent))?;
    fs::write(&path, text).with_context(|| cannot("write", &path))?;
    let mode = if is_executable(text) { 0o755 } else { 0o644 };
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
        .with_context(|| cannot("set the mode of", &path))
}

pub(super) fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} `{}`", path.display())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{check_path, file_url, write};

    #[test]
    fn what_kas_cannot_build_below_is_refused() {
        assert!(check_path(Path::new("/home/a-b/c_d.e")).is_ok());
        for path in ["/home/a b", "/home/a:b", "/home/$x", "/home/a\nb"] {
            assert!(check_path(Path::new(path)).is_err(), "{path}");
        }
        assert_eq!(file_url(Path::new("/a%b/ü")), "file:///a%25b/%C3%BC");
    }

    #[test]
    fn only_an_empty_directory_or_a_demo_is_written_to() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "").unwrap();
        let error = write(dir.path()).unwrap_err().to_string();
        assert!(error.ends_with("is not empty and holds no demo"), "{error}");

        let demo = dir.path().join("demo");
        let first = write(&demo).unwrap();
        let fragment = demo.join("kas/bsp-birch.yaml");
        let original = fs::read_to_string(&fragment).unwrap();
        fs::write(&fragment, "changed").unwrap();
        fs::write(demo.join("notes"), "kept").unwrap();
        let second = write(&demo).unwrap();
        assert_eq!(first.commits, second.commits);
        assert_eq!(fs::read_to_string(&fragment).unwrap(), original);
        assert!(demo.join("notes").exists());
        assert!(!original.contains('@'), "{original}");
    }
}
