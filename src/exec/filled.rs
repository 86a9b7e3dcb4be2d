//! What filled bitbake's own output, `build/tmp*`, and whether a file in it is of this build. Knows no step.
//!
//! bitbake goes on where it stopped, so its output is kept between runs. But whatever an earlier build left under
//! `deploy` still matches the patterns of a node's outputs, and nothing says that it is of another build: the image of
//! the machine that the node was for, or of a recipe that is no longer asked for. Two rules keep that out:
//!
//! | what changed | what is done | why |
//! | --- | --- | --- |
//! | the configuration (a value that is no commit), or kas | `build/tmp*` is removed before the first step | little of it is of use, and signatures of tasks leave out some of what a configuration says |
//! | anything else (a commit, a patch, a local layer) | `build/tmp*` is kept; a file to collect that is older than the change is not believed: the steps run once more with `build/tmp*` put aside | most often everything is of use, and what is still right comes back from the shared state cache |
//!
//! Both are told by one file, `.filled`: its text says by which inputs `build/tmp*` is filled, its change time since
//! when. **Invariant: what was made before its change time was possibly made of other inputs; what was made since was
//! not.** Change times are the file system's own: no program sets them, and copies, links and renames renew them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use graph::digest::{Digest, Fields};
use graph::facts::{Fact, Facts};
use graph::spec::{Node, Role, Source};

use crate::exec::collect::Found;
use crate::exec::workdir::Made;
use crate::exec::{kas, workdir};

/// The file that says so, in the work directory.
pub(super) const FILLED: &str = ".filled";

/// Where `build/tmp*` is put aside, in the build directory. No output's pattern leads there.
const ASIDE: &str = ".before";

/// The inputs of a node, by digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    configuration: Digest,
    /// `None` where not all of them are known.
    all: Option<Digest>,
}

impl Inputs {
    /// The inputs of a node as they are now.
    #[must_use]
    pub fn of(node: &Node, facts: &Facts) -> Self {
        let mut configuration = Fields::of("graph filled configuration v1");
        let mut all = Fields::of("graph filled inputs v1");
        let mut is_known = node.unresolved.is_empty();
        for input in node.inputs.iter().filter(|input| input.role == Role::Key) {
            let value = match facts.get(&input.source) {
                Fact::Known { digest, .. } => digest.as_bytes().to_vec(),
                Fact::Missing => b"missing".to_vec(),
                Fact::Unknown(_) => {
                    is_known = false;
                    b"unknown".to_vec()
                }
            };
            let fields = [input.part.as_bytes(), &value];
            fields.iter().for_each(|field| all.add(field));
            if is_configuration(&input.part, &input.source) {
                fields.iter().for_each(|field| configuration.add(field));
            }
        }
        Self { configuration: configuration.finish(), all: is_known.then(|| all.finish()) }
    }

    fn text(&self) -> String {
        let all = self.all.map_or_else(|| "unknown".to_owned(), |all| all.to_string());
        format!("configuration {}\ninputs {all}\n", self.configuration)
    }

    /// Whether a text was written for this configuration.
    fn is_configured(&self, text: &str) -> bool {
        text.lines().next() == self.text().lines().next()
    }
}

fn is_configuration(part: &str, source: &Source) -> bool {
    let is_commit = part.starts_with("repos.") && part.ends_with(".commit");
    match source {
        Source::Value(_) | Source::Secret(_) => !is_commit,
        Source::Tool(_) => true,
        _ => false,
    }
}

/// Says of a new work directory by which inputs it is going to be filled.
///
/// # Errors
/// When the file cannot be made.
pub fn begin(work: &Path, now: &Inputs) -> io::Result<()> {
    // Half of it says nothing, and what says nothing is not believed.
    workdir::write(work, FILLED, &now.text())
}

/// Brings `build/tmp*` into a state that a build may go on from. Tells what it had to do.
///
/// # Errors
/// When a file cannot be made, moved or removed.
pub fn prepare(work: &Path, now: &Inputs, mut tell: impl FnMut(&str)) -> io::Result<()> {
    let before = fs::read_to_string(work.join(FILLED)).unwrap_or_default();
    let build = kas::build_dir(work);
    if now.is_configured(&before) {
        if build.join(ASIDE).exists() {
            critically(work, || {
                empty(&build)?;
                move_all(&build.join(ASIDE), &build)?;
                workdir::remove(&build.join(ASIDE))
            })?;
        }
    } else if !outputs(&build)?.is_empty() || build.join(ASIDE).exists() {
        tell("the configuration is not as it was: starting with an empty `build/tmp*`");
        critically(work, || {
            empty(&build)?;
            workdir::remove(&build.join(ASIDE))
        })?;
    }
    // The same inputs again: what was made since the last change is of this build, too.
    if now.all.is_some() && before == now.text() {
        return Ok(());
    }
    begin(work, now)
}

/// Of the files to keep, those that were possibly made of other inputs.
///
/// # Errors
/// When a file cannot be looked at.
pub fn older(work: &Path, found: &[Found]) -> io::Result<Vec<String>> {
    let changed = |metadata: fs::Metadata| (metadata.ctime(), metadata.ctime_nsec());
    let since = changed(fs::metadata(work.join(FILLED))?);
    let mut older = Vec::new();
    for file in found {
        // A link and what it leads to: both are made by the build.
        let link = changed(fs::symlink_metadata(&file.source)?);
        if link.min(changed(fs::metadata(&file.source)?)) < since {
            older.push(file.path.clone());
        }
    }
    Ok(older)
}

/// Puts `build/tmp*` aside, until the next [`prepare`] takes it back.
///
/// # Errors
/// When something cannot be moved.
pub fn put_aside(work: &Path) -> io::Result<()> {
    let build = kas::build_dir(work);
    critically(work, || {
        fs::create_dir_all(build.join(ASIDE))?;
        outputs(&build)?.iter().try_for_each(|output| rename_into(output, &build.join(ASIDE)))
    })
}

/// What must not be left half done: who is killed in the middle begins with an empty work directory.
fn critically(work: &Path, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    workdir::begin(work, Made::Before)?;
    workdir::flush(work)?;
    act()?;
    workdir::ended_cleanly(work)
}

/// `build/tmp*`, as the patterns of outputs have it.
fn outputs(build: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = entries(build)?;
    entries.retain(|path| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"tmp"))
    });
    Ok(entries)
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn empty(build: &Path) -> io::Result<()> {
    outputs(build)?.iter().try_for_each(|output| workdir::remove(output))
}

fn move_all(from: &Path, to: &Path) -> io::Result<()> {
    entries(from)?.iter().try_for_each(|entry| rename_into(entry, to))
}

fn rename_into(path: &Path, dir: &Path) -> io::Result<()> {
    fs::rename(path, dir.join(path.file_name().expect("an entry of a directory has a name")))
}
