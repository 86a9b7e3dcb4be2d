//! Two sides of a change, such as a branch and what it is to be merged into: what would a build of the one rebuild that
//! one of the other would not? Knows no record: each side stands for a build of itself.
//!
//! Nodes are compared by the parts that the fingerprint has of them, so that there is no second truth. What a need will
//! leave nobody knows before it was built: a node follows a need that is not as it was, and may turn out to be cut off.
//!
//! What could not be observed is never silently equal. Only what belongs to neither side (a program of this host, a
//! branch of a remote) is one and the same for both, known or not; which of that is unknown is told once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::alike::Alike;
use crate::digest::{Digest, Fields};
use crate::facts::{Fact, Facts};
use crate::fingerprint::{Fingerprint, Obstacle, Part, fingerprint, is_need_part};
use crate::model::{Graph, NodeId};
use crate::name::NodeName;
use crate::spec::{Place, Source};
use crate::verdict::{Reason, differences};

/// One side.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its nodes.
    pub graph: &'a Graph,
    /// What was observed of it.
    pub facts: &'a Facts,
    /// What is wanted of it; what that needs counts, too.
    pub wanted: &'a [NodeId],
    /// Why it has no node of a name.
    pub absence: &'a (dyn Fn(&NodeName) -> Absence + Sync),
}

/// Why a side has no node of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// Nothing declares it.
    Undeclared,
    /// A filter rejects it.
    Excluded(Exclusion),
    /// Whether it would be there cannot be told, and why.
    Unknown(Arc<str>),
}

/// The filter that rejects a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The kind of the filter, as it is written.
    pub filter: Arc<str>,
    /// Why it rejects, in words that name the item and the value.
    pub why: Arc<str>,
    /// Where the filter is, or the item of it that decided.
    pub declared: Place,
}

/// What became of a node from the old side to the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The old side has no such node; a filter rejected it there, if one is given.
    Added(Option<Exclusion>),
    /// The new side has no such node.
    Removed,
    /// Parts of its own are not as they were.
    Changed(Vec<Reason>),
    /// Nothing of its own changed, but what it needs is not as it was, or may not be.
    Follows(Vec<NodeName>),
    /// It is what the old side has under another name.
    Renamed {
        /// The name that it had.
        from: NodeName,
    },
    /// A filter of the new side rejects it.
    Excluded(Exclusion),
    /// Nothing that is known of it changed, but not all of it is known.
    Unknown(Vec<Reason>),
}

impl Change {
    /// Whether a build of the new side would have to run the node, as far as can be told before.
    #[must_use]
    pub fn rebuilds(&self) -> bool {
        match self {
            Self::Added(_) | Self::Changed(_) | Self::Follows(_) | Self::Unknown(_) => true,
            Self::Removed | Self::Renamed { .. } | Self::Excluded(_) => false,
        }
    }
}

/// A node that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Its name; where only the old side has it, the name that it has there.
    pub name: NodeName,
    /// Its place on the old side; where it was renamed, that of what it was.
    pub old: Option<NodeId>,
    /// Its place on the new side.
    pub new: Option<NodeId>,
    /// What became of it.
    pub change: Change,
}

/// What is not known of both sides alike, and was taken for equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAsEqual {
    /// What it is.
    pub source: Source,
    /// Why it is not known.
    pub why: Arc<str>,
}

/// What differs between two sides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Every node that is not as it was: those of the new side, needs first, then those that only the old one has.
    pub entries: Vec<Compared>,
    /// How many nodes of the new side are as they were.
    pub unchanged: usize,
    /// What neither side knows of, in order.
    pub taken_as_equal: Vec<TakenAsEqual>,
}

/// Compares what is wanted of two sides.
#[must_use]
pub fn compare(old: &Side<'_>, new: &Side<'_>) -> Comparison {
    let (old_facts, new_facts, taken_as_equal) = without_common_unknowns(old.facts, new.facts);
    let old = Side { facts: &old_facts, ..*old };
    let new = Side { facts: &new_facts, ..*new };
    let (was, is) = (old.graph.closure(old.wanted), new.graph.closure(new.wanted));
    let is_gone = |id: &&NodeId| new.graph.id(&old.graph.node(**id).name).is_none();
    let gone: Vec<NodeId> = was.iter().filter(is_gone).copied().collect();
    let mut pairs = Pairs::new(old, new, &gone);
    let mut comparison = Comparison { taken_as_equal, ..Comparison::default() };
    for id in is {
        match pairs.change(id) {
            None => comparison.unchanged += 1,
            Some((old, change)) => {
                let name = new.graph.node(id).name.clone();
                comparison.entries.push(Compared { name, old, new: Some(id), change });
            }
        }
    }
    for id in gone.iter().copied().filter(|id| !pairs.renamed.contains(id)) {
        let name = old.graph.node(id).name.clone();
        let change = match (new.absence)(&name) {
            Absence::Undeclared => Change::Removed,
            Absence::Excluded(exclusion) => Change::Excluded(exclusion),
            Absence::Unknown(why) => Change::Unknown(vec![Reason::Unresolved(why.to_string())]),
        };
        comparison.entries.push(Compared { name, old: Some(id), new: None, change });
    }
    comparison
}

/// The nodes of two sides, paired needs first.
struct Pairs<'a> {
    old: Side<'a>,
    new: Side<'a>,
    alike: Alike<'a>,
    /// For each node of the new side whether it is as it was.
    same: Vec<bool>,
    /// For each node of the new side the one of the old side that it is, under whatever name.
    partners: Vec<Option<NodeId>>,
    /// What nodes of the old side are made of, as far as that was asked for; nothing where it is not known.
    old_keys: HashMap<NodeId, Option<Digest>, RandomState>,
    /// The nodes that only the old side has, by what they are made of, in their order; made when one is first asked for.
    gone: Gone<'a>,
    /// The nodes of the old side that have another name now.
    renamed: HashSet<NodeId, RandomState>,
}

enum Gone<'a> {
    Unread(&'a [NodeId]),
    ByParts(HashMap<Digest, VecDeque<NodeId>, RandomState>),
}

impl<'a> Pairs<'a> {
    fn new(old: Side<'a>, new: Side<'a>, gone: &'a [NodeId]) -> Self {
        Self {
            old,
            new,
            alike: Alike::new(old.facts, new.facts),
            same: vec![false; new.graph.len()],
            partners: vec![None; new.graph.len()],
            old_keys: HashMap::default(),
            gone: Gone::Unread(gone),
            renamed: HashSet::default(),
        }
    }

    /// What became of a node of the new side, whose needs were asked for before; nothing if it is as it was.
    fn change(&mut self, id: NodeId) -> Option<(Option<NodeId>, Change)> {
        let is = self.new.graph.node(id);
        let Some(partner) = self.old.graph.id(&is.name) else {
            return Some(self.added(id));
        };
        self.partners[id.index()] = Some(partner);
        let was = self.old.graph.node(partner);
        // A need of the same name is who it was, whatever became of it.
        if was.needs != is.needs || !self.alike.nodes(was, is) {
            let (before, after) = (self.fingerprint_of_old(partner), self.fingerprint_of_new(id));
            if before.key.is_err() || before.key != after.key {
                return Some((Some(partner), own_change(&before, &after)));
            }
        }
        let follows = self.follows(id);
        if follows.is_empty() {
            self.same[id.index()] = true;
            return None;
        }
        Some((Some(partner), Change::Follows(follows)))
    }

    /// The needs of a node that are not as they were.
    fn follows(&self, id: NodeId) -> Vec<NodeName> {
        let needs = self.new.graph.needs(id).iter().filter(|need| !self.same[need.index()]);
        needs.map(|need| self.new.graph.node(*need).name.clone()).collect()
    }

    fn added(&mut self, id: NodeId) -> (Option<NodeId>, Change) {
        let (old, new) = (self.old, self.new);
        if let Some(from) = self.partner_of_another_name(id) {
            self.partners[id.index()] = Some(from);
            self.renamed.insert(from);
            self.same[id.index()] = true;
            return (Some(from), Change::Renamed { from: old.graph.node(from).name.clone() });
        }
        let change = match (old.absence)(&new.graph.node(id).name) {
            Absence::Undeclared => Change::Added(None),
            Absence::Excluded(exclusion) => Change::Added(Some(exclusion)),
            Absence::Unknown(why) => Change::Unknown(vec![Reason::Unresolved(why.to_string())]),
        };
        (None, change)
    }

    /// The first node that only the old side has, is made of the same, and was not yet found.
    fn partner_of_another_name(&mut self, id: NodeId) -> Option<NodeId> {
        if let Gone::Unread(gone) = self.gone {
            let mut by_parts: HashMap<Digest, VecDeque<NodeId>, _> = HashMap::default();
            for &old in gone {
                if let Some(key) = self.old_key(old) {
                    by_parts.entry(key).or_default().push_back(old);
                }
            }
            self.gone = Gone::ByParts(by_parts);
        }
        if matches!(&self.gone, Gone::ByParts(none) if none.is_empty()) {
            return None;
        }
        if !self.follows(id).is_empty() {
            return None;
        }
        let key = self.fingerprint_of_new(id).key.ok()?;
        let Gone::ByParts(by_parts) = &mut self.gone else { return None };
        by_parts.get_mut(&key)?.pop_front()
    }

    /// What a node of the old side is made of, all that it needs included.
    fn old_key(&mut self, id: NodeId) -> Option<Digest> {
        let mut open = vec![id];
        while let Some(&next) = open.last() {
            let needs = self.old.graph.needs(next);
            let before = open.len();
            open.extend(needs.iter().filter(|need| !self.old_keys.contains_key(need)));
            if open.len() == before {
                open.pop();
                let key = self.fingerprint_with_known_needs(next).key.ok();
                self.old_keys.insert(next, key);
            }
        }
        self.old_keys[&id]
    }

    /// Who a need of the old side is, for want of what it leaves: one that is made of the same is the same.
    fn identity_of_old(&self, id: NodeId) -> Digest {
        let key = self.old_keys.get(&id).copied().flatten();
        key.unwrap_or_else(|| unlike_any_other("graph compared old v1", id))
    }

    fn fingerprint_with_known_needs(&self, id: NodeId) -> Fingerprint {
        let Side { graph, facts, .. } = self.old;
        let who = |need: &NodeName| graph.id(need).map(|need| self.identity_of_old(need));
        fingerprint(graph.node(id), facts, who, None)
    }

    fn fingerprint_of_old(&mut self, id: NodeId) -> Fingerprint {
        for &need in self.old.graph.needs(id) {
            self.old_key(need);
        }
        self.fingerprint_with_known_needs(id)
    }

    /// The parts of a node of the new side. A need is who it was on the old side.
    fn fingerprint_of_new(&mut self, id: NodeId) -> Fingerprint {
        let Side { graph, facts, .. } = self.new;
        for &need in graph.needs(id) {
            if let Some(partner) = self.partners[need.index()] {
                self.old_key(partner);
            }
        }
        let who = |need: &NodeName| {
            let need = graph.id(need)?;
            Some(match self.partners[need.index()] {
                Some(partner) => self.identity_of_old(partner),
                None => unlike_any_other("graph compared new v1", need),
            })
        };
        fingerprint(graph.node(id), facts, who, None)
    }
}

/// Who a need is of which nothing else can be said.
fn unlike_any_other(side: &'static str, id: NodeId) -> Digest {
    Fields::of(side).field(id.index().to_le_bytes()).finish()
}

/// Why the parts of a node do not make what they made.
fn own_change(before: &Fingerprint, after: &Fingerprint) -> Change {
    let mut unknown = unknown(after, None);
    for reason in self::unknown(before, Some("in the base: ")) {
        if !unknown.contains(&reason) {
            unknown.push(reason);
        }
    }
    let is_known = |part: &&Part| !unknown.iter().any(|reason| is_about(reason, &part.name));
    let known = |parts: &[Part]| -> Vec<Part> { parts.iter().filter(is_known).cloned().collect() };
    let all = differences(&known(&before.parts), &known(&after.parts));
    let mut reasons = without_renamed_needs(&all, &before.parts, &after.parts);
    if reasons.is_empty() {
        // The order of what is needed is part of what a node is.
        reasons = all;
    }
    if reasons.is_empty() {
        return Change::Unknown(unknown);
    }
    reasons.extend(unknown);
    Change::Changed(reasons)
}

/// A need that only has another name is no reason.
fn without_renamed_needs(reasons: &[Reason], before: &[Part], after: &[Part]) -> Vec<Reason> {
    let has = |parts: &[Part], digest: Digest| {
        parts.iter().any(|part| is_need_part(&part.name) && part.digest == digest)
    };
    let counts = |reason: &&Reason| match reason {
        Reason::Added(part) if is_need_part(&part.name) => !has(before, part.digest),
        Reason::Removed(part) if is_need_part(&part.name) => !has(after, part.digest),
        _ => true,
    };
    reasons.iter().filter(counts).cloned().collect()
}

/// What is not known of a node.
fn unknown(fingerprint: &Fingerprint, whose: Option<&str>) -> Vec<Reason> {
    let obstacles = fingerprint.key.as_ref().err();
    let of = |text: &str| format!("{}{text}", whose.unwrap_or_default());
    let reason = |obstacle: &Obstacle| match obstacle {
        Obstacle::Unknown { part, why, declared } => Some(Reason::Unknown {
            part: part.clone(),
            why: of(why).into(),
            declared: declared.clone().filter(|_| whose.is_none()),
        }),
        Obstacle::Unresolved(what) => Some(Reason::Unresolved(of(what))),
        Obstacle::Open(_) => None,
    };
    obstacles.into_iter().flatten().filter_map(reason).collect()
}

fn is_about(reason: &Reason, name: &str) -> bool {
    matches!(reason, Reason::Unknown { part, .. } if **part == *name)
}

/// The facts of both sides, where those count as known that belong to neither side and are unknown for the same reason
/// on both.
fn without_common_unknowns(old: &Facts, new: &Facts) -> (Facts, Facts, Vec<TakenAsEqual>) {
    let is_common = |source: &Source| match source {
        Source::Ref(_)
        | Source::Env(_)
        | Source::Tool(_)
        | Source::Brought(_)
        | Source::Commit(_)
        | Source::Read(..) => true,
        Source::Value(_)
        | Source::Secret(_)
        | Source::File(_)
        | Source::Series(_)
        | Source::Tree(_)
        | Source::Describe(_) => false,
    };
    let mut taken: Vec<TakenAsEqual> = new
        .iter()
        .filter_map(|(source, fact)| match fact {
            Fact::Unknown(why) if is_common(source) && old.get(source) == *fact => {
                Some(TakenAsEqual { source: source.clone(), why: why.clone() })
            }
            _ => None,
        })
        .collect();
    taken.sort_by(|a, b| a.source.cmp(&b.source));
    let (mut old, mut new) = (old.clone(), new.clone());
    for TakenAsEqual { source, .. } in &taken {
        old.insert(source.clone(), Fact::text("(not known)"));
        new.insert(source.clone(), Fact::text("(not known)"));
    }
    (old, new, taken)
}
