//! Facts and records of a project's nodes brought together, and what the judge makes of them. Changes nothing.

use graph::facts::Facts;
use graph::model::NodeId;
use graph::plan::{self, Plan};
use graph::record::Records;
use graph::verdict::Judgement;

use super::kept;
use super::opened::Opened;
use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::probe::Observed;

/// What is so now and what was so last time, of the wanted nodes and all they need.
pub(super) struct Survey {
    /// What was observed.
    pub(super) observed: Observed,
    /// What is remembered.
    pub(super) records: Records,
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
        let observed = {
            let _span = tracing::info_span!("facts").entered();
            opened.probe(context).observe(&opened.graph, &wanted)?
        };
        let _span = tracing::info_span!("records").entered();
        let names = opened.graph.closure(&wanted).into_iter().map(|id| &opened.graph.node(id).name);
        let records = opened.kept.cache().records_for(names).map_err(kept::failure)?;
        Ok(Self { observed, records, wanted, forced })
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

    /// Adds the stamps, for a verb that records or shows them.
    pub(super) fn with_stamps(
        mut self,
        context: &Context,
        opened: &Opened,
    ) -> anyhow::Result<Self> {
        let _span = tracing::info_span!("stamps").entered();
        let probe = opened.probe(context);
        probe.add_stamps(&opened.graph, &self.wanted, &mut self.observed)?;
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

    /// Everything that is to be said beside the plan.
    pub(super) fn warnings(&self, opened: &Opened) -> Diagnostics {
        let mut warnings = opened.warnings.clone();
        warnings.extend(self.observed.warnings.clone());
        warnings
    }
}
