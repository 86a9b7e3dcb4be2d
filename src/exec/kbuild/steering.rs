//! The files that steer a build, and what these name: Makefiles of the directories that were visited, `scripts/`, and
//! whatever their words lead to. Leaves no trace in the build, so this reads texts and takes each word for what it may be.

use std::collections::HashSet;

use super::arch::is_foreign;
use super::glob;
use super::seen::Seen;
use super::tree::{base, joined, parent};
use super::words::{ANY, Base, Word, words};

/// Below `scripts/`, what no build runs.
const IDLE: &[&str] = &[
    "scripts/checkpatch.pl",
    "scripts/clang-tools/",
    "scripts/coccicheck",
    "scripts/coccinelle/",
    "scripts/const_structs.checkpatch",
    "scripts/get_abi.pl",
    "scripts/get_maintainer.pl",
    "scripts/kconfig/tests/",
    "scripts/package/",
    "scripts/spelling.txt",
    "scripts/tags.sh",
    "scripts/tracing/",
];

/// Directories of `scripts/` that count only where the build has worked in them; their Makefiles always do.
const ONLY_IF_BUILT: &[&str] = &["dtc", "gcc-plugins", "gdb", "genksyms", "selinux"];

/// What make looks for in a directory before it looks for `Makefile`.
const BEFORE_MAKEFILE: &[&str] = &["GNUmakefile", "makefile"];

/// Whether a file of this name tells a build what to do.
pub(super) fn is_steering(name: &str) -> bool {
    name.starts_with("Makefile")
        || name.starts_with("Kbuild")
        || name.starts_with("Platform")
        || name == "Build"
        || name.ends_with(".mk")
        || name.ends_with(".include")
}

/// Whether a file of this name is a program in text, whose words name what it reads.
fn is_script(name: &str) -> bool {
    let ends = [".sh", ".pl", ".py", ".awk", ".bc", ".sed"];
    ends.iter().any(|end| name.ends_with(end))
}

fn is_idle(path: &str) -> bool {
    IDLE.iter().any(|idle| path.starts_with(idle))
}

/// Everything of `scripts/` that a build may run. `worked` says whether it has worked in a directory. Gives those that
/// make reads; which of the others are run, their words tell.
pub(super) fn scripts(seen: &mut Seen<'_>, worked: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut files = Vec::new();
    seen.tree().each_below("scripts", &|_| true, &mut |path| {
        let idle = is_idle(&path) || path.ends_with(".rst");
        let asleep = ONLY_IF_BUILT.iter().any(|name| {
            path.strip_prefix("scripts/").and_then(|rest| rest.strip_prefix(name)).is_some_and(
                |rest| {
                    rest.starts_with('/')
                        && !is_steering(base(&path))
                        && !worked(&format!("scripts/{name}"))
                },
            )
        });
        if !idle && !asleep {
            files.push(path);
        }
    });
    files.iter().for_each(|path| seen.named(path));
    files.retain(|path| {
        is_steering(base(path)) && (parent(path) == "scripts" || worked(parent(path)))
    });
    files
}

/// The steering files of a directory, and the places where one would count.
pub(super) fn of_directory(seen: &mut Seen<'_>, directory: &str) -> Vec<String> {
    let entries = seen.tree().entries(directory);
    let files: Vec<String> = entries
        .keys()
        .filter(|name| is_steering(name))
        .map(|name| joined(directory, name))
        .collect();
    for path in &files {
        seen.named(path);
    }
    if !entries.is_empty() {
        for name in ["Kbuild", "Makefile"] {
            seen.looked_for(&joined(directory, name));
        }
        if directory.is_empty() || directory.starts_with("tools") {
            for name in BEFORE_MAKEFILE {
                seen.looked_for(&joined(directory, name));
            }
        }
    }
    files
}

/// The steering files below a directory.
pub(super) fn below(seen: &mut Seen<'_>, directory: &str) -> Vec<String> {
    let mut files = Vec::new();
    seen.tree().each_below(directory, &|_| true, &mut |path| {
        if is_steering(base(&path)) {
            files.push(path);
        }
    });
    files.iter().for_each(|path| seen.named(path));
    files
}

/// Follows the words of steering files to the files that they name, and through those that steer in turn.
#[derive(Debug)]
pub(super) struct Trail<'a> {
    architectures: &'a [String],
    /// Files to read, each with the directory in which it is used.
    open: Vec<(String, String)>,
    done: HashSet<(String, String)>,
}

impl<'a> Trail<'a> {
    pub(super) fn new(architectures: &'a [String]) -> Self {
        Self { architectures, open: Vec::new(), done: HashSet::new() }
    }

    /// Adds a file whose words count.
    pub(super) fn add(&mut self, path: String) {
        let own = parent(&path).to_owned();
        self.open.push((path, own));
    }

    /// Follows all words to their ends.
    pub(super) fn follow(mut self, seen: &mut Seen<'_>) {
        while let Some(next) = self.open.pop() {
            if self.done.insert(next.clone()) {
                let (file, own) = next;
                self.file(&file, &own, seen);
            }
        }
    }

    fn file(&mut self, file: &str, own: &str, seen: &mut Seen<'_>) {
        let text = seen.tree().text(file);
        let arch = match self.architectures {
            [only] => Some(only.as_str()),
            _ => None,
        };
        let general = file == "Makefile" || file.starts_with("scripts/");
        let words = words(&text, arch);
        let directories: Vec<String> = words
            .iter()
            .filter(|word| word.is_literal() && word.base != Base::Variable)
            .flat_map(|word| {
                bases(word, own, &[]).into_iter().map(|base| joined(&base, &word.path))
            })
            .filter(|path| !seen.tree().entries(path.trim_end_matches('/')).is_empty())
            .collect();
        let included = included(&text, arch);
        for word in words.iter().filter(|word| !is_sweeping(word) || word.is_glob() && !general) {
            let includes = included.binary_search(word).is_ok();
            for found in self.found(word, own, &directories, seen) {
                // A pattern over all architectures means the one that is built; a name means what it says.
                let meant = word.is_literal() || !is_foreign(&found, self.architectures);
                if meant {
                    self.reached(&found, own, includes, seen);
                }
            }
            if word.is_glob() {
                grows(word, general, seen);
            }
        }
        if !general && searches(&text) {
            seen.bears("*");
            seen.all_below(own);
        }
    }

    /// The files that a word leads to. A place that a word names outright and where nothing is would count, too.
    fn found(
        &self,
        word: &Word,
        own: &str,
        directories: &[String],
        seen: &mut Seen<'_>,
    ) -> Vec<String> {
        let tree = seen.tree();
        let mut found = Vec::new();
        for base in bases(word, own, directories) {
            if !word.is_literal() {
                found.extend(glob::matches(tree, &base, &word.path));
                continue;
            }
            let path = joined(&base, &word.path);
            if tree.is_file(&path) {
                found.push(path);
            } else if matches!(word.base, Base::Root | Base::Own) && !word.path.contains('%') {
                seen.looked_for(&path);
            }
        }
        found
    }

    fn reached(&mut self, path: &str, own: &str, included: bool, seen: &mut Seen<'_>) {
        let steers = is_steering(base(path));
        let documents = path.starts_with("Documentation/") && !steers;
        if documents || is_idle(path) {
            return;
        }
        seen.named(path);
        if included || steers && seen.has_visited(parent(path)) || is_script(path) {
            self.add(path.to_owned());
            // An included Makefile names files of the directory that includes it.
            if included && !own.is_empty() && own != parent(path) && !path.starts_with("scripts/") {
                self.open.push((path.to_owned(), own.to_owned()));
            }
        }
    }
}

/// The words of the lines that include other Makefiles.
fn included(text: &str, arch: Option<&str>) -> Vec<Word> {
    let lines = text.lines().filter(|line| {
        let first = line.split_whitespace().next();
        matches!(first, Some("include" | "-include" | "sinclude"))
    });
    words(&lines.collect::<Vec<_>>().join("\n"), arch)
}

/// Where the path of a word may begin.
fn bases(word: &Word, own: &str, directories: &[String]) -> Vec<String> {
    let mut owns = vec![own.to_owned()];
    // A tool is made in one directory, and the lists of those below it name files from there.
    let mut at = own;
    while at.starts_with("tools/") {
        at = parent(at);
        owns.push(at.to_owned());
    }
    match word.base {
        // Outside the places of the tree a pattern is of names that are made, unless it tells enough of one.
        Base::Bare | Base::Output if !word.is_literal() && !tells_a_name(word) => Vec::new(),
        Base::Root => vec![String::new()],
        Base::Own => owns,
        Base::Bare | Base::Output => {
            owns.extend(word.path.contains('/').then(String::new));
            owns
        }
        Base::Variable if tells_a_name(word) => {
            owns.push(String::new());
            directories.iter().cloned().chain(owns).collect()
        }
        Base::Variable => Vec::new(),
    }
}

/// Whether the file name of a word says more than an ending. `obj-$(CONFIG_X)` is the name of a variable, not of a file.
fn tells_a_name(word: &Word) -> bool {
    let name = base(&word.path);
    if word.base == Base::Bare && !word.is_glob() && !word.path.contains('/') && !name.contains('.')
    {
        return false;
    }
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let mut inside = false;
    let told = stem.chars().filter(|&c| {
        inside = c == '[' || inside && c != ']';
        !inside && c.is_alphanumeric()
    });
    told.count() > 1
}

/// Whether a word takes whatever is there. A pattern in the general rules that does is for cleaning, installing or packing;
/// a variable alone, as in `$(src)/$(x)`, holds words that stand elsewhere and count there.
fn is_sweeping(word: &Word) -> bool {
    !word.is_literal() && !base(&word.path).contains(|c: char| c.is_alphanumeric())
}

/// A pattern finds what is added later. Those of the general rules are for cleaning, installing and help, except where
/// the beginning of the name is told.
fn grows(word: &Word, general: bool, seen: &mut Seen<'_>) {
    if matches!(word.base, Base::Bare | Base::Output) {
        return;
    }
    let name = base(&word.path);
    let start = name.find(|c: char| c == ANY || "*?[".contains(c)).unwrap_or(name.len());
    if start == name.len() {
        seen.bears(name);
    } else if start > 0 || !general {
        seen.bears(&format!("{}*", &name[..start]));
    }
}

/// Whether a Makefile lets the shell search the tree.
fn searches(text: &str) -> bool {
    text.lines().any(|line| {
        let searching = line.contains("find ") || line.contains("ls ");
        searching
            && line.contains("$(shell")
            && (line.contains("$(srctree)") || line.contains("$(src)"))
    })
}
