//! What an execution left, as a packed list: for each in order of path, twice the id of the path's text, plus one if it is
//! executable; the size; the digest. Knows no execution.

use std::sync::Arc;

use graph::digest::Digest;
use graph::record::OutputFile;
use rusqlite::Connection;

use crate::codec::{Reader, put_count, put_number};
use crate::error::Fault;
use crate::intern::{Texts, text_id};

/// An output takes so many bytes at least.
const LEAST: usize = 34;

/// Packs outputs.
pub(crate) fn pack_outputs(
    tx: &Connection,
    texts: &mut Texts,
    outputs: &[OutputFile],
) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(outputs.len() * 40 + 1);
    put_count(&mut out, outputs.len());
    for output in outputs {
        let path = u64::try_from(text_id(tx, texts, &output.path)?).expect("ids are positive");
        put_number(&mut out, path * 2 + u64::from(output.executable));
        put_number(&mut out, output.size);
        out.extend_from_slice(output.digest.as_bytes());
    }
    Ok(out)
}

/// Calls `each` with the id of the path's text, whether it is executable, the size and the digest of each output.
pub(crate) fn each_output(
    packed: &[u8],
    mut each: impl FnMut(i64, bool, u64, Digest) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(packed);
    for _ in 0..reader.count()? {
        let (id, executable, size, digest) = next(&mut reader)?;
        each(id, executable, size, digest)?;
    }
    Ok(())
}

fn next(reader: &mut Reader<'_>) -> Result<(i64, bool, u64, Digest), Fault> {
    let path = reader.number()?;
    let size = reader.number()?;
    let id = i64::try_from(path / 2).expect("half of 64 bits fits a signed number");
    Ok((id, path % 2 == 1, size, reader.digest()?))
}

/// The outputs, with each path as `find` knows it by its id.
pub(crate) fn outputs(
    packed: &[u8],
    mut find: impl FnMut(i64) -> Result<Arc<str>, Fault>,
) -> Result<Vec<OutputFile>, Fault> {
    let mut reader = Reader::new(packed);
    let count = reader.count()?;
    // Of a million records each has few, so that room for more would be most of the memory.
    let mut outputs = Vec::with_capacity(count.min(packed.len() / LEAST));
    for _ in 0..count {
        let (path, executable, size, digest) = next(&mut reader)?;
        let path = find(path)?;
        outputs.push(OutputFile { path, digest, size, executable });
    }
    Ok(outputs)
}
