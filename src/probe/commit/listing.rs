//! All files of a commit, as one text with an index. Starts nothing and reads no content.
//!
//! A kernel has 80,000 files, and a plan looks up thousands of paths and names for each of thousands of builds. The text
//! is the one that git printed; two tables of numbers say where in it a path and a file name stand.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::{Mutex, OnceLock};

use graph::digest::{Digest, Fields};
use graph::reads;
use rayon::slice::ParallelSliceMut;

/// The files of a commit, symbolic links and submodules among them.
pub struct Listing {
    text: Vec<u8>,
    /// In order of path.
    files: Vec<File>,
    /// The files in order of name, and of path within a name.
    by_name: Vec<u32>,
    names: Vec<Name>,
    path_table: Table,
    name_table: Table,
    prefixes: Mutex<HashMap<String, Digest>>,
    hasher: RandomState,
}

/// Where in the text a file is told of: `100644 blob <object>`, a tab, its path.
#[derive(Clone, Copy)]
struct File {
    id: u32,
    path: u32,
    name: u32,
    end: u32,
}

/// A file name, by where it first stands in the text.
struct Name {
    start: u32,
    end: u32,
    /// Its files in `by_name`.
    files: Range<u32>,
    /// The digest of their paths, once it was asked for.
    digest: OnceLock<Digest>,
}

impl Listing {
    /// Reads what `git ls-tree -r -z --full-tree` prints. `None` if it is not that.
    #[must_use]
    pub fn new(text: Vec<u8>) -> Option<Self> {
        // Places are kept in 32 bits; no repository has a list of 4 GB.
        u32::try_from(text.len()).ok()?;
        let files = files(&text)?;
        let path = |file: &File| &text[file.path as usize..file.end as usize];
        if !files.is_sorted_by(|a, b| path(a) < path(b)) {
            return None;
        }
        let name =
            |at: u32| &text[files[at as usize].name as usize..files[at as usize].end as usize];
        let mut by_name: Vec<u32> = (0..files.len() as u32).collect();
        by_name.par_sort_unstable_by(|&a, &b| name(a).cmp(name(b)).then(a.cmp(&b)));
        let mut names: Vec<Name> = Vec::new();
        for (at, &file) in (0..).zip(&by_name) {
            match names.last_mut() {
                Some(last) if text[last.start as usize..last.end as usize] == *name(file) => {
                    last.files.end = at + 1;
                }
                _ => {
                    let File { name: start, end, .. } = files[file as usize];
                    names.push(Name { start, end, files: at..at + 1, digest: OnceLock::new() });
                }
            }
        }
        let hasher = RandomState::new();
        let path_table = Table::new(files.iter().map(|file| hasher.hash_one(path(file))));
        let name = |name: &Name| hasher.hash_one(&text[name.start as usize..name.end as usize]);
        let name_table = Table::new(names.iter().map(name));
        let prefixes = Mutex::default();
        Some(Self { files, by_name, names, path_table, name_table, prefixes, hasher, text })
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.files.iter().map(|file| self.path(file))
    }

    /// The paths of the files that bear a name, or one that begins so where it ends in `*`, in order.
    #[must_use]
    pub fn bearing(&self, name: &str) -> Vec<&[u8]> {
        let mut files: Vec<u32> = match name.strip_suffix('*') {
            Some(prefix) => self.with_prefix(prefix.as_bytes()).to_vec(),
            None => self.find_name(name).map_or_else(Vec::new, |name| self.of_name(name).to_vec()),
        };
        files.sort_unstable();
        files.into_iter().map(|at| self.path(&self.files[at as usize])).collect()
    }

    fn path(&self, file: &File) -> &[u8] {
        &self.text[file.path as usize..file.end as usize]
    }

    fn name(&self, at: u32) -> &[u8] {
        let file = &self.files[at as usize];
        &self.text[file.name as usize..file.end as usize]
    }

    fn of_name(&self, name: &Name) -> &[u32] {
        &self.by_name[name.files.start as usize..name.files.end as usize]
    }

    fn find_name(&self, name: &str) -> Option<&Name> {
        let text = |name: &Name| &self.text[name.start as usize..name.end as usize];
        let is_it = |at: usize| text(&self.names[at]) == name.as_bytes();
        let at = self.name_table.find(self.hasher.hash_one(name.as_bytes()), is_it)?;
        Some(&self.names[at])
    }

    fn with_prefix(&self, prefix: &[u8]) -> &[u32] {
        let start = self.by_name.partition_point(|&at| self.name(at) < prefix);
        let from = &self.by_name[start..];
        &from[..from.partition_point(|&at| self.name(at).starts_with(prefix))]
    }
}

impl reads::Listing for Listing {
    fn id(&self, path: &str) -> Option<&[u8]> {
        let path = path.as_bytes();
        let is_it = |at: usize| self.path(&self.files[at]) == path;
        let file = &self.files[self.path_table.find(self.hasher.hash_one(path), is_it)?];
        Some(&self.text[file.id as usize..file.path as usize - 1])
    }

    fn bearers(&self, name: &str) -> Digest {
        if !name.ends_with('*') {
            let Some(name) = self.find_name(name) else { return digest([].into_iter()) };
            let paths = || self.of_name(name).iter().map(|&at| self.path(&self.files[at as usize]));
            return *name.digest.get_or_init(|| digest(paths()));
        }
        let known = || self.prefixes.lock().expect("no thread panics while it holds this");
        if let Some(digest) = known().get(name) {
            return *digest;
        }
        let digest = digest(self.bearing(name).into_iter());
        known().insert(name.to_owned(), digest);
        digest
    }
}

/// The digest of paths.
fn digest<'t>(paths: impl Iterator<Item = &'t [u8]>) -> Digest {
    let mut fields = Fields::of("graph bearers v1");
    paths.for_each(|path| fields.add(path));
    fields.finish()
}

fn files(text: &[u8]) -> Option<Vec<File>> {
    let mut files = Vec::with_capacity(text.len() / 90);
    let mut id = 0;
    while id < text.len() {
        // Seven bytes of mode and space, `blob` or `commit`, a space, an object of 40 or 64 digits.
        let tab = id + 7 + text.get(id + 7..)?.iter().position(|&byte| byte == b'\t')?;
        let end = tab + text[tab..].iter().position(|&byte| byte == 0)?;
        let path = tab + 1;
        let name =
            text[path..end].iter().rposition(|&byte| byte == b'/').map_or(path, |at| path + at + 1);
        let [id_at, path, name, end_at] = [id, path, name, end].map(|at| at as u32);
        files.push(File { id: id_at, path, name, end: end_at });
        id = end + 1;
    }
    Some(files)
}

/// Numbers of things by their hashes. It knows no thing: who looks one up says which it is.
struct Table {
    /// Half of a hash, so that few others have to be looked at, and a number plus one; 0 is nothing. A power of two of
    /// them, at most half of them used.
    slots: Vec<(u32, u32)>,
}

impl Table {
    fn new(hashes: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut table = Self { slots: vec![(0, 0); (2 * hashes.len()).next_power_of_two()] };
        for (number, hash) in (1..).zip(hashes) {
            let free = table.from(hash).find(|&slot| table.slots[slot].1 == 0);
            table.slots[free.expect("at least half of them are free")] = (tag(hash), number);
        }
        table
    }

    fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        self.from(hash)
            .map(|slot| self.slots[slot])
            .take_while(|&(_, number)| number != 0)
            .filter(|&(other, _)| other == tag(hash))
            .map(|(_, number)| number as usize - 1)
            .find(|&at| is_it(at))
    }

    /// Every slot once, from the one that a hash says.
    fn from(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        let start = hash as usize & mask;
        (0..=mask).map(move |step| (start + step) & mask)
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}
