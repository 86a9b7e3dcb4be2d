//! What paths hold: the seam to the memo of file digests, and its plain form, which reads everything.

use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use graph::digest::{Digest, Fields};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

/// What is meant by a path that is a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// The link itself: its content is where it points.
    AsLinks,
    /// What it points to.
    Followed,
}

/// What a path holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Missing,
    /// A regular file.
    File {
        /// The digest of its content, as `b3sum` prints it.
        digest: Digest,
        /// Whether anyone may execute it.
        executable: bool,
    },
    /// A symbolic link, by the digest of where it points, which is never that of a file.
    Link(Digest),
    /// A directory.
    Directory,
    /// A device, a socket or a pipe, which nobody reads.
    Special,
}

impl Content {
    /// What a symbolic link holds.
    #[must_use]
    pub fn link(target: &Path) -> Self {
        Self::Link(Fields::of("graph link v1").field(target.as_os_str().as_bytes()).finish())
    }

    /// The digest of what makes a build differ: the kind, the content and the executable bit. `None` for what has
    /// no content of its own. That of a plain file is its own, for there are many of them.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::File { digest, executable: false } | Self::Link(digest) => Some(*digest),
            Self::File { digest, executable: true } => {
                Some(Fields::of("graph program v1").field(digest.as_bytes()).finish())
            }
            Self::Missing | Self::Directory | Self::Special => None,
        }
    }
}

/// Tells what paths hold. The cache has a memo that need not read what did not change.
pub trait Files: Sync {
    /// What each of the paths holds now, in their order.
    fn look(&self, paths: &[PathBuf], links: Links) -> Vec<io::Result<Content>>;
}

/// Reads every file, every time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reread;

impl Files for Reread {
    fn look(&self, paths: &[PathBuf], links: Links) -> Vec<io::Result<Content>> {
        paths.par_iter().map(|path| reread(path, links)).collect()
    }
}

fn reread(path: &Path, links: Links) -> io::Result<Content> {
    let metadata = match links {
        Links::AsLinks => path.symlink_metadata(),
        Links::Followed => path.metadata(),
    };
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Content::Missing);
        }
        Err(error) => return Err(error),
    };
    if metadata.is_dir() {
        return Ok(Content::Directory);
    }
    if metadata.is_symlink() {
        return Ok(Content::link(&std::fs::read_link(path)?));
    }
    if !metadata.is_file() {
        return Ok(Content::Special);
    }
    let executable = metadata.permissions().mode() & 0o111 != 0;
    Ok(Content::File { digest: Digest::of(&std::fs::read(path)?), executable })
}
