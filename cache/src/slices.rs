//! Which slices of the matrix were found wholly fresh: the rows, and how their list of outputs is packed. Looks at no file.
//!
//! The list is, for each directory in which nodes have theirs: its path, and how many nodes follow; of each node, the name of
//! its directory, and one more than how many outputs follow; of each output, its path below that. Nothing follows but a zero
//! where a node has the outputs of the one before, as nearly all have.

use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::OutputFile;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec::{Reader, put_count};
use crate::error::Fault;
use crate::intern::{blob, digest, text};

/// What is known of a slice that was found wholly fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshSlice {
    /// Its name: [`NodeName::slice`] of its nodes.
    pub name: String,
    /// The digest of all that was declared of it.
    pub declared: Digest,
    /// The tools that its nodes are made with, by their well-known names.
    pub tools: Vec<String>,
    /// The digest of what these were.
    pub observed: Digest,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many combinations of it filters reject.
    pub excluded: usize,
}

/// What tells whether the outputs of a slice are as they were.
pub(crate) struct Proof {
    /// What the file system said of all of them.
    pub(crate) stamps: [u8; 16],
    /// What it said of the directories in which they are.
    pub(crate) dirs: [u8; 16],
    /// These, a line each.
    pub(crate) places: String,
    /// The packed list of the outputs.
    pub(crate) files: Vec<u8>,
}

/// All of them.
pub(crate) fn all(tx: &Connection) -> Result<Vec<FreshSlice>, Fault> {
    let mut query = tx.prepare_cached(
        "SELECT name, declared, observed, tools, nodes, excluded FROM slices ORDER BY name",
    )?;
    let mut rows = query.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let count = |column| {
            usize::try_from(row.get::<_, i64>(column)?)
                .map_err(|_| Fault::Damaged("a slice has a negative count"))
        };
        all.push(FreshSlice {
            name: text(row, 0)?.to_owned(),
            declared: digest(row, 1)?,
            observed: digest(row, 2)?,
            tools: text(row, 3)?.lines().map(str::to_owned).collect(),
            nodes: count(4)?,
            excluded: count(5)?,
        });
    }
    Ok(all)
}

/// What the file system said of something, in short, and of what.
pub(crate) type Seen<T> = ([u8; 16], T);

/// What the file system said of all outputs of a slice, and their packed list, if it was not forgotten meanwhile.
pub(crate) fn files(tx: &Connection, name: &str) -> Result<Option<Seen<Vec<u8>>>, Fault> {
    let mut query = tx.prepare_cached("SELECT stamps, files FROM slices WHERE name = ?1")?;
    let mut rows = query.query([name])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((short(row)?, blob(row, 1)?.to_owned())))
}

/// What it said of the directories, and which these are, likewise.
pub(crate) fn places(tx: &Connection, name: &str) -> Result<Option<Seen<String>>, Fault> {
    let mut query = tx.prepare_cached("SELECT dirs, places FROM slices WHERE name = ?1")?;
    let mut rows = query.query([name])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((short(row)?, text(row, 1)?.to_owned())))
}

fn short(row: &Row<'_>) -> Result<[u8; 16], Fault> {
    let bytes = blob(row, 0)?.try_into();
    bytes.map_err(|_| Fault::Damaged("the stamps of a slice are cut off"))
}

/// Writes one in place of what was known of the slice.
pub(crate) fn insert(tx: &Connection, slice: &FreshSlice, proof: &Proof) -> Result<(), Fault> {
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO slices
             (name, declared, observed, tools, nodes, excluded, stamps, dirs, places, files)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(rusqlite::params![
        slice.name,
        slice.declared.as_bytes(),
        slice.observed.as_bytes(),
        slice.tools.join("\n"),
        count(slice.nodes),
        count(slice.excluded),
        &proof.stamps[..],
        &proof.dirs[..],
        proof.places,
        proof.files,
    ])?;
    Ok(())
}

/// Forgets what was known of all slices, and all that is being found out now, for executions may go.
pub(crate) fn forget_all(tx: &Connection) -> Result<(), Fault> {
    tx.execute("DELETE FROM slices", [])?;
    tx.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'executions'", [])?;
    Ok(())
}

/// Forgets what was known of the slice of a node. Whoever writes an execution calls this in the same transaction.
pub(crate) fn forget(tx: &Connection, node: &NodeName) -> Result<(), Fault> {
    if let Some(slice) = node.slice() {
        tx.prepare_cached("DELETE FROM slices WHERE name = ?1")?.execute([slice])?;
    }
    Ok(())
}

/// A number that grows with every execution that is written, by one, and when some go; it never falls.
pub(crate) fn generation(tx: &Connection) -> Result<i64, Fault> {
    let seq = "SELECT seq FROM sqlite_sequence WHERE name = 'executions'";
    let seq: Option<i64> = tx.prepare_cached(seq)?.query_row([], |row| row.get(0)).optional()?;
    Ok(seq.unwrap_or(0))
}

/// Packs the outputs of nodes: of each directory those in it, by the names of their own ones.
pub(crate) fn pack<'a>(
    dirs: impl Iterator<Item = (&'a str, Vec<(&'a str, &'a [OutputFile])>)>,
) -> Vec<u8> {
    fn put(out: &mut Vec<u8>, text: &str) {
        put_count(out, text.len());
        out.extend_from_slice(text.as_bytes());
    }
    let mut out = Vec::new();
    let mut before: Option<&[OutputFile]> = None;
    for (path, nodes) in dirs {
        put(&mut out, path);
        put_count(&mut out, nodes.len());
        for (leaf, outputs) in nodes {
            put(&mut out, leaf);
            let paths = outputs.iter().map(|output| &output.path);
            if before.is_some_and(|before| paths.eq(before.iter().map(|output| &output.path))) {
                put_count(&mut out, 0);
                continue;
            }
            put_count(&mut out, outputs.len() + 1);
            outputs.iter().for_each(|output| put(&mut out, &output.path));
            before = Some(outputs);
        }
    }
    out
}

/// What a packed list holds, from front to back.
pub(crate) trait Visitor {
    /// A directory, before what is in it.
    fn dir(&mut self, path: &str) -> Option<()>;
    /// An output, by its path below that.
    fn file(&mut self, path: &str) -> Option<()>;
}

/// Goes over a packed list; `None` when it is damaged or the visitor has seen enough.
pub(crate) fn visit(packed: &[u8], visitor: &mut impl Visitor) -> Option<()> {
    fn next<'a>(reader: &mut Reader<'a>) -> Option<&'a str> {
        let length = reader.count().ok()?;
        std::str::from_utf8(reader.bytes(length).ok()?).ok()
    }
    let mut reader = Reader::new(packed);
    let mut path = String::new();
    let mut outputs: Vec<&str> = Vec::new();
    while !reader.is_empty() {
        visitor.dir(next(&mut reader)?)?;
        for _ in 0..reader.count().ok()? {
            path.clear();
            path.push_str(next(&mut reader)?);
            path.push('/');
            let leaf = path.len();
            if let Some(count) = reader.count().ok()?.checked_sub(1) {
                outputs.clear();
                for _ in 0..count {
                    outputs.push(next(&mut reader)?);
                }
            }
            for output in &outputs {
                path.truncate(leaf);
                path.push_str(output);
                visitor.file(&path)?;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use graph::digest::Digest;
    use graph::record::OutputFile;

    use super::{Visitor, pack, visit};

    #[derive(Default)]
    struct Told(Vec<String>, String);

    impl Visitor for Told {
        fn dir(&mut self, path: &str) -> Option<()> {
            path.clone_into(&mut self.1);
            Some(())
        }

        fn file(&mut self, path: &str) -> Option<()> {
            self.0.push(format!("{}/{path}", self.1));
            Some(())
        }
    }

    #[test]
    fn what_is_packed_comes_out() {
        let output = |path: &str| OutputFile {
            path: path.into(),
            digest: Digest::of(b""),
            size: 0,
            executable: false,
        };
        let (one, two) = ([output("x")], [output("a/b"), output("c")]);
        let nodes = vec![("m", &one[..]), ("n", &two), ("o", &two)];
        let dirs = [("k/a", nodes), ("k/b", vec![("m", &[][..])]), ("c/a", vec![("m", &one)])];
        let packed = pack(dirs.into_iter());
        let mut seen = Told::default();
        assert_eq!(visit(&packed, &mut seen), Some(()));
        assert_eq!(seen.0, ["k/a/m/x", "k/a/n/a/b", "k/a/n/c", "k/a/o/a/b", "k/a/o/c", "c/a/m/x"]);
        for end in 1..packed.len() {
            let mut some = Told::default();
            visit(&packed[..end], &mut some);
            assert!(some.0.len() < 6, "a list that is cut off gives less");
        }
    }
}
