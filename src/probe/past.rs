//! What files and trees of the project's own repository were at a commit, as facts: equal to those of a clean work tree of
//! that commit. Objects are read and nothing is checked out; where the work tree has the very same content, what is known
//! of that is taken. Knows no node.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use graph::digest::Digest;
use graph::facts::{Fact, Facts};
use graph::spec::{Source, Tree};

use super::content::{Content, Links};
use super::git::{self, Clean, EntryKind, Git, Snapshot, SnapshotEntry};
use super::observe::Probe;
use super::patch;
use super::tree::{Entry, TreeContent, below, ours_in};
use super::tree_filter::Filter;

/// More links on the way to one file are a circle.
const MOST_LINKS: usize = 40;

/// What stands for the directories above a repository, so that a path that leads out of it can be told.
const ABOVE: [&str; 4] = ["a", "b", "c", "d"];

/// A commit of the project's repository.
pub struct Past<'a> {
    probe: &'a Probe<'a>,
    git: Git,
    snapshot: &'a Snapshot,
    /// Where the top of the repository was written to.
    written: &'a Path,
    /// Where the project's root lies in that.
    root: &'a Path,
    clean: OnceLock<Result<Clean, String>>,
    links: OnceLock<Result<HashMap<Vec<u8>, Vec<u8>>, String>>,
    manifests: Mutex<Vec<(Digest, Vec<(String, Digest)>)>>,
}

/// Where a path leads.
enum Leads<'s> {
    Nowhere,
    /// Out of the repository, to a place of this host.
    Out(PathBuf),
    File(&'s SnapshotEntry),
    Dir(Vec<u8>),
}

/// What became of looking at a source.
enum Seen {
    Fact(Fact),
    /// It is the same whichever commit is looked at: what is to be asked in its place.
    Same(Source),
}

impl<'a> Past<'a> {
    /// A commit as it was listed. Paths of sources start from `root`, which lies in `written`, and mean what lies in the
    /// same place of the repository; nothing is read there.
    #[must_use]
    pub fn new(
        probe: &'a Probe<'a>,
        snapshot: &'a Snapshot,
        (written, root): (&'a Path, &'a Path),
    ) -> Self {
        let (clean, links, manifests) = (OnceLock::new(), OnceLock::new(), Mutex::default());
        Self { probe, git: probe.git(), snapshot, written, root, clean, links, manifests }
    }

    /// Where the top of a repository is to be written to, in a directory that has nothing else in it.
    #[must_use]
    pub fn place(dir: &Path) -> PathBuf {
        dir.join(ABOVE.iter().collect::<PathBuf>()).join("top")
    }

    /// The facts of those sources that belong to a commit; the others, each with the source that is to be observed in its
    /// place now.
    #[must_use]
    pub fn observe<'s>(&self, sources: &[&'s Source]) -> (Facts, Vec<(&'s Source, Source)>) {
        let (mut facts, mut others) = (Facts::default(), Vec::new());
        for &source in sources {
            match self.look(source) {
                Ok(Seen::Fact(fact)) => facts.insert(source.clone(), fact),
                Ok(Seen::Same(same)) => others.push((source, same)),
                Err(why) => facts.insert(source.clone(), Fact::Unknown(why.into())),
            }
        }
        (facts, others)
    }

    /// The files of each tree that was observed, by the digest of the tree.
    #[must_use]
    pub fn manifests(self) -> Vec<(Digest, Vec<(String, Digest)>)> {
        self.manifests.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, source: &Source) -> Result<Seen, String> {
        let elsewhere = |path: &Path| -> Arc<str> { path.to_string_lossy().into() };
        match source {
            Source::File(name) => match self.leads(name)? {
                Leads::Out(path) => Ok(Seen::Same(Source::File(elsewhere(&path)))),
                leads => Ok(Seen::Fact(patch::file(Ok(self.content_of(&leads)?)))),
            },
            Source::Series(name) => match self.leads(name)? {
                Leads::Out(path) => Ok(Seen::Same(Source::Series(elsewhere(&path)))),
                Leads::Dir(dir) => Ok(Seen::Fact(self.series(&dir)?)),
                leads => Ok(Seen::Fact(patch::file(Ok(self.content_of(&leads)?)))),
            },
            Source::Tree(tree) => match self.leads(&tree.dir)? {
                Leads::Dir(dir) => Ok(Seen::Fact(self.tree(tree, &dir)?)),
                Leads::Out(path) => Ok(Seen::Same(Source::Tree(
                    Tree { dir: elsewhere(&path), ..(**tree).clone() }.into(),
                ))),
                Leads::Nowhere | Leads::File(_) => self.unlisted(tree),
            },
            Source::Describe(dir) => match self.leads(dir)? {
                Leads::Out(path) => Ok(Seen::Same(Source::Describe(elsewhere(&path)))),
                _ => {
                    let (top, commit) = (&self.snapshot.top, &self.snapshot.commit);
                    let said = self.git.describe_at(top, commit).map_err(|why| words(&why))?;
                    Ok(Seen::Fact(said.map_or(Fact::Missing, |text| Fact::text(&text))))
                }
            },
            other => Ok(Seen::Same(other.clone())),
        }
    }

    /// Where a path of a source leads at the commit.
    fn leads(&self, name: &str) -> Result<Leads<'_>, String> {
        let path = normal(&self.root.join(name));
        let Ok(inside) = path.strip_prefix(self.written) else {
            let (written, top) = (self.written.ancestors(), self.snapshot.top.ancestors());
            let beside = written
                .zip(top)
                .skip(1)
                .take(ABOVE.len())
                .find_map(|(written, top)| Some(top.join(path.strip_prefix(written).ok()?)));
            return Ok(Leads::Out(beside.unwrap_or(path)));
        };
        self.follow(inside.as_os_str().as_bytes())
    }

    fn follow(&self, path: &[u8]) -> Result<Leads<'_>, String> {
        let parts = |path: &[u8]| -> Vec<Vec<u8>> {
            path.split(|&byte| byte == b'/').rev().map(<[u8]>::to_vec).collect()
        };
        let (mut todo, mut done, mut hops) = (parts(path), Vec::<u8>::new(), 0);
        let up = |done: &mut Vec<u8>| {
            done.truncate(done.iter().rposition(|&byte| byte == b'/').unwrap_or(0));
        };
        let out = |done: &[u8], todo: &[Vec<u8>]| {
            let mut path = self.snapshot.top.join(OsStr::from_bytes(done));
            path.extend(todo.iter().rev().map(|part| OsStr::from_bytes(part)));
            Leads::Out(normal(&path))
        };
        while let Some(part) = todo.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." if done.is_empty() => {
                    todo.push(part);
                    return Ok(out(&done, &todo));
                }
                b".." => up(&mut done),
                part => {
                    done.extend(if done.is_empty() { &b""[..] } else { b"/" });
                    done.extend(part);
                }
            }
            let entry = self.snapshot.entry(&done);
            if entry.is_some_and(|entry| entry.kind == EntryKind::Link) {
                let target = self.links()?.get(&done).cloned().unwrap_or_default();
                up(&mut done);
                hops += 1;
                if hops > MOST_LINKS {
                    return Ok(Leads::Nowhere);
                }
                todo.extend(parts(&target));
                if target.starts_with(b"/") {
                    return Ok(out(b"/", &todo));
                }
            }
        }
        Ok(match self.snapshot.entry(&done) {
            Some(entry) if entry.kind == EntryKind::Submodule => out(&done, &[]),
            Some(entry) => Leads::File(entry),
            None if done.is_empty() || self.snapshot.has_dir(&done) => Leads::Dir(done),
            None => Leads::Nowhere,
        })
    }

    fn content_of(&self, leads: &Leads<'_>) -> Result<Content, String> {
        Ok(match leads {
            Leads::File(entry) => {
                self.contents(&[entry])?.pop().expect("as many contents as entries")
            }
            Leads::Dir(_) => Content::Directory,
            Leads::Nowhere | Leads::Out(_) => Content::Missing,
        })
    }

    fn series(&self, dir: &[u8]) -> Result<Fact, String> {
        let Leads::File(series) = self.follow(&below(dir, b"series"))? else {
            return Ok(Fact::Missing);
        };
        let text = self.git.blobs(&self.snapshot.top, &[&series.id]).map_err(|why| words(&why))?;
        let text = text.into_iter().next().unwrap_or_default();
        let content = |name: &&str| {
            let leads = self.follow(&below(dir, name.as_bytes())).map_err(std::io::Error::other)?;
            self.content_of(&leads).map_err(std::io::Error::other)
        };
        Ok(patch::series_of(&text, |names| names.iter().map(content).collect()))
    }

    fn tree(&self, tree: &Tree, dir: &[u8]) -> Result<Fact, String> {
        let real = self.snapshot.top.join(OsStr::from_bytes(dir));
        let ours = ours_in(&real, &self.probe.ours());
        let filter = Filter::new(tree, ours).map_err(|bad| bad.to_string())?;
        let mut entries = Vec::new();
        let all = self.snapshot.below(dir).iter();
        let strip = if dir.is_empty() { 0 } else { dir.len() + 1 };
        self.add(self.snapshot, all, (strip, b""), &filter, &mut entries)?;
        let TreeContent { digest, manifest } = TreeContent::of(entries);
        self.manifests
            .lock()
            .expect("no thread panics while it holds this")
            .extend(manifest.map(|manifest| (digest, manifest)));
        Ok(Fact::content(digest))
    }

    /// Adds what counts of a listing, each path less its beginning and with another in its place. What a submodule holds
    /// counts if the work tree has it at all.
    fn add<'e>(
        &self,
        snapshot: &Snapshot,
        listed: impl Iterator<Item = &'e SnapshotEntry>,
        (strip, prefix): (usize, &[u8]),
        filter: &Filter,
        entries: &mut Vec<Entry>,
    ) -> Result<(), String> {
        let mut kept = filter.files();
        let named = listed.map(|entry| (below(prefix, &entry.path[strip..]), entry));
        let (modules, files): (Vec<_>, Vec<_>) = named
            .filter(|(name, _)| kept.keeps(name))
            .partition(|(_, entry)| entry.kind == EntryKind::Submodule);
        let of: Vec<&SnapshotEntry> = files.iter().map(|(_, entry)| *entry).collect();
        let contents = if std::ptr::eq(snapshot, self.snapshot) {
            self.contents(&of)?
        } else {
            contents(self.probe, &self.git, snapshot, &clean(&self.git, snapshot)?, &of)?
        };
        let digests = files.into_iter().zip(contents);
        entries.extend(digests.filter_map(|((name, _), content)| Some((name, content.digest()?))));
        for (name, module) in modules {
            let top = snapshot.real(module);
            if !top.join(".git").exists() {
                continue;
            }
            let inner = self.git.snapshot(&top, &module.id).map_err(|_| {
                let (path, id) = (top.display(), module.id.get(..12).unwrap_or(&module.id));
                format!("the submodule at `{path}` does not have its commit {id}")
            })?;
            self.add(&inner, inner.entries.iter(), (0, &below(&name, b"")), filter, entries)?;
        }
        Ok(())
    }

    /// A directory of which the commit has nothing. One that git ignores, or that is a repository of its own, belongs to
    /// no commit of this one.
    fn unlisted(&self, tree: &Arc<Tree>) -> Result<Seen, String> {
        let path = normal(&self.root.join(&*tree.dir));
        let inside = path.strip_prefix(self.written).unwrap_or(Path::new(""));
        let real = self.snapshot.top.join(inside);
        let is_own = real.join(".git").exists()
            || real.is_dir() && self.git.ignores(&real).map_err(|why| words(&why))?;
        Ok(if is_own {
            let dir = real.to_string_lossy().into();
            Seen::Same(Source::Tree(Tree { dir, ..(**tree).clone() }.into()))
        } else {
            Seen::Fact(Fact::Missing)
        })
    }

    fn contents(&self, of: &[&SnapshotEntry]) -> Result<Vec<Content>, String> {
        let clean = self.clean.get_or_init(|| clean(&self.git, self.snapshot));
        let clean = clean.as_ref().map_err(String::clone)?;
        contents(self.probe, &self.git, self.snapshot, clean, of)
    }

    fn links(&self) -> Result<&HashMap<Vec<u8>, Vec<u8>>, String> {
        let read = || {
            let links = self.snapshot.entries.iter().filter(|entry| entry.kind == EntryKind::Link);
            let links: Vec<&SnapshotEntry> = links.collect();
            let ids: Vec<&str> = links.iter().map(|entry| entry.id.as_str()).collect();
            let targets = self.git.blobs(&self.snapshot.top, &ids).map_err(|why| words(&why))?;
            Ok(links.iter().map(|entry| entry.path.clone()).zip(targets).collect())
        };
        self.links.get_or_init(read).as_ref().map_err(String::clone)
    }
}

fn clean(git: &Git, snapshot: &Snapshot) -> Result<Clean, String> {
    git.clean(&snapshot.top).map_err(|why| words(&why))
}

/// What entries hold, in their order: from the work tree, where that has the very same, else from the objects.
fn contents(
    probe: &Probe<'_>,
    git: &Git,
    snapshot: &Snapshot,
    clean: &Clean,
    of: &[&SnapshotEntry],
) -> Result<Vec<Content>, String> {
    let here: Vec<usize> = (0..of.len()).filter(|&at| clean.has(of[at])).collect();
    let paths: Vec<PathBuf> = here.iter().map(|&at| snapshot.real(of[at])).collect();
    let mut found: Vec<Option<Content>> = vec![None; of.len()];
    for (at, content) in here.into_iter().zip(probe.files.look(&paths, Links::AsLinks)) {
        found[at] = match content {
            Ok(content @ (Content::File { .. } | Content::Link(_))) => Some(content),
            // It has changed since git looked.
            Ok(_) | Err(_) => None,
        };
    }
    let missing: Vec<usize> = (0..of.len()).filter(|&at| found[at].is_none()).collect();
    let ids: Vec<&str> = missing.iter().map(|&at| of[at].id.as_str()).collect();
    let blobs = git.blobs(&snapshot.top, &ids).map_err(|why| words(&why))?;
    for (at, blob) in missing.into_iter().zip(blobs) {
        let file = |executable| Content::File { digest: Digest::of(&blob), executable };
        found[at] = Some(match of[at].kind {
            EntryKind::File => file(false),
            EntryKind::Program => file(true),
            EntryKind::Link => Content::link(Path::new(OsStr::from_bytes(&blob))),
            EntryKind::Submodule => Content::Directory,
        });
    }
    Ok(found.into_iter().map(|content| content.expect("all were found")).collect())
}

fn words(error: &git::Error) -> String {
    error.to_string()
}

fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}
