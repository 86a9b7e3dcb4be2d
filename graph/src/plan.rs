//! The forecast: the judge's word on every wanted node, before anything runs. Changes nothing.

use std::fmt;
use std::sync::Arc;

use crate::deferred::{DeferredFingerprint, Ground};
use crate::digest::Digest;
use crate::facts::Facts;
use crate::judged::Case;
use crate::keyed::Keyed;
use crate::lasts::Lasts;
use crate::model::{Graph, NodeId};
use crate::own::Owns;
use crate::passes::{in_passes, joined};
use crate::record::Records;
use crate::stages::Stages;
use crate::verdict::{Judgement, Rebuild, Verdict};

/// The judgement on each wanted node, needs first.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// One entry a node of the closure of what was wanted.
    pub entries: Vec<Planned>,
    /// What it rests on, for a run that follows it.
    basis: Option<Arc<Basis>>,
}

/// What was made for a plan and does not change while nothing else does.
pub(crate) struct Basis {
    /// The nodes of the plan.
    pub(crate) order: Vec<NodeId>,
    ground: Arc<Ground>,
    pub(crate) owns: Arc<Owns>,
    pub(crate) lasts: Lasts,
    /// Whether a node is fresh, by its index.
    fresh: Vec<bool>,
}

impl fmt::Debug for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Basis")
    }
}

/// One node of a plan.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The node.
    pub id: NodeId,
    /// What was decided of it.
    pub judgement: Judgement,
    /// An earlier entry with the same key that must run too: one execution serves both, and if it fails, neither
    /// runs again. The schedule may choose to run it under either name.
    pub duplicate_of: Option<NodeId>,
    /// How long it will take, from earlier executions, in milliseconds; `None` if it never ran or will not.
    pub estimate_ms: Option<u64>,
}

/// How many nodes there are of each verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of the plan.
    pub total: usize,
    /// Nothing to do.
    pub fresh: usize,
    /// Of the fresh ones, those that were not judged one by one.
    pub unjudged: usize,
    /// To run, for certain but for the duplicates.
    pub stale: usize,
    /// To put in place from the store.
    pub restorable: usize,
    /// To be decided when their needs have settled.
    pub open: usize,
    /// Of the stale ones, those that an execution under another name serves.
    pub duplicates: usize,
}

/// What one pass decided of nodes, in their order, and what that means for others.
#[derive(Default)]
struct Pass {
    verdicts: Vec<Verdict>,
    /// What those leave that are needed and have settled.
    left: Vec<(NodeId, Digest)>,
    /// Under which key those are executed that are to run.
    runs: Vec<(NodeId, Digest)>,
}

/// Judges every node that is wanted or needed by one, in order. `forced` are run even if fresh.
#[must_use]
pub fn plan(
    graph: &Graph,
    wanted: &[NodeId],
    forced: &[NodeId],
    facts: &Facts,
    records: &Records,
) -> Plan {
    let order = graph.closure(wanted);
    let lasts = Lasts::of(graph, &order, records);
    let owns = if records.has_nothing() {
        Owns::of_alike(graph, &order, facts)
    } else {
        Owns::of(graph, &order, facts, |id| lasts.reads(id))
    };
    let mut rebuild = vec![Rebuild::Stale; graph.len()];
    forced.iter().for_each(|id| rebuild[id.index()] = Rebuild::Forced);
    let case = |id: NodeId| {
        let (own, last) = (owns.get(id), lasts.get(id));
        Case { graph, id, facts, own, last, records, rebuild: rebuild[id.index()] }
    };
    let stages = Stages::of(graph, &order);
    let (foreseen, left) = foresee(graph, &stages, case);
    let stale = foreseen.iter().flatten().map(|pass| pass.runs.len()).sum();
    let mut firsts = Keyed::with_room_for(stale);
    let ground =
        Ground { graph: graph.clone(), facts: facts.clone(), left, reads: lasts.all_reads(&order) };
    let ground = Arc::new(ground);
    let mut fresh = vec![false; graph.len()];
    let of_stage = |passes: Vec<Pass>| {
        let (verdicts, runs): (Vec<_>, Vec<_>) =
            passes.into_iter().map(|pass| (pass.verdicts, pass.runs)).unzip();
        (verdicts.into_iter().flatten(), runs.into_iter().flatten().peekable())
    };
    let mut foreseen: Vec<_> = foreseen.into_iter().map(of_stage).collect();
    let entry = |&id: &NodeId| {
        let (verdicts, runs) = &mut foreseen[stages.of_node(id)];
        let verdict = verdicts.next().expect("each node of the order has its stage");
        fresh[id.index()] = verdict == Verdict::Fresh;
        let run = runs.next_if(|(run, _)| *run == id);
        let first = run.map(|(_, key)| *firsts.first(key, id));
        let duplicate_of = first.filter(|first| *first != id);
        let runs =
            matches!(verdict, Verdict::Stale(_) | Verdict::Open(_)) && duplicate_of.is_none();
        let took = || lasts.get(id).map(|last| last.record.cost.wall_ms).filter(|&ms| ms > 0);
        let estimate_ms = if runs { took() } else { None };
        let judgement = Judgement { verdict, fingerprint: DeferredFingerprint::among(&ground, id) };
        Planned { id, judgement, duplicate_of, estimate_ms }
    };
    let entries = order.iter().map(entry).collect();
    let basis = Basis { order, ground, owns: Arc::new(owns), lasts, fresh };
    Plan { entries, basis: Some(Arc::new(basis)) }
}

/// The judge's word on all nodes, stage by stage and pass by pass, and what each leaves that is needed.
fn foresee<'a>(
    graph: &Graph,
    stages: &Stages,
    case: impl Fn(NodeId) -> Case<'a> + Sync,
) -> (Vec<Vec<Pass>>, Vec<Option<Digest>>) {
    let mut left: Vec<Option<Digest>> = Vec::new();
    let note = |left: &mut Vec<Option<Digest>>, pass: &mut Pass| {
        for (id, digest) in std::mem::take(&mut pass.left) {
            if left.is_empty() {
                left.resize(graph.len(), None);
            }
            left[id.index()] = Some(digest);
        }
    };
    let mut foreseen = Vec::new();
    for stage in stages.iter() {
        let passes = if stage.is_level {
            let pass = |nodes: &[NodeId]| {
                let verdicts = Vec::with_capacity(nodes.len());
                let mut pass = Pass { verdicts, ..Pass::default() };
                nodes.iter().for_each(|id| pass.add(&case(*id), &left));
                vec![pass]
            };
            let mut passes = joined(in_passes(&stage.nodes, pass));
            passes.iter_mut().for_each(|pass| note(&mut left, pass));
            passes
        } else {
            let mut pass = Pass::default();
            for &id in &stage.nodes {
                pass.add(&case(id), &left);
                note(&mut left, &mut pass);
            }
            vec![pass]
        };
        foreseen.push(passes);
    }
    (foreseen, left)
}

impl Pass {
    fn add(&mut self, case: &Case<'_>, left: &[Option<Digest>]) {
        let judged = case.judge(|need| left.get(need.index()).copied().flatten());
        // Nobody asks what those have left that nobody needs.
        let is_needed = !case.graph.dependents(case.id).is_empty();
        match (&judged.verdict, judged.execution_key) {
            (Verdict::Fresh, _) if is_needed => {
                let last = case.last.expect("a fresh node has a record");
                self.left.push((case.id, last.record.made()));
            }
            (Verdict::Restorable { from, .. }, _) => self.left.push((case.id, from.made())),
            (Verdict::Stale(_), Some(key)) => self.runs.push((case.id, key)),
            (Verdict::Fresh | Verdict::Stale(_) | Verdict::Open(_), _) => {}
        }
        self.verdicts.push(judged.verdict);
    }
}

impl Basis {
    /// That of nodes of which nobody has made a plan: none is known to be fresh.
    pub(crate) fn without_plan(
        graph: &Graph,
        order: Vec<NodeId>,
        (facts, records): (&Facts, &Records),
    ) -> Self {
        let lasts = Lasts::of(graph, &order, records);
        let owns = Arc::new(Owns::of(graph, &order, facts, |id| lasts.reads(id)));
        let ground = Ground {
            graph: graph.clone(),
            facts: facts.clone(),
            left: Vec::new(),
            reads: Vec::new(),
        };
        let fresh = vec![false; graph.len()];
        Self { order, ground: Arc::new(ground), owns, lasts, fresh }
    }

    /// Whether the plan has found a node to be fresh. It still is if all that it needs is.
    pub(crate) fn is_fresh(&self, id: NodeId) -> bool {
        self.fresh[id.index()]
    }

    /// What such a node has left, if another needs it.
    pub(crate) fn left(&self, id: NodeId) -> Option<Digest> {
        self.ground.left.get(id.index()).copied().flatten()
    }
}

impl Tally {
    /// Counts nodes, too, that are known to be fresh and are not in the plan.
    #[must_use]
    pub fn with_unjudged(self, unjudged: usize) -> Self {
        let (total, fresh) = (self.total + unjudged, self.fresh + unjudged);
        Self { total, fresh, unjudged, ..self }
    }
}

impl Plan {
    /// What it rests on, if that is these nodes of this graph, these facts, to which stamps may have been added, and these
    /// records.
    pub(crate) fn basis_of(
        &self,
        (graph, nodes): (&Graph, &[NodeId]),
        (facts, records): (&Facts, &Records),
    ) -> Option<Arc<Basis>> {
        let basis = self.basis.as_ref()?;
        let holds = basis.ground.graph.is(graph)
            && basis.order == nodes
            && basis.lasts.are_of(records)
            && (basis.owns.are_all() || records.has_nothing())
            && facts.has_grown_from(&basis.ground.facts);
        holds.then(|| basis.clone())
    }

    /// Counts the verdicts.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally { total: self.entries.len(), ..Tally::default() };
        for entry in &self.entries {
            match entry.judgement.verdict {
                Verdict::Fresh => tally.fresh += 1,
                Verdict::Stale(_) => tally.stale += 1,
                Verdict::Restorable { .. } => tally.restorable += 1,
                Verdict::Open(_) => tally.open += 1,
            }
            tally.duplicates += usize::from(entry.duplicate_of.is_some());
        }
        tally
    }
}
