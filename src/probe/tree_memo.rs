//! What a large tree held when it was last looked at, and whether it is as it was. Hashes nothing itself.
//!
//! | what vouches for it | why |
//! | --- | --- |
//! | the times of every file that counts | what it holds, and whether it may be executed |
//! | the times of every directory in which git looks for files, and of `.gitignore` there | a new file, one that is gone, what is ignored |
//! | the times of the index, of `info/exclude` and of the user's excludes | which files are tracked; what is ignored |
//! | what `git config` says, the variables, which patterns the settings have | how git reads all of that |
//!
//! All times must be older than the looking by more than a clock's step. Directories that git ignores as a whole are left
//! out, as git leaves them out; a repository inside, a link in the place of a directory, a name that is no text
//! and anything else unusual means that nothing is remembered.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use graph::digest::{Digest, Fields};
use graph::spec::Tree;
use rayon::prelude::*;

use super::git::Git;
use super::memory::Memory;
use super::tree_filter::Filter;
use super::tree_stamps::{Names, Stamps};

/// More directories that hold nothing of a tree are somebody's heap, and not worth to be asked for.
const MOST_ASKED: usize = 10_000;

/// Where the memory of one tree is, and what was so when the look at it began.
pub(super) struct TreeMemo<'a> {
    git: &'a Git,
    memory: &'a dyn Memory,
    dir: &'a Path,
    filter: &'a Filter,
    key: Digest,
    began: SystemTime,
    /// How git reads this repository, and the files by which it ignores others; `None` where that is unusual.
    reading: Option<(Digest, Vec<PathBuf>)>,
}

impl<'a> TreeMemo<'a> {
    /// The memory of a tree at a directory, and its digest, if all is as it was. `None` where there can be no memory.
    pub(super) fn recall(
        (git, memory): (&'a Git, &'a dyn Memory),
        dir: &'a Path,
        (tree, ours): (&Tree, &[Vec<u8>]),
        (filter, began): (&'a Filter, SystemTime),
    ) -> Option<(Self, Option<Digest>)> {
        let _span = tracing::debug_span!("tree memo").entered();
        let dot_git = fs::symlink_metadata(dir.join(".git")).ok()?;
        if !dot_git.is_dir() || dir.join(".git/commondir").exists() {
            return None;
        }
        let key = key(dir, tree, ours);
        let (reading, known) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| reading(git, dir));
            let known = memory.tool(&key);
            let text = known.as_deref().and_then(Remembered::parse);
            let seen = text.and_then(|it| Some((Stamps::of(dir, &it.dirs, &[])?, it)));
            let seen = seen.map(|(stamps, it)| (it.digest, it.proof, stamps.digest));
            (reading.join().expect("to ask git does not panic"), seen)
        });
        let digest = known.zip(reading.as_ref()).and_then(|((digest, proof, stamps), reading)| {
            let others = Stamps::of(dir, &[], &reading.1)?.digest;
            (proof == prove(&reading.0, &stamps, &others)).then_some(digest)
        });
        Some((Self { git, memory, dir, filter, key, began, reading }, digest))
    }

    /// Remembers the digest of what was found since: the files by their paths, in order.
    pub(super) fn remember<'p>(&self, digest: Digest, files: impl Iterator<Item = &'p [u8]>) {
        let _span = tracing::debug_span!("remember tree").entered();
        let files: Option<Vec<&str>> = files.map(|path| std::str::from_utf8(path).ok()).collect();
        if let Some(text) = files.and_then(|files| self.text(digest, &files)) {
            self.memory.remember_tool(&self.key, &text);
        }
    }

    fn text(&self, digest: Digest, files: &[&str]) -> Option<String> {
        let reading = self.reading.as_ref()?;
        let mut names: Vec<(&str, &str)> =
            files.iter().map(|path| path.split_at(path.rfind('/').map_or(0, |at| at + 1))).collect();
        let walked = Walk { memo: self, holding: holding(&names) }.all()?;
        for (dir, has_ignore) in &walked {
            if *has_ignore {
                names.push((dir, ".gitignore"));
            }
        }
        names.sort_unstable();
        names.dedup();
        let mut names = names.into_iter().peekable();
        let mut dirs: Vec<Names<'_>> = Vec::with_capacity(walked.len());
        for (dir, _) in &walked {
            let mut its = Vec::new();
            while let Some((_, name)) = names.next_if(|(of, _)| of == dir) {
                its.push(name);
            }
            dirs.push((dir, its));
        }
        // One in a directory that git does not look into, such as a link to one.
        if names.next().is_some() {
            return None;
        }
        let stamps = Stamps::of(self.dir, &dirs, &[])?;
        let others = Stamps::of(self.dir, &[], &reading.1)?;
        let is_settled = stamps.are_older_than(self.began) && others.are_older_than(self.began);
        if !is_settled || self::reading(self.git, self.dir).as_ref() != Some(reading) {
            return None;
        }
        let proof = prove(&reading.0, &stamps.digest, &others.digest);
        Some(Remembered { digest, proof, dirs }.text())
    }
}

/// The directories that hold files of a tree, and those above them.
fn holding<'n>(names: &[(&'n str, &str)]) -> BTreeSet<&'n str> {
    let mut holding = BTreeSet::from([""]);
    for (dir, _) in names {
        let mut dir = *dir;
        while holding.insert(dir) {
            let above = dir.trim_end_matches('/');
            dir = &above[..above.rfind('/').map_or(0, |at| at + 1)];
        }
    }
    holding
}

/// What decides how git reads a repository, and the files outside of it by which it ignores others.
fn reading(git: &Git, dir: &Path) -> Option<(Digest, Vec<PathBuf>)> {
    let config = git.configuration(dir).ok()?;
    let excludes = git.excludes(&config)?;
    let mut fields = Fields::of("graph tree reading v1");
    git.variables().for_each(|part| fields.add(part));
    fields.add(config);
    let inside = ["index", "info/exclude"].map(|name| dir.join(".git").join(name));
    Some((fields.finish(), inside.into_iter().chain([excludes]).collect()))
}

fn key(dir: &Path, tree: &Tree, ours: &[Vec<u8>]) -> Digest {
    let mut fields = Fields::of("graph tree memo v1");
    fields.add(dir.as_os_str().as_encoded_bytes());
    for list in [&tree.ignore, &tree.except] {
        fields.add(list.len().to_le_bytes());
        list.iter().for_each(|pattern| fields.add(pattern));
    }
    ours.iter().for_each(|path| fields.add(path));
    fields.finish()
}

fn prove(reading: &Digest, stamps: &Digest, others: &Digest) -> Digest {
    let fields = Fields::of("graph tree proof v1").field(reading.as_bytes());
    fields.field(stamps.as_bytes()).field(others.as_bytes()).finish()
}

/// What is remembered of a tree, as a text: two digests, and then each directory, ended by a slash, with names in it.
struct Remembered<'a> {
    digest: Digest,
    proof: Digest,
    dirs: Vec<Names<'a>>,
}

impl<'a> Remembered<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split_terminator('\0');
        let mut digest = || Digest::from_hex(words.next()?);
        let (digest, proof) = (digest()?, digest()?);
        let mut dirs: Vec<Names<'a>> = vec![("", Vec::new())];
        for word in words {
            match word.ends_with('/') {
                true => dirs.push((word, Vec::new())),
                false => dirs.last_mut()?.1.push(word),
            }
        }
        Some(Self { digest, proof, dirs })
    }

    fn text(&self) -> String {
        let mut text = format!("{}\0{}\0", self.digest, self.proof);
        for (dir, names) in &self.dirs {
            let words = Some(dir).filter(|dir| !dir.is_empty()).into_iter().chain(names);
            for word in words {
                text.push_str(word);
                text.push('\0');
            }
        }
        text
    }
}

/// Finds the directories in which git looks for files.
struct Walk<'m> {
    memo: &'m TreeMemo<'m>,
    holding: BTreeSet<&'m str>,
}

/// A directory, and whether a `.gitignore` lies in it.
type Walked = (String, bool);

impl Walk<'_> {
    /// All of them in order of path, the top first. `None` where one of them is unusual.
    fn all(&self) -> Option<Vec<Walked>> {
        let mut all: Vec<Walked> = Vec::new();
        let mut open = vec![String::new()];
        let mut asked = 0;
        while !open.is_empty() {
            let found: Option<Vec<_>> = open.par_iter().map(|dir| self.one(dir)).collect();
            let (mut next, mut doubtful) = (Vec::new(), Vec::new());
            for (dir, (has_ignore, below)) in open.into_iter().zip(found?) {
                all.push((dir, has_ignore));
                for dir in below {
                    let is_held = self.holding.contains(dir.as_str());
                    if is_held { next.push(dir) } else { doubtful.push(dir) }
                }
            }
            asked += doubtful.len();
            if asked > MOST_ASKED {
                return None;
            }
            if !doubtful.is_empty() {
                // Without the slash, by which `build/*` would seem to mean the directory itself.
                let bare = |dir: &String| dir.trim_end_matches('/').to_owned();
                let bare: Vec<String> = doubtful.iter().map(bare).collect();
                let ignored = self.memo.git.ignored(self.memo.dir, &bare).ok()?;
                doubtful.retain(|dir| !ignored.contains(dir.trim_end_matches('/')));
                next.extend(doubtful);
            }
            open = next;
        }
        all.sort_unstable();
        Some(all)
    }

    /// Whether a directory has a `.gitignore`, and the directories in it in which something can count.
    fn one(&self, dir: &str) -> Option<(bool, Vec<String>)> {
        let (mut has_ignore, mut below) = (false, Vec::new());
        for entry in fs::read_dir(self.memo.dir.join(dir)).ok()? {
            let entry = entry.ok()?;
            let name = entry.file_name();
            if name == ".git" {
                if dir.is_empty() {
                    continue;
                }
                return None;
            }
            has_ignore |= name == ".gitignore";
            if entry.file_type().ok()?.is_dir() {
                let path = format!("{dir}{}", name.to_str()?);
                if self.memo.filter.enters(path.as_bytes()) {
                    below.push(path + "/");
                }
            }
        }
        Some((has_ignore, below))
    }
}
