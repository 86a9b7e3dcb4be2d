//! What was declared: nodes with inputs, needs, action, outputs and labels, and where each was declared.
//! Front-ends lower their formats to this. Knows no format and reads nothing.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::list::List;
use crate::name::NodeName;
use crate::resource::Pool;

/// Everything that was declared, in declaration order.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The nodes; names may still clash and needs may still dangle.
    pub nodes: Vec<Node>,
}

/// One declared node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its lasting name.
    pub name: NodeName,
    /// For selection and reports; one key can have several values.
    pub labels: List<Label>,
    /// What goes into it, besides its needs. Part names are unique within a node.
    pub inputs: List<Input>,
    /// Nodes whose outputs go into it.
    pub needs: Vec<NodeName>,
    /// How it is made.
    pub action: Action,
    /// What it leaves behind.
    pub outputs: Arc<[Output]>,
    /// Where it was declared.
    pub declared: Place,
    /// Which limit it counts against.
    pub pool: Pool,
    /// What is not yet known of its declaration, in users' words; such a node is stale until it is known.
    pub unresolved: Vec<String>,
}

impl Node {
    /// The commit that it builds, if it builds one.
    #[must_use]
    pub fn commit(&self) -> Option<&Arc<Commit>> {
        self.inputs.iter().find_map(|input| match &input.source {
            Source::Commit(commit) => Some(commit),
            _ => None,
        })
    }
}

/// A label such as `workflow=onpush`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The key, one of DESIGN's fixed words: `machine`, `workflow`, …
    pub key: &'static str,
    /// The value.
    pub value: Arc<str>,
}

/// A position in a file that the user wrote. Lines and columns count from 1; 0 means the whole file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The path, relative to the project's root where it lies below it.
    pub file: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Place {
    /// A whole file.
    #[must_use]
    pub fn file(path: &str) -> Self {
        Self { file: path.into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}", self.file),
            (line, _) => write!(f, "{}:{line}", self.file),
        }
    }
}

/// One named ingredient of a node.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name in the user's words: `repos.poky.commit`, `patch poky/fit-image`, `tool kas`.
    pub part: Arc<str>,
    /// Where its value comes from.
    pub source: Source,
    /// Where the user wrote it, where that is one place.
    pub declared: Option<Place>,
    /// Whether a change of it makes the node stale.
    pub role: Role,
}

/// What a change of an input does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It is part of the key: a change makes the node stale.
    Key,
    /// A stamp: recorded and shown, but a change of it alone rebuilds nothing.
    Stamp,
}

/// Where the value of an input comes from. Everything but [`Source::Value`] is observed by a probe; equal
/// sources are observed once a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A value from the configuration, canonical: what means the same is the same text.
    Value(Arc<str>),
    /// As `Value`, for text that may hold a secret: only its digest is kept and shown.
    Secret(Arc<str>),
    /// A file's content and executable bit; a path relative to the root, or absolute.
    File(Arc<str>),
    /// A quilt directory: the `series` file and every patch it names, in order.
    Series(Arc<str>),
    /// The content of a directory tree.
    Tree(Arc<Tree>),
    /// The commit that a ref of a remote repository names now.
    Ref(Arc<RemoteRef>),
    /// A variable that a build sees: its value in the environment in which `graph` was started, else a default. Of a
    /// value from the environment only the digest is kept.
    Env(Arc<Variable>),
    /// The version of a tool, by its well-known name (`kas`).
    Tool(Arc<str>),
    /// `git describe` of the repository that holds a directory.
    Describe(Arc<str>),
    /// The version of a tool that a remote repository brings at a commit, where a mirror can tell.
    Brought(Arc<BroughtTool>),
    /// All files of a repository at a commit; less, where an earlier execution told which of them it reads.
    Commit(Arc<Commit>),
    /// Those files of a commit that belong to a [`ReadSet`](crate::reads::ReadSet), by the digest of the set. No
    /// front-end says this: it is what [`Source::Commit`] of a node is narrowed to.
    Read(Arc<Commit>, Box<Digest>),
}

/// A commit of a git repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commit {
    /// Where its objects are.
    pub repository: Repository,
    /// Its name, in full.
    pub id: Arc<str>,
}

/// Where the objects of a commit are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repository {
    /// In the mirror of a URL, as it is configured.
    Mirror(Arc<str>),
    /// In a repository of this host, by its directory, absolute.
    Local(Arc<str>),
}

/// The content of a local repository, as a build could see it: tracked and untracked files that git does not
/// ignore, less what is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tree {
    /// The directory; relative to the project's root, or absolute. `.` is the root.
    pub dir: Arc<str>,
    /// Patterns in `.gitignore` syntax, relative to `dir`, of what is never part of it.
    pub ignore: Vec<String>,
    /// Paths relative to `dir` of files whose effect enters another way, sorted.
    pub except: Vec<String>,
}

/// A variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable {
    /// Its name.
    pub name: Arc<str>,
    /// Its value where the environment has none.
    pub default: Option<Arc<str>>,
}

impl Source {
    /// A variable with its default.
    pub fn variable(name: impl Into<Arc<str>>, default: Option<Arc<str>>) -> Self {
        Self::Env(Arc::new(Variable { name: name.into(), default }))
    }
}

/// By its directory alone: every node of a project has the same tree, `except` has a path for each of its files, and
/// to hash them all for each node would be quadratic.
impl Hash for Tree {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dir.hash(state);
    }
}

/// A ref of a remote repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteRef {
    /// The URL as configured; it may hold credentials, so it is never shown as it is.
    pub url: String,
    /// `refs/heads/x`, `refs/tags/x` or `HEAD`.
    pub name: String,
}

/// A tool that a remote repository brings at a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BroughtTool {
    /// The URL as configured.
    pub url: String,
    /// The commit, in full.
    pub commit: String,
    /// The tool, by its well-known name (`bitbake`).
    pub tool: &'static str,
}

/// How a node is made: files to write, then steps to run one after the other in its work directory.
#[derive(Debug, Clone, Default)]
pub struct Action {
    /// What is checked out, read-only and shared by all nodes that build this commit, as [`Dir::Checkout`].
    pub checkout: Option<Arc<Commit>>,
    /// Put into the work directory before the first step.
    pub takes: Arc<[Taken]>,
    /// Written before the first step.
    pub files: Arc<[GeneratedFile]>,
    /// Run in order; the first that fails ends the node.
    pub steps: Arc<[Step]>,
    /// What tells, after a success, which files of the checkout the steps have read: a well-known name, such as `kbuild`.
    /// Where nothing does, a build is taken to have read all of them.
    pub reads: Option<&'static str>,
}

/// A file that a need left, put into the work directory of the node that needs it.
///
/// What the need left is part of the key already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which of the node's needs left it, by its place among them.
    pub need: usize,
    /// The path of one of its outputs, below its output directory.
    pub output: String,
    /// Where it goes, relative to the work directory.
    pub path: String,
}

/// A file that the action writes into the node's work directory.
///
/// Invariant: its content is a function of the node's inputs, so that no key needs it.
#[derive(Debug, Clone)]
pub struct GeneratedFile {
    /// Its path relative to the work directory.
    pub path: Arc<str>,
    /// Its content.
    pub content: Template,
}

/// One program run.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// What it is called in logs: `build`, `populate_sdk`.
    pub name: &'static str,
    /// Must all hold when its turn comes, or it is passed over. What they look at is a function of the node's inputs.
    pub when: Vec<Condition>,
    /// The directory in which it runs, if not the work directory.
    pub dir: Option<Template>,
    /// The program, by its well-known name; the executor knows where it is or in which container.
    pub program: &'static str,
    /// Its arguments, never a shell's.
    pub args: Vec<Template>,
    /// Variables it gets beyond what every step of this program gets.
    pub env: Vec<(String, Template)>,
}

/// Whether a file of the work directory has a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The file, relative to the work directory; one that is not there has no line.
    pub file: String,
    /// The whole line.
    pub line: String,
    /// Whether it must be there or must not.
    pub holds: bool,
}

/// Text with holes that are filled when the node runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(pub List<Piece>);

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(Arc<str>),
    /// A directory of the run.
    Dir(Dir),
    /// The observed value of a source, such as the commit of a ref.
    Fact(Source),
}

/// A directory that a template can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dir {
    /// The node's own work directory.
    Work,
    /// The project's root.
    Root,
    /// Where the action's `checkout` lies.
    Checkout,
}

impl Template {
    /// Pieces, one after the other.
    pub fn of(pieces: impl Into<List<Piece>>) -> Self {
        Self(pieces.into())
    }

    /// Plain text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self([Piece::Text(text.into())].into())
    }
}

/// Files that a node leaves below its work directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// A glob relative to the work directory; `*` does not cross a `/`, `**` does.
    pub pattern: String,
    /// Whether the node has failed when nothing matches.
    pub presence: Presence,
    /// A directory, relative to the work directory, below which files keep their paths. Where there is none, their names
    /// are enough to tell them apart.
    pub below: Option<String>,
}

/// Whether an output must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing matched: the node has failed.
    Required,
    /// Collected when present.
    Optional,
}
