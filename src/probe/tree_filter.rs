//! Which paths of a tree count: less what the settings ignore, what enters another way, and what is ours. Reads
//! no file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use graph::spec::Tree;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern for `ignore`: {why}")]
pub struct BadPattern {
    pattern: String,
    why: String,
}

/// What is left out of a tree.
pub(super) struct Filter {
    ignore: Gitignore,
    except: Vec<Vec<u8>>,
    ours: Vec<Vec<u8>>,
}

impl Filter {
    /// `ours` are directories relative to the tree.
    pub(super) fn new(tree: &Tree, ours: Vec<Vec<u8>>) -> Result<Self, BadPattern> {
        let mut builder = GitignoreBuilder::new("");
        for pattern in &tree.ignore {
            builder.add_line(None, pattern).map_err(|error| bad(pattern, &error))?;
        }
        let ignore = builder.build().map_err(|error| bad("", &error))?;
        let mut except: Vec<Vec<u8>> =
            tree.except.iter().map(|path| path.as_bytes().to_vec()).collect();
        except.sort_unstable();
        Ok(Self { ignore, except, ours })
    }

    /// Whether anything in a directory can count.
    pub(super) fn enters(&self, dir: &[u8]) -> bool {
        let is_ours = self.ours.iter().any(|ours| {
            dir.strip_prefix(ours.as_slice()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        });
        !is_ours && !self.ignore.matched(as_path(dir), true).is_ignore()
    }

    /// Decides on files, quickest where those of one directory come together.
    pub(super) fn files(&self) -> FileFilter<'_> {
        FileFilter { filter: self, dir: Vec::new(), enters: true }
    }
}

/// Decides on files one after the other, and remembers what was decided of the directory of the last.
pub(super) struct FileFilter<'a> {
    filter: &'a Filter,
    dir: Vec<u8>,
    enters: bool,
}

impl FileFilter<'_> {
    /// Whether a file counts.
    pub(super) fn keeps(&mut self, path: &[u8]) -> bool {
        let dir = path.iter().rposition(|&byte| byte == b'/').map_or(&path[..0], |at| &path[..at]);
        if dir != self.dir {
            let ends = (0..=dir.len()).filter(|&at| at == dir.len() || dir[at] == b'/');
            self.enters =
                ends.map(|at| &dir[..at]).all(|dir| dir.is_empty() || self.filter.enters(dir));
            self.dir = dir.to_vec();
        }
        self.enters
            && self.filter.except.binary_search_by(|except| except.as_slice().cmp(path)).is_err()
            && !self.filter.ignore.matched(as_path(path), false).is_ignore()
    }
}

fn bad(pattern: &str, error: &ignore::Error) -> BadPattern {
    BadPattern { pattern: pattern.to_owned(), why: error.to_string() }
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use graph::spec::Tree;

    use super::Filter;

    #[test]
    fn what_is_ignored_or_ours_does_not_count() {
        let tree = Tree {
            dir: ".".into(),
            ignore: [".github/**", "CHANGELOG*/**", "/README*", "*.tmp", "!keep.tmp", "docs/"]
                .map(str::to_owned)
                .to_vec(),
            except: vec!["kas/base.yaml".to_owned(), "a.yaml".to_owned()],
        };
        let filter = Filter::new(&tree, vec![b".graph".to_vec(), b"var/sstate".to_vec()]).unwrap();
        let mut files = filter.files();
        let mut check =
            |path: &str, keeps| assert_eq!(files.keeps(path.as_bytes()), keeps, "{path}");
        check("README.md", false);
        check("sub/README.md", true);
        check(".github/workflows/x.yml", false);
        check("CHANGELOG.d/a/b", false);
        check("CHANGELOG.md", true);
        check("x.tmp", false);
        check("sub/keep.tmp", true);
        check("docs/keep.tmp", false);
        check("docs", true);
        check("kas/base.yaml", false);
        check("kas/other.yaml", true);
        check("a.yaml", false);
        check(".graph/cache.db", false);
        check(".graphics/x", true);
        check("var/sstate/0/x", false);
        check("var/other", true);
    }

    #[test]
    fn a_pattern_that_is_none_is_told() {
        let tree = Tree { dir: ".".into(), ignore: vec!["[z-a]".to_owned()], except: Vec::new() };
        assert!(Filter::new(&tree, Vec::new()).is_err());
    }
}
