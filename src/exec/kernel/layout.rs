//! Where the artifacts of a kernel lie: below the build directory, and in KernelCI's layout. Copies files; knows no
//! metadata.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::reason;

/// A directory with what a build left, and the one for what is kept of it.
pub(super) struct Layout<'a> {
    /// The node's work directory.
    pub(super) work: &'a Path,
    /// Where make wrote, below it.
    pub(super) build: PathBuf,
    /// Where artifacts go, below it.
    pub(super) artifacts: PathBuf,
}

impl<'a> Layout<'a> {
    pub(super) fn of(work: &'a Path) -> Self {
        Self { work, build: work.join("build"), artifacts: work.join("artifacts") }
    }

    /// Keeps a file under a path. What a link leads to is kept, if that lies below the work directory: a build must not
    /// be able to publish what is none of its own.
    pub(super) fn keep(&self, file: &Path, path: &str) -> Result<(), String> {
        let kept = self.artifacts.join(path);
        let copy = || {
            let real = file.canonicalize()?;
            if !real.starts_with(self.work.canonicalize()?) {
                return Err(io::Error::other("it leads out of the work directory"));
            }
            fs::create_dir_all(kept.parent().expect("it is below a directory"))?;
            fs::copy(real, &kept).map(drop)
        };
        copy().map_err(|error| {
            format!("cannot keep `{}`: {}", shown(self.work, file), reason(&error))
        })
    }

    /// Writes a file among the artifacts, in place of what is there: that may be a link to what must not change.
    pub(super) fn write(&self, path: &str, text: &str) -> Result<(), String> {
        replace(&self.artifacts.join(path), text)
            .map_err(|error| format!("cannot write `{path}`: {}", reason(&error)))
    }

    /// Where the image is of several names, in order, and of several directories.
    pub(super) fn image(&self, names: &[&str], dirs: &[String]) -> Option<(String, PathBuf)> {
        let boot = dirs.iter().map(|dir| self.build.join("arch").join(dir).join("boot"));
        let dirs: Vec<PathBuf> = boot.chain([self.build.clone()]).collect();
        names.iter().find_map(|name| {
            let path = dirs.iter().map(|dir| dir.join(name)).find(|path| path.is_file())?;
            Some(((*name).to_owned(), path))
        })
    }

    /// The device trees of one of several directories: their paths below it, in order.
    pub(super) fn device_trees(&self, dirs: &[String]) -> (PathBuf, Vec<String>) {
        let sources = dirs.iter().map(|dir| self.build.join(format!("arch/{dir}/boot/dts")));
        let Some(source) = sources.into_iter().find(|dir| dir.is_dir()) else {
            return (PathBuf::new(), Vec::new());
        };
        let mut trees = files(&source);
        trees.retain(|path| path.ends_with(".dtb"));
        (source, trees)
    }
}

/// Writes a file beside the one that it replaces.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::create_dir_all(path.parent().expect("it is below a directory"))?;
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

/// All files below a directory, by their paths below it, in order. Links to directories are not followed.
pub(super) fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut dirs = vec![String::new()];
    while let Some(below) = dirs.pop() {
        for entry in fs::read_dir(dir.join(&below)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(work: &Path, file: &Path) -> String {
    file.strip_prefix(work).unwrap_or(file).display().to_string()
}
