//! Facts and records of a project's nodes brought together, and what the judge makes of them. Changes nothing.

use graph::facts::Facts;
use graph::model::NodeId;
use graph::plan::{self, Plan};
use graph::record::Records;

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
        let observed = opened.probe(context).observe(&opened.graph, &wanted)?;
        let names = opened.graph.closure(&wanted).into_iter().map(|id| &opened.graph.node(id).name);
        let records = opened.kept.cache().records_for(names).map_err(kept::failure)?;
        Ok(Self { observed, records, wanted, forced })
    }

    /// The facts.
    pub(super) fn facts(&self) -> &Facts {
        &self.observed.facts
    }

    /// The judge's word on every node.
    pub(super) fn plan(&self, opened: &Opened) -> Plan {
        plan::plan(&opened.graph, &self.wanted, &self.forced, self.facts(), &self.records)
    }

    /// Everything that is to be said beside the plan.
    pub(super) fn warnings(&self, opened: &Opened) -> Diagnostics {
        let mut warnings = opened.warnings.clone();
        warnings.extend(self.observed.warnings.clone());
        warnings
    }
}
