//! Facts and records of a project's nodes brought together, and what the judge makes of them. Changes nothing.

use std::collections::HashSet;
use std::sync::Arc;

use cache::{Cache, Placed};
use graph::digest::Digest;
use graph::facts::{Fact, Facts};
use graph::model::{Graph, NodeId};
use graph::plan::{self, Plan, Planned};
use graph::record::Records;
use graph::spec::{Commit, Source};
use graph::verdict::{Judgement, Verdict};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::kept;
use super::opened::Opened;
use super::slices;
use crate::config::SourceScope;
use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::probe::{Observed, Probe};

/// What so many neighbours have read is found out together.
const TOGETHER: usize = 4096;

/// What is so now and what was so last time, of the wanted nodes and all they need.
pub(super) struct Survey {
    /// What was observed.
    pub(super) observed: Observed,
    /// What is remembered.
    pub(super) records: Records,
    /// What was in place when that was read.
    pub(super) placed: Placed,
    /// What is wanted.
    pub(super) wanted: Vec<NodeId>,
    /// What is wanted in any case.
    pub(super) forced: Vec<NodeId>,
}

impl Survey {
    /// Observes and remembers.
    pub(super) fn of(
        context: &Context,
        opened: &Opened,
        wanted: Vec<NodeId>,
        forced: Vec<NodeId>,
    ) -> anyhow::Result<Self> {
        let (probe, graph) = (opened.probe(context), &opened.graph);
        let mut observed = {
            let _span = tracing::info_span!("facts").entered();
            probe.observe(graph, &wanted)?
        };
        let closure = graph.closure(&wanted);
        let (records, placed) = {
            let _span = tracing::info_span!("records").entered();
            let names = closure.iter().map(|id| &graph.node(*id).name);
            opened.kept.cache().records_and_placed(names).map_err(kept::failure)?
        };
        if opened.project.settings.source == SourceScope::Files {
            let of = (graph, &closure[..]);
            let reads = what_was_read(&probe, opened.kept.cache(), of, &records);
            observed.facts.extend(reads);
        }
        Ok(Self { observed, records, placed, wanted, forced })
    }

    /// Observes and remembers one node, stamps included, and judges it: what a verb needs that tells all of a node.
    pub(super) fn of_one(
        context: &Context,
        opened: &Opened,
        id: NodeId,
    ) -> anyhow::Result<(Self, Judgement)> {
        let survey = Self::of(context, opened, vec![id], Vec::new())?;
        let survey = survey.with_stamps(context, opened)?;
        let planned = survey.plan(opened).entries.into_iter().find(|entry| entry.id == id);
        Ok((survey, planned.expect("what is wanted is planned").judgement))
    }

    /// Adds the stamps and the files of trees, for a verb that records or shows them.
    pub(super) fn with_stamps(
        mut self,
        context: &Context,
        opened: &Opened,
    ) -> anyhow::Result<Self> {
        let _span = tracing::info_span!("stamps").entered();
        let probe = opened.probe(context);
        probe.add_stamps(&opened.graph, &self.wanted, &mut self.observed)?;
        probe.add_manifests(&mut self.observed);
        Ok(self)
    }

    /// The facts.
    pub(super) fn facts(&self) -> &Facts {
        &self.observed.facts
    }

    /// The judge's word on every node.
    pub(super) fn plan(&self, opened: &Opened) -> Plan {
        let _span = tracing::info_span!("judge").entered();
        plan::plan(&opened.graph, &self.wanted, &self.forced, self.facts(), &self.records)
    }

    /// Writes down what a plan found to be fresh, so that the next one has less to look at.
    pub(super) fn remember(&self, opened: &Opened, plan: &Plan) {
        let _span = tracing::info_span!("remember slices").entered();
        let is_fresh = |entry: &&Planned| entry.judgement.verdict == Verdict::Fresh;
        let nodes = plan.entries.iter().filter(is_fresh).map(|entry| entry.id);
        let fresh =
            slices::fresh((&opened.graph, opened.rules), opened.slices.iter(), self.facts(), nodes);
        slices::remember(opened.kept.cache(), &self.placed, fresh);
    }

    /// Everything that is to be said beside the plan.
    pub(super) fn warnings(&self, opened: &Opened) -> Diagnostics {
        let mut warnings = opened.warnings.clone();
        warnings.extend(self.observed.warnings.clone());
        warnings
    }
}

/// What the files that each node's last build read are now, at the commit that the node has now. Of what cannot be told
/// there is no fact, and the node depends on all of its commit.
fn what_was_read(
    probe: &Probe<'_>,
    cache: &Cache,
    (graph, nodes): (&Graph, &[NodeId]),
    records: &Records,
) -> Facts {
    let _span = tracing::info_span!("reads").entered();
    // Neighbours have a commit in common, and have read the same of it.
    let of_some = |nodes: &[NodeId]| {
        let mut seen = HashSet::new();
        let mut lasts = records.in_turn(nodes[0].index());
        let read = |id: &NodeId| {
            let node = graph.node(*id);
            let reads = lasts.last(&node.name)?.record.reads?;
            let commit = node.commit()?;
            let is_new = seen.insert((Arc::as_ptr(commit).addr(), reads));
            is_new.then(|| (commit.clone(), reads))
        };
        nodes.iter().filter_map(read).collect::<Vec<_>>()
    };
    let mut wanted: Vec<(Arc<Commit>, Digest)> =
        nodes.par_chunks(TOGETHER).flat_map_iter(of_some).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let values = probe.read_values_of(&wanted, &|digest| cache.read_set(digest).ok().flatten());
    let fact = |((commit, reads), value): ((Arc<Commit>, Digest), Result<Digest, String>)| {
        Some((Source::Read(commit, Box::new(reads)), Fact::content(value.ok()?)))
    };
    wanted.into_iter().zip(values).filter_map(fact).collect()
}
