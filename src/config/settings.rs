//! What `graph.yaml` can say, with its defaults. One declaration makes the reader and the JSON Schema.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error};

use super::values::{Amount, Limit, OneOrMany, Size};
use crate::layout::{Layout, STATE_DIR};

/// What is never part of a local layer's content unless `ignore` says otherwise: a change there builds nothing.
pub const DEFAULT_IGNORE: [&str; 3] = [".github/**", "CHANGELOG*/**", "/README*"];

/// The settings of a project.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "graph.yaml")]
pub struct Settings {
    /// The version of this format: 1.
    pub version: Version,
    /// Where the matrix is written down; what is absent is looked for in the usual places.
    #[serde(default)]
    pub sources: Sources,
    /// What a machine means that does not say so itself.
    #[serde(default)]
    pub defaults: Defaults,
    /// Directories that all builds of a host share. Relative paths start at the project's root.
    #[serde(default)]
    pub shared: Shared,
    /// What `graph` keeps between runs.
    #[serde(default)]
    pub cache: Cache,
    /// How builds are run.
    #[serde(default)]
    pub run: Run,
    /// Where kas comes from: exactly one of `version`, `image` and `program`; by default the program `kas`.
    #[serde(default)]
    pub kas: Kas,
    /// Local repositories to use in place of the URL of a tree of `build-configs.yaml`, by the tree's name or a glob.
    #[serde(default)]
    pub trees: BTreeMap<String, LocalTree>,
    /// What of its tree's commit makes a kernel stale: `files`, those that its build reads, or `commit`, all of it.
    #[serde(default)]
    pub source: SourceScope,
    /// Patterns in `.gitignore` syntax of what is never part of a local layer's content.
    #[serde(default = "default_ignore")]
    pub ignore: Vec<String>,
    /// What a change of a stamp such as `git describe` does: `record` rebuilds nothing, `key` rebuilds.
    #[serde(default)]
    pub stamps: Stamps,
}

/// The one version of the format that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Version;

/// Where the matrix is written down.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// `machines.json`: a file or a list of files.
    pub machines: Option<OneOrMany>,
    /// `build-configs.yaml`: a file, a directory or a list of them.
    pub kernels: Option<OneOrMany>,
}

/// What a machine means that does not say so itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// The target of a machine without `build_target`; empty: the targets of its kas files.
    pub build_target: String,
    /// Globs, separated by spaces, over file names in `deploy/images/*/` for a machine without `output`.
    pub output: String,
}

/// Directories that all builds of a host share.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shared {
    /// `SSTATE_DIR`.
    #[serde(deserialize_with = "optional_path")]
    pub sstate: Option<PathBuf>,
    /// `DL_DIR`.
    #[serde(deserialize_with = "optional_path")]
    pub downloads: Option<PathBuf>,
    /// Mirrors and reference repositories.
    #[serde(deserialize_with = "optional_path")]
    pub git: Option<PathBuf>,
    /// The compiler cache of kernel builds.
    #[serde(deserialize_with = "optional_path")]
    pub ccache: Option<PathBuf>,
}

/// What `graph` keeps between runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// The state directory.
    #[serde(deserialize_with = "state_dir")]
    pub dir: PathBuf,
    /// How much `graph cache gc` leaves.
    pub budget: Size,
    /// How it is made sure that the outputs of kernels are in place of which nothing else has changed: `files` looks at each
    /// file, `directories` at those in which each kernel has its own, and does not notice what is changed inside of these.
    pub outputs: Outputs,
}

/// What is looked at of outputs of which nothing else has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outputs {
    /// Each file.
    #[default]
    Files,
    /// The directories in which nodes have theirs.
    Directories,
}

/// How builds are run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// How many builds run at a time.
    pub jobs: Amount<u32>,
    /// How much memory they may need together.
    pub memory: Amount<Size>,
    /// How long a build may take.
    pub timeout: Limit,
    /// How long a build may be silent.
    pub stall: Limit,
    /// How often a build that failed is tried again.
    pub retries: u32,
    /// Whether other builds go on when one has failed.
    pub keep_going: bool,
}

/// Where kas comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(try_from = "KasChoice")]
#[schemars(with = "KasChoice")]
pub enum Kas {
    /// A program by its name on `PATH`, or by its path.
    Program(String),
    /// A version that `graph` provisions in a private virtual environment.
    Version(String),
    /// A container image that holds kas.
    Image(String),
}

/// Where kas comes from: exactly one of these.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
struct KasChoice {
    /// A version that `graph` provisions in a private virtual environment, in quotes: "5.2".
    #[serde(deserialize_with = "version")]
    version: Option<String>,
    /// A container image that holds kas.
    #[serde(deserialize_with = "image")]
    image: Option<String>,
    /// A program by its name on `PATH`, or by its path.
    #[serde(deserialize_with = "program")]
    program: Option<String>,
}

/// What of its tree's commit makes a kernel stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceScope {
    /// The files that its last build read.
    #[default]
    Files,
    /// All files of the commit.
    Commit,
}

/// A local repository in place of a tree's URL.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalTree {
    /// The repository; a relative path starts at the project's root.
    #[serde(deserialize_with = "path")]
    pub path: PathBuf,
    /// The revision to build.
    #[serde(default = "head")]
    pub rev: String,
}

/// What a change of a stamp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stamps {
    /// It is recorded and shown, and rebuilds nothing.
    #[default]
    Record,
    /// It is part of the key, as a release wants it.
    Key,
}

fn default_ignore() -> Vec<String> {
    DEFAULT_IGNORE.map(str::to_owned).to_vec()
}

fn head() -> String {
    "HEAD".to_owned()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version,
            sources: Sources::default(),
            defaults: Defaults::default(),
            shared: Shared::default(),
            cache: Cache::default(),
            run: Run::default(),
            kas: Kas::default(),
            trees: BTreeMap::new(),
            source: SourceScope::default(),
            ignore: default_ignore(),
            stamps: Stamps::default(),
        }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            build_target: "pantavisor-starter".to_owned(),
            output: "pantavisor-starter*.rootfs.wic*".to_owned(),
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self { dir: STATE_DIR.into(), budget: Size(50 << 30), outputs: Outputs::default() }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self {
            jobs: Amount::Auto,
            memory: Amount::Auto,
            timeout: Limit(Some(Duration::from_secs(6 * 3600))),
            stall: Limit(Some(Duration::from_secs(30 * 60))),
            retries: 0,
            keep_going: true,
        }
    }
}

impl Default for Kas {
    fn default() -> Self {
        Self::Program("kas".to_owned())
    }
}

impl Settings {
    /// Where everything lies for a project with these settings.
    #[must_use]
    pub fn layout(&self, root: &Path) -> Layout {
        Layout::new(root, &self.cache.dir, self.shared.git.as_deref())
    }

    /// The same with the shared directories made absolute.
    #[must_use]
    pub(super) fn rooted(mut self, root: &Path) -> Self {
        let shared = &mut self.shared;
        for dir in [&mut shared.sstate, &mut shared.downloads, &mut shared.git, &mut shared.ccache]
        {
            *dir = dir.take().map(|path| root.join(path));
        }
        for tree in self.trees.values_mut() {
            tree.path = root.join(&tree.path);
        }
        self
    }
}

impl TryFrom<KasChoice> for Kas {
    type Error = String;

    fn try_from(choice: KasChoice) -> Result<Self, String> {
        match choice {
            KasChoice { version: Some(version), image: None, program: None } => {
                Ok(Self::Version(version))
            }
            KasChoice { version: None, image: Some(image), program: None } => {
                Ok(Self::Image(image))
            }
            KasChoice { version: None, image: None, program: Some(program) } => {
                Ok(Self::Program(program))
            }
            KasChoice { version: None, image: None, program: None } => {
                Err("one of `version`, `image` and `program` must be given".to_owned())
            }
            _ => Err("only one of `version`, `image` and `program` can be given".to_owned()),
        }
    }
}

/// Reads a text that ends in an argument list or a path, so it must not look like an option or leave its directory.
fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    (is_right, what): (fn(&str) -> bool, &str),
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_right(&text) {
        return Ok(Some(text));
    }
    Err(D::Error::custom(format!("`{text}` is not {what}")))
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, (is_version, "a version of kas such as `5.2`"))
}

fn image<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, (is_image, "the name of a container image"))
}

fn program<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, (is_program, "the name or path of a program"))
}

/// A shell would expand `~`; here it would silently make a directory of that name.
fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() || text.contains('\0') {
        return Err(D::Error::custom("the path is empty"));
    }
    if text.starts_with('~') {
        return Err(D::Error::custom("`~` is not expanded, write the whole path"));
    }
    Ok(PathBuf::from(text))
}

fn optional_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    path(deserializer).map(Some)
}

/// What lies in the state directory is deleted by `graph cache clear`, so it must be one of its own.
fn state_dir<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let path = path(deserializer)?;
    match path.components().next_back() {
        Some(Component::Normal(_)) => Ok(path),
        _ => Err(D::Error::custom(format!(
            "`{}` is not the name of a directory of its own",
            path.display()
        ))),
    }
}

fn is_program(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !text.contains('\0')
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        && !text.contains("..")
}

fn is_image(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@+".contains(c))
}
