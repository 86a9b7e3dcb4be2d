//! The judge's word on one node of a graph, the short way where that tells as much as the long one: where the key is what
//! it was, or nothing is remembered with which parts could be compared. Explains nothing itself.

use std::borrow::Cow;

use crate::deferred::DeferredFingerprint;
use crate::digest::Digest;
use crate::facts::Facts;
use crate::fingerprint::fingerprint;
use crate::key::key_with;
use crate::model::{Graph, NodeId};
use crate::own::{Known, Own};
use crate::record::{Records, Remembered};
use crate::verdict::{
    Judgement, Reason, Reasons, Rebuild, Verdict, decide, reasons_without_parts, verdict,
};

/// A node that is to be judged.
pub(crate) struct Case<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) id: NodeId,
    pub(crate) facts: &'a Facts,
    /// What is known of its own parts.
    pub(crate) own: Own,
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
        let own = match self.own {
            Own::Unknown => return None,
            Own::Made(own) => own,
            Own::Unlike => {
                let reasons = self.told(&[Reason::NeverBuilt]);
                return Some(Judged { verdict: Verdict::Stale(reasons), execution_key: None });
            }
        };
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

    use super::Case;
    use crate::digest::Digest;
    use crate::facts::{Fact, Facts};
    use crate::fingerprint::fingerprint;
    use crate::list::List;
    use crate::model::{Graph, NodeId};
    use crate::name::NodeName;
    use crate::own::{Own, Owns};
    use crate::record::Records;
    use crate::resource::Pool;
    use crate::spec::{
        Action, Commit, Input, Node, Piece, Place, Repository, Role, Source, Spec, Step, Taken,
        Template,
    };
    use crate::verdict::Rebuild;

    fn input(part: &str, source: Source, role: Role) -> Input {
        Input { part: part.into(), source, declared: None, role }
    }

    fn commit() -> Arc<Commit> {
        let repository = Repository::Mirror("https://example.com/linux.git".into());
        Arc::new(Commit { repository, id: "c0ffee".into() })
    }

    fn value(n: u8) -> Source {
        Source::Value(n.to_string().into())
    }

    fn step(fact: Option<u8>) -> Step {
        let pieces = fact.map(|n| Piece::Fact(Source::File(n.to_string().into())));
        let arg = Template::of(pieces.into_iter().collect::<List<Piece>>());
        Step { program: "make", args: vec![arg], ..Step::default() }
    }

    /// Parts of which some are odd: named as another, as what a need leaves, as what every node has.
    fn parts() -> impl Strategy<Value = Arc<[Input]>> {
        let names = ["a", "m", "z", "action", "need n/0", "outputsx"];
        let plain = (0..3_usize, 0..3_u8, any::<bool>());
        let odd = (0..names.len(), 0..3_u8, any::<bool>());
        let part = prop_oneof![9 => plain, 1 => odd].prop_map(move |(name, n, is_key)| {
            input(names[name], value(n), if is_key { Role::Key } else { Role::Stamp })
        });
        let source = input("source", Source::Commit(commit()), Role::Key);
        let unknown = input("unknown", Source::File("9".into()), Role::Key);
        let part = prop_oneof![12 => part, 3 => Just(source), 1 => Just(unknown)];
        prop::collection::vec(part, 0..4).prop_map(Arc::from)
    }

    proptest! {
        /// The key that a plan makes of what many nodes share is the one that the explained parts of each make.
        #[test]
        fn the_short_key_is_the_explained_key(
            pieces in prop::collection::vec(parts(), 2..4),
            sketches in prop::collection::vec(
                ((0..4_usize, 0..4_usize), (any::<bool>(), 0..3_usize), 0..4_usize, any::<bool>()),
                1..12,
            ),
        ) {
            let steps: Vec<Arc<[Step]>> =
                [None, Some(0), Some(9)].map(|fact| Arc::from([step(fact)])).to_vec();
            let name = |n: usize| NodeName::new("n", [&*n.to_string()]).expect("a name");
            let nodes = sketches.iter().enumerate().map(|(at, sketch)| {
                let &((first, rest), (is_shared, action), needs, narrows) = sketch;
                let piece = |n: usize| pieces[n % pieces.len()].clone();
                let rest = if is_shared { piece(rest) } else { piece(rest).to_vec().into() };
                // Not in the order of their names.
                let needs: Vec<NodeName> = (0..needs.min(at)).rev().map(name).collect();
                let take = Taken { need: needs.len() / 2, output: "o".into(), path: "p".into() };
                let mut unresolved = Vec::new();
                unresolved.extend((narrows && action == 2).then(|| "half".to_owned()));
                Node {
                    name: name(at),
                    labels: List::default(),
                    inputs: List::joined(piece(first), rest),
                    action: Action {
                        takes: needs.iter().take(1).map(|_| take.clone()).collect(),
                        steps: steps[action].clone(),
                        ..Action::default()
                    },
                    needs,
                    outputs: Arc::default(),
                    declared: Place::file("f"),
                    pool: Pool::Build,
                    unresolved,
                }
            });
            let graph = Graph::build(Spec { nodes: nodes.collect() }).expect("it is sound");
            let set = Digest::of(b"set");
            let facts: Facts = [
                (Source::Commit(commit()), Fact::text("c0ffee")),
                (Source::Read(commit(), Box::new(set)), Fact::text("read")),
                (Source::File("0".into()), Fact::text("zero")),
            ].into_iter().collect();
            let reads = |id: NodeId| sketches[id.index()].3.then_some(set);
            let all: Vec<NodeId> = graph.ids().collect();
            let owns = Owns::of(&graph, &all, &facts, reads);
            let left = |id: NodeId| Some(Digest::of(&[u8::try_from(9 - id.index() % 9).expect("small")]));
            for id in all {
                let explained =
                    fingerprint(graph.node(id), &facts, |need| left(graph.id(need)?), reads(id));
                let records = &Records::default();
                let (own, rebuild) = (owns.get(id), Rebuild::Stale);
                let case = Case { graph: &graph, id, facts: &facts, own, last: None, records, rebuild };
                let short = match own {
                    Own::Made(own) => Some(case.key(&own, left).expect("all needs have settled")),
                    Own::Unknown | Own::Unlike => None,
                };
                let mut names: Vec<&str> =
                    explained.parts.iter().filter(|part| part.role == Role::Key).map(|part| &*part.name).collect();
                let count = names.len();
                names.dedup();
                let is_odd = names.len() < count
                    || graph.node(id).inputs.iter().any(|input| &*input.part == "need n/0")
                    || sketches[id.index()].1.1 == 2;
                match short {
                    Some(short) => assert_eq!(Ok(short), explained.key),
                    None => assert!(is_odd || explained.key.is_err(), "{:?}", explained.parts),
                }
            }
        }
    }
}
