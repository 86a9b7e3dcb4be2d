//! The base as a project of its own: its settings, its nodes, and what is so of them. Compares nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graph::compare::{Absence, Exclusion};
use graph::facts::Facts;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::spec::{Source, Spec};

use super::revision::Base;
use crate::cmd::checkouts::Mirrors;
use crate::cmd::console::Console;
use crate::cmd::opened::{Opened, sources};
use crate::cmd::trees::KernelTrees;
use crate::config::{self, CONFIG_FILE, Project, Settings};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::Failure;
use crate::front::kernelci::NoneFresh;
use crate::front::{self, Excluded, Loaded, Sources};
use crate::layout::Layout;
use crate::probe::git::Git;
use crate::probe::{Observed, Past, Probe};

/// The nodes of the base.
#[derive(Default)]
pub(super) struct BaseSide {
    /// What could be read.
    pub(super) graph: Graph,
    /// What could not.
    pub(super) errors: Diagnostics,
    /// What is probably not meant.
    pub(super) warnings: Diagnostics,
    /// What is there instead of nodes.
    pub(super) absences: Absences,
    settings: Settings,
}

/// Why nodes are not there.
#[derive(Default)]
pub(super) struct Absences {
    excluded: HashMap<NodeName, Exclusion>,
    left_out: Vec<String>,
    /// The kinds of nodes that could not be read.
    unread: Vec<&'static str>,
}

impl Absences {
    pub(super) fn of(excluded: &[Excluded], left_out: &[String]) -> Self {
        let exclusion = |one: &Excluded| Exclusion {
            filter: one.filter.as_str().into(),
            why: one.why.as_str().into(),
            declared: one.declared.clone(),
        };
        let excluded = excluded.iter().map(|one| (one.name.clone(), exclusion(one))).collect();
        Self { excluded, left_out: left_out.to_vec(), unread: Vec::new() }
    }

    /// Why there is no node of a name.
    pub(super) fn of_name(&self, name: &NodeName, whose: &str) -> Absence {
        let unknown = |why: String| Absence::Unknown(why.into());
        let mut segments = name.as_str().split('/');
        let (kind, config) = (name.kind(), segments.nth(1).unwrap_or_default());
        if self.unread.contains(&kind) {
            return unknown(format!("{whose} cannot be read"));
        }
        if !matches!(kind, "config" | "kernel") {
            return Absence::Undeclared;
        }
        let is_it = |left_out: &&String| {
            NodeName::new("config", [left_out.as_str()])
                .is_ok_and(|name| name.as_str().split('/').nth(1) == Some(config))
        };
        if let Some(left_out) = self.left_out.iter().find(is_it) {
            return unknown(format!("the tree of `{left_out}` could not be read for {whose}"));
        }
        let rest = name.as_str().split_once('/').map_or("", |(_, rest)| rest);
        let kernel = NodeName::parse(&format!("kernel/{rest}")).ok();
        match kernel.and_then(|kernel| self.excluded.get(&kernel)) {
            Some(exclusion) => Absence::Excluded(exclusion.clone()),
            None => Absence::Undeclared,
        }
    }
}

impl BaseSide {
    /// Reads the nodes of the base. What cannot be read of it is told, and the rest is read all the same.
    pub(super) fn load(context: &Context, opened: &Opened, git: &Git, base: &Base) -> Self {
        let project = match project(opened, git, base) {
            Ok(project) => project,
            Err(failure) => return Self::unreadable(problems(failure)),
        };
        let layout = Layout::new(&base.root, opened.layout.state(), Some(opened.layout.git()));
        let probe = || probe(context, opened, &project.settings, &layout);
        let console = Console::of(context);
        let tell = |line: &str| console.note(line);
        let trees = KernelTrees::new(probe(), &tell).knowing(opened.heads.clone());
        let mirrors = Mirrors::new(&probe());
        let load =
            |sources: &Sources| front::load(sources, &base.root, &mirrors, &trees, &NoneFresh);
        let all = Sources { excluded: true, ..sources(&project) };
        let (loaded, errors, unread) = in_parts(&all, load);
        let Loaded { spec, warnings, excluded, left_out, .. } = loaded;
        let settings = project.settings.clone();
        match Graph::build(spec) {
            Ok(graph) => {
                let absences = Absences { unread, ..Absences::of(&excluded, &left_out) };
                Self { graph, errors, warnings, absences, settings }
            }
            Err(defects) => {
                let problems = defects.iter().map(|defect| Diagnostic::error(defect.to_string()));
                Self { settings, ..Self::unreadable(problems.collect()) }
            }
        }
    }

    fn unreadable(errors: Diagnostics) -> Self {
        let unread = [MACHINES, KERNELS].concat();
        let absences = Absences { unread, ..Absences::default() };
        Self { errors, absences, ..Self::default() }
    }

    /// What is so of the base: of its own files what they were; all else is the same for both sides, and was observed.
    pub(super) fn observe(
        &self,
        context: &Context,
        opened: &Opened,
        base: &Base,
        wanted: &[NodeId],
        now: &Facts,
    ) -> Result<(Facts, Observed), Failure> {
        let probe = probe(context, opened, &self.settings, &opened.layout);
        let past = Past::new(&probe, &base.snapshot, (&base.written, &base.root));
        let (mut facts, others) = past.observe(&Probe::sources_of(&self.graph, wanted));
        let is_same_kas = self.settings.kas == opened.project.settings.kas;
        let is_asked = |source: &Source| {
            let is_kas = matches!(source, Source::Tool(name) if &**name == "kas");
            now.has(source) && (is_same_kas || !is_kas)
        };
        let unknown: Vec<&Source> =
            others.iter().map(|(_, same)| same).filter(|same| !is_asked(same)).collect();
        let mut observed = probe.observe_sources(&unknown)?;
        for (source, same) in &others {
            let known = if is_asked(same) { now } else { &observed.facts };
            facts.insert((*source).clone(), known.get(same));
        }
        observed.manifests.extend(past.manifests());
        Ok((facts, observed))
    }
}

const MACHINES: &[&str] = &["image", "sdk"];
const KERNELS: &[&str] = &["config", "kernel"];

/// Reads all sources; where that fails, those of each kind by themselves, so that what is right in one is compared.
fn in_parts(
    all: &Sources,
    load: impl Fn(&Sources) -> Result<Loaded, Diagnostics>,
) -> (Loaded, Diagnostics, Vec<&'static str>) {
    if all.machines.is_empty() && all.kernels.is_empty() {
        return (Loaded::default(), Diagnostics::default(), Vec::new());
    }
    let errors = match load(all) {
        Ok(loaded) => return (loaded, Diagnostics::default(), Vec::new()),
        Err(errors) => errors,
    };
    let machines = Sources { kernels: Vec::new(), ..all.clone() };
    let kernels = Sources { machines: Vec::new(), ..all.clone() };
    let (mut spec, mut left, mut unread) = (Spec::default(), Loaded::default(), Vec::new());
    for (sources, kinds) in [(machines, MACHINES), (kernels, KERNELS)] {
        if sources.machines.is_empty() && sources.kernels.is_empty() {
            continue;
        }
        match load(&sources) {
            Ok(loaded) => {
                spec.nodes.extend(loaded.spec.nodes);
                left.warnings.extend(loaded.warnings);
                left.excluded.extend(loaded.excluded);
                left.left_out.extend(loaded.left_out);
            }
            Err(_) => unread.extend(kinds),
        }
    }
    (Loaded { spec, ..left }, errors, unread)
}

/// The project as the base has it. Settings that git does not track are the user's own, and hold for both sides.
fn project(opened: &Opened, git: &Git, base: &Base) -> Result<Project, Failure> {
    let root = &opened.project.root;
    if let Some(own) = opened.project.config_path.as_ref().filter(|_| !base.has_file(CONFIG_FILE))
        && !git.tracks(root, CONFIG_FILE).unwrap_or(false)
    {
        let copied = std::fs::copy(own, base.root.join(CONFIG_FILE));
        copied.map_err(|error| super::revision::environment(&error))?;
    }
    let mut project = config::open(&base.root)?;
    let settings = &mut project.settings;
    let home = |path: &mut PathBuf| {
        if let Ok(below) = path.strip_prefix(&base.root) {
            *path = root.join(below);
        }
    };
    settings.trees.values_mut().for_each(|tree| home(&mut tree.path));
    let shared = &mut settings.shared;
    let shared = [&mut shared.sstate, &mut shared.downloads, &mut shared.git, &mut shared.ccache];
    shared.into_iter().flatten().for_each(home);
    Ok(project)
}

fn probe<'a>(
    context: &'a Context,
    opened: &'a Opened,
    settings: &'a Settings,
    layout: &'a Layout,
) -> Probe<'a> {
    let (kept, mode) = (&opened.kept, opened.mode);
    let (env, now) = (&context.env, context.began_ms());
    Probe { layout, settings, env, files: kept, memory: kept, mode, now }
}

fn problems(failure: Failure) -> Diagnostics {
    let mut problems = failure.diagnostics;
    problems.extend(failure.message.map(Diagnostic::error).into_iter().collect());
    problems
}

/// Problems of the base, named so that nobody takes its files for those of the work tree.
pub(super) fn in_base(problems: &Diagnostics, revision: &str, root: &Path) -> Diagnostics {
    use crate::diagnostic::{Severity, SourceText, Span};
    let named = |name: &str| -> Arc<str> {
        let below = Path::new(name).strip_prefix(root).unwrap_or(Path::new(name));
        format!("{revision}:{}", below.display()).into()
    };
    let span = |span: &Span| Span {
        source: Arc::new(SourceText::new(named(&span.source.name), span.source.text.clone())),
        bytes: span.bytes.clone(),
    };
    let problem = |problem: &Diagnostic| Diagnostic {
        severity: Severity::Warning,
        span: problem.span.as_ref().map(span),
        file: problem.file.as_deref().map(named),
        related: problem.related.iter().map(|(at, what)| (span(at), what.clone())).collect(),
        ..problem.clone()
    };
    problems.as_slice().iter().map(problem).collect()
}
