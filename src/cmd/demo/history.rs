//! The histories of the repositories that stand in for servers, as the embedded files have them. Runs no git.

use std::collections::BTreeMap;

use super::git::Commit;

/// In a commit's directory, the list of the files that the commit removes.
const REMOVED: &str = ".deleted";
/// In a commit's directory, the version that the commit is tagged as.
const TAG: &str = ".tag";
/// In a commit's directory, a branch that ends with the commit.
const BRANCH: &str = ".branch";

/// The histories below `upstream/<repository>/<NN-subject>/`, one directory a commit.
pub(super) fn histories(
    files: &'static [(&str, &str)],
) -> BTreeMap<&'static str, Vec<Commit<'static>>> {
    let mut directories: BTreeMap<(&str, &str), Commit<'_>> = BTreeMap::new();
    for (path, text) in files {
        let Some(below) = path.strip_prefix("upstream/") else { continue };
        let mut parts = below.splitn(3, '/');
        let (Some(repo), Some(directory), Some(file)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let commit = directories.entry((repo, directory)).or_insert_with(|| Commit {
            subject: subject(directory),
            files: Vec::new(),
            removed: Vec::new(),
            tag: None,
            branch: None,
        });
        match file {
            REMOVED => commit.removed.extend(text.lines()),
            TAG => commit.tag = Some(text.trim_end()),
            BRANCH => commit.branch = Some(text.trim_end()),
            file => commit.files.push((file, text)),
        }
    }
    let mut histories: BTreeMap<&str, Vec<Commit<'_>>> = BTreeMap::new();
    for ((repo, _), commit) in directories {
        histories.entry(repo).or_default().push(commit);
    }
    histories
}

/// `02-an-image-for-tests` is the commit `An image for tests`.
fn subject(directory: &str) -> String {
    let words = directory.split_once('-').map_or(directory, |(_, words)| words).replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{histories, subject};
    use crate::cmd::demo::files::FILES as BOARDS;
    use crate::cmd::demo::kernel_files::FILES as KERNELS;

    fn walk(dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }

    fn is_embedded(example: &str, files: &[(&str, &str)]) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
        let mut found = Vec::new();
        walk(&root, &mut found);
        let mut found: Vec<&str> = found
            .iter()
            .map(|path| path.strip_prefix(root.to_str().unwrap()).unwrap().trim_start_matches('/'))
            .collect();
        found.sort_unstable();
        let embedded: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        assert_eq!(embedded, found, "the list in src/cmd/demo is not the directory");
    }

    #[test]
    fn every_file_of_the_examples_is_embedded() {
        is_embedded("boards", BOARDS);
        is_embedded("kernels", KERNELS);
    }

    #[test]
    fn directories_are_commits() {
        let mut log = String::new();
        for (repo, history) in histories(BOARDS).into_iter().chain(histories(KERNELS)) {
            for commit in history {
                let (files, removed) = (commit.files.len(), commit.removed.len());
                let names = [commit.tag, commit.branch].into_iter().flatten();
                let names: String = names.map(|name| format!(" {name}")).collect();
                log += &format!("{repo}: {} (+{files} -{removed}){names}\n", commit.subject);
            }
        }
        insta::assert_snapshot!(log, @r"
        meta-toyapps: A kiosk and telemetry (+4 -0)
        meta-toyapps: A recovery image (+2 -0)
        meta-toyapps: An update agent (+1 -0)
        meta-toyapps: Telemetry 2.1 (+2 -1)
        meta-toybsp: Five families of boards (+18 -0)
        meta-toybsp: A radio for the birch boards (+3 -0)
        meta-toybsp: The kernel ticks faster (+1 -0)
        oe-toy: The toy bitbake and its layer (+19 -0)
        oe-toy: An image for tests (+2 -0)
        oe-toy: Hull listens on no port by default (+1 -0)
        linux-toy: A toy kernel (+112 -0) v6.1.4
        linux-toy: The spring of the tin can does not squeak (+2 -0) v6.1.5 linux-6.1.y
        linux-toy: Leds and a new number (+6 -0) v6.2-rc1
        linux-toy: The string is measured twice (+1 -0)
        ");
    }

    #[test]
    fn a_subject_is_a_sentence() {
        assert_eq!(subject("04-telemetry-2.1"), "Telemetry 2.1");
        assert_eq!(subject("x"), "X");
    }
}
