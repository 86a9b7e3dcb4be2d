//! Where the files of other repositories come from: a seam, and its plain form, directories as kas lays them out.
//! Runs no git.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::reason;
use crate::front::kas::merged::RepoAt;

/// The repositories that are at hand. Asked from many threads at once.
pub trait Checkouts: Sync {
    /// Looks for a file of a repository at its configured revision. The path is relative to the repository, has no
    /// `.` or `..` and is separated by `/`.
    fn find(&self, repo: &RepoAt, path: &str) -> Lookup;
}

/// What became of looking for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It is there.
    File(Arc<FoundFile>),
    /// The repository is there, and the file is not.
    NoSuchFile,
    /// The repository is not there.
    NotCloned,
    /// Symbolic links lead out of the repository.
    Escapes,
    /// Something is there that cannot be read as a file, and why.
    Unreadable(String),
}

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Equal for equal files: the content is read and parsed once per key.
    pub key: Arc<str>,
    /// The name by which messages call it, such as `poky/kas/base.yaml`.
    pub name: Arc<str>,
    /// The content, or where it is.
    pub content: Content,
}

/// The content of a file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It is this file, an absolute path.
    OnDisk(Arc<Path>),
    /// It was read from elsewhere, such as the objects of a mirror.
    Bytes(Arc<[u8]>),
}

/// Checkouts in the directories where kas has them. What is checked out is what is read, whatever is configured.
#[derive(Debug, Clone)]
pub struct Directories {
    work: PathBuf,
    local: PathBuf,
}

impl Directories {
    /// Clones lie in `work`; the relative paths of repositories without a URL start from `local`. For kas both are
    /// `KAS_WORK_DIR`, and that is its working directory unless set. Both are absolute.
    pub fn new(work: impl Into<PathBuf>, local: impl Into<PathBuf>) -> Self {
        Self { work: work.into(), local: local.into() }
    }

    /// The directory of a repository.
    #[must_use]
    pub fn dir(&self, repo: &RepoAt) -> PathBuf {
        let base = if repo.url.is_some() { &self.work } else { &self.local };
        normal(&base.join(&repo.path))
    }
}

impl Checkouts for Directories {
    fn find(&self, repo: &RepoAt, path: &str) -> Lookup {
        let dir = self.dir(repo);
        match fs::canonicalize(&dir) {
            Ok(real) => {
                let file = dir.join(path);
                let name = file.strip_prefix(&self.local).unwrap_or(&file).to_string_lossy();
                find_below(&real, None, &file, &name)
            }
            Err(_) => Lookup::NotCloned,
        }
    }
}

/// Looks for a file on disk that must not lead out of a directory, which is given as `canonicalize` has it; so is the
/// directory of the file, where that is known already.
pub(super) fn find_below(boundary: &Path, dir: Option<&Path>, path: &Path, name: &str) -> Lookup {
    let real = match real_path(dir, path) {
        Ok(real) => real,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Lookup::NoSuchFile;
        }
        Err(error) => return Lookup::Unreadable(reason(&error)),
    };
    if !real.starts_with(boundary) {
        return Lookup::Escapes;
    }
    match fs::metadata(&real) {
        Ok(data) if data.is_file() => on_disk(path, name),
        Ok(data) if data.is_dir() => Lookup::Unreadable("it is a directory".into()),
        Ok(_) => Lookup::Unreadable("it is no regular file".into()),
        Err(error) => Lookup::Unreadable(reason(&error)),
    }
}

/// A file on disk, by its absolute path.
pub(super) fn on_disk(path: &Path, name: &str) -> Lookup {
    Lookup::File(Arc::new(FoundFile {
        key: path.to_string_lossy().into(),
        name: name.into(),
        content: Content::OnDisk(path.into()),
    }))
}

/// As `canonicalize`. In a directory that has no link in its path, only the file itself can be one.
fn real_path(dir: Option<&Path>, path: &Path) -> std::io::Result<PathBuf> {
    if let (Some(dir), Some(name)) = (dir, path.file_name())
        && !fs::symlink_metadata(path)?.is_symlink()
    {
        return Ok(dir.join(name));
    }
    fs::canonicalize(path)
}

/// A path without `.` and `..`, by its text alone (as Python's `os.path.normpath`): `a/../b` is `b` also where `a`
/// is a symbolic link.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.iter().collect()
}

/// A relative path without `.` and `..`, joined by `/`; `None` if it is absolute or leads out.
pub(super) fn inside(path: &Path) -> Option<String> {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    if let Some(text) = path.to_str().filter(|text| text.split('/').all(is_plain)) {
        return Some(text.to_owned());
    }
    let path = normal(path);
    let parts: Option<Vec<_>> = path
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    Some(parts?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_by_their_text() {
        for (path, expect) in [
            ("a/../b", "b"),
            ("./a//b/.", "a/b"),
            ("../a", "../a"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("", ""),
        ] {
            assert_eq!(normal(Path::new(path)), Path::new(expect), "{path}");
        }
    }

    #[test]
    fn only_what_stays_inside_is_inside() {
        for (path, expect) in [
            ("a/b.yaml", Some("a/b.yaml")),
            ("", Some("")),
            ("a//b/", Some("a/b")),
            ("a/../b.yaml", Some("b.yaml")),
            ("kas/./b.yaml", Some("kas/b.yaml")),
            ("../b.yaml", None),
            ("a/../../b.yaml", None),
            ("/b.yaml", None),
        ] {
            assert_eq!(inside(Path::new(path)).as_deref(), expect, "{path}");
        }
    }
}
