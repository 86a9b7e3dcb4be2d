//! Build configs of which nothing has changed since all of their nodes were found fresh: the shortcut, and what makes sure
//! that it leads to where the long way leads. Judges nothing.
//!
//! The seam of the front-end that expands build configs, met by what the cache keeps and what probes see.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use cache::{Cache, FreshSlice, Look, Placed};
use graph::digest::{Digest, Fields};
use graph::facts::{Fact, Facts};
use graph::model::{Graph, NodeId};
use graph::spec::{Node, Piece, Role, Source};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use crate::config::{Outputs, Project};
use crate::context::Context;
use crate::front::kernelci::{self, FreshSlices, Slice};
use crate::probe::Probe;

/// What is known of slices, as the front-end asks it.
pub(super) struct Slices<'a> {
    cache: &'a Cache,
    probe: Probe<'a>,
    rules: Option<Digest>,
    wanted: Option<&'a BTreeSet<String>>,
}

impl<'a> Slices<'a> {
    /// Where certain slices are `wanted`, these are expanded, and of the others it counts what they are made of alone.
    pub(super) fn new(
        cache: &'a Cache,
        probe: Probe<'a>,
        rules: Option<Digest>,
        wanted: Option<&'a BTreeSet<String>>,
    ) -> Self {
        Self { cache, probe, rules, wanted }
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
        if let Some(wanted) = self.wanted {
            let other = |fresh: &&FreshSlice| !wanted.contains(&fresh.name);
            return Some(same.into_iter().map(|fresh| fresh.filter(other).map(found)).collect());
        }
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
            let is_in_place = fresh.is_some() && in_place.next().expect("each is answered");
            fresh.filter(|_| is_in_place).map(found)
        };
        Some(same.into_iter().map(known).collect())
    }
}

/// What the front-end has to know of a slice that it does not expand.
fn found(fresh: &FreshSlice) -> kernelci::FreshSlice {
    let FreshSlice { name, nodes, excluded, .. } = fresh;
    kernelci::FreshSlice { name: name.as_str().into(), nodes: *nodes, excluded: *excluded }
}

impl FreshSlices for Slices<'_> {
    fn unexpanded(&self, slices: &[Slice]) -> Vec<Option<kernelci::FreshSlice>> {
        let _span = tracing::info_span!("slices").entered();
        self.known(slices).unwrap_or_else(|| vec![None; slices.len()])
    }
}

/// Of slices that were expanded, those all of whose nodes are among the `fresh` ones.
pub(super) fn fresh<'a>(
    (graph, rules): (&'a Graph, Option<Digest>),
    slices: impl Iterator<Item = &'a (Slice, usize)>,
    facts: &Facts,
    fresh: impl Iterator<Item = NodeId>,
) -> Vec<FreshSlice> {
    let Some(rules) = rules else { return Vec::new() };
    let mut all: HashMap<&str, (Nodes<'a>, Vec<NodeId>)> =
        slices.map(|expanded| (&*expanded.0.name, (Nodes::of(expanded), Vec::new()))).collect();
    let ids: Vec<NodeId> = graph.ids().collect();
    // The nodes of a slice come together.
    let slice_of = |id: &NodeId| graph.node(*id).name.slice();
    let runs: Vec<&[NodeId]> =
        ids.par_chunk_by(|one, next| slice_of(one) == slice_of(next)).collect();
    for some in runs {
        if let Some((_, nodes)) = slice_of(&some[0]).and_then(|name| all.get_mut(name)) {
            nodes.extend(some);
        }
    }
    let mut is_fresh = vec![false; graph.len()];
    fresh.for_each(|id| is_fresh[id.index()] = true);
    let wholly_fresh = |(mut slice, nodes): (Nodes<'a>, Vec<NodeId>)| {
        if nodes.iter().any(|id| !is_fresh[id.index()]) {
            return None;
        }
        nodes.iter().for_each(|id| slice.add(graph.node(*id)));
        slice.wholly_fresh(rules, facts)
    };
    let all: Vec<_> = all.into_values().collect();
    all.into_par_iter().filter_map(wholly_fresh).collect()
}

/// Writes slices down. It is a memo: what cannot be written is found again.
pub(super) fn remember(cache: &Cache, placed: &Placed, fresh: Vec<FreshSlice>) {
    if fresh.is_empty() || !cache.is_writable() {
        return;
    }
    let count = fresh.len();
    match cache.remember_slices(placed, fresh) {
        Ok(written) => tracing::debug!("{written} of {count} slices are remembered"),
        Err(error) => tracing::debug!("slices are not remembered: {error}"),
    }
}

/// The nodes of a slice that was expanded.
struct Nodes<'a> {
    slice: &'a Slice,
    excluded: usize,
    count: usize,
    tools: BTreeSet<Arc<str>>,
    /// Whether something else is observed than commits and tools.
    has_more: bool,
    seen: HashSet<usize>,
}

impl<'a> Nodes<'a> {
    fn of((slice, excluded): &'a (Slice, usize)) -> Self {
        Self {
            slice,
            excluded: *excluded,
            count: 0,
            tools: BTreeSet::new(),
            has_more: false,
            seen: HashSet::new(),
        }
    }

    fn wholly_fresh(self, rules: Digest, facts: &Facts) -> Option<FreshSlice> {
        if self.has_more {
            return None;
        }
        Some(FreshSlice {
            name: self.slice.name.to_string(),
            declared: declared(rules, self.slice),
            observed: observed(self.tools.iter().map(|name| &**name), facts)?,
            tools: self.tools.iter().map(ToString::to_string).collect(),
            nodes: self.count,
            excluded: self.excluded,
        })
    }

    /// Takes note of one. What is shared with a node that was looked at is not looked at again.
    fn add(&mut self, node: &Node) {
        self.count += 1;
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

/// What decides besides what is declared: this very program, and the settings as they were read.
pub(super) fn rules(context: &Context, project: &Project) -> Option<Digest> {
    let program = fs::metadata(&context.executable).ok()?;
    let mut fields = Fields::of("graph slices v1").field(context.version);
    for number in [program.ino(), program.size()] {
        fields.add(number.to_le_bytes());
    }
    for time in [program.mtime(), program.mtime_nsec(), program.ctime(), program.ctime_nsec()] {
        fields.add(time.to_le_bytes());
    }
    if let Some(text) = project.config_text() {
        fields.add(text);
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
