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

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use graph::digest::Digest;
use graph::record::OutputFile;

use crate::copy::{copy, digest_of};
use crate::error::Error;
use crate::flush::to_disk;
use crate::staging::{Staged, Staging};
use crate::stamp::{Stamp, is_executable};

/// What was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) executable: bool,
}

impl Put {
    /// As an output at a path.
    pub(crate) fn output(&self, path: &str) -> OutputFile {
        let Self { digest, size, executable } = *self;
        OutputFile { path: path.into(), digest, size, executable }
    }
}

/// An artifact as it lies there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Its length.
    pub(crate) size: u64,
    /// What it takes on the disk, which is less where it has holes.
    pub(crate) on_disk: u64,
}

/// A file that was taken into the store and has no name there yet.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) put: Put,
    /// The copy; `None` where another that is named together with it has the same content.
    copy: Option<Staged>,
    /// All of it, where that is little.
    content: Option<Vec<u8>>,
}

/// What is no longer than this is read once and written from memory.
const SMALL: u64 = 256 << 10;

/// The permissions of an artifact; of its making only the descriptor that made it writes to it.
const READ_ONLY: u32 = 0o444;

/// A directory of artifacts.
pub(crate) struct Store {
    root: PathBuf,
    staging: Staging,
}

impl Store {
    pub(crate) fn at(root: PathBuf) -> Self {
        let staging = Staging::at(root.join("tmp"));
        Self { root, staging }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_string();
        self.root.join(&hex[..2]).join(&hex[2..])
    }

    /// Where artifacts are made.
    pub(crate) fn staging(&self) -> &Staging {
        &self.staging
    }

    /// Takes a copy of a file; not yet on the disk. A symbolic link is followed; the caller has decided that it may be. Where
    /// the content is small and already among `others`, which are to be named together with this one, no copy is made.
    pub(crate) fn take(
        &self,
        from: &Path,
        others: &Mutex<HashSet<Digest>>,
    ) -> Result<Taken, Error> {
        let mut source = open_regular(from)?;
        let before = source.metadata().map_err(Error::io("read", from))?;
        let content = small(&mut source, before.len()).map_err(Error::io("read", from))?;
        let (digest, size, copied) = match &content {
            Some(content) => (Digest::of(content), content.len() as u64, None),
            None => {
                let staged = self.staging.staged();
                let mut made = create(staged.path(), READ_ONLY)?;
                let read = (&mut source, from);
                let (digest, size) = copy(read, (&mut made, staged.path()), before.len())?;
                (digest, size, Some(staged))
            }
        };
        let after = source.metadata().map_err(Error::io("read", from))?;
        if Stamp::of(&before) != Stamp::of(&after) || size != after.len() {
            return Err(Error::Changed(from.to_owned()));
        }
        let put = Put { digest, size, executable: is_executable(&after) };
        let is_known = || !others.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
        let copy = match (copied, &content) {
            (None, Some(_)) if is_known() => None,
            (None, Some(content)) => {
                let staged = self.staging.staged();
                let mut made = create(staged.path(), READ_ONLY)?;
                made.write_all(content).map_err(Error::io("write", staged.path()))?;
                Some(staged)
            }
            (copied, _) => copied,
        };
        Ok(Taken { put, copy, content })
    }

    /// Gives what was taken, and is on the disk, its name, and adds the directories to `changed` in which that is to be
    /// found. What lies there already is replaced: it may have rotted, and this has not.
    pub(crate) fn name(
        &self,
        taken: &mut Taken,
        changed: &mut BTreeSet<PathBuf>,
    ) -> Result<(), Error> {
        let Some(copy) = &mut taken.copy else { return Ok(()) };
        let path = self.path(&taken.put.digest);
        let dir = path.parent().expect("an artifact lies in a directory");
        let mut named = fs::rename(copy.path(), &path);
        if named.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
            changed.insert(self.root.clone());
            named = fs::rename(copy.path(), &path);
        }
        named.map_err(Error::io("write", &path))?;
        copy.is_empty_again();
        changed.insert(dir.to_owned());
        Ok(())
    }

    /// Takes a copy of a file, which is in the store and on the disk when this returns.
    pub(crate) fn put(&self, from: &Path) -> Result<Put, Error> {
        self.staging.open()?;
        let mut taken = self.take(from, &Mutex::default())?;
        to_disk(&taken.written().map(Path::to_owned).collect::<Vec<_>>(), &[&self.root])?;
        let mut changed = BTreeSet::new();
        self.name(&mut taken, &mut changed)?;
        to_disk(&changed.into_iter().collect::<Vec<_>>(), &[&self.root])?;
        Ok(taken.put)
    }

    /// Whether an artifact is there, as far as its length tells.
    pub(crate) fn has(&self, digest: &Digest, size: u64) -> bool {
        fs::symlink_metadata(self.path(digest))
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
    }

    /// Makes a file of an artifact; not yet on the disk. One that is not what its name says is dropped.
    pub(crate) fn fetch(&self, output: &OutputFile, to: &Path) -> Result<File, Error> {
        match copy_out(&self.path(&output.digest), output, to) {
            Err(Error::Corrupt(digest)) => {
                self.remove(&digest)?;
                Err(Error::Corrupt(digest))
            }
            copied => copied,
        }
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

impl Taken {
    /// What has to be on the disk before it is named.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Path> {
        self.copy.iter().map(Staged::path)
    }

    /// Lets go of the content, once nobody makes a file of it any more.
    pub(crate) fn forget_content(&mut self) {
        self.content = None;
    }

    /// Makes a file of what was taken, as [`Store::fetch`] will of the artifact.
    pub(crate) fn fetch(&self, output: &OutputFile, to: &Path) -> Result<File, Error> {
        let Some(content) = &self.content else {
            let copy = self.copy.as_ref().expect("what is not in memory was copied");
            return copy_out(copy.path(), output, to);
        };
        let mut made = create(to, mode(output))?;
        made.write_all(content).map_err(Error::io("write", to))?;
        Ok(made)
    }
}

/// Copies an artifact from where it lies.
fn copy_out(from: &Path, output: &OutputFile, to: &Path) -> Result<File, Error> {
    let mut source = match File::open(from) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::NotStored(output.digest));
        }
        Err(error) => return Err(Error::io("open", from)(error)),
    };
    let mut made = create(to, mode(output))?;
    let (digest, size) = copy((&mut source, from), (&mut made, to), output.size)?;
    if digest != output.digest || size != output.size {
        return Err(Error::Corrupt(output.digest));
    }
    Ok(made)
}

fn mode(output: &OutputFile) -> u32 {
    if output.executable { 0o777 } else { 0o666 }
}

fn create(path: &Path, mode: u32) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(mode);
    options.open(path).map_err(Error::io("create", path))
}

/// All that a file of this length holds, if that is little. One that grew meanwhile is cut off, which its length then shows.
fn small(file: &mut File, length: u64) -> io::Result<Option<Vec<u8>>> {
    if length > SMALL {
        return Ok(None);
    }
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(length + 1).read_to_end(&mut content)?;
    Ok(Some(content))
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
