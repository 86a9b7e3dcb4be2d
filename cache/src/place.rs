//! Outputs where users look for them: all of a node's or none. Knows no record.
//!
//! They are made in a directory beside, and take the place of what was there by one rename, which exchanges the two where
//! the file system can (Linux has, on ext4, btrfs, xfs, tmpfs and overlayfs). Where it cannot there is a moment without
//! any; never one with half of them. What was there before goes with its directory.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use graph::digest::Fields;
use graph::name::NodeName;
use graph::record::OutputFile;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::error::Error;
use crate::flush::to_disk;
use crate::staging::{Staged, Staging};
use crate::stamp::{Nanos, Stamp, wait_until_past};
use crate::store::Store;

/// What the file system said of the outputs of a node when they were put in place, in short.
pub(crate) type PlacedStamp = [u8; 8];

/// Outputs that were put together and are not in place.
#[derive(Debug)]
pub(crate) struct Made {
    /// Where they are, and after they were put in place, what was there before.
    staged: Staged,
    /// The directory of all, and those below it, each after the one that it lies in.
    dirs: Vec<PathBuf>,
    files: Vec<PathBuf>,
    stamps: Vec<Stamp>,
}

/// The directory below which all nodes have theirs.
pub(crate) struct Outputs {
    root: PathBuf,
    staging: Staging,
}

impl Outputs {
    pub(crate) fn at(root: PathBuf) -> Self {
        let staging = Staging::at(root.join(".unfinished"));
        Self { root, staging }
    }

    /// The directory below which all nodes have theirs.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a node.
    pub(crate) fn dir(&self, node: &NodeName) -> PathBuf {
        self.root.join(&*node.path())
    }

    /// Where outputs are put together.
    pub(crate) fn staging(&self) -> &Staging {
        &self.staging
    }

    /// Puts outputs together; not yet on the disk. `fetch` makes the file of an output, told by its place in the list.
    pub(crate) fn make(
        &self,
        outputs: &[OutputFile],
        mut fetch: impl FnMut(usize, &Path) -> Result<File, Error>,
    ) -> Result<Made, Error> {
        let staged = self.staging.staged();
        fs::create_dir(staged.path()).map_err(Error::io("create", staged.path()))?;
        let mut dirs = vec![staged.path().to_owned()];
        let mut files = Vec::with_capacity(outputs.len());
        let mut stamps = Vec::with_capacity(outputs.len());
        for (index, output) in outputs.iter().enumerate() {
            check_path(&output.path)?;
            let path = dirs[0].join(&*output.path);
            make_parents(&path, &mut dirs)?;
            let metadata = fetch(index, &path)?.metadata().map_err(Error::io("read", &path))?;
            stamps.push(Stamp::of(&metadata));
            files.push(path);
        }
        Ok(Made { staged, dirs, files, stamps })
    }

    /// Puts outputs in place from the store. `None` is for a file system whose times cannot be relied on.
    pub(crate) fn place(
        &self,
        store: &Store,
        node: &NodeName,
        outputs: &[OutputFile],
    ) -> Result<Option<PlacedStamp>, Error> {
        let staging = self.staging.open()?;
        let mut made = self.make(outputs, |index, path| store.fetch(&outputs[index], path))?;
        to_disk(&made.written().cloned().collect::<Vec<_>>(), &[&self.root])?;
        let is_past = wait_until_past(staging, made.newest());
        let mut changed = BTreeSet::new();
        self.swap_in(&mut made, node, &mut changed)?;
        to_disk(&changed.into_iter().collect::<Vec<_>>(), &[&self.root])?;
        Ok(is_past.then(|| made.stamp(outputs)))
    }

    /// Puts what was put together, and is on the disk, in place, and adds the directories to `changed` in which that is
    /// to be found.
    pub(crate) fn swap_in(
        &self,
        made: &mut Made,
        node: &NodeName,
        changed: &mut BTreeSet<PathBuf>,
    ) -> Result<(), Error> {
        let dir = self.dir(node);
        let parent = dir.parent().expect("a node has a kind");
        if !changed.contains(parent) {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        exchange(&mut made.staged, &dir).map_err(Error::io("put in place", &dir))?;
        for dir in parent.ancestors().take_while(|dir| dir.starts_with(&self.root)) {
            if !changed.insert(dir.to_owned()) {
                break;
            }
        }
        Ok(())
    }
}

impl Made {
    /// What has to be on the disk before it is put in place: the files, and the directories after what they hold.
    pub(crate) fn written(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().chain(self.dirs.iter().rev())
    }

    /// When the last of the files was written, in the file system's time.
    pub(crate) fn newest(&self) -> Nanos {
        self.stamps.iter().map(Stamp::newest).max().unwrap_or(0)
    }

    /// The stamp of these outputs in place; the list is that of which they were made.
    pub(crate) fn stamp(&self, outputs: &[OutputFile]) -> PlacedStamp {
        stamp_of(outputs, self.stamps.iter().copied())
    }
}

fn exchange(made: &mut Staged, place: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    // Where there was nothing before, that is all.
    if fs::rename(made.path(), place).is_ok() {
        made.is_empty_again();
        return Ok(());
    }
    match renameat_with(CWD, made.path(), CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let old = made.path().with_extension("old");
            match fs::rename(place, &old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => fs::rename(made.path(), place)?,
            }
            fs::rename(old, made.path()).ok();
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a path stays below the directory it is joined to. Records are read from a file that anyone may have edited.
pub(crate) fn check_path(path: &str) -> Result<(), Error> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !plain || path.contains('\0') || path.ends_with('/') {
        return Err(Error::BadOutput(path.to_owned()));
    }
    Ok(())
}

/// Makes the directories above a file that are not among `dirs`, the first of which is the root.
fn make_parents(path: &Path, dirs: &mut Vec<PathBuf>) -> Result<(), Error> {
    let parent = path.parent().expect("an output lies below its root");
    let missing: Vec<&Path> =
        parent.ancestors().take_while(|dir| !dirs.iter().any(|known| known == dir)).collect();
    for dir in missing.into_iter().rev() {
        fs::create_dir(dir).map_err(Error::io("create", dir))?;
        dirs.push(dir.to_owned());
    }
    Ok(())
}

/// | field | |
/// | --- | --- |
/// | path | of the output |
/// | inode, size, modification and change time | eight bytes each |
///
/// The device has no part in it: its number can be another after every boot.
pub(crate) fn stamp_of(
    outputs: &[OutputFile],
    stamps: impl IntoIterator<Item = Stamp>,
) -> PlacedStamp {
    let mut fields = Fields::of("graph outputs in place v1");
    for (output, stamp) in outputs.iter().zip(stamps) {
        fields.add(&*output.path);
        fields.add(stamp.ino.to_le_bytes());
        fields.add(stamp.size.to_le_bytes());
        fields.add(stamp.mtime.to_le_bytes());
        fields.add(stamp.ctime.to_le_bytes());
    }
    let digest = fields.finish();
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::check_path;

    #[test]
    fn outputs_stay_below_their_directory() {
        for good in ["a", "a/b.wic", "..a", "deploy/images/x"] {
            assert!(check_path(good).is_ok(), "{good}");
        }
        for bad in ["", "/a", "../a", "a/../b", "a/..", "./a", "a/", "a\0b"] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }
}
