//! The work directory of a node: made, made clean, guarded. Knows no step.
//!
//! A work directory is kept between runs, because bitbake does little where it finds its own stamps. It must not let
//! anything else through from one run to the next, and `kas --force-checkout` is not enough for that:
//!
//! | what was left | what `kas` does | what is done here |
//! | --- | --- | --- |
//! | half a clone, after a kill | takes the directory for the clone, and `git` then finds the *project's* repository above, sets its remote and checks out in it | everything is removed, see `UNFINISHED`; and beside all work directories lies a `.git` that ends git's search, see [`guard`] |
//! | a lock of git, half a patch, a file of bitbake's that was being written, after a kill | fails, or goes on with what is there | everything is removed |
//! | untracked files in a clone | keeps them, and bitbake reads every `*.bb` | `git clean`, and a clone in which that fails is removed |
//! | patches of an earlier run | they are commits of a branch of their own, `patched-…`, which the checkout leaves behind with the files that they added | nothing |
//! | a clone that borrows from a reference repository that is gone | fails | the clone is removed |
//! | whatever lies beside the clones | may take it for a clone | it is removed |
//! | `build/conf` | writes two of its files anew, leaves others (`auto.conf`, `site.conf`) | it is removed |
//! | `build/tmp*`, filled by another configuration | goes on in it | see [`crate::exec::filled`] |
//!
//! After a kill, bitbake's own output is removed with the rest: pseudo keeps who owns what in memory and writes it when
//! its server ends, so what a killed build has installed may belong to the wrong user, and nothing would notice. What
//! had been finished comes back from the shared state cache.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::exec::collect::Found;
use crate::exec::environment::Environment;
use crate::exec::{filled, kas};
use crate::process::Call;

/// Exists from before the first step until a clean end; who finds it knows that the last run was killed.
const UNFINISHED: &str = ".unfinished";

/// What that file is called otherwise. It is renamed and not removed: of a thousand nodes that end within seconds as many
/// files would be, and ext4 then looks at each of them whenever a file is made.
const FINISHED: &str = ".finished";

/// How long it may take to clean one clone.
const CLEANING: Duration = Duration::from_secs(300);

/// Stops git's search for a repository here, in the directory of all work directories: it lies inside the project's own
/// repository, and a command that was meant for a clone must not reach it.
///
/// # Errors
/// When a file cannot be made or removed.
pub fn guard(works: &Path) -> io::Result<()> {
    fs::create_dir_all(works)?;
    let path = works.join(".git");
    if path.is_dir() {
        remove(&path)?;
    }
    fs::write(path, "gitdir: this-is-no-repository\n")
}

/// Whether a work directory was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was not, and is empty now.
    New,
    /// It was.
    Before,
}

/// Makes a work directory, if there is none.
///
/// # Errors
/// When it cannot be made.
pub fn make(work: &Path) -> io::Result<Made> {
    match fs::create_dir(work) {
        Ok(()) => Ok(Made::New),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(work).map(|()| Made::New)
        }
        Err(_) if work.is_dir() => Ok(Made::Before),
        Err(error) => Err(error),
    }
}

/// Makes a work directory that was there before as good as new for correctness and as old as possible for speed. Tells what
/// it had to do. `environment` is for git.
///
/// # Errors
/// When a file cannot be removed.
pub fn prepare(
    work: &Path,
    environment: &Environment,
    mut tell: impl FnMut(&str),
) -> io::Result<()> {
    if work.join(UNFINISHED).exists() {
        tell("an earlier run of this node was killed: starting with an empty work directory");
        empty(work)?;
    }
    let build = kas::build_dir(work);
    for entry in fs::read_dir(work)? {
        let path = entry?.path();
        let ours = [FINISHED, filled::FILLED].map(|name| work.join(name));
        if path != build && !ours.contains(&path) {
            sweep(&path, environment, &mut tell)?;
        }
    }
    remove(&build.join("conf"))
}

/// Makes a work directory that is as good as new, for a node that goes on with nothing: it has an empty `build` and an
/// empty `artifacts`.
///
/// # Errors
/// When a file cannot be made or removed.
pub fn prepare_empty(work: &Path) -> io::Result<()> {
    fs::create_dir_all(work)?;
    empty(work)?;
    fs::create_dir(kas::build_dir(work))?;
    fs::create_dir(work.join("artifacts"))
}

/// Removes what a successful node does not leave: a build directory without outputs is of no more use, and of a
/// thousand kernels they would fill any disk.
///
/// # Errors
/// When a file cannot be removed.
pub fn shed(work: &Path, kept: &[Found]) -> io::Result<()> {
    let build = kas::build_dir(work);
    if kept.iter().any(|found| found.source.starts_with(&build)) {
        return Ok(());
    }
    remove(&build)
}

/// To be called before the first step, and before anything is written that would be wrong by halves. The mark that it makes
/// outlives a kill; with [`flush`] it outlives a power failure too.
///
/// # Errors
/// When the mark cannot be made.
pub fn begin(work: &Path, made: Made) -> io::Result<()> {
    let mark = work.join(UNFINISHED);
    if made == Made::New {
        return fs::File::create_new(mark).map(drop);
    }
    match fs::rename(work.join(FINISHED), &mark) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::File::create(mark).map(drop),
        renamed => renamed,
    }
}

/// Waits until the mark is on the disk.
///
/// # Errors
/// When that cannot be waited for.
pub fn flush(work: &Path) -> io::Result<()> {
    fs::File::open(work)?.sync_all()
}

/// To be called when all steps have ended and none was killed.
///
/// # Errors
/// When the mark cannot be removed.
pub fn ended_cleanly(work: &Path) -> io::Result<()> {
    match fs::rename(work.join(UNFINISHED), work.join(FINISHED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file below the work directory, in place of whatever is there. It can hold credentials of repositories, so nobody
/// else may read it. Who is killed meanwhile may leave half of it.
///
/// # Errors
/// When the path does not stay below, or the file cannot be written.
pub fn write(work: &Path, path: &str, content: &str) -> io::Result<()> {
    write_as(work, path, content.as_bytes(), 0o600)
}

/// As [`write()`], with permissions.
pub(super) fn write_as(work: &Path, path: &str, content: &[u8], mode: u32) -> io::Result<()> {
    let target = below(work, path)?;
    // Never what is there already: a link may lead anywhere.
    let create = || fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&target);
    let mut created = create();
    match created.as_ref().map_err(io::Error::kind) {
        Err(io::ErrorKind::NotFound) => {
            fs::create_dir_all(target.parent().unwrap_or(work))?;
            created = create();
        }
        Err(io::ErrorKind::AlreadyExists) => {
            fs::remove_file(&target)?;
            created = create();
        }
        _ => {}
    }
    created?.write_all(content)
}

/// A path below a directory.
///
/// # Errors
/// When it does not stay below.
pub(super) fn below(dir: &Path, path: &str) -> io::Result<PathBuf> {
    let relative = Path::new(path);
    if path.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::Error::other("the path leaves the work directory"));
    }
    Ok(dir.join(relative))
}

/// Removes all that a directory holds, but the mark that says that this is needed, which goes last.
fn empty(work: &Path) -> io::Result<()> {
    for entry in fs::read_dir(work)? {
        let entry = entry?;
        if entry.file_name() != UNFINISHED {
            remove(&entry.path())?;
        }
    }
    ended_cleanly(work)
}

/// Removes a file or a tree, also one with directories that may not be written to, such as Go's module cache.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path).or_else(|error| {
            if error.kind() != io::ErrorKind::PermissionDenied {
                return Err(error);
            }
            open_up(path);
            fs::remove_dir_all(path)
        }),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("cannot remove `{}`: {error}", path.display()),
        )),
        Ok(()) => Ok(()),
    }
}

fn open_up(dir: &Path) {
    // What cannot be opened up will be told by the removal that follows.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).ok();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// Keeps clones, cleaned, and the directories that lead to them; removes all else. Tells whether anything was kept.
fn sweep(path: &Path, environment: &Environment, tell: &mut impl FnMut(&str)) -> io::Result<bool> {
    let is_dir = fs::symlink_metadata(path)?.is_dir();
    if is_dir && path.join(".git").exists() {
        return sweep_clones(path, environment, tell);
    }
    let mut kept = false;
    if is_dir {
        for entry in fs::read_dir(path)? {
            kept |= sweep(&entry?.path(), environment, tell)?;
        }
    }
    if !kept {
        remove(path)?;
    }
    Ok(kept)
}

/// A clone, and those inside it.
fn sweep_clones(
    outermost: &Path,
    environment: &Environment,
    tell: &mut impl FnMut(&str),
) -> io::Result<bool> {
    let mut open = vec![outermost.to_owned()];
    while let Some(dir) = open.pop() {
        if dir.join(".git").exists()
            && let Err(why) = clean(&dir, environment)
        {
            tell(&format!("removing the clone `{}`: {why}", dir.display()));
            remove(&dir)?;
        }
        open.extend(subdirectories(&dir).into_iter().filter(|dir| !dir.ends_with(".git")));
    }
    Ok(outermost.exists())
}

fn subdirectories(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    dirs.map(|entry| entry.path()).collect()
}

/// Removes what is untracked from a clone. A single `-f`: a clone inside a clone is cleaned by itself.
fn clean(clone: &Path, environment: &Environment) -> Result<(), String> {
    let dot_git = clone.join(".git");
    let alternates =
        fs::read_to_string(dot_git.join("objects/info/alternates")).unwrap_or_default();
    if let Some(gone) =
        alternates.lines().find(|line| line.starts_with('/') && !Path::new(line).exists())
    {
        return Err(format!("it borrows from `{gone}`, which is gone"));
    }
    let mut git_dir = std::ffi::OsString::from("--git-dir=");
    git_dir.push(&dot_git);
    Call::new("git")
        .args([git_dir, "--work-tree=.".into()])
        .args(["clean", "-f", "-d", "-x", "-q"])
        .dir(clone)
        .env(environment)
        .env([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("LC_ALL", "C")])
        .deadline(CLEANING)
        .answer()
        .map(drop)
        .map_err(|error| error.to_string())
}
