//! What git's answer to a plain name in a local repository hangs on, read from the repository's files, so that an answer
//! can be taken again without starting git. Resolves nothing: git alone says what a name names.
//!
//! | evidence | why |
//! | --- | --- |
//! | the directories by device, inode and owner | another repository in this place is another; git refuses some owners |
//! | `.git` and `commondir` where they are files | they say where the repository is |
//! | every file that could hold the name, and what it leads to | git tries six places, in the directory of the work tree or the shared one |
//! | `packed-refs`, `config`, `config.worktree`, as the memo of file digests has them | refs without a file; where refs are kept |
//!
//! What is unusual has no evidence, and git is asked each time: refs in other forms than files, names that only objects
//! could explain (abbreviated commits, `HEAD~1`), links, replaced objects.

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use graph::digest::{Digest, Fields};
use rustix::fs::OFlags;

use crate::address::{check_branch, is_commit};
use crate::probe::content::Content;

/// Git follows so many refs that name refs, and no more.
const DEEPEST: usize = 5;

/// More than any file has that names one ref or one directory.
const LONGEST: u64 = 8192;

/// Names that git reads as those of other work trees.
const OTHER_WORK_TREES: [&str; 2] = ["main-worktree", "worktrees"];

/// What is known of a name without git.
pub(in crate::probe) struct Evidence {
    fields: Fields,
    own: PathBuf,
    common: PathBuf,
    common_place: (u64, u64),
    files: [PathBuf; 3],
    ends: Vec<End>,
}

/// Where a name that could be meant leads to.
enum End {
    /// To an object.
    Object,
    /// To a ref of this name that has no file.
    Packed(String),
}

impl Evidence {
    /// Looks at a repository in this very directory.
    pub(in crate::probe) fn of(dir: &Path, revision: &str) -> Option<Self> {
        let mut evidence = Self::of_repository(dir)?;
        evidence.fields.add(revision);
        if is_commit(revision) {
            evidence.ends.push(End::Object);
            return Some(evidence);
        }
        if !is_plain(revision) {
            return None;
        }
        let tried = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
        for before in tried {
            evidence.follow(&format!("{before}{revision}"))?;
        }
        evidence.follow(&format!("refs/remotes/{revision}/HEAD"))?;
        Some(evidence)
    }

    /// The files whose digests belong to it.
    pub(in crate::probe) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What an answer is remembered under, given what its files hold.
    pub(in crate::probe) fn key<'c>(
        &self,
        contents: impl Iterator<Item = &'c std::io::Result<Content>>,
        around: &Digest,
    ) -> Option<Digest> {
        let mut fields = self.fields.clone();
        fields.add(around.as_bytes());
        for content in contents {
            match content.as_ref().ok()? {
                Content::Missing => fields.add(b""),
                content => fields.add(content.digest()?.as_bytes()),
            }
        }
        Some(fields.finish())
    }

    /// Whether a path leads to the directory that all work trees of the repository share.
    pub(in crate::probe) fn is_common(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|it| (it.dev(), it.ino()) == self.common_place)
    }

    /// Whether nothing but this evidence decides: the name is that of a ref, refs are in files, and no object stands for
    /// another.
    pub(in crate::probe) fn suffices(&self) -> bool {
        let text = |name| fs::read(self.common.join(name)).unwrap_or_default();
        let config = text("config").to_ascii_lowercase();
        if config.windows(10).any(|word| word == b"refstorage") {
            return false;
        }
        let packed = text("packed-refs");
        let replaces = b" refs/replace/";
        if packed.windows(replaces.len()).any(|word| word == replaces) {
            return false;
        }
        if self.ends.iter().any(|end| matches!(end, End::Object)) {
            return true;
        }
        let is_packed = |end: &End| match end {
            End::Object => true,
            End::Packed(name) => packed.split(|&byte| byte == b'\n').any(|line| {
                let is_named = |line: &[u8]| line.strip_suffix(name.as_bytes()).map(<[u8]>::len);
                is_named(line).is_some_and(|at| matches!(at, 41 | 65) && line[at - 1] == b' ')
            }),
        };
        self.ends.iter().any(is_packed)
    }

    fn of_repository(dir: &Path) -> Option<Self> {
        let mut fields = Fields::of("graph local revision v1");
        fields.add(dir.as_os_str().as_encoded_bytes());
        add_place(&mut fields, dir)?;
        let dot_git = dir.join(".git");
        let own = match fs::symlink_metadata(&dot_git) {
            Ok(it) if it.is_dir() => dot_git,
            Ok(it) if it.is_file() => {
                fields.add(it.uid().to_le_bytes());
                dir.join(leads(&mut fields, &dot_git, "gitdir: ")??)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => dir.to_owned(),
            _ => return None,
        };
        if own != dir {
            add_place(&mut fields, &own)?;
        }
        // Git takes no directory for a repository without it.
        let head = read_small(&own.join("HEAD"))??;
        let head = std::str::from_utf8(&head).ok()?;
        if !head.starts_with("ref: refs/") && !is_object(head) {
            return None;
        }
        let common = match leads(&mut fields, &own.join("commondir"), "")? {
            Some(path) => own.join(path),
            None => own.clone(),
        };
        let common_place = add_place(&mut fields, &common)?;
        add_place(&mut fields, &common.join("objects"))?;
        add_place(&mut fields, &common.join("refs"))?;
        let is_odd = ["reftable", "refs/replace"].iter().any(|name| {
            fs::symlink_metadata(common.join(name)).map_or_else(|e| !is_absent(&e), |_| true)
        });
        if is_odd {
            return None;
        }
        let files =
            [common.join("packed-refs"), common.join("config"), own.join("config.worktree")];
        Some(Self { fields, own, common, common_place, files, ends: Vec::new() })
    }

    /// Adds all that lies on the way from a name to an object. Which directory is git's to choose, both are read.
    fn follow(&mut self, name: &str) -> Option<()> {
        let bases = [self.own.clone(), self.common.clone()];
        let bases = if bases[0] == bases[1] { &bases[..1] } else { &bases[..] };
        let mut open = vec![(name.to_owned(), 0)];
        while let Some((name, depth)) = open.pop() {
            if depth > DEEPEST || !is_plain(&name) {
                return None;
            }
            self.fields.add(&name);
            for base in bases {
                let read = read_small(&base.join(&name))?;
                let Some(text) = read else {
                    self.fields.add([0]);
                    continue;
                };
                self.fields.add([1]);
                self.fields.add(&text);
                let text = std::str::from_utf8(&text).ok()?;
                match text.strip_prefix("ref:") {
                    Some(next) => open.push((next.trim().to_owned(), depth + 1)),
                    None if is_object(text) => self.ends.push(End::Object),
                    None => {}
                }
            }
            self.ends.push(End::Packed(name));
        }
        Some(())
    }
}

/// A name that no grammar of revisions takes apart, and that stays below the directory of refs.
fn is_plain(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-+".contains(&byte))
        && check_branch(name).is_ok()
        && !OTHER_WORK_TREES.contains(&first)
}

fn is_object(text: &str) -> bool {
    is_commit(text.trim_ascii_end())
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Adds which directory this is and whose.
fn add_place(fields: &mut Fields, dir: &Path) -> Option<(u64, u64)> {
    let it = fs::metadata(dir).ok().filter(fs::Metadata::is_dir)?;
    fields.add(it.dev().to_le_bytes());
    fields.add(it.ino().to_le_bytes());
    fields.add(it.uid().to_le_bytes());
    Some((it.dev(), it.ino()))
}

/// Adds what a file says that names a directory. `None` where that is not to be understood.
fn leads(fields: &mut Fields, file: &Path, prefix: &str) -> Option<Option<PathBuf>> {
    let Some(text) = read_small(file)? else {
        fields.add([0]);
        return Some(None);
    };
    fields.add([1]);
    fields.add(&text);
    let path = std::str::from_utf8(&text).ok()?.strip_prefix(prefix)?;
    let path = path.strip_suffix('\n').unwrap_or(path);
    (!path.is_empty() && path.trim() == path).then(|| Some(PathBuf::from(path)))
}

/// The content of a file; nothing where there is none or a directory. `None` where it is something else.
fn read_small(path: &Path) -> Option<Option<Vec<u8>>> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).ok()?;
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Some(None),
        Err(_) => return None,
    };
    let mut text = Vec::new();
    match file.take(LONGEST).read_to_end(&mut text) {
        Ok(length) if (length as u64) < LONGEST => Some(Some(text)),
        Err(error) if error.kind() == ErrorKind::IsADirectory => Some(None),
        _ => None,
    }
}
