//! Outputs where users look for them: all of a node's or none. Knows no record.
//!
//! They are made in a directory beside, and take the place of what was there by one rename, which exchanges the two where
//! the file system can (Linux has, on ext4, btrfs, xfs, tmpfs and overlayfs). Where it cannot there is a moment without
//! any; never one with half of them. What was there before goes with its directory.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use graph::digest::Fields;
use graph::name::NodeName;
use graph::record::OutputFile;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::error::Error;
use crate::stamp::{Stamp, sync_dir, wait_until_past};
use crate::store::Store;

/// What the file system said of the outputs of a node when they were put in place, in short.
pub(crate) type PlacedStamp = [u8; 16];

/// The directory below which all nodes have theirs.
pub(crate) struct Outputs {
    root: PathBuf,
}

impl Outputs {
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory below which all nodes have theirs.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a node.
    pub(crate) fn dir(&self, node: &NodeName) -> PathBuf {
        self.root.join(node.path())
    }

    /// Where outputs are put together; what is found there when nobody builds is left over.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.root.join(".unfinished")
    }

    /// Puts outputs in place from the store. `None` is for a file system whose times cannot be relied on.
    pub(crate) fn place(
        &self,
        store: &Store,
        node: &NodeName,
        outputs: &[OutputFile],
    ) -> Result<Option<PlacedStamp>, Error> {
        let unfinished = self.unfinished();
        fs::create_dir_all(&unfinished).map_err(Error::io("create", &unfinished))?;
        let temporary = tempfile::Builder::new()
            .prefix("place-")
            .tempdir_in(&unfinished)
            .map_err(Error::io("create", &unfinished))?;
        let made = temporary.path().join("new");
        fs::create_dir(&made).map_err(Error::io("create", &made))?;
        let mut dirs = vec![made.clone()];
        let mut stamps = Vec::with_capacity(outputs.len());
        for output in outputs {
            check_path(&output.path)?;
            let path = made.join(&output.path);
            make_parents(&made, &path, &mut dirs)?;
            let file = store.fetch(output, &path)?;
            let metadata = file.metadata().map_err(Error::io("read", &path))?;
            stamps.push(Stamp::of(&metadata));
        }
        for dir in dirs.iter().rev() {
            sync_dir(dir).map_err(Error::io("write", dir))?;
        }
        let newest = stamps.iter().map(Stamp::newest).max().unwrap_or(0);
        let is_past = wait_until_past(temporary.path(), newest);
        self.swap_in(&made, node)?;
        if let Err(error) = temporary.close() {
            tracing::debug!("the outputs before are still there: {error}");
        }
        Ok(is_past.then(|| stamp_of(outputs.iter().zip(stamps))))
    }

    /// What the file system says now of outputs that were put in place; `None` if one is missing or is no file.
    pub(crate) fn stamp(&self, node: &NodeName, outputs: &[OutputFile]) -> Option<PlacedStamp> {
        let dir = self.dir(node);
        let stamps: Option<Vec<(&OutputFile, Stamp)>> = outputs
            .iter()
            .map(|output| {
                let metadata = fs::symlink_metadata(dir.join(&output.path)).ok()?;
                metadata.is_file().then(|| (output, Stamp::of(&metadata)))
            })
            .collect();
        Some(stamp_of(stamps?.into_iter()))
    }

    fn swap_in(&self, made: &Path, node: &NodeName) -> Result<(), Error> {
        let dir = self.dir(node);
        let parent = dir.parent().expect("a node has a kind");
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        exchange(made, &dir).map_err(Error::io("put in place", &dir))?;
        for dir in parent.ancestors().take_while(|dir| dir.starts_with(&self.root)) {
            sync_dir(dir).map_err(Error::io("write", dir))?;
        }
        Ok(())
    }
}

fn exchange(made: &Path, place: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    match renameat_with(CWD, made, CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => fs::rename(made, place),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            match fs::rename(place, made.with_extension("old")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => fs::rename(made, place),
            }
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

fn make_parents(root: &Path, path: &Path, dirs: &mut Vec<PathBuf>) -> Result<(), Error> {
    let parent = path.parent().expect("an output lies below its root");
    let missing: Vec<&Path> = parent
        .ancestors()
        .take_while(|dir| *dir != root && !dirs.iter().any(|known| known == dir))
        .collect();
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
pub(crate) fn stamp_of<'a>(stamps: impl Iterator<Item = (&'a OutputFile, Stamp)>) -> PlacedStamp {
    let mut fields = Fields::of("graph outputs in place v1");
    for (output, stamp) in stamps {
        fields.add(&output.path);
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
