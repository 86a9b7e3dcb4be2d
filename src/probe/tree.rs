//! The content of a local repository, as a build could see it. Knows no kas.
//!
//! | in it | why |
//! | --- | --- |
//! | files that git tracks, with what they hold now | also those that are ignored and were added by force |
//! | files that git neither tracks nor ignores | a new recipe is built before it is added |
//! | the same of submodules | kas builds them with the repository |
//! | everything, where no git is or git ignores the directory as a whole | nobody says what would not count |
//!
//! | not in it | why |
//! | --- | --- |
//! | what git ignores | build directories, editors' files |
//! | repositories inside that are not submodules | clones that kas or the user left there; they are inputs of their own |
//! | what `ignore` and `except` name, and directories of ours | see [`graph::spec::Tree`] |
//! | tracked files that are missing | a build cannot see them, and committing that they are gone changes nothing |
//!
//! Git itself lists the files, so what counts as ignored is by definition what git ignores: its index, its excludes,
//! its configuration. In large repositories the files that it tracks are hashed while it still looks for others.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use graph::digest::{Digest, Fields};
use graph::spec::Tree;
use rayon::iter::ParallelIterator;
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::content::{Content, Files, Links};
use super::git::{self, Git, Listing};
use super::memory::Memory;
use super::tree_filter::{BadPattern, Filter};
use super::tree_memo::{Known, TreeMemo};

/// The index of some ten thousand files: from there on, a second process costs less than it saves.
pub(super) const LARGE_INDEX: u64 = 1 << 20;

/// How many paths one thread decides on before it looks for more.
const AT_A_TIME: usize = 2048;

/// What a tree holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeContent {
    /// The digest of it all.
    pub digest: Digest,
    /// Every file with the digest of its content, in order of path. A path that is no UTF-8 is shown with marks. Nothing
    /// where the tree was found to be as it was, and only its digest was asked for.
    pub manifest: Option<Vec<(String, Digest)>>,
}

/// Why the content of a tree is not known.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A pattern is none.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// Git will not list it.
    #[error("git cannot list `{}`: {source}", dir.display())]
    Git {
        /// The directory.
        dir: PathBuf,
        /// What git said.
        source: git::Error,
    },
    /// A file or directory cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Observes trees.
pub(super) struct TreeProbe<'a> {
    /// Lists repositories.
    pub(super) git: &'a Git,
    /// Hashes files.
    pub(super) files: &'a dyn Files,
    /// Directories of ours, absolute: never part of a tree that they lie in.
    pub(super) ours: &'a [PathBuf],
    /// Remembers whole trees, where nobody asks for their files.
    pub(super) memory: Option<&'a dyn Memory>,
    /// A time before anything is looked at.
    pub(super) began: SystemTime,
    /// From how many bytes of index on the files that git tracks are hashed while it looks for others.
    pub(super) large_index: u64,
}

/// A file with what it holds: its path relative to the tree, in bytes.
pub(super) type Entry = (Vec<u8>, Digest);

impl TreeContent {
    /// What these files make, in whatever order they were found.
    pub(super) fn of(mut entries: Vec<Entry>) -> Self {
        sort(&mut entries);
        let digest = digest_of(&entries);
        let shown = |path: Vec<u8>| match String::from_utf8(path) {
            Ok(path) => path,
            Err(bytes) => bytes.as_bytes().escape_ascii().to_string(),
        };
        let manifest = entries.into_iter().map(|(path, digest)| (shown(path), digest)).collect();
        Self { digest, manifest: Some(manifest) }
    }
}

fn sort(entries: &mut Vec<Entry>) {
    entries.par_sort_unstable();
    entries.dedup();
}

/// The digest of files that were sorted.
fn digest_of(entries: &[Entry]) -> Digest {
    let mut fields = Fields::of("graph tree v1");
    for (path, digest) in entries {
        fields.add(path);
        fields.add(digest.as_bytes());
    }
    fields.finish()
}

/// Those of our directories that lie in a directory (without links in its path), relative to it.
pub(super) fn ours_in(dir: &Path, ours: &[PathBuf]) -> Vec<Vec<u8>> {
    let ours = ours.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
    ours.filter_map(|path| Some(path.strip_prefix(dir).ok()?.as_os_str().as_bytes().to_vec()))
        .collect()
}

impl TreeProbe<'_> {
    /// Observes one tree. `None` if there is no such directory.
    pub(super) fn observe(
        &self,
        root: &Path,
        tree: &Tree,
    ) -> Result<Option<TreeContent>, TreeError> {
        let named = root.join(&*tree.dir);
        // Ours and theirs must be told in the same terms, whatever links lead here.
        let Ok(dir) = named.canonicalize() else { return Ok(None) };
        if !dir.is_dir() {
            return Ok(None);
        }
        let ours = ours_in(&dir, self.ours);
        let filter = Filter::new(tree, ours.clone())?;
        let memo = self.memory.filter(|_| index_of(&dir) >= self.large_index).and_then(|memory| {
            TreeMemo::recall((self.git, memory), &dir, (tree, &ours), (&filter, self.began))
        });
        let mut entries = Vec::new();
        match &memo {
            Some((_, Known::All(digest))) => {
                return Ok(Some(TreeContent { digest: *digest, manifest: None }));
            }
            Some((_, Known::Files(files))) => {
                self.add(&dir, b"", files.iter().map(Vec::as_slice), &filter, &mut entries)?;
            }
            _ => self.directory(&dir, b"", &filter, &mut entries)?,
        }
        sort(&mut entries);
        if let Some((memo, _)) = memo {
            let paths = entries.iter().map(|(path, _)| path.as_slice());
            memo.remember(digest_of(&entries), paths);
        }
        Ok(Some(TreeContent::of(entries)))
    }

    /// Adds the files of one directory, which may be a repository, a part of one, or none.
    fn directory(
        &self,
        dir: &Path,
        prefix: &[u8],
        filter: &Filter,
        entries: &mut Vec<Entry>,
    ) -> Result<(), TreeError> {
        let failed = |source| TreeError::Git { dir: dir.to_owned(), source };
        let is_ignored = !dir.join(".git").exists() && self.git.ignores(dir).map_err(failed)?;
        let is_listed = if is_ignored {
            false
        } else if index_of(dir) < self.large_index {
            self.add_listed(dir, prefix, self.git.present(dir).map_err(failed)?, filter, entries)?
        } else {
            std::thread::scope(|scope| {
                let untracked = scope.spawn(|| self.git.untracked(dir));
                let tracked = self.git.tracked(dir).map_err(failed)?;
                let is_listed = self.add_listed(dir, prefix, tracked, filter, entries)?;
                let untracked =
                    untracked.join().expect("listing does not panic").map_err(failed)?;
                self.add_listed(dir, prefix, untracked, filter, entries).map(|_| is_listed)
            })?
        };
        if is_listed { Ok(()) } else { self.walk(dir, prefix, filter, entries) }
    }

    /// Adds what git listed; `false` if it knows no repository here.
    fn add_listed(
        &self,
        dir: &Path,
        prefix: &[u8],
        listing: Option<Listing>,
        filter: &Filter,
        entries: &mut Vec<Entry>,
    ) -> Result<bool, TreeError> {
        let Some(listing) = listing else { return Ok(false) };
        // What ends in a slash is a repository that is not a submodule.
        let files = listing.paths().filter(|path| !path.ends_with(b"/"));
        self.add(dir, prefix, files, filter, entries)?;
        Ok(true)
    }

    /// Adds paths below a directory with what they hold.
    fn add<'p>(
        &self,
        dir: &Path,
        prefix: &[u8],
        paths: impl Iterator<Item = &'p [u8]>,
        filter: &Filter,
        entries: &mut Vec<Entry>,
    ) -> Result<(), TreeError> {
        let paths: Vec<&[u8]> = paths.collect();
        let keep = |paths: &[&[u8]]| {
            let mut kept = filter.files();
            let named =
                paths.iter().map(|path| (below(prefix, path), dir.join(OsStr::from_bytes(path))));
            named.filter(|(name, _)| kept.keeps(name)).collect::<Vec<_>>()
        };
        let (names, files): (Vec<Vec<u8>>, Vec<PathBuf>) = match paths.len() {
            0..AT_A_TIME => keep(&paths).into_iter().unzip(),
            _ => paths.par_chunks(AT_A_TIME).flat_map_iter(keep).unzip(),
        };
        for ((name, path), content) in
            names.into_iter().zip(&files).zip(self.files.look(&files, Links::AsLinks))
        {
            match content {
                Ok(Content::Directory) if path.join(".git").exists() => {
                    self.directory(path, &below(&name, b""), filter, entries)?;
                }
                Ok(content) => entries.extend(content.digest().map(|digest| (name, digest))),
                Err(source) => return Err(TreeError::Read { path: path.clone(), source }),
            }
        }
        Ok(())
    }

    /// Adds every file below a directory that no git knows.
    fn walk(
        &self,
        dir: &Path,
        prefix: &[u8],
        filter: &Filter,
        entries: &mut Vec<Entry>,
    ) -> Result<(), TreeError> {
        let mut found: Vec<Vec<u8>> = Vec::new();
        let mut open: Vec<Vec<u8>> = vec![Vec::new()];
        while let Some(inner) = open.pop() {
            let here = dir.join(OsStr::from_bytes(&inner));
            let failed = |source| TreeError::Read { path: here.clone(), source };
            for entry in here.read_dir().map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = below(&inner, entry.file_name().as_bytes());
                if entry.file_name() == ".git" {
                    continue;
                }
                match entry.file_type().map_err(failed)?.is_dir() {
                    true if filter.enters(&below(prefix, &path)) => open.push(path),
                    true => {}
                    false => found.push(path),
                }
            }
        }
        found.sort_unstable();
        self.add(dir, prefix, found.iter().map(Vec::as_slice), filter, entries)
    }
}

/// How long the index of a repository is.
fn index_of(dir: &Path) -> u64 {
    dir.join(".git/index").metadata().map_or(0, |file| file.len())
}

pub(super) fn below(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    match prefix {
        b"" => path.to_vec(),
        prefix if prefix.ends_with(b"/") => [prefix, path].concat(),
        prefix => [prefix, b"/", path].concat(),
    }
}
