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
use super::tree_stamps::{IGNORE, IGNORED_LIST, Names, Stamps, is_unsettled};

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
    /// The times of what is remembered, where the same files are there, and the text of it.
    seen: Option<(Stamps, Stamps, String)>,
}

/// What is known of a tree.
pub(super) enum Known {
    /// Its digest: all is as it was.
    All(Digest),
    /// Its files, by their paths: some of them may hold something else.
    Files(Vec<Vec<u8>>),
    /// Nothing.
    Nothing,
}

impl<'a> TreeMemo<'a> {
    /// The memory of a tree at a directory, and what is known by it. `None` where there can be no memory.
    pub(super) fn recall(
        (git, memory): (&'a Git, &'a dyn Memory),
        dir: &'a Path,
        (tree, ours): (&Tree, &[Vec<u8>]),
        (filter, began): (&'a Filter, SystemTime),
    ) -> Option<(Self, Known)> {
        let _span = tracing::debug_span!("tree memo").entered();
        let dot_git = fs::symlink_metadata(dir.join(".git")).ok()?;
        if !dot_git.is_dir() || dir.join(".git/commondir").exists() {
            return None;
        }
        let key = key(dir, tree, ours);
        let (reading, remembered) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| reading(git, dir));
            let text = memory.tool(&key);
            let stamps = text.as_deref().and_then(Remembered::parse).and_then(|it| {
                Some((Stamps::of(dir, &it.dirs, Some(&it.lists))?, it.digest, (it.list, it.all)))
            });
            (reading.join().expect("to ask git does not panic"), stamps.zip(text))
        });
        let mut memo = Self { git, memory, dir, filter, key, began, reading, seen: None };
        let Some(((stamps, digest, (list, all)), text)) = remembered else {
            return Some((memo, Known::Nothing));
        };
        let now = memo.reading.as_ref();
        let now = now.and_then(|(reading, paths)| Some((*reading, Stamps::of_files(paths)?)));
        let Some((reading, others)) = now else { return Some((memo, Known::Nothing)) };
        let proofs = Proofs::of(&reading, &stamps, &others);
        let known = match (proofs.list == list, proofs.all == all) {
            (true, true) => Known::All(digest),
            (true, false) => {
                let files = Remembered::parse(&text).map(|it| it.files()).unwrap_or_default();
                memo.seen = Some((stamps, others, text));
                Known::Files(files)
            }
            (false, _) => Known::Nothing,
        };
        Some((memo, known))
    }

    /// Remembers the digest of what was found since: the files by their paths, in order.
    pub(super) fn remember<'p>(&self, digest: Digest, files: impl Iterator<Item = &'p [u8]>) {
        let _span = tracing::debug_span!("remember tree").entered();
        let text = match &self.seen {
            // Times that were taken before the files were read: what changed later has others.
            Some((stamps, others, text)) => Remembered::parse(text)
                .and_then(|it| self.remembered(digest, it.dirs, (stamps, others))),
            None => {
                let files: Option<Vec<&str>> =
                    files.map(|path| std::str::from_utf8(path).ok()).collect();
                files.and_then(|files| self.looked(digest, &files))
            }
        };
        if let Some(text) = text {
            self.memory.remember_tool(&self.key, &text);
        }
    }

    /// What is to be remembered of files that were found without a memory of them.
    fn looked(&self, digest: Digest, files: &[&str]) -> Option<String> {
        let reading = self.reading.as_ref()?;
        let mut names: Vec<(&str, &str)> = files
            .iter()
            .map(|path| path.split_at(path.rfind('/').map_or(0, |at| at + 1)))
            .collect();
        names.sort_unstable();
        let walked = Walk { memo: self, holding: holding(&names) }.all()?;
        let ignoring = walked
            .iter()
            .filter(|(dir, has)| *has && names.binary_search(&(dir.as_str(), IGNORE)).is_err());
        let ignoring: Vec<(&str, &str)> =
            ignoring.map(|(dir, _)| (dir.as_str(), IGNORED_LIST)).collect();
        names.extend(ignoring);
        names.sort_unstable();
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
        let stamps = Stamps::of(self.dir, &dirs, None)?;
        let others = Stamps::of_files(&reading.1)?;
        self.remembered(digest, dirs, (&stamps, &others))
    }

    fn remembered(
        &self,
        digest: Digest,
        dirs: Vec<Names<'_>>,
        (stamps, others): (&Stamps, &Stamps),
    ) -> Option<String> {
        let now = reading(self.git, self.dir)?;
        let is_settled = stamps.are_older_than(self.began) && others.are_older_than(self.began);
        if !is_settled || self.reading.as_ref() != Some(&now) {
            return None;
        }
        let Proofs { list, all } = Proofs::of(&now.0, stamps, others);
        Some(Remembered { digest, list, all, lists: stamps.lists.clone(), dirs }.text())
    }
}

/// What vouches for the files that there are, and for what they hold.
struct Proofs {
    list: Digest,
    all: Digest,
}

impl Proofs {
    fn of(reading: &Digest, stamps: &Stamps, others: &Stamps) -> Self {
        let base = |domain| {
            let fields = Fields::of(domain).field(reading.as_bytes());
            fields.field(others.digest.as_bytes())
        };
        let mut list = base("graph tree list v1");
        stamps.lists.iter().for_each(|it| list.add(it.as_bytes()));
        let all = base("graph tree content v1").field(stamps.digest.as_bytes()).finish();
        Self { list: list.finish(), all }
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

/// What is remembered of a tree, as a text: digests, as many more as are counted there, and then each directory, ended by
/// a slash, with names in it.
struct Remembered<'a> {
    digest: Digest,
    list: Digest,
    all: Digest,
    lists: Vec<Digest>,
    dirs: Vec<Names<'a>>,
}

impl<'a> Remembered<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split_terminator('\0');
        let count = words.next()?.parse().ok()?;
        let mut digest = || Digest::from_hex(words.next()?);
        let (whole, list, all) = (digest()?, digest()?, digest()?);
        let lists = (0..count).map(|_| digest()).collect::<Option<_>>()?;
        let mut dirs: Vec<Names<'a>> = vec![("", Vec::new())];
        for word in words {
            match word.ends_with('/') {
                true => dirs.push((word, Vec::new())),
                false => dirs.last_mut()?.1.push(word),
            }
        }
        Some(Self { digest: whole, list, all, lists, dirs })
    }

    fn text(&self) -> String {
        let mut text = format!("{}\0", self.lists.len());
        for digest in [&self.digest, &self.list, &self.all].into_iter().chain(&self.lists) {
            text += &format!("{digest}\0");
        }
        for (dir, names) in &self.dirs {
            let words = Some(dir).filter(|dir| !dir.is_empty()).into_iter().chain(names);
            for word in words {
                text.push_str(word);
                text.push('\0');
            }
        }
        text
    }

    /// The paths of the files.
    fn files(&self) -> Vec<Vec<u8>> {
        let path = |dir: &str, name: &str| [dir.as_bytes(), name.as_bytes()].concat();
        let in_dir = |(dir, names): &Names<'_>| {
            let names = names.iter().filter(|name| **name != IGNORED_LIST);
            names.map(|name| path(dir, name)).collect::<Vec<_>>()
        };
        self.dirs.iter().flat_map(in_dir).collect()
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
        let here = self.memo.dir.join(dir);
        if is_unsettled(&here, self.memo.began) {
            return None;
        }
        let (mut has_ignore, mut below) = (false, Vec::new());
        for entry in fs::read_dir(here).ok()? {
            let entry = entry.ok()?;
            let name = entry.file_name();
            if name == ".git" {
                if dir.is_empty() {
                    continue;
                }
                return None;
            }
            has_ignore |= name == IGNORE;
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
