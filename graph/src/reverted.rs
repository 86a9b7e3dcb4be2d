//! What would be fresh again if parts were as they were when the nodes were last built. A forecast over a plan: it
//! observes nothing and decides nothing.
//!
//! A node becomes fresh if nothing but these parts stands against it, and its needs end up with what it was built with.
//! "As before" is before each node's own last build, so a node that was built with the new value since would become
//! stale; those are told, too.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use globset::{GlobBuilder, GlobMatcher};

use crate::digest::Digest;
use crate::fingerprint::{Part, is_need_part, need_part};
use crate::model::{Graph, NodeId};
use crate::plan::Plan;
use crate::query::nearest;
use crate::record::{Availability, Outcome, Records, Remembered};
use crate::verdict::{Reason, Verdict};

/// Parts that are taken to be as before: names, or globs over names in which `*` crosses everything.
#[derive(Debug, Clone)]
pub struct Meant(Vec<(Arc<str>, Option<GlobMatcher>)>);

/// A part that no node has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no node has a part `{written}`")]
pub struct UnknownPart {
    /// As it was written.
    pub written: String,
    /// The names of parts that are most like it, best first.
    pub nearest: Vec<String>,
}

/// What would become of nodes; each is in one list at most, needs first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reverted {
    /// They would be fresh.
    pub fresh: Vec<NodeId>,
    /// Their outputs are not in place, but in the store.
    pub restorable: Vec<NodeId>,
    /// What they need would still run, and what that leaves decides.
    pub open: Vec<NodeId>,
    /// Stale for these parts, and for other reasons too.
    pub stale: Vec<NodeId>,
    /// Fresh now, because they were built with the new value.
    pub lost: Vec<NodeId>,
}

impl Meant {
    /// Reads what was written. Each must be the name of a part that a node of the plan has or had, or match one.
    ///
    /// # Errors
    /// Every one that means no part.
    pub fn parse(written: &[String], graph: &Graph, plan: &Plan) -> Result<Self, Vec<UnknownPart>> {
        let known = known(graph, plan);
        let mut unknown = Vec::new();
        let mut meant = Vec::new();
        for text in written {
            let as_name = [text.clone(), format!("need {text}"), own_part(text).to_owned()]
                .into_iter()
                .find(|name| known.contains(name.as_str()));
            let glob = || {
                let built = GlobBuilder::new(text).backslash_escape(true).build();
                let glob = built.ok()?.compile_matcher();
                known.iter().any(|name| glob.is_match(name)).then_some(glob)
            };
            match (as_name, glob) {
                (Some(name), _) => meant.push((name.into(), None)),
                (None, glob) => match glob() {
                    Some(glob) => meant.push((text.as_str().into(), Some(glob))),
                    None => unknown.push(UnknownPart {
                        written: text.clone(),
                        nearest: nearest(text, known.iter().map(|name| (*name, *name))),
                    }),
                },
            }
        }
        if unknown.is_empty() { Ok(Self(meant)) } else { Err(unknown) }
    }

    /// Whether a part is meant.
    #[must_use]
    pub fn has(&self, part: &str) -> bool {
        self.0.iter().any(|(name, glob)| match glob {
            Some(glob) => glob.is_match(part),
            None => **name == *part,
        })
    }
}

/// The parts that reports call by another name.
fn own_part(shown: &str) -> &str {
    match shown {
        "commands" => "action",
        "output patterns" => "outputs",
        other => other,
    }
}

/// The names of all parts that nodes of a plan have, or had when they were built.
fn known<'p>(graph: &'p Graph, plan: &'p Plan) -> BTreeSet<&'p str> {
    let mut names: HashSet<&str, RandomState> = HashSet::default();
    names.extend(["action", "outputs"]);
    for entry in &plan.entries {
        names.extend(graph.node(entry.id).inputs.iter().map(|input| &*input.part));
        names.extend(reasons(&entry.judgement.verdict).iter().filter_map(part_of));
    }
    names.into_iter().collect()
}

fn reasons(verdict: &Verdict) -> &[Reason] {
    match verdict {
        Verdict::Stale(reasons) | Verdict::Restorable { reasons, .. } => reasons,
        Verdict::Fresh | Verdict::Open(_) => &[],
    }
}

/// The part that is not as it was.
fn part_of(reason: &Reason) -> Option<&str> {
    match reason {
        Reason::Changed { new: part, .. } | Reason::Added(part) | Reason::Removed(part) => {
            Some(&part.name)
        }
        _ => None,
    }
}

/// What a node would leave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// What it left when it was last built, or what the store has of it.
    This(Digest),
    /// It runs, so nobody knows.
    Unknown,
}

/// What would become of the nodes of a plan. The records are those that it was made from.
#[must_use]
pub fn if_reverted(graph: &Graph, plan: &Plan, records: &Records, meant: &Meant) -> Reverted {
    let mut found = Reverted::default();
    let mut leaves: HashMap<NodeId, Leaves, RandomState> = HashMap::default();
    let mut moved: HashSet<NodeId, RandomState> = HashSet::default();
    let values = new_values(plan, meant);
    for entry in &plan.entries {
        let id = entry.id;
        let node = graph.node(id);
        let last = records.last(&node.name);
        let verdict = &entry.judgement.verdict;
        let now = match (verdict, last) {
            (Verdict::Fresh, Some(last)) => {
                let may = node.inputs.iter().any(|input| meant.has(&input.part));
                if may && has_new_value(&last.record.parts, &values) {
                    found.lost.push(id);
                    moved.insert(id);
                    Leaves::Unknown
                } else {
                    Leaves::This(last.record.made())
                }
            }
            (Verdict::Restorable { from, .. }, _) => Leaves::This(from.made()),
            _ => Leaves::Unknown,
        };
        let has_meant = reasons(verdict).iter().any(|reason| is_meant(reason, meant));
        let is_touched = has_meant || graph.needs(id).iter().any(|need| moved.contains(need));
        let after = match last {
            Some(last) => after(graph, id, verdict, last, meant, &leaves),
            None => After::Stale,
        };
        let is_other = after == After::Stale && !has_meant && !matches!(verdict, Verdict::Open(_));
        if *verdict == Verdict::Fresh || !is_touched || is_other {
            leaves.insert(id, now);
            continue;
        }
        let list = match after {
            After::Settled(Availability::InPlace) => &mut found.fresh,
            After::Settled(_) => &mut found.restorable,
            After::Open => &mut found.open,
            After::Stale => &mut found.stale,
        };
        list.push(id);
        let left = match (after, last) {
            (After::Settled(_), Some(last)) => Leaves::This(last.record.made()),
            _ => Leaves::Unknown,
        };
        if left != now || after == After::Open {
            moved.insert(id);
        }
        leaves.insert(id, left);
    }
    found
}

/// What would become of one node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// What its last build left counts again.
    Settled(Availability),
    Open,
    Stale,
}

fn after(
    graph: &Graph,
    id: NodeId,
    verdict: &Verdict,
    last: &Remembered,
    meant: &Meant,
    leaves: &HashMap<NodeId, Leaves, RandomState>,
) -> After {
    let mut needs: Vec<(String, NodeId)> =
        graph.needs(id).iter().map(|&need| (need_part(&graph.node(need).name), need)).collect();
    needs.sort_unstable();
    // Whatever is said of needs, what they leave decides.
    let is_need = |reason: &Reason| part_of(reason).is_some_and(is_need_part);
    let goes = |reason: &Reason| is_meant(reason, meant) || is_need(reason);
    let can_count =
        last.record.outcome == Outcome::Succeeded && last.available != Availability::Gone;
    if !can_count || !reasons(verdict).iter().all(goes) {
        return After::Stale;
    }
    // What needs are called is in no key: a node can be restored from one that needed the same under other names.
    let parts = last.record.parts.iter();
    let built_with: Vec<Digest> =
        parts.filter(|part| is_need_part(&part.name)).map(|part| part.digest).collect();
    if built_with.len() != needs.len() {
        return After::Stale;
    }
    let mut is_open = false;
    for ((_, need), then) in needs.iter().zip(built_with) {
        match leaves.get(need) {
            Some(Leaves::This(left)) if then == *left => {}
            Some(Leaves::This(_)) => return After::Stale,
            Some(Leaves::Unknown) | None => is_open = true,
        }
    }
    if is_open { After::Open } else { After::Settled(last.available) }
}

fn is_meant(reason: &Reason, meant: &Meant) -> bool {
    part_of(reason).is_some_and(|part| meant.has(part))
}

/// The values that would be gone.
fn new_values<'p>(plan: &'p Plan, meant: &Meant) -> HashSet<(&'p str, Digest)> {
    let all = plan.entries.iter().flat_map(|entry| reasons(&entry.judgement.verdict));
    let new = |reason: &'p Reason| match reason {
        Reason::Changed { new, .. } | Reason::Added(new) => Some((&*new.name, new.digest)),
        _ => None,
    };
    all.filter(|reason| is_meant(reason, meant)).filter_map(new).collect()
}

fn has_new_value(parts: &[Part], values: &HashSet<(&str, Digest)>) -> bool {
    parts.iter().any(|part| values.contains(&(&*part.name, part.digest)))
}
