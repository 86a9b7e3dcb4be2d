//! What lies in a build directory: its directories, its files, and which of these record what was read. Reads none.

use std::fs;
use std::io;
use std::path::Path;

/// A build directory's contents, as paths relative to it.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// Its directories.
    pub(super) directories: Vec<String>,
    /// Its files, without those that record what was read.
    pub(super) files: Vec<String>,
    /// `.*.cmd` and `.*.d`.
    pub(super) records: Vec<String>,
}

impl Built {
    pub(super) fn walk(build: &Path) -> io::Result<Self> {
        let mut built = Self::default();
        built.add(build, "")?;
        built.directories.sort_unstable();
        built.files.sort_unstable();
        built.records.sort_unstable();
        Ok(built)
    }

    /// Whether there is such a directory.
    pub(super) fn has(&self, directory: &str) -> bool {
        self.directories.binary_search_by(|known| known.as_str().cmp(directory)).is_ok()
    }

    fn add(&mut self, directory: &Path, below: &str) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            let path = super::tree::joined(below, &name);
            // One empty file for each option: an output of its own kind, by which make compares configurations.
            if path == "include/config" || kind.is_symlink() {
                continue;
            }
            if kind.is_dir() {
                self.add(&entry.path(), &path)?;
                self.directories.push(path);
            } else if name.starts_with('.') && (name.ends_with(".cmd") || name.ends_with(".d")) {
                self.records.push(path);
            } else {
                self.files.push(path);
            }
        }
        Ok(())
    }
}
