//! How lists are packed into blobs. Knows no table.
//!
//! Numbers are LEB128 varints. Sorted numbers are stored as gaps, sets of numbers as runs, so that a run in which a
//! million nodes were fresh takes a few bytes. Sorted paths share the beginning of the one before.

use graph::digest::Digest;

use crate::error::Fault;

/// Appends a number.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).expect("seven bits fit a byte") | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).expect("seven bits fit a byte"));
}

/// Appends a count.
pub(crate) fn put_count(out: &mut Vec<u8>, count: usize) {
    put_number(out, u64::try_from(count).expect("a count fits 64 bits"));
}

/// Reads what was packed, from front to back.
pub(crate) struct Reader<'a>(&'a [u8]);

const SHORT: Fault = Fault::Damaged("a packed list ends too soon");

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(SHORT)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Fault::Damaged("a packed number is too long"))
    }

    /// A row id.
    pub(crate) fn id(&mut self) -> Result<i64, Fault> {
        i64::try_from(self.number()?).map_err(|_| Fault::Damaged("a packed id is too large"))
    }

    /// A count of things of which each takes at least a byte, so that a damaged one reserves no memory.
    pub(crate) fn count(&mut self) -> Result<usize, Fault> {
        let count = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if count > self.0.len() { Err(SHORT) } else { Ok(count) }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn digest(&mut self) -> Result<Digest, Fault> {
        let bytes = self.bytes(32)?.try_into().expect("32 bytes were taken");
        Ok(Digest::from_bytes(bytes))
    }
}

/// Packs ascending ids as gaps.
pub(crate) fn put_sorted(out: &mut Vec<u8>, ids: &[i64]) {
    put_count(out, ids.len());
    let mut before = 0;
    for &id in ids {
        put_number(out, u64::try_from(id - before).expect("ids ascend from 0"));
        before = id;
    }
}

/// Reads what [`put_sorted`] packed.
pub(crate) fn sorted(reader: &mut Reader<'_>) -> Result<Vec<i64>, Fault> {
    let mut before = 0_i64;
    (0..reader.count()?)
        .map(|_| {
            before = before
                .checked_add(reader.id()?)
                .ok_or(Fault::Damaged("a packed id is too large"))?;
            Ok(before)
        })
        .collect()
}

/// Packs a set of ids, in any order, as runs: how many are left out, then how many follow each other.
pub(crate) fn put_set(mut ids: Vec<i64>) -> Vec<u8> {
    ids.sort_unstable();
    ids.dedup();
    let mut out = Vec::new();
    let mut next = 0;
    for run in ids.chunk_by(|a, b| a + 1 == *b) {
        put_number(&mut out, u64::try_from(run[0] - next).expect("ids ascend from 0"));
        put_count(&mut out, run.len());
        next = run[run.len() - 1] + 1;
    }
    out
}

/// Reads what [`put_set`] packed: runs of ids.
pub(crate) fn set(bytes: &[u8]) -> Result<Vec<std::ops::Range<i64>>, Fault> {
    let large = Fault::Damaged("a packed set is too large");
    let mut reader = Reader::new(bytes);
    let mut runs = Vec::new();
    let mut next = 0_i64;
    while !reader.is_empty() {
        let (gap, length) = (reader.id()?, reader.id()?);
        let start = next.checked_add(gap);
        let Some((start, end)) = start.and_then(|start| Some((start, start.checked_add(length)?)))
        else {
            return Err(large);
        };
        runs.push(start..end);
        next = end;
    }
    Ok(runs)
}

/// Packs sorted paths with digests; each path says how much of the one before it repeats.
pub(crate) fn put_paths(entries: &[(&str, Digest)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 48);
    put_count(&mut out, entries.len());
    let mut before: &str = "";
    for (path, digest) in entries {
        put_after(&mut out, before, path);
        out.extend_from_slice(digest.as_bytes());
        before = path;
    }
    out
}

/// Appends sorted texts; each says how much of the one before it repeats.
pub(crate) fn put_texts(out: &mut Vec<u8>, texts: &[String]) {
    put_count(out, texts.len());
    let mut before: &str = "";
    for text in texts {
        put_after(out, before, text);
        before = text;
    }
}

fn put_after(out: &mut Vec<u8>, before: &str, text: &str) {
    let shared = text.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count();
    put_count(out, shared);
    put_count(out, text.len() - shared);
    out.extend_from_slice(&text.as_bytes()[shared..]);
}

/// Reads what [`put_texts`] packed.
pub(crate) fn texts(reader: &mut Reader<'_>) -> Result<Vec<String>, Fault> {
    let mut text = Vec::new();
    (0..reader.count()?).map(|_| next_after(reader, &mut text)).collect()
}

/// Reads a text that says how much of the one before it, which is in `text`, it repeats.
fn next_after(reader: &mut Reader<'_>, text: &mut Vec<u8>) -> Result<String, Fault> {
    let shared = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
    if shared > text.len() {
        return Err(Fault::Damaged("a packed path shares more than there is"));
    }
    text.truncate(shared);
    let length = reader.count()?;
    text.extend_from_slice(reader.bytes(length)?);
    String::from_utf8(text.clone()).map_err(|_| Fault::Damaged("a packed path is no text"))
}

/// Reads what [`put_paths`] packed.
pub(crate) fn paths(bytes: &[u8]) -> Result<Vec<(String, Digest)>, Fault> {
    let mut reader = Reader::new(bytes);
    let mut path: Vec<u8> = Vec::new();
    let mut entries = Vec::new();
    for _ in 0..reader.count()? {
        let text = next_after(&mut reader, &mut path)?;
        entries.push((text, reader.digest()?));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use graph::digest::Digest;
    use proptest::prelude::{any, prop, proptest};

    use super::{
        Reader, paths, put_number, put_paths, put_set, put_sorted, put_texts, set, sorted, texts,
    };

    #[test]
    fn a_million_neighbours_take_a_few_bytes() {
        assert!(put_set((1..1_000_000).collect()).len() < 8);
    }

    proptest! {
        #[test]
        fn numbers_round_trip(number: u64) {
            let mut out = Vec::new();
            put_number(&mut out, number);
            assert_eq!(Reader::new(&out).number().unwrap(), number);
        }

        #[test]
        fn lists_and_sets_round_trip(mut ids in prop::collection::vec(0..5000_i64, 0..80)) {
            let in_set: Vec<i64> = set(&put_set(ids.clone())).unwrap().into_iter().flatten().collect();
            ids.sort_unstable();
            let mut out = Vec::new();
            put_sorted(&mut out, &ids);
            assert_eq!(sorted(&mut Reader::new(&out)).unwrap(), ids.clone());
            ids.dedup();
            assert_eq!(in_set, ids);
        }

        #[test]
        fn paths_round_trip(mut names in prop::collection::vec("[a-c/é]{0,6}", 0..40)) {
            names.sort();
            let entries: Vec<(&str, Digest)> =
                names.iter().map(|name| (name.as_str(), Digest::of(name.as_bytes()))).collect();
            let read = paths(&put_paths(&entries)).unwrap();
            assert!(read.iter().map(|(path, digest)| (path.as_str(), *digest)).eq(entries));
        }

        #[test]
        fn texts_round_trip(mut names in prop::collection::vec("[a-c/é]{0,6}", 0..40)) {
            names.sort();
            let mut out = Vec::new();
            put_texts(&mut out, &names);
            let mut reader = Reader::new(&out);
            assert_eq!(texts(&mut reader).unwrap(), names);
            assert!(reader.is_empty());
        }

        #[test]
        fn damage_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = paths(&bytes);
            let _ = set(&bytes);
            let _ = texts(&mut Reader::new(&bytes));
            let _ = sorted(&mut Reader::new(&bytes));
        }
    }
}
