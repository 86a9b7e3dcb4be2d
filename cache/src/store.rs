//! Artifacts by digest. Knows no node and no record.
//!
//! An artifact lies at `store/<2 digits>/<62 digits>`, read-only. It gets there by a clone or a copy that is complete,
//! digested and on the disk before it gets its name, so a name never stands for half a file, and two who put the same
//! content do no harm. It leaves only by a clone or a copy whose digest was found right.
//!
//! There are no hard links, in neither direction. A link to a file of a work directory would change when the next
//! build writes to that file in place; a link under `out/` would be changed by the user who mounts or patches an
//! image there, and root, as which containers mostly run, is not kept from it by permissions. The digest would still be
//! checked before such an artifact is served, so nothing would be wrong, but what should have been kept would be lost.
//! Where the file system can share blocks, a clone costs as little as a link.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use graph::digest::Digest;
use graph::record::OutputFile;

use crate::copy::{copy, digest_of};
use crate::error::Error;
use crate::stamp::{Stamp, is_executable, sync_dir};

/// What was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) executable: bool,
}

/// An artifact as it lies there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Its length.
    pub(crate) size: u64,
    /// What it takes on the disk, which is less where it has holes.
    pub(crate) on_disk: u64,
}

/// A directory of artifacts.
pub(crate) struct Store {
    root: PathBuf,
}

impl Store {
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_string();
        self.root.join(&hex[..2]).join(&hex[2..])
    }

    /// Where artifacts are made; what is found there when nobody builds is left over.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Takes a copy of a file. A symbolic link is followed; the caller has decided that it may be.
    pub(crate) fn put(&self, from: &Path) -> Result<Put, Error> {
        let mut source = open_regular(from)?;
        let before = source.metadata().map_err(Error::io("read", from))?;
        let unfinished = self.unfinished();
        fs::create_dir_all(&unfinished).map_err(Error::io("create", &unfinished))?;
        let mut made = tempfile::Builder::new()
            .prefix("put-")
            .tempfile_in(&unfinished)
            .map_err(Error::io("write", &unfinished))?;
        let temporary = made.path().to_owned();
        let (digest, size) =
            copy((&mut source, from), (made.as_file_mut(), &temporary), before.len())?;
        let after = source.metadata().map_err(Error::io("read", from))?;
        if Stamp::of(&before) != Stamp::of(&after) || size != after.len() {
            return Err(Error::Changed(from.to_owned()));
        }
        let path = self.path(&digest);
        let dir = path.parent().expect("an artifact lies in a directory");
        if !dir.is_dir() {
            fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
            sync_dir(&self.root).map_err(Error::io("write", &self.root))?;
        }
        made.as_file()
            .set_permissions(Permissions::from_mode(0o444))
            .and_then(|()| made.as_file().sync_all())
            .map_err(Error::io("write", &temporary))?;
        // What lies there already is replaced: it may have rotted, and this has not.
        made.persist(&path).map_err(|error| Error::io("write", &path)(error.error))?;
        sync_dir(dir).map_err(Error::io("write", dir))?;
        Ok(Put { digest, size, executable: is_executable(&after) })
    }

    /// Whether an artifact is there, as far as its length tells.
    pub(crate) fn has(&self, digest: &Digest, size: u64) -> bool {
        fs::symlink_metadata(self.path(digest))
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
    }

    /// Makes a file of an artifact, which is on the disk when this returns. One that is not what its name says is dropped.
    pub(crate) fn fetch(&self, output: &OutputFile, to: &Path) -> Result<File, Error> {
        let path = self.path(&output.digest);
        let mut source = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::NotStored(output.digest));
            }
            Err(error) => return Err(Error::io("open", &path)(error)),
        };
        let mut made = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(if output.executable { 0o777 } else { 0o666 })
            .open(to)
            .map_err(Error::io("create", to))?;
        let (digest, size) = copy((&mut source, &path), (&mut made, to), output.size)?;
        if digest != output.digest || size != output.size {
            self.remove(&output.digest)?;
            return Err(Error::Corrupt(output.digest));
        }
        made.sync_all().map_err(Error::io("write", to))?;
        Ok(made)
    }

    /// The content of a small artifact. One that is not what its name says is no content.
    pub(crate) fn read(&self, output: &OutputFile) -> Result<Vec<u8>, Error> {
        let path = self.path(&output.digest);
        let content = fs::read(&path).map_err(Error::io("read", &path))?;
        if Digest::of(&content) == output.digest {
            Ok(content)
        } else {
            Err(Error::Corrupt(output.digest))
        }
    }

    /// Drops an artifact, if it is there.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<(), Error> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Everything that lies there under the name of a digest.
    pub(crate) fn list(&self) -> Result<HashMap<Digest, Held>, Error> {
        let mut held = HashMap::new();
        for dir in entries(&self.root)? {
            let prefix = name_of(&dir);
            if prefix.len() != 2 {
                continue;
            }
            for path in entries(&dir)? {
                let name = format!("{prefix}{}", name_of(&path));
                let Some(digest) = Digest::from_hex(&name) else { continue };
                let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
                let on_disk = metadata.blocks().saturating_mul(512);
                held.insert(digest, Held { size: metadata.len(), on_disk });
            }
        }
        Ok(held)
    }

    /// Reads an artifact and says whether it is what its name says.
    pub(crate) fn is_sound(&self, digest: &Digest) -> Result<bool, Error> {
        let path = self.path(digest);
        let mut file = open_regular(&path)?;
        let size = file.metadata().map_err(Error::io("read", &path))?.len();
        let (found, _) = digest_of(&mut file, size).map_err(Error::io("read", &path))?;
        Ok(found == *digest)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The entries of a directory; none if it is not there or is no directory.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = match fs::read_dir(dir) {
        Ok(read) => read,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Error::io("read", dir)(error)),
    };
    let mut paths: Vec<PathBuf> = read
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .map_err(Error::io("read", dir))?;
    paths.sort();
    Ok(paths)
}

/// Opens without waiting for the other end of a pipe, and takes nothing but a regular file.
fn open_regular(path: &Path) -> Result<File, Error> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("a low bit");
    let opened = OpenOptions::new().read(true).custom_flags(nonblock).open(path);
    let file = opened.map_err(Error::io("open", path))?;
    let metadata = file.metadata().map_err(Error::io("read", path))?;
    if metadata.is_file() { Ok(file) } else { Err(Error::NotAFile(path.to_owned())) }
}
