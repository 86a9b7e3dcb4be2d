//! Reading and copying files with their digest. Knows no store.
//!
//! A copy is a clone where the file system can share the blocks (btrfs, xfs), else it is made of what was read,
//! with holes where that was zeros: disk images are mostly those.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use graph::digest::Digest;

use crate::error::Error;

/// What is read at a time.
const CHUNK: usize = 1 << 20;
/// Of a large file, so that every core has a share.
const LARGE_CHUNK: usize = 8 << 20;
/// From this size on a file is large.
const LARGE: u64 = 32 << 20;
/// Zeros of at least this length become a hole.
const HOLE: usize = 64 << 10;

/// The digest and the length of what can be read. `size` is what is expected.
pub(crate) fn digest_of(file: &mut File, size: u64) -> io::Result<(Digest, u64)> {
    read_through(file, size, |_| Ok(()))
}

/// Copies `from` to the empty file `to`. The digest is of what is in `to`.
pub(crate) fn copy(
    from: (&mut File, &Path),
    to: (&mut File, &Path),
    size: u64,
) -> Result<(Digest, u64), Error> {
    let ((from, from_path), (to, to_path)) = (from, to);
    if rustix::fs::ioctl_ficlone(&*to, &*from).is_ok() {
        // The clone is read, not the original, which may change at any time.
        return digest_of(to, size).map_err(Error::io("read", to_path));
    }
    let mut failed_to_write = false;
    let copied = read_through(from, size, |bytes| {
        write_sparsely(to, bytes).inspect_err(|_| failed_to_write = true)
    });
    let (doing, path) = if failed_to_write { ("write", to_path) } else { ("read", from_path) };
    let (digest, length) = copied.map_err(Error::io(doing, path))?;
    // A hole at the end is there only once the length says so.
    to.set_len(length).map_err(Error::io("write", to_path))?;
    Ok((digest, length))
}

fn read_through(
    file: &mut File,
    size: u64,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(Digest, u64)> {
    let large = size >= LARGE;
    let most = if large { LARGE_CHUNK } else { CHUNK };
    // One byte more than expected, so that the end is found without growing the buffer.
    let room = usize::try_from(size.saturating_add(1)).map_or(most, |size| size.min(most));
    let mut buffer = vec![0; room];
    let mut hasher = blake3::Hasher::new();
    let mut length = 0_u64;
    loop {
        let read = fill(file, &mut buffer)?;
        if read == 0 {
            break;
        }
        let bytes = &buffer[..read];
        if large {
            hasher.update_rayon(bytes);
        } else {
            hasher.update(bytes);
        }
        each(bytes)?;
        length += read as u64;
    }
    Ok((Digest::from_bytes(*hasher.finalize().as_bytes()), length))
}

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn write_sparsely(to: &mut File, bytes: &[u8]) -> io::Result<()> {
    for block in bytes.chunks(HOLE) {
        if block.len() == HOLE && block.iter().all(|&byte| byte == 0) {
            to.seek(SeekFrom::Current(HOLE as i64))?;
        } else {
            to.write_all(block)?;
        }
    }
    Ok(())
}
