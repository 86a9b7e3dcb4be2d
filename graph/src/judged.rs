//! The judge's word on one node of a graph, the short way where that tells as much as the long one: where the key is what
//! it was, or nothing is remembered with which parts could be compared. Explains nothing itself.

use std::borrow::Cow;

use crate::deferred::DeferredFingerprint;
use crate::digest::Digest;
use crate::facts::Facts;
use crate::fingerprint::fingerprint;
use crate::key::key_with;
use crate::model::{Graph, NodeId};
use crate::own::Known;
use crate::record::{Records, Remembered};
use crate::verdict::{
    Judgement, Reason, Reasons, Rebuild, Verdict, decide, reasons_without_parts, verdict,
};

/// A node that is to be judged.
pub(crate) struct Case<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) id: NodeId,
    pub(crate) facts: &'a Facts,
    /// The digest of its own parts, where that is known.
    pub(crate) own: Option<Digest>,
    /// Its last execution.
    pub(crate) last: Option<&'a Remembered>,
    pub(crate) records: &'a Records,
    pub(crate) rebuild: Rebuild,
}

/// What was decided.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    /// As [`Fingerprint::execution_key`](crate::fingerprint::Fingerprint::execution_key); not said of what is fresh.
    pub(crate) execution_key: Option<Digest>,
}

impl Case<'_> {
    /// Decides as [`judge`](crate::verdict::judge) does. `made` tells what a need left, once that need has settled.
    pub(crate) fn judge(&self, made: impl Fn(NodeId) -> Option<Digest>) -> Judged {
        self.short(&made).unwrap_or_else(|| self.long(&made))
    }

    fn short(&self, made: &impl Fn(NodeId) -> Option<Digest>) -> Option<Judged> {
        let own = self.own?;
        let Some(key) = self.key(&own, made) else {
            // All that is missing is what needs leave: they are named when there is something to compare with.
            let reasons =
                if self.last.is_none() { self.told(&[Reason::NeverBuilt]) } else { return None };
            return Some(Judged { verdict: Verdict::Stale(reasons), execution_key: None });
        };
        let reasons = self.told(reasons_without_parts(self.last, key)?);
        if reasons.is_empty() {
            return Some(Judged { verdict: Verdict::Fresh, execution_key: None });
        }
        let execution_key = match self.reads() {
            None => Some(key),
            Some(_) => {
                let node = self.graph.node(self.id);
                self.key(&Known::new(self.facts).own(node, None)?, made)
            }
        };
        let verdict = decide(reasons, key, || execution_key, self.records, self.rebuild);
        Some(Judged { verdict, execution_key })
    }

    fn long(&self, made: &impl Fn(NodeId) -> Option<Digest>) -> Judged {
        let made = |need: &_| made(self.graph.id(need)?);
        let fingerprint = fingerprint(self.graph.node(self.id), self.facts, made, self.reads());
        let execution_key = fingerprint.execution_key();
        let verdict = verdict(&fingerprint, execution_key, self.last, self.records, self.rebuild);
        let execution_key = execution_key.filter(|_| verdict != Verdict::Fresh);
        Judged { verdict, execution_key }
    }

    /// With what somebody needs who runs or shows it.
    pub(crate) fn judgement(
        &self,
        verdict: Verdict,
        made: impl Fn(NodeId) -> Option<Digest>,
    ) -> Judgement {
        let left = self.graph.needs(self.id).iter().map(|need| made(*need));
        let fingerprint =
            DeferredFingerprint::of((self.graph, self.id), self.facts, left, self.reads());
        Judgement { verdict, fingerprint }
    }

    fn reads(&self) -> Option<Digest> {
        self.last.and_then(|last| last.record.reads)
    }

    fn told(&self, reasons: &'static [Reason]) -> Reasons {
        match (self.rebuild, reasons) {
            (Rebuild::Stale, reasons) => Cow::Borrowed(reasons),
            (Rebuild::Forced, []) => Cow::Borrowed(&[Reason::Forced]),
            (Rebuild::Forced, reasons) => [&[Reason::Forced], reasons].concat().into(),
        }
    }

    /// The key; nothing while a need has not settled.
    fn key(&self, own: &Digest, made: impl Fn(NodeId) -> Option<Digest>) -> Option<Digest> {
        match self.graph.needs(self.id) {
            [] => Some(key_with(own, [])),
            [need] => Some(key_with(own, [made(*need)?])),
            needs => {
                let mut needs = needs.to_vec();
                needs.sort_unstable_by_key(|need| &self.graph.node(*need).name);
                let left: Option<Vec<Digest>> = needs.into_iter().map(made).collect();
                Some(key_with(own, left?))
            }
        }
    }
}
