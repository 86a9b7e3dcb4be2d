//! Replaces a set of files as one: all of them, or none. Knows nothing of what is in them.
//!
//! Everything that can fail for want of room or permission (directories, contents, their way to the disk) is done
//! beside the files, under names of its own. What is left is renames; should one of them fail after all, those before it
//! are taken back, for which every old file has a second name until the end. A process that is killed between two renames
//! leaves each file whole, old or new.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::diagnostic::reason;

/// What the names of files begin with that are not in place yet.
const UNFINISHED: &str = ".graph-lock-";

/// How long nobody takes to rename some files.
const OLD: Duration = Duration::from_secs(3600);

/// A file and what it is to hold.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is to hold.
    pub content: Vec<u8>,
}

/// A file that cannot be written, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub reason: String,
}

/// Writes all files, or none.
///
/// # Errors
/// Everything that cannot be written; then all files are as they were.
pub fn replace_all(files: &[Replacement]) -> Result<(), Vec<Refused>> {
    files.iter().filter_map(|file| file.path.parent()).for_each(sweep);
    let mut made = Vec::new();
    let (staged, refused) = stage(files, &mut made);
    let ended = if refused.is_empty() {
        commit(staged)
    } else {
        // Before the directories in which they lie.
        drop(staged);
        Err(refused)
    };
    if ended.is_err() {
        // Only those that are empty again, which are those that were made here.
        made.iter().rev().for_each(|dir| drop(fs::remove_dir(dir)));
    }
    ended
}

/// Removes what a killed process has left in a directory; what is younger may be at work.
fn sweep(dir: &Path) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
        // A second name has the time stamps of the old file, all but this one.
        let changed = |data: fs::Metadata| Duration::from_secs(data.ctime().unsigned_abs());
        if is_ours && entry.metadata().is_ok_and(|data| changed(data) + OLD < now) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

struct Staged<'a> {
    path: &'a Path,
    new: NamedTempFile,
    /// A second name of the old file.
    old: Option<TempPath>,
}

fn stage<'a>(files: &'a [Replacement], made: &mut Vec<PathBuf>) -> (Vec<Staged<'a>>, Vec<Refused>) {
    let (mut staged, mut refused) = (Vec::new(), Vec::new());
    for file in files {
        match stage_one(file, made) {
            Ok(one) => staged.push(one),
            Err(error) => refused.push(Refused { path: file.path.clone(), reason: reason(&error) }),
        }
    }
    (staged, refused)
}

fn stage_one<'a>(file: &'a Replacement, made: &mut Vec<PathBuf>) -> io::Result<Staged<'a>> {
    let dir = file.path.parent().unwrap_or(Path::new("/"));
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
    if dir.ancestors().find(|dir| dir.exists()).is_some_and(|dir| !dir.is_dir()) {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    fs::create_dir_all(dir)?;
    made.extend(missing.into_iter().rev().map(Path::to_path_buf));
    let was = match fs::symlink_metadata(&file.path) {
        Ok(data) if data.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(data) => Some(data),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // As any program makes a file: what may be read is for the user's mask to say.
    let open = Permissions::from_mode(0o666);
    let mut new = Builder::new().prefix(UNFINISHED).permissions(open).tempfile_in(dir)?;
    new.write_all(&file.content)?;
    if let Some(was) = was.as_ref().filter(|was| was.is_file()) {
        new.as_file().set_permissions(was.permissions())?;
    }
    new.as_file().sync_all()?;
    let second_name = |name: &Path| match fs::hard_link(&file.path, name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Not every file system has second names.
        Err(_) => fs::copy(&file.path, name).map(drop),
        linked => linked,
    };
    let old = match was {
        Some(_) => Some(Builder::new().prefix(UNFINISHED).make_in(dir, second_name)?),
        None => None,
    };
    Ok(Staged { path: &file.path, new, old: old.map(NamedTempFile::into_temp_path) })
}

fn commit(staged: Vec<Staged<'_>>) -> Result<(), Vec<Refused>> {
    let mut done: Vec<(&Path, Option<TempPath>)> = Vec::new();
    for Staged { path, new, old } in staged {
        if let Err(error) = new.persist(path) {
            for (path, old) in done {
                // What this cannot take back, nothing can; the file is then new and whole.
                drop(match old {
                    Some(old) => old.persist(path).map_err(|error| error.error),
                    None => fs::remove_file(path),
                });
            }
            return Err(vec![Refused { path: path.to_owned(), reason: reason(&error.error) }]);
        }
        done.push((path, old));
    }
    let mut dirs: Vec<&Path> = done.iter().filter_map(|(path, _)| path.parent()).collect();
    dirs.dedup();
    // The files are whole in any case; this is so that they are the new ones after a power cut.
    dirs.into_iter().for_each(|dir| drop(File::open(dir).and_then(|dir| dir.sync_all())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{Replacement, replace_all};

    fn file(dir: &Path, name: &str, content: &str) -> Replacement {
        Replacement { path: dir.join(name), content: content.into() }
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        fs::write(dir.join("a"), "old").unwrap();
        fs::set_permissions(dir.join("a"), fs::Permissions::from_mode(0o640)).unwrap();
        replace_all(&[file(dir, "a", "new"), file(dir, "x/y/b", "b")]).unwrap();
        assert_eq!(fs::read_to_string(dir.join("a")).unwrap(), "new");
        assert_eq!(fs::metadata(dir.join("a")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_to_string(dir.join("x/y/b")).unwrap(), "b");
        assert_eq!(
            (names(dir), names(&dir.join("x/y"))),
            (vec!["a".into(), "x".into()], vec!["b".into()])
        );
    }

    #[test]
    fn one_that_cannot_be_written_leaves_all_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        fs::write(dir.join("a"), "old").unwrap();
        fs::write(dir.join("file"), "").unwrap();
        fs::create_dir_all(dir.join("b/c")).unwrap();
        let refused = replace_all(&[
            file(dir, "a", "new"),
            file(dir, "made/here/d", "new"),
            file(dir, "b", "new"),
            file(dir, "file/e", "new"),
        ])
        .unwrap_err();
        let told: Vec<String> = refused
            .iter()
            .map(|one| format!("{}: {}", one.path.strip_prefix(dir).unwrap().display(), one.reason))
            .collect();
        assert_eq!(told, ["b: is a directory", "file/e: not a directory"]);
        assert_eq!(fs::read_to_string(dir.join("a")).unwrap(), "old");
        assert_eq!(names(dir), ["a", "b", "file"]);
    }

    #[test]
    fn renames_are_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        fs::write(dir.join("a"), "old").unwrap();
        let files = [file(dir, "a", "new"), file(dir, "b", "new"), file(dir, "c", "new")];
        let (staged, refused) = super::stage(&files, &mut Vec::new());
        assert_eq!(refused, []);
        fs::create_dir_all(dir.join("c/in the way")).unwrap();
        assert_eq!(super::commit(staged).unwrap_err().len(), 1);
        assert_eq!(fs::read_to_string(dir.join("a")).unwrap(), "old");
        assert_eq!(names(dir), ["a", "c"]);
    }
}
