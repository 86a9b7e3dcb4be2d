//! What front-ends are given and what they give. Data only.

use std::collections::BTreeSet;
use std::path::PathBuf;

use graph::name::NodeName;
use graph::spec::{Place, Role, Spec};

use crate::diagnostic::{Diagnostics, Span};
use crate::front::kas::{Demands, RepoAt};
use crate::front::kernelci::{FreshSlice, Slice};
use crate::front::machines::Defaults;

/// What is to be read. Paths are relative to the project's root, or absolute.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Files of machines.
    pub machines: Vec<SourceFile>,
    /// Files of kernels, and directories of such files.
    pub kernels: Vec<SourceFile>,
    /// Whether the combinations that filters reject are wanted, too.
    pub excluded: bool,
    /// How much of each node is wanted.
    pub depth: Depth,
    /// The file with the project's settings, if there is one: its effect enters as settings, not as content.
    pub settings: Option<PathBuf>,
    /// What a machine means that does not say so itself.
    pub defaults: Defaults,
    /// Patterns in `.gitignore` syntax of what is never part of a local repository's content.
    pub ignore: Vec<String>,
    /// Whether `git describe` is a stamp or, as a release wants it, part of the key.
    pub describe: Role,
}

/// How much of each node is wanted. What is wrong with the sources is found in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// All of it.
    #[default]
    Whole,
    /// Its name, labels and needs and where it is declared; the rest may be empty.
    Outline,
}

/// A combination that a filter rejects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// What the node would be called that builds it: `kernel/…`.
    pub name: NodeName,
    /// The kind of the filter, as it is written: `blocklist`.
    pub filter: String,
    /// Where the filter is, or the item of it that decided.
    pub declared: Place,
    /// Why it rejects, in words that name the item and the value: `kernel` contains `v4.4`.
    pub why: String,
}

/// A file that is a source.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path, relative to the project's root or absolute.
    pub path: PathBuf,
    /// Where the settings name it, if they do: where to look if it is not there.
    pub declared: Option<Span>,
}

impl<P: Into<PathBuf>> From<P> for SourceFile {
    fn from(path: P) -> Self {
        Self { path: path.into(), declared: None }
    }
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The nodes.
    pub spec: Spec,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    /// Repositories that includes need and that are not at hand; the nodes that need them are unresolved.
    pub missing: Vec<RepoAt>,
    /// What the files ask of the kas that reads them.
    pub demands: Demands,
    /// Combinations that filters reject, if they were asked for.
    pub excluded: Vec<Excluded>,
    /// How many combinations filters reject.
    pub excluded_count: usize,
    /// Build configs of which nothing could be read, because their tree could not be reached.
    pub left_out: Vec<String>,
    /// Build configs that were expanded, each with how many combinations of it filters reject.
    pub slices: Vec<(Slice, usize)>,
    /// Build configs that were not expanded, because they are known to be fresh.
    pub fresh: Vec<FreshSlice>,
    /// The files that were read, relative to the root, those below it.
    pub reads: BTreeSet<String>,
}
