//! Build configs of which nothing has changed since all of their nodes were found fresh: the shortcut, and what makes sure
//! that it leads to where the long way leads. Judges nothing.
//!
//! The seam of the front-end that expands build configs, met by what the cache keeps and what probes see.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use cache::{Cache, FreshSlice, Generation, Look};
use graph::digest::{Digest, Fields};
use graph::facts::{Fact, Facts};
use graph::model::Graph;
use graph::name::NodeName;
use graph::plan::Plan;
use graph::spec::{Node, Piece, Role, Source};
use graph::verdict::Verdict;

use crate::config::{Outputs, Project};
use crate::context::Context;
use crate::front::kernelci::{self, FreshSlices, Slice};
use crate::probe::Probe;

/// What is known of slices, as the front-end asks it.
pub(super) struct Slices<'a> {
    cache: &'a Cache,
    probe: Probe<'a>,
    rules: Option<Digest>,
}

impl<'a> Slices<'a> {
    pub(super) fn new(
        cache: &'a Cache,
        probe: Probe<'a>,
        context: &Context,
        project: &Project,
    ) -> Self {
        Self { cache, probe, rules: rules(context, project) }
    }

    fn look(&self) -> Look {
        match self.probe.settings.cache.outputs {
            Outputs::Files => Look::Files,
            Outputs::Directories => Look::Directories,
        }
    }

    fn known(&self, slices: &[Slice]) -> Option<Vec<Option<kernelci::FreshSlice>>> {
        let rules = self.rules?;
        let all = self.cache.fresh_slices().ok()?;
        let all: HashMap<&str, &FreshSlice> =
            all.iter().map(|fresh| (fresh.name.as_str(), fresh)).collect();
        let same = |slice: &Slice| {
            let fresh = all.get(&*slice.name)?;
            (fresh.declared == declared(rules, slice)).then_some(*fresh)
        };
        let same: Vec<Option<&FreshSlice>> = slices.iter().map(same).collect();
        let tools: BTreeSet<&str> =
            same.iter().flatten().flat_map(|fresh| &fresh.tools).map(String::as_str).collect();
        let facts = self.probe.tool_facts(&tools);
        // Most have the same tools.
        let mut now: HashMap<&[String], Option<Digest>> = HashMap::new();
        for fresh in same.iter().flatten() {
            let tools = fresh.tools.as_slice();
            let all = || observed(tools.iter().map(String::as_str), &facts);
            now.entry(tools).or_insert_with(all);
        }
        let is_as_observed =
            |fresh: &&FreshSlice| now[fresh.tools.as_slice()] == Some(fresh.observed);
        let same: Vec<Option<&FreshSlice>> =
            same.into_iter().map(|fresh| fresh.filter(is_as_observed)).collect();
        let names: Vec<&str> = same.iter().flatten().map(|fresh| fresh.name.as_str()).collect();
        let mut in_place = self.cache.are_in_place(&names, self.look()).ok()?.into_iter();
        let known = |fresh: Option<&FreshSlice>| {
            let &FreshSlice { nodes, excluded, .. } = fresh?;
            let is_in_place = in_place.next().expect("each that was asked for is answered");
            is_in_place.then_some(kernelci::FreshSlice { nodes, excluded })
        };
        Some(same.into_iter().map(known).collect())
    }
}

impl FreshSlices for Slices<'_> {
    fn fresh(&self, slices: &[Slice]) -> Vec<Option<kernelci::FreshSlice>> {
        let _span = tracing::info_span!("slices").entered();
        self.known(slices).unwrap_or_else(|| vec![None; slices.len()])
    }
}

/// What a plan says of the nodes of slices that were expanded.
pub(super) struct Judged<'a> {
    pub(super) graph: &'a Graph,
    pub(super) slices: &'a [(Slice, usize)],
    pub(super) plan: &'a Plan,
    pub(super) facts: &'a Facts,
}

/// Writes down the slices all of whose nodes are fresh. It is a memo: what cannot be written is found again.
pub(super) fn remember(
    judged: &Judged<'_>,
    (cache, generation): (&Cache, Generation),
    context: &Context,
    project: &Project,
) {
    let _span = tracing::info_span!("remember slices").entered();
    let Some(rules) = rules(context, project).filter(|_| cache.is_writable()) else { return };
    let fresh = judged.fresh(rules);
    if fresh.is_empty() {
        return;
    }
    match cache.remember_slices(generation, &fresh) {
        Ok(written) => tracing::debug!("{written} of {} slices are remembered", fresh.len()),
        Err(error) => tracing::debug!("slices are not remembered: {error}"),
    }
}

impl<'a> Judged<'a> {
    fn fresh(&self, rules: Digest) -> Vec<(FreshSlice, Vec<&'a NodeName>)> {
        let known: HashMap<&str, &(Slice, usize)> =
            self.slices.iter().map(|expanded| (&*expanded.0.name, expanded)).collect();
        let mut all: HashMap<&str, Nodes<'a>> = HashMap::new();
        for node in self.graph.ids().map(|id| self.graph.node(id)) {
            if let Some(name) = node.name.slice().filter(|name| known.contains_key(name)) {
                all.entry(name).or_default().count += 1;
            }
        }
        for entry in &self.plan.entries {
            let node = self.graph.node(entry.id);
            let Some(nodes) = node.name.slice().and_then(|name| all.get_mut(name)) else {
                continue;
            };
            if entry.judgement.verdict == Verdict::Fresh {
                nodes.add(node);
            }
        }
        let fresh = |(name, nodes): (&str, Nodes<'a>)| {
            let (slice, excluded) = known[name];
            if nodes.fresh.len() != nodes.count || nodes.has_more {
                return None;
            }
            let fresh = FreshSlice {
                name: name.to_owned(),
                declared: declared(rules, slice),
                observed: observed(nodes.tools.iter().map(|name| &**name), self.facts)?,
                tools: nodes.tools.iter().map(ToString::to_string).collect(),
                nodes: nodes.count,
                excluded: *excluded,
            };
            Some((fresh, nodes.fresh))
        };
        all.into_iter().filter_map(fresh).collect()
    }
}

/// The nodes of a slice.
#[derive(Default)]
struct Nodes<'a> {
    count: usize,
    fresh: Vec<&'a NodeName>,
    tools: BTreeSet<Arc<str>>,
    /// Whether something else is observed than commits and tools.
    has_more: bool,
    seen: HashSet<usize>,
}

impl<'a> Nodes<'a> {
    /// What is shared with a node that was looked at is not looked at again.
    fn add(&mut self, node: &'a Node) {
        self.fresh.push(&node.name);
        for piece in node.inputs.pieces() {
            if self.seen.insert(piece.as_ptr().addr()) {
                let keys = piece.iter().filter(|input| input.role == Role::Key);
                keys.for_each(|input| self.observe(&input.source));
            }
        }
        if self.seen.insert(node.action.steps.as_ptr().addr()) {
            for step in &*node.action.steps {
                let values = step.env.iter().map(|(_, value)| value);
                let all = step.args.iter().chain(values).chain(&step.dir);
                all.flat_map(|template| template.0.iter()).for_each(|piece| self.piece(piece));
            }
        }
    }

    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Fact(source) => self.observe(source),
            Piece::Text(_) | Piece::Dir(_) => {}
        }
    }

    fn observe(&mut self, source: &Source) {
        match source {
            Source::Tool(name) => {
                self.tools.insert(Arc::clone(name));
            }
            // Values are declared, and what a commit holds never changes.
            Source::Value(_) | Source::Secret(_) | Source::Commit(_) => {}
            Source::File(_)
            | Source::Series(_)
            | Source::Tree(_)
            | Source::Ref(_)
            | Source::Env(_)
            | Source::Describe(_)
            | Source::Brought(_)
            | Source::Read(..) => self.has_more = true,
        }
    }
}

/// What decides besides what is declared: this very program, and the settings as they are written.
fn rules(context: &Context, project: &Project) -> Option<Digest> {
    let program = fs::metadata(&context.executable).ok()?;
    let mut fields = Fields::of("graph slices v1").field(context.version);
    for number in [program.ino(), program.size()] {
        fields.add(number.to_le_bytes());
    }
    for time in [program.mtime(), program.mtime_nsec(), program.ctime(), program.ctime_nsec()] {
        fields.add(time.to_le_bytes());
    }
    if let Some(path) = &project.config_path {
        fields.add(fs::read(project.root.join(path)).ok()?);
    }
    Some(fields.finish())
}

fn declared(rules: Digest, slice: &Slice) -> Digest {
    let Slice { name, declared } = slice;
    let fields = Fields::of("graph slice v1").field(rules.as_bytes()).field(&**name);
    fields.field(declared.as_bytes()).finish()
}

/// The digest of what tools are; none where one of them is not known.
fn observed<'t>(tools: impl Iterator<Item = &'t str>, facts: &Facts) -> Option<Digest> {
    let mut fields = Fields::of("graph tools of a slice v1");
    for name in tools {
        fields.add(name);
        match facts.get(&Source::Tool(name.into())) {
            Fact::Known { digest, .. } => fields.add(digest.as_bytes()),
            Fact::Missing => fields.add("missing"),
            Fact::Unknown(_) => return None,
        }
    }
    Some(fields.finish())
}
