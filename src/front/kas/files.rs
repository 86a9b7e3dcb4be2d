//! The kas files of a project, each read, parsed and checked once, however many chains include it. Knows no chain.
//!
//! What was found once stays as it was found: all chains of a run see the same content.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::spec::Place;

use crate::diagnostic::{Diagnostics, SourceText, reason};
use crate::front::kas::checkouts::{Content, FoundFile, Lookup, find_below, normal, on_disk};
use crate::front::kas::effective::Text;
use crate::front::kas::ids::text;
use crate::front::kas::memo::Memo;
use crate::front::kas::schema;
use crate::front::yaml::{Node, parse_json, parse_yaml};

/// No kas file is longer; what is, is something else.
const LONGEST: u64 = 16 << 20;

/// Files that were read. Shared by all chains of a run, from many threads.
#[derive(Debug)]
pub struct FileCache {
    root: PathBuf,
    parsed: Memo<Arc<str>, Result<Arc<KasFile>, Problem>>,
    /// By boundary, then by path.
    found: Memo<OsString, Arc<Memo<OsString, Lookup>>>,
    repositories: Memo<OsString, Option<Arc<Path>>>,
    real: Memo<OsString, Option<Arc<Path>>>,
    listed: Memo<OsString, Option<Arc<HashSet<OsString>>>>,
}

/// A kas file that could be read.
#[derive(Debug)]
pub(super) struct KasFile {
    pub(super) node: Arc<Node>,
    pub(super) version: i64,
    /// Where its version is written.
    pub(super) version_place: Option<Place>,
    pub(super) includes: Vec<Include>,
    /// `_source_dir`, also where it is empty and so without effect.
    pub(super) source_dir: Option<Text>,
    /// What is wrong in it. With errors among them, its includes are as far as they can be told.
    pub(super) problems: Diagnostics,
}

/// An entry of `header.includes`.
#[derive(Debug)]
pub(super) enum Include {
    /// A path in the repository of the file that includes it.
    Own(Text),
    /// A path in another repository.
    Foreign { repo: Text, file: Text },
}

/// Why a file cannot be used.
#[derive(Debug, Clone)]
pub(super) enum Problem {
    /// It was read, and cannot be parsed.
    Content(Diagnostics),
    /// It could not be read; the place to show is the include that names it.
    Whole(String),
}

impl FileCache {
    /// For a project; its root (absolute) is what names of files are relative to.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: normal(&root.into()),
            parsed: Memo::default(),
            found: Memo::default(),
            repositories: Memo::default(),
            real: Memo::default(),
            listed: Memo::default(),
        }
    }

    /// The project's root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Looks for a local file (an absolute path) that must not lead out of a directory.
    pub(super) fn find(&self, boundary: &Arc<Path>, path: &Path) -> Lookup {
        let below = self.found.of(boundary.as_os_str(), Arc::default);
        below.of(path.as_os_str(), || match self.real(boundary) {
            Some(boundary) => self.find_in(&boundary, path),
            None => Lookup::NoSuchFile,
        })
    }

    /// What a directory lists as a regular file is one, without a call to the system for each.
    fn find_in(&self, boundary: &Path, path: &Path) -> Lookup {
        let dir = path.parent().and_then(|dir| self.real(dir));
        if let (Some(dir), Some(file)) = (&dir, path.file_name())
            && dir.starts_with(boundary)
            && self.listed(dir).is_some_and(|files| files.contains(file))
        {
            return on_disk(path, &self.name(path));
        }
        find_below(boundary, dir.as_deref(), path, &self.name(path))
    }

    /// Whether a path of the project, relative to its root, is a file.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let path = self.root.join(path);
        let Some(dir) = path.parent().and_then(|dir| self.real(dir)) else { return false };
        let is_listed = |file: &OsStr| self.listed(&dir).is_some_and(|files| files.contains(file));
        path.file_name().is_some_and(is_listed) || path.is_file()
    }

    /// The names of the regular files of a directory; `None` if it cannot be listed.
    fn listed(&self, dir: &Path) -> Option<Arc<HashSet<OsString>>> {
        self.listed.of(dir.as_os_str(), || {
            let regular = |entry: fs::DirEntry| {
                entry.file_type().is_ok_and(|kind| kind.is_file()).then(|| entry.file_name())
            };
            let entries = fs::read_dir(dir).ok()?;
            Some(Arc::new(entries.filter_map(Result::ok).filter_map(regular).collect()))
        })
    }

    /// A directory without symbolic links in its path. Most files of a project lie in a few directories, and each
    /// link on the way to one costs a call to the system.
    fn real(&self, dir: &Path) -> Option<Arc<Path>> {
        self.real.of(dir.as_os_str(), || fs::canonicalize(dir).ok().map(Arc::from))
    }

    /// The root of the repository that holds a directory (an absolute path), as `Repo.get_root_path` of
    /// `kas/repos.py` finds it: that of the superproject for a submodule.
    pub(super) fn repository(&self, dir: &Path) -> Option<Arc<Path>> {
        self.repositories.of(dir.as_os_str(), || {
            let own = dir.ancestors().find(|ancestor| ancestor.join(".git").exists())?;
            let above = own
                .parent()
                .filter(|_| is_submodule(own))
                .and_then(|parent| self.repository(parent));
            Some(above.unwrap_or_else(|| own.into()))
        })
    }

    /// The directory that no include of a local file may leave: its repository, or the project outside of any.
    pub(super) fn boundary(&self, dir: &Path) -> Arc<Path> {
        let project = || if dir.starts_with(&self.root) { &self.root } else { dir };
        self.repository(dir).unwrap_or_else(|| project().into())
    }

    /// The name of a local file in messages.
    pub(super) fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// The names in the directory of a file.
    pub(super) fn neighbours(&self, path: &Path) -> Vec<String> {
        let entries = path.parent().and_then(|dir| fs::read_dir(dir).ok());
        let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
        let mut names: Vec<String> =
            entries.into_iter().flatten().filter_map(Result::ok).filter_map(name).collect();
        names.sort();
        names
    }

    /// Reads, parses and checks a file that was found.
    pub(super) fn load(&self, file: &FoundFile) -> Result<Arc<KasFile>, Problem> {
        self.parsed.of(&*file.key, || parse(file).map(Arc::new))
    }
}

/// A submodule's `.git` is a file that points below the `modules` of its superproject.
fn is_submodule(dir: &Path) -> bool {
    fs::read_to_string(dir.join(".git")).is_ok_and(|text| text.contains("/modules/"))
}

fn parse(file: &FoundFile) -> Result<KasFile, Problem> {
    let extension = Path::new(&*file.name).extension().and_then(|extension| extension.to_str());
    let parse = match extension {
        Some("json") => parse_json,
        Some("yaml" | "yml") => parse_yaml,
        _ => {
            return Err(Problem::Whole(
                "is no kas file: its name must end in `.yaml`, `.yml` or `.json`".into(),
            ));
        }
    };
    let content = match &file.content {
        Content::Bytes(bytes) => bytes.to_vec(),
        Content::OnDisk(path) => {
            read(path).map_err(|why| Problem::Whole(format!("cannot be read: {why}")))?
        }
    };
    let Ok(content) = String::from_utf8(content) else {
        return Err(Problem::Whole("is not UTF-8".into()));
    };
    let content = content.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(content);
    let source = Arc::new(SourceText::new(file.name.clone(), content));
    let (node, mut problems) = parse(&source).map_err(Problem::Content)?;
    problems.extend(schema::check(&node));
    let header = node.get("header");
    let version = header.and_then(|header| header.get("version"));
    Ok(KasFile {
        version: header.map_or(1, |header| schema::version(header)),
        version_place: version.map(|node| node.span.place()),
        includes: header
            .and_then(|header| header.get("includes"))
            .map_or_else(Vec::new, |node| includes(node)),
        source_dir: node.get("_source_dir").and_then(|node| text(node)),
        node,
        problems,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = fs::File::open(path).map_err(|error| reason(&error))?;
    let length = file.metadata().map_err(|error| reason(&error))?.len();
    if length > LONGEST {
        return Err(format!("it has {length} bytes, and no kas file has more than {LONGEST}"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    // Of a file that grows meanwhile, too, no more is read; and nobody asks for its length again.
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    Ok(bytes)
}

fn includes(node: &Node) -> Vec<Include> {
    let include = |node: &Arc<Node>| match node.as_map() {
        None => Some(Include::Own(text(node)?)),
        Some(_) => Some(Include::Foreign {
            repo: text(node.get("repo")?)?,
            file: text(node.get("file")?)?,
        }),
    };
    node.as_list().unwrap_or_default().iter().filter_map(include).collect()
}
