//! Observes every distinct source of a set of nodes once, all kinds at the same time. Decides nothing of them.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use foldhash::fast::RandomState;
use graph::digest::Digest;
use graph::facts::{Fact, Facts};
use graph::model::{Graph, NodeId};
use graph::spec::{
    BroughtTool, Commit, Node, Piece, RemoteRef, Role, Source, Step, Template, Tree, Variable,
};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::content::Files;
use super::git::Git;
use super::memory::Memory;
use super::missing::{missing_files, missing_tools};
use super::tool::{KasProbe, bitbake_version, tool_fact};
use super::tree::{LARGE_INDEX, TreeContent, TreeError, TreeProbe};
use super::{patch, refs};
use crate::config::Settings;
use crate::context::Environment;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::Failure;
use crate::layout::Layout;
use crate::redact::is_secret_name;

/// How long a remote may take to answer.
const REMOTE_DEADLINE: Duration = Duration::from_secs(30);

/// What stands for a value that is not kept.
const VEILED: &str = "(not shown)";

/// Whether remotes may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are asked.
    Online,
    /// No socket is opened; what was last known is taken, and its age told.
    Offline,
}

/// Observes the sources of a project.
pub struct Probe<'a> {
    /// Where everything lies.
    pub layout: &'a Layout,
    /// What was configured.
    pub settings: &'a Settings,
    /// The environment of the command.
    pub env: &'a Environment,
    /// Tells what files hold.
    pub files: &'a dyn Files,
    /// Remembers refs and versions.
    pub memory: &'a dyn Memory,
    /// Whether remotes may be asked.
    pub mode: Mode,
    /// When the command began, in milliseconds since 1970.
    pub now: i64,
}

/// What was observed.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// A fact for each source.
    pub facts: Facts,
    /// The files of each tree, by the digest of the tree, in order of path.
    pub manifests: Vec<(Digest, Vec<(String, Digest)>)>,
    /// Trees that are as they were, so that nobody has looked which files they have: see [`Probe::add_manifests`].
    pub unlisted: Vec<Arc<Tree>>,
    /// What is to be said of it: remotes that did not answer, facts that are old.
    pub warnings: Diagnostics,
}

/// Distinct sources by kind, in order of first mention.
#[derive(Default)]
struct Wanted<'g> {
    files: Vec<&'g Arc<str>>,
    series: Vec<&'g Arc<str>>,
    trees: Vec<&'g Arc<Tree>>,
    refs: Vec<&'g RemoteRef>,
    brought: Vec<&'g Arc<BroughtTool>>,
    commits: Vec<&'g Arc<Commit>>,
    env: Vec<&'g Arc<Variable>>,
    tools: Vec<&'g Arc<str>>,
    describes: Vec<&'g Arc<str>>,
}

impl<'g> Wanted<'g> {
    fn of(sources: impl Iterator<Item = &'g Source>) -> Self {
        let mut wanted = Self::default();
        let mut seen: HashSet<&Source> = HashSet::new();
        for source in sources {
            if !matches!(source, Source::Value(_) | Source::Secret(_)) && seen.insert(source) {
                wanted.add(source);
            }
        }
        wanted
    }

    fn add(&mut self, source: &'g Source) {
        match source {
            Source::Value(_) | Source::Secret(_) => {}
            Source::File(path) => self.files.push(path),
            Source::Series(path) => self.series.push(path),
            Source::Tree(tree) => self.trees.push(tree),
            Source::Ref(one) => self.refs.push(one),
            Source::Brought(tool) => self.brought.push(tool),
            Source::Env(variable) => self.env.push(variable),
            Source::Tool(name) => self.tools.push(name),
            Source::Describe(dir) => self.describes.push(dir),
            Source::Commit(commit) => self.commits.push(commit),
            // What a node was narrowed to is observed by itself: no node declares it.
            Source::Read(..) => {}
        }
    }
}

/// The distinct sources of many nodes. They share most of what they are made of: what was seen of one is not looked at in
/// another.
#[derive(Default)]
struct Distinct<'g> {
    sources: Vec<&'g Source>,
    seen: HashSet<&'g Source, RandomState>,
    /// Where the shared pieces lie that were looked at.
    pieces: HashSet<usize, RandomState>,
}

impl<'g> Distinct<'g> {
    fn add(&mut self, node: &'g Node) {
        for piece in node.inputs.pieces() {
            if self.is_new(piece) {
                let key = piece.iter().filter(|input| input.role == Role::Key);
                self.extend(key.map(|input| &input.source));
            }
        }
        if self.is_new(&node.action.steps) {
            self.extend(node.action.steps.iter().flat_map(of_step));
        }
        if self.is_new(&node.action.files) {
            for Template(content) in node.action.files.iter().map(|file| &file.content) {
                for piece in content.pieces() {
                    if self.is_new(piece) {
                        self.extend(piece.iter().filter_map(of_piece));
                    }
                }
            }
        }
    }

    fn is_new<T>(&mut self, piece: &Arc<[T]>) -> bool {
        !piece.is_empty()
            && (Arc::strong_count(piece) == 1 || self.pieces.insert(piece.as_ptr().addr()))
    }

    fn extend(&mut self, sources: impl Iterator<Item = &'g Source>) {
        let observed = |source: &&Source| !matches!(source, Source::Value(_) | Source::Secret(_));
        let Self { sources: all, seen, .. } = self;
        all.extend(sources.filter(observed).filter(|source| seen.insert(*source)));
    }
}

/// Every source that a node names and that decides, also those that only its action names.
fn sources(node: &Node) -> impl Iterator<Item = &Source> {
    let files = node.action.files.iter().flat_map(|file| of_template(&file.content));
    inputs(node, Role::Key).chain(files).chain(node.action.steps.iter().flat_map(of_step))
}

fn of_step(step: &Step) -> impl Iterator<Item = &Source> {
    let env = step.env.iter().map(|(_, value)| value);
    step.args.iter().chain(env).flat_map(of_template)
}

fn of_template(Template(pieces): &Template) -> impl Iterator<Item = &Source> {
    pieces.iter().filter_map(of_piece)
}

fn of_piece(piece: &Piece) -> Option<&Source> {
    match piece {
        Piece::Fact(source) => Some(source),
        Piece::Text(_) | Piece::Dir(_) => None,
    }
}

fn inputs(node: &Node, role: Role) -> impl Iterator<Item = &Source> {
    node.inputs.iter().filter(move |input| input.role == role).map(|input| &input.source)
}

impl Probe<'_> {
    /// Git as this project uses it.
    #[must_use]
    pub fn git(&self) -> Git {
        Git::new(self.env, self.layout.git(), REMOTE_DEADLINE)
    }

    /// Finds out about kas as this project uses it.
    #[must_use]
    pub fn kas(&self) -> KasProbe<'_> {
        let (kas, env) = (&self.settings.kas, self.env);
        KasProbe { kas, env, layout: self.layout, memory: self.memory }
    }

    /// Observes every source by which the wanted nodes and all that they need are judged, each once. Stamps are not
    /// among them: see [`Probe::add_stamps`].
    ///
    /// # Errors
    /// When a pattern of the settings is none. What cannot be observed is no error but an unknown fact, and a warning.
    pub fn observe(&self, graph: &Graph, wanted: &[NodeId]) -> Result<Observed, Failure> {
        let closure = graph.closure(wanted);
        let wanted = Wanted::of(Self::sources_of(graph, wanted).into_iter());
        let mut observed = self.look(&wanted)?;
        let nodes = closure.iter().map(|id| graph.node(*id));
        observed.warnings.extend(missing_files(nodes.clone(), &observed.facts));
        observed.warnings.extend(missing_tools(nodes, &observed.facts));
        Ok(observed)
    }

    /// The distinct sources by which the wanted nodes and all that they need are judged, in order of first mention; values
    /// of the configuration are not among them.
    #[must_use]
    pub fn sources_of<'g>(graph: &'g Graph, wanted: &[NodeId]) -> Vec<&'g Source> {
        let mut found = Distinct::default();
        graph.closure(wanted).into_iter().for_each(|id| found.add(graph.node(id)));
        found.sources
    }

    /// Observes sources by themselves.
    ///
    /// # Errors
    /// As [`Probe::observe`].
    pub fn observe_sources(&self, sources: &[&Source]) -> Result<Observed, Failure> {
        self.look(&Wanted::of(sources.iter().copied()))
    }

    /// Adds the stamps of the wanted nodes and of all that they need. No verdict depends on them, so that a command that
    /// neither records nor shows them need not ask git for them.
    ///
    /// # Errors
    /// As [`Probe::observe`].
    pub fn add_stamps(
        &self,
        graph: &Graph,
        wanted: &[NodeId],
        observed: &mut Observed,
    ) -> Result<(), Failure> {
        let closure = graph.closure(wanted);
        let stamps = closure.iter().flat_map(|id| inputs(graph.node(*id), Role::Stamp));
        let unknown = stamps.filter(|source| !observed.facts.has(source));
        let seen = self.look(&Wanted::of(unknown))?;
        observed.facts.extend(seen.facts);
        observed.manifests.extend(seen.manifests);
        observed.unlisted.extend(seen.unlisted);
        observed.warnings.extend(seen.warnings);
        Ok(())
    }

    /// Adds the files of the trees of which only the digest was looked for, for a verb that records or shows them. One that
    /// has changed meanwhile has another digest, under which nobody looks for its files.
    pub fn add_manifests(&self, observed: &mut Observed) {
        let unlisted = std::mem::take(&mut observed.unlisted);
        let contents = self.trees(&unlisted.iter().collect::<Vec<_>>(), None, &self.git());
        for content in contents.into_iter().flatten().flatten() {
            observed.manifests.extend(content.manifest.map(|manifest| (content.digest, manifest)));
        }
    }

    fn look(&self, wanted: &Wanted<'_>) -> Result<Observed, Failure> {
        let git = self.git();
        let mut observed = Observed::default();
        std::thread::scope(|scope| {
            let refs = scope.spawn(|| self.refs(&wanted.refs, &git));
            let tools = scope.spawn(|| self.tools(&wanted.tools));
            let describes = scope.spawn(|| self.describes(&wanted.describes, &git));
            let brought = scope.spawn(|| self.brought(&wanted.brought, &git));
            let contents = scope.spawn(|| self.commits(&wanted.commits, &git));
            let trees = self.trees(&wanted.trees, Some(self.memory), &git);
            self.add_files(wanted, &mut observed.facts);
            let no_panic = "probes do not panic";
            let (commits, warnings) = refs.join().expect(no_panic);
            let facts = tools.join().expect(no_panic).into_iter();
            let facts = facts.chain(describes.join().expect(no_panic));
            let facts = facts.chain(brought.join().expect(no_panic));
            let facts = facts.chain(contents.join().expect(no_panic));
            let commits = commits.into_iter().map(|(one, fact)| (Source::Ref(one.into()), fact));
            facts.chain(commits).for_each(|(source, fact)| observed.facts.insert(source, fact));
            warnings.into_iter().for_each(|warning| observed.warnings.push(warning));
            observed.add_trees(&wanted.trees, trees)
        })?;
        Ok(observed)
    }

    /// Observes again what a build of one node reads in place: its files and trees. What changed between the first
    /// observation and this one may or may not have been built, so that nobody knows what was.
    ///
    /// # Errors
    /// As [`Probe::observe`].
    pub fn reobserve(&self, node: &Node) -> Result<Facts, Failure> {
        let wanted = Wanted::of(sources(node));
        let mut observed = Observed::default();
        self.add_files(&wanted, &mut observed.facts);
        observed
            .add_trees(&wanted.trees, self.trees(&wanted.trees, Some(self.memory), &self.git()))?;
        Ok(observed.facts)
    }

    fn add_files(&self, wanted: &Wanted<'_>, facts: &mut Facts) {
        let path = |path: &Arc<str>| self.layout.root().join(&**path);
        let paths: Vec<PathBuf> = wanted.files.iter().map(|name| path(name)).collect();
        for (name, fact) in wanted.files.iter().zip(patch::files(&paths, self.files)) {
            facts.insert(Source::File(Arc::clone(name)), fact);
        }
        for name in &wanted.series {
            facts.insert(Source::Series(Arc::clone(name)), patch::series(&path(name), self.files));
        }
        for variable in &wanted.env {
            facts.insert(Source::Env(Arc::clone(variable)), self.variable(variable));
        }
    }

    /// What a build sees, wherever it comes from: a variable that is set to its default changes nothing. A value from
    /// the environment is nobody's to see.
    fn variable(&self, variable: &Variable) -> Fact {
        match (self.env.os(&variable.name), &variable.default) {
            (Some(value), _) => Fact::veiled(value.as_encoded_bytes(), VEILED),
            (None, Some(value)) if is_secret_name(&variable.name) => {
                Fact::veiled(value.as_bytes(), VEILED)
            }
            (None, Some(value)) => Fact::veiled(value.as_bytes(), value),
            (None, None) => Fact::Missing,
        }
    }

    /// Directories of ours, which are never part of what a build reads.
    pub(super) fn ours(&self) -> Vec<PathBuf> {
        let shared = &self.settings.shared;
        let shared = [&shared.sstate, &shared.downloads, &shared.git, &shared.ccache];
        let state = std::iter::once(self.layout.state().to_owned());
        state.chain(shared.into_iter().flatten().map(|dir| self.layout.root().join(dir))).collect()
    }

    fn trees(
        &self,
        trees: &[&Arc<Tree>],
        memory: Option<&dyn Memory>,
        git: &Git,
    ) -> Vec<Result<Option<TreeContent>, TreeError>> {
        let ours = self.ours();
        let (files, began, large_index) = (self.files, SystemTime::now(), LARGE_INDEX);
        let probe = TreeProbe { git, files, ours: &ours, memory, began, large_index };
        trees.iter().map(|tree| probe.observe(self.layout.root(), tree)).collect()
    }

    fn refs(&self, refs: &[&RemoteRef], git: &Git) -> refs::Told {
        match self.mode {
            Mode::Online => refs::ask(refs, git, self.memory),
            Mode::Offline => refs::remember(refs, self.memory, self.now),
        }
    }

    fn tools(&self, tools: &[&Arc<str>]) -> Vec<(Source, Fact)> {
        let fact = |name: &str| match name {
            "kas" => match self.kas().identify() {
                Ok(version) => Fact::text(&version),
                Err(why) => Fact::Unknown(why.into()),
            },
            other => tool_fact(self.env, self.memory, other),
        };
        tools.par_iter().map(|name| (Source::Tool(Arc::clone(name)), fact(name))).collect()
    }

    /// What tools are, by their well-known names.
    #[must_use]
    pub fn tool_facts(&self, names: &BTreeSet<&str>) -> Facts {
        let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
        self.tools(&names.iter().collect::<Vec<_>>()).into_iter().collect()
    }

    fn brought(&self, tools: &[&Arc<BroughtTool>], git: &Git) -> Vec<(Source, Fact)> {
        let fact = |tool: &BroughtTool| match tool.tool {
            "bitbake" => match bitbake_version(git, self.memory, &tool.url, &tool.commit) {
                Ok(Some(version)) => Fact::text(&version),
                Ok(None) => Fact::Missing,
                Err(error) => Fact::Unknown(error.to_string().into()),
            },
            other => Fact::Unknown(format!("nobody knows how to ask `{other}`").into()),
        };
        tools.iter().map(|tool| (Source::Brought(Arc::clone(tool)), fact(tool))).collect()
    }

    fn describes(&self, dirs: &[&Arc<str>], git: &Git) -> Vec<(Source, Fact)> {
        let fact = |dir: &Path| match git.describe(dir) {
            Ok(Some(text)) => Fact::text(&text),
            Ok(None) => Fact::Missing,
            Err(error) => Fact::Unknown(error.to_string().into()),
        };
        let root = self.layout.root();
        dirs.iter()
            .map(|dir| (Source::Describe(Arc::clone(dir)), fact(&root.join(&***dir))))
            .collect()
    }
}

impl Observed {
    fn add_trees(
        &mut self,
        trees: &[&Arc<Tree>],
        contents: Vec<Result<Option<TreeContent>, TreeError>>,
    ) -> Result<(), Failure> {
        for (tree, content) in trees.iter().zip(contents) {
            let fact = match content {
                Ok(Some(TreeContent { digest, manifest })) => {
                    match manifest {
                        Some(manifest) => self.manifests.push((digest, manifest)),
                        None => self.unlisted.push(Arc::clone(tree)),
                    }
                    Fact::content(digest)
                }
                Ok(None) => Fact::Missing,
                Err(TreeError::Pattern(bad)) => {
                    let problem = Diagnostic::error(bad.to_string());
                    return Err(Failure::input(std::iter::once(problem).collect()));
                }
                Err(error) => {
                    self.warnings.push(Diagnostic::warning(error.to_string()));
                    Fact::Unknown(error.to_string().into())
                }
            };
            self.facts.insert(Source::Tree(Arc::clone(tree)), fact);
        }
        Ok(())
    }
}
