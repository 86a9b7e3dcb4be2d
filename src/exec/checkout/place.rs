//! A slot on disk: its parts, what state it is in, and the steps between the states that are not git's. Runs nothing.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::exec::workdir;

/// How long processes that work in a slot may take to end. Of a run that was killed, git and builds may still be on their
/// way out.
const LEAVING: Duration = Duration::from_secs(10);

/// The longest name of a slot.
const LONGEST: usize = 80;

/// A slot by its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    pub(super) fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }

    pub(super) fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    fn mark(&self) -> PathBuf {
        self.0.join("commit")
    }

    /// The commit that it holds, whole.
    pub(super) fn commit(&self) -> Option<String> {
        let mark = fs::read_to_string(self.mark()).ok()?;
        Some(mark.trim_end().to_owned())
    }

    /// When it was used last, if it is whole.
    pub(super) fn used(&self) -> Option<SystemTime> {
        fs::metadata(self.mark()).ok()?.modified().ok()
    }

    /// Notes that it is used now.
    pub(super) fn touch(&self) -> io::Result<()> {
        File::options().append(true).open(self.mark())?.set_modified(SystemTime::now())
    }

    /// Makes it unwhole, and empty.
    pub(super) fn empty(&self) -> io::Result<()> {
        self.open()?;
        workdir::remove(&self.tree())?;
        workdir::remove(&self.index())?;
        fs::create_dir_all(self.tree())
    }

    /// Makes it unwhole, with files that git can replace.
    pub(super) fn open(&self) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let begun = Instant::now();
        while is_worked_in(&self.0.canonicalize()?) && begun.elapsed() < LEAVING {
            std::thread::sleep(Duration::from_millis(10));
        }
        workdir::remove(&self.mark())?;
        sync(&self.0)?;
        // Of a git that was killed.
        workdir::remove(&self.0.join("index.lock"))?;
        let tree = self.tree();
        if tree.is_dir() { each_dir(&tree, &|dir| set_mode(dir, 0o755)) } else { Ok(()) }
    }

    /// Makes its files and directories read-only.
    pub(super) fn seal(&self) -> io::Result<()> {
        each_dir(&self.tree(), &|dir| {
            for entry in fs::read_dir(dir)? {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    let mode = entry.metadata()?.permissions().mode();
                    if mode & 0o222 != 0 {
                        set_mode(&entry.path(), mode & 0o555)?;
                    }
                }
            }
            set_mode(dir, 0o555)
        })
    }

    /// Says that it is whole, once it is so on disk.
    pub(super) fn finish(&self, commit: &str) -> io::Result<()> {
        rustix::fs::syncfs(File::open(&self.0)?)?;
        let mut mark = tempfile::NamedTempFile::new_in(&self.0)?;
        writeln!(mark, "{commit}")?;
        mark.as_file().sync_all()?;
        mark.persist(self.mark()).map_err(|error| error.error)?;
        sync(&self.0)
    }

    /// Removes all of it.
    pub(super) fn remove(&self) -> io::Result<()> {
        workdir::remove(&self.mark())?;
        workdir::remove(&self.0)
    }
}

/// A name for a slot. It becomes part of paths that make reads, to which much of ASCII means something.
pub(super) fn name(hint: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = hint.chars().map(plain).take(LONGEST).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "sources".to_owned() } else { name.to_owned() }
}

/// Whether a process has its working directory in a directory, as all have that we start there.
fn is_worked_in(dir: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut places = processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
    places.any(|place| place.starts_with(dir))
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// A directory and all below it, each before those below: one that is closed could not be read.
fn each_dir(top: &Path, act: &impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    act(top)?;
    for entry in fs::read_dir(top)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            each_dir(&entry.path(), act)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names() {
        let check = |hint: &str, expect: &str| assert_eq!(name(hint), expect);
        check("stable-linux-6.1.y", "stable-linux-6.1.y");
        check("arm64-for-next/core", "arm64-for-next-core");
        check("../a:b %c", "a-b--c");
        check("...", "sources");
        assert_eq!(name(&"x".repeat(200)).len(), 80);
    }
}
