//! Reads what Kbuild wrote beside each file that it made: `.x.o.cmd`, with the command and the dependencies that the
//! compiler told, and `.x.d` where those were left as they were. Knows the form only, not what lies where.
//!
//! ```text
//! savedcmd_init/main.o := gcc -I/src/include … -o init/main.o /src/init/main.c
//! source_init/main.o := /src/init/main.c
//! deps_init/main.o := \
//!   $(wildcard include/config/SMP) \
//!   /src/include/linux/types.h \
//! ```

use std::collections::HashSet;

/// The words of a record that may be paths.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// What was compiled.
    pub(super) sources: Vec<&'a str>,
    /// What was read beside it.
    pub(super) dependencies: Vec<&'a str>,
    /// Everything else in it that has the look of a path.
    pub(super) words: Vec<&'a str>,
}

impl<'a> Record<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let mut record = Self::default();
        let mut within = Within::Other;
        for line in text.lines() {
            let continued = line.starts_with([' ', '\t']);
            let rest = if continued {
                line
            } else if let Some((target, rest)) =
                line.split_once(" :=").or_else(|| line.split_once(":="))
            {
                within = Within::of(target);
                rest
            } else if let Some((_, rest)) = line.split_once(": ").or_else(|| line.split_once(":\\"))
            {
                within = Within::Dependencies;
                rest
            } else {
                within = Within::Other;
                line
            };
            match within {
                Within::Sources => record.sources.extend(dependencies(rest)),
                Within::Dependencies => record.dependencies.extend(dependencies(rest)),
                Within::Other => record.words.extend(pieces(rest)),
            }
            if !rest.ends_with('\\') {
                within = Within::Other;
            }
        }
        record
    }
}

/// What the lines of a record are about.
#[derive(Debug, Clone, Copy)]
enum Within {
    Sources,
    Dependencies,
    Other,
}

impl Within {
    fn of(target: &str) -> Self {
        if target.starts_with("source_") {
            Self::Sources
        } else if target.starts_with("deps_") {
            Self::Dependencies
        } else {
            Self::Other
        }
    }
}

/// The paths of a list of dependencies; options are looked at through `$(wildcard include/config/X)`.
fn dependencies(line: &str) -> impl Iterator<Item = &str> {
    line.split_ascii_whitespace()
        .filter(|word| *word != "\\" && *word != "$(wildcard")
        .map(|word| word.strip_suffix(')').unwrap_or(word))
        .map(|word| word.strip_suffix(':').unwrap_or(word))
        .filter(|word| !word.starts_with("include/config/") && !word.starts_with("$("))
}

/// The parts of a shell command that may be paths. A path may hold a comma, so a word is given with it and without.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let apart = |c: char| c.is_ascii_whitespace() || "\"'`();|&<>{}\\".contains(c);
    line.split(apart).filter(|word| !word.is_empty()).flat_map(|word| {
        let joined = word.contains([',', '=', ':']);
        let whole = std::iter::once(word);
        let parts = word.split([',', '=', ':']).filter(move |part| joined && !part.is_empty());
        whole.chain(parts)
    })
}

/// The words of many records, each once.
#[derive(Debug, Default)]
pub(super) struct Mentioned {
    /// Paths below a prefix, without it, that were read.
    pub(super) read: HashSet<String>,
    /// The same of words that may be paths.
    pub(super) named: HashSet<String>,
    /// Relative paths that were read, each with the directory of its record.
    pub(super) relative: HashSet<(String, String)>,
    /// Relative paths that may have been.
    pub(super) hinted: HashSet<(String, String)>,
    /// The file names of dependencies.
    pub(super) names: HashSet<String>,
}

impl Mentioned {
    /// Adds what a record in a directory says. `prefixes` begin the absolute paths that are of interest, which may
    /// follow an option in the same word, as in `-I/src/include`.
    pub(super) fn add(&mut self, text: &str, directory: &str, prefixes: &[String]) {
        let record = Record::parse(text);
        for dependency in &record.dependencies {
            insert(&mut self.names, super::tree::base(dependency));
        }
        for word in record.sources.iter().chain(&record.dependencies) {
            match after(word, prefixes) {
                Some(path) => insert(&mut self.read, path),
                None if word.starts_with('/') => {}
                None => {
                    self.relative.insert((directory.to_owned(), (*word).to_owned()));
                }
            }
        }
        for word in record.words {
            match after(word, prefixes) {
                Some(path) => insert(&mut self.named, path),
                None if word.starts_with(['/', '-', '$', '@']) || !word.contains(['/', '.']) => {}
                None => {
                    self.hinted.insert((directory.to_owned(), word.to_owned()));
                }
            }
        }
    }

    /// Joins what was mentioned elsewhere.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.read.extend(other.read);
        self.named.extend(other.named);
        self.relative.extend(other.relative);
        self.hinted.extend(other.hinted);
        self.names.extend(other.names);
        self
    }
}

fn insert(set: &mut HashSet<String>, word: &str) {
    if !set.contains(word) {
        set.insert(word.to_owned());
    }
}

/// What follows a prefix in a word.
fn after<'a>(word: &'a str, prefixes: &[String]) -> Option<&'a str> {
    prefixes.iter().find_map(|prefix| Some(&word[word.find(prefix.as_str())? + prefix.len()..]))
}
