//! What every verb about nodes starts with: the project found, its sources loaded, its graph checked. Observes nothing.

use std::collections::BTreeSet;

use graph::digest::Digest;
use graph::model::{Graph, NodeId};
use graph::query::{BadSelector, Selector};
use graph::spec::Role;

use super::checkouts::Mirrors;
use super::console::Console;
use super::kept::Kept;
use super::slices::{self, Slices};
use super::trees::{Answers, KernelTrees};
use crate::config::{self, Project, Stamps};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::{Failure, Kind};
use crate::front::kas::RepoAt;
use crate::front::kernelci::{self, FreshSlice, FreshSlices, NoneFresh, Slice};
use crate::front::machines::Defaults;
use crate::front::{self, Depth, Excluded, Loaded, SourceFile, Sources};
use crate::layout::Layout;
use crate::probe::{Forgetful, Mode, Probe, Reread};

/// Which nodes are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Nodes {
    /// All that are declared.
    All,
    /// Those of slices that are not known to be fresh; the others are counted.
    ToJudge,
    /// Those of these slices, and of all that have changed since they were fresh; the others are not wanted.
    Of(BTreeSet<String>),
}

impl Nodes {
    /// Those that a plan needs. What is to be shown or forced has to be there.
    pub(super) fn of_plan(selectors: &[String], is_each_wanted: bool) -> Self {
        match Self::meant(selectors) {
            Self::All if selectors.is_empty() && !is_each_wanted => Self::ToJudge,
            meant => meant,
        }
    }

    /// Those that selectors can mean.
    pub(super) fn meant(selectors: &[String]) -> Self {
        let parsed: Result<Vec<Selector>, BadSelector> =
            selectors.iter().map(|selector| Selector::parse(selector)).collect();
        let including = parsed.iter().flatten().filter(|selector| !selector.excludes());
        let slices: Option<BTreeSet<String>> =
            including.map(|selector| selector.slice(kernelci::BUILD_CONFIG)).collect();
        // Nothing, or nothing but exclusions, means everything.
        slices.filter(|slices| !slices.is_empty()).map_or(Self::All, Self::Of)
    }
}

/// A project, ready to be asked.
pub(super) struct Opened {
    /// What was found, and its settings.
    pub(super) project: Project,
    /// Where everything of it lies.
    pub(super) layout: Layout,
    /// What is kept of earlier runs.
    pub(super) kept: Kept,
    /// Whether remotes may be asked.
    pub(super) mode: Mode,
    /// Its nodes.
    pub(super) graph: Graph,
    /// What is probably not meant.
    pub(super) warnings: Diagnostics,
    /// Combinations that filters reject, if they were asked for.
    pub(super) excluded: Vec<Excluded>,
    /// How many combinations filters reject.
    pub(super) excluded_count: usize,
    /// Build configs of trees that could not be reached; nothing is known of their kernels.
    pub(super) left_out: Vec<String>,
    /// Build configs that were expanded, each with how many combinations of it filters reject.
    pub(super) slices: Vec<(Slice, usize)>,
    /// Build configs that were not expanded, because they are known to be fresh.
    pub(super) fresh: Vec<FreshSlice>,
    /// How many nodes there are of build configs that were not expanded, because nothing of them is wanted.
    pub(super) unwanted: usize,
    /// What decides of slices besides what is declared, as it was when they were loaded.
    pub(super) rules: Option<Digest>,
    /// The repositories that includes name and that nobody has cloned.
    pub(super) missing: Vec<RepoAt>,
    /// What was heard of the heads of kernel trees.
    pub(super) heads: Answers,
}

impl Opened {
    /// Finds the project of the working directory and loads it, for a verb that builds nothing.
    pub(super) fn to_look(context: &Context, mode: Mode) -> anyhow::Result<Self> {
        let project = config::find(&context.cwd)?;
        let kept = Kept::to_plan(project.layout().state(), context.began_ms())?;
        Self::load(context, project, kept, mode, &Nodes::All)
    }

    /// As [`Opened::to_look`], for a verb that asks for certain nodes: these, by their selectors, come with it.
    pub(super) fn to_plan(
        context: &Context,
        mode: Mode,
        nodes: &Nodes,
        selectors: &[String],
    ) -> anyhow::Result<(Self, Vec<NodeId>)> {
        let project = config::find(&context.cwd)?;
        let kept = Kept::to_plan(project.layout().state(), context.began_ms())?;
        Self::load(context, project, kept, mode, nodes)?.selecting(context, nodes, selectors)
    }

    /// The nodes that are meant. What is wrong with selectors is said by all that they could have meant.
    pub(super) fn selecting(
        mut self,
        context: &Context,
        nodes: &Nodes,
        selectors: &[String],
    ) -> anyhow::Result<(Self, Vec<NodeId>)> {
        if matches!(nodes, Nodes::Of(_)) && self.graph.select(selectors).is_err() {
            self = self.again(context, &Nodes::All)?;
        }
        let wanted = self.select(selectors)?;
        Ok((self, wanted))
    }

    /// As [`Opened::to_look`], for a verb that only asks how nodes are called and what they need.
    pub(super) fn to_list(context: &Context, mode: Mode) -> anyhow::Result<Self> {
        let project = config::find(&context.cwd)?;
        let kept = Kept::to_plan(project.layout().state(), context.began_ms())?;
        let sources = Sources { depth: Depth::Outline, ..sources(&project) };
        Self::load_from(&sources, context, (project, kept), mode, &Nodes::All)
    }

    /// As [`Opened::to_look`], with what filters reject.
    pub(super) fn to_look_with_excluded(context: &Context, mode: Mode) -> anyhow::Result<Self> {
        let project = config::find(&context.cwd)?;
        let kept = Kept::to_plan(project.layout().state(), context.began_ms())?;
        let sources = Sources { excluded: true, ..sources(&project) };
        Self::load_from(&sources, context, (project, kept), mode, &Nodes::All)
    }

    /// Loads a project whose settings are known. Includes of other repositories are read from mirrors.
    pub(super) fn load(
        context: &Context,
        project: Project,
        kept: Kept,
        mode: Mode,
        nodes: &Nodes,
    ) -> anyhow::Result<Self> {
        Self::load_from(&sources(&project), context, (project, kept), mode, nodes)
    }

    fn load_from(
        sources: &Sources,
        context: &Context,
        (project, kept): (Project, Kept),
        mode: Mode,
        nodes: &Nodes,
    ) -> anyhow::Result<Self> {
        let _span = tracing::info_span!("load").entered();
        let layout = project.layout();
        if project.machines.is_empty() && project.kernels.is_empty() {
            return Err(nothing_to_build().into());
        }
        let probe = |kept| probe(context, &project, &layout, kept, mode);
        let console = Console::of(context);
        let tell = |line: &str| console.note(line);
        let trees = KernelTrees::new(probe(&kept), &tell);
        let rules = slices::rules(context, &project);
        let wanted = match nodes {
            Nodes::All | Nodes::ToJudge => None,
            Nodes::Of(slices) => Some(slices),
        };
        let known = Slices::new(kept.cache(), probe(&kept), rules, wanted);
        let known: &dyn FreshSlices = match nodes {
            Nodes::All => &NoneFresh,
            Nodes::ToJudge | Nodes::Of(_) => &known,
        };
        let mirrors = Mirrors::new(&probe(&kept));
        let loaded =
            front::load(sources, &project.root, &mirrors, &trees, known).map_err(Failure::input)?;
        let Loaded { spec, mut warnings, missing, excluded, excluded_count, left_out, .. } = loaded;
        let slices = loaded.slices;
        let (fresh, unwanted) = match nodes {
            Nodes::All | Nodes::ToJudge => (loaded.fresh, 0),
            Nodes::Of(_) => (Vec::new(), loaded.fresh.iter().map(|slice| slice.nodes).sum()),
        };
        warnings.extend(trees.warnings());
        let heads = trees.answers();
        let _span = tracing::info_span!("check").entered();
        let graph = Graph::build(spec).map_err(|defects| {
            let problems = defects.into_iter().map(|defect| Diagnostic::error(defect.to_string()));
            Failure::input(problems.collect())
        })?;
        Ok(Self {
            project,
            layout,
            kept,
            mode,
            graph,
            warnings,
            excluded,
            excluded_count,
            left_out,
            slices,
            fresh,
            unwanted,
            rules,
            missing,
            heads,
        })
    }

    /// Loads the project again, after something was cloned.
    pub(super) fn again(self, context: &Context, nodes: &Nodes) -> anyhow::Result<Self> {
        Self::load(context, self.project, self.kept, self.mode, nodes)
    }

    /// The probe of this project.
    pub(super) fn probe<'a>(&'a self, context: &'a Context) -> Probe<'a> {
        probe(context, &self.project, &self.layout, &self.kept, self.mode)
    }

    /// How many nodes there are that are known to be fresh, besides those of the graph.
    pub(super) fn unjudged(&self) -> usize {
        self.fresh.iter().map(|slice| slice.nodes).sum()
    }

    /// The nodes that are meant.
    pub(super) fn select(&self, selectors: &[String]) -> anyhow::Result<Vec<NodeId>> {
        self.graph
            .select(selectors)
            .map_err(|bad| Failure::input(bad.iter().map(problem).collect()).into())
    }

    /// The one node that is meant.
    pub(super) fn node(&self, selector: &str) -> anyhow::Result<NodeId> {
        match self.select(&[selector.to_owned()])?.as_slice() {
            [one] => Ok(*one),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .take(5)
                    .map(|id| format!("`{}`", self.graph.node(*id).name))
                    .collect();
                let message =
                    format!("`{selector}` means {} nodes, and one is asked for", several.len());
                Err(Failure::new(Kind::Input, message)
                    .hint(format!("such as {}", names.join(", ")))
                    .into())
            }
        }
    }
}

/// Loads the sources of a project and nothing else: without a cache, and from what is at hand.
pub(super) fn sources_alone(context: &Context, project: &Project) -> Result<Loaded, Diagnostics> {
    let (layout, settings) = (project.layout(), &project.settings);
    let (layout, env, now) = (&layout, &context.env, context.began_ms());
    let mode = Mode::Offline;
    let probe = Probe { layout, settings, env, files: &Reread, memory: &Forgetful, mode, now };
    let mirrors = Mirrors::new(&probe);
    let silent = |_: &str| ();
    let trees = KernelTrees::new(probe, &silent);
    front::load(&sources(project), &project.root, &mirrors, &trees, &NoneFresh)
}

/// The probe of a project.
pub(super) fn probe<'a>(
    context: &'a Context,
    project: &'a Project,
    layout: &'a Layout,
    kept: &'a Kept,
    mode: Mode,
) -> Probe<'a> {
    let (settings, env) = (&project.settings, &context.env);
    Probe { layout, settings, env, files: kept, memory: kept, mode, now: context.began_ms() }
}

/// What the front-ends have to know of the settings.
pub(super) fn sources(project: &Project) -> Sources {
    let settings = &project.settings;
    Sources {
        machines: project
            .machines
            .iter()
            .enumerate()
            .map(|(index, path)| SourceFile {
                path: path.clone(),
                declared: project.machines_declared(index),
            })
            .collect(),
        kernels: project
            .kernels
            .iter()
            .enumerate()
            .map(|(index, path)| SourceFile {
                path: path.clone(),
                declared: project.kernels_declared(index),
            })
            .collect(),
        excluded: false,
        depth: Depth::Whole,
        settings: project.config_path.clone(),
        defaults: Defaults {
            build_target: settings.defaults.build_target.clone(),
            output: settings.defaults.output.clone(),
        },
        ignore: settings.ignore.clone(),
        describe: match settings.stamps {
            Stamps::Record => Role::Stamp,
            Stamps::Key => Role::Key,
        },
    }
}

/// A selector that means nothing, as users are told of it.
pub(super) fn problem(bad: &BadSelector) -> Diagnostic {
    let problem = Diagnostic::error(bad.to_string());
    match bad {
        BadSelector::UnknownTarget { nearest, .. } if !nearest.is_empty() => {
            let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
            problem.hint(format!("did you mean {}?", names.join(", ")))
        }
        BadSelector::UnknownTarget { .. } => problem.hint("`graph list` has all names and labels"),
        BadSelector::Malformed { .. } => problem,
    }
}

fn nothing_to_build() -> Failure {
    Failure::new(Kind::Input, "this project names no machines and no kernels")
        .hint("name a `machines.json` under `sources.machines` in `graph.yaml`, or a `build-configs.yaml` under `sources.kernels`")
}
