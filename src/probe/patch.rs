//! Files that a build reads in place: single ones, and quilt directories as kas reads them. Knows no git.

use std::io;
use std::path::{Path, PathBuf};

use graph::digest::Fields;
use graph::facts::Fact;

use super::content::{Content, Files, Links};

/// The facts of files, in their order. Links are followed, as every program that opens a file does.
pub(super) fn files(paths: &[PathBuf], files: &dyn Files) -> Vec<Fact> {
    files.look(paths, Links::Followed).into_iter().map(file).collect()
}

/// The fact of one file with this content.
pub(super) fn file(content: io::Result<Content>) -> Fact {
    match content {
        Ok(Content::Missing) => Fact::Missing,
        Ok(content) => match content.digest() {
            Some(digest) => Fact::content(digest),
            None => Fact::Unknown("it is not a file".into()),
        },
        Err(error) => Fact::Unknown(error.to_string().into()),
    }
}

/// The fact of a quilt directory: the patches that its `series` names, in order. What else lies in it, comments in
/// `series` and the names of the patches change no build. A single patch may stand where the directory is expected.
pub(super) fn series(dir: &Path, all: &dyn Files) -> Fact {
    if !dir.is_dir() {
        return files(&[dir.to_owned()], all).pop().unwrap_or(Fact::Missing);
    }
    let text = match std::fs::read(dir.join("series")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Fact::Missing,
        Err(error) => return Fact::Unknown(format!("cannot read its `series`: {error}").into()),
    };
    series_of(&text, |names| {
        let paths: Vec<PathBuf> = names.iter().map(|name| dir.join(name)).collect();
        all.look(&paths, Links::Followed)
    })
}

/// The fact of a `series` with what the patches hold that it names.
pub(super) fn series_of(
    text: &[u8],
    look: impl FnOnce(&[&str]) -> Vec<io::Result<Content>>,
) -> Fact {
    let text = String::from_utf8_lossy(text);
    let names: Vec<&str> = patches(&text).collect();
    let mut fields = Fields::of("graph series v1");
    for (name, content) in names.iter().zip(look(&names)) {
        match content.map(|content| content.digest()) {
            Ok(Some(digest)) => fields.add(digest.as_bytes()),
            Ok(None) => fields.add(format!("no patch at {name}")),
            Err(error) => return Fact::Unknown(format!("cannot read `{name}`: {error}").into()),
        }
    }
    Fact::content(fields.finish())
}

/// The names in a `series`, as `PatchRepo` in `kas/repos.py` takes them.
fn patches(series: &str) -> impl Iterator<Item = &str> {
    series
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(" #").next().unwrap_or_default().trim_end())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use graph::facts::Fact;

    use super::{patches, series};
    use crate::probe::content::Reread;

    #[test]
    fn a_series_is_its_patches_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        let fact = || series(dir.path(), &Reread);
        assert_eq!(fact(), Fact::Missing);
        write("series", "# first\na.patch # why\nb.patch\n");
        write("a.patch", "a");
        write("b.patch", "b");
        let first = fact();
        assert!(matches!(first, Fact::Known { .. }));
        write("series", "a.patch\nb.patch\n#c.patch\n");
        write("c.patch", "c");
        assert_eq!(fact(), first, "comments and other files change nothing");
        write("series", "b.patch\na.patch\n");
        assert_ne!(fact(), first);
        write("series", "a.patch\nb.patch\n");
        write("b.patch", "B");
        assert_ne!(fact(), first);
        fs::remove_file(dir.path().join("b.patch")).unwrap();
        assert!(matches!(fact(), Fact::Known { .. }), "kas fails on it, and that is its affair");
        assert_eq!(series(&dir.path().join("gone"), &Reread), Fact::Missing);
        assert_eq!(patches("a  \n#b\nc #d\n").collect::<Vec<_>>(), ["a", "c"]);
    }
}
