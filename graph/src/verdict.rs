//! What is decided of one node, by one pure function that the plan and the schedule both ask, and whose reasons
//! `why` prints. There is no second truth.
//!
//! A node is fresh only if its last execution succeeded, under the very key it would have now, and its outputs
//! are still in place. Whatever is in doubt is stale.

use std::collections::HashSet;
use std::sync::Arc;

use crate::digest::Digest;
use crate::facts::Facts;
use crate::fingerprint::{Fingerprint, Obstacle, Part, fingerprint, need_part};
use crate::name::NodeName;
use crate::record::{Availability, Outcome, Record, Records, Remembered};
use crate::spec::{Node, Place, Role};

/// The decision on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing changed and everything is in place.
    Fresh,
    /// Its outputs are not in place as they should be, but the store has them.
    Restorable {
        /// Why it is not fresh.
        reasons: Vec<Reason>,
        /// The execution whose outputs will be put in place.
        from: Arc<Record>,
    },
    /// It must run. While needs are open its key is not known, so in the plan this is a forecast: what they leave
    /// may make a key that the store has.
    Stale(Vec<Reason>),
    /// Nothing of its own changed, but these needs have not settled; it is decided when they have.
    Open(Vec<NodeName>),
}

/// One reason why a node is not fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// There is no record of it.
    NeverBuilt,
    /// The user asked for it.
    Forced,
    /// Its last execution did not succeed.
    LastRun(Outcome),
    /// A part has another value than then.
    Changed {
        /// The part as it was.
        old: Part,
        /// The part as it is.
        new: Part,
    },
    /// A part that was not there then.
    Added(Part),
    /// A part that is no longer there.
    Removed(Part),
    /// The parts are equal, but the rules by which they make a key are not.
    KeyRules,
    /// Outputs are not where they were put.
    OutputsMissing,
    /// A fact could not be observed.
    Unknown {
        /// The part.
        part: Arc<str>,
        /// Why it is not known.
        why: Arc<str>,
        /// Where the user wrote it.
        declared: Option<Place>,
    },
    /// Its declaration is incomplete.
    Unresolved(String),
}

/// Whether to run what is fresh, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rebuild {
    /// Only what is stale.
    #[default]
    Stale,
    /// This node in any case.
    Forced,
}

/// A verdict with the fingerprint it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The decision.
    pub verdict: Verdict,
    /// What went into it; this is what a record of the execution keeps.
    pub fingerprint: Fingerprint,
}

/// Decides one node. `made` tells what a need left, once that need has settled.
pub fn judge(
    node: &Node,
    facts: &Facts,
    made: impl Fn(&NodeName) -> Option<Digest>,
    records: &Records,
    rebuild: Rebuild,
) -> Judgement {
    let fingerprint = fingerprint(node, facts, made);
    let verdict = decide(node, &fingerprint, records, rebuild);
    Judgement { verdict, fingerprint }
}

fn decide(node: &Node, fingerprint: &Fingerprint, records: &Records, rebuild: Rebuild) -> Verdict {
    let last = records.last(&node.name);
    let mut reasons = obstructions(fingerprint);
    match last {
        None => reasons.insert(0, Reason::NeverBuilt),
        Some(last) => reasons.extend(since(last, fingerprint)),
    }
    if rebuild == Rebuild::Forced {
        reasons.insert(0, Reason::Forced);
        return Verdict::Stale(reasons);
    }
    match (&fingerprint.key, reasons.is_empty()) {
        (Ok(_), true) => Verdict::Fresh,
        (Ok(key), false) => match records.succeeded(key).filter(|same| is_proof(same, key)) {
            Some(same) => Verdict::Restorable { reasons, from: same.record.clone() },
            None => Verdict::Stale(reasons),
        },
        (Err(_), false) => Verdict::Stale(reasons),
        (Err(_), true) => Verdict::Open(open_needs(fingerprint).cloned().collect()),
    }
}

/// Whether an execution shows what one under this key would leave. One that failed shows nothing, and neither
/// does one during which an input changed, whatever key it was given.
fn is_proof(remembered: &Remembered, key: &Digest) -> bool {
    let Remembered { record, available } = remembered;
    record.outcome == Outcome::Succeeded && record.key == *key && *available != Availability::Gone
}

/// What stands in the way of a key, needs that have not settled aside.
fn obstructions(fingerprint: &Fingerprint) -> Vec<Reason> {
    let obstacles = fingerprint.key.as_ref().err().map_or(&[][..], Vec::as_slice);
    let reason = |obstacle: &Obstacle| match obstacle {
        Obstacle::Open(_) => None,
        Obstacle::Unresolved(what) => Some(Reason::Unresolved(what.clone())),
        Obstacle::Unknown { part, why, declared } => Some(Reason::Unknown {
            part: part.clone(),
            why: why.clone(),
            declared: declared.clone(),
        }),
    };
    obstacles.iter().filter_map(reason).collect()
}

/// What is not as the last execution left it, as far as it can be told while needs are open.
///
/// Outputs that have to be put in place are no reason then: whether the node runs or is restored is decided by
/// what its needs leave. Outputs that are gone for good are.
fn since(last: &Remembered, fingerprint: &Fingerprint) -> Vec<Reason> {
    let Remembered { record, available } = last;
    let mut reasons = Vec::new();
    if record.outcome != Outcome::Succeeded {
        reasons.push(Reason::LastRun(record.outcome));
    }
    let changed = match &fingerprint.key {
        Ok(key) if record.key == *key => Vec::new(),
        Ok(_) => differences(&record.parts, &fingerprint.parts),
        Err(_) => {
            let pending = pending_parts(fingerprint);
            let known = |part: &&Part| !pending.contains(&*part.name);
            let before: Vec<Part> = record.parts.iter().filter(known).cloned().collect();
            differences(&before, &fingerprint.parts)
        }
    };
    reasons.extend(changed);
    if reasons.is_empty() {
        match &fingerprint.key {
            Ok(key) if record.key != *key => reasons.push(Reason::KeyRules),
            Ok(_) if *available != Availability::InPlace => reasons.push(Reason::OutputsMissing),
            Err(_) if *available == Availability::Gone => reasons.push(Reason::OutputsMissing),
            Ok(_) | Err(_) => {}
        }
    }
    reasons
}

/// The names of the parts whose value is not known, which are not to be taken for removed.
fn pending_parts(fingerprint: &Fingerprint) -> HashSet<String> {
    let obstacles = fingerprint.key.as_ref().err().map_or(&[][..], Vec::as_slice);
    let name = |obstacle: &Obstacle| match obstacle {
        Obstacle::Open(need) => Some(need_part(need)),
        Obstacle::Unknown { part, .. } => Some(part.to_string()),
        Obstacle::Unresolved(_) => None,
    };
    obstacles.iter().filter_map(name).collect()
}

fn open_needs(fingerprint: &Fingerprint) -> impl Iterator<Item = &NodeName> {
    let obstacles = fingerprint.key.as_ref().err().map_or(&[][..], Vec::as_slice);
    obstacles.iter().filter_map(|obstacle| match obstacle {
        Obstacle::Open(need) => Some(need),
        Obstacle::Unknown { .. } | Obstacle::Unresolved(_) => None,
    })
}

/// What differs between two lists of parts, both sorted by name; stamps do not count.
#[must_use]
pub fn differences(before: &[Part], after: &[Part]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut old = before.iter().filter(|part| part.role == Role::Key).peekable();
    let mut new = after.iter().filter(|part| part.role == Role::Key).peekable();
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return reasons,
            (Some(_), None) => reasons.extend(old.by_ref().cloned().map(Reason::Removed)),
            (None, Some(_)) => reasons.extend(new.by_ref().cloned().map(Reason::Added)),
            (Some(was), Some(is)) => match was.name.cmp(&is.name) {
                std::cmp::Ordering::Less => {
                    reasons.extend(old.next().cloned().map(Reason::Removed));
                }
                std::cmp::Ordering::Greater => {
                    reasons.extend(new.next().cloned().map(Reason::Added));
                }
                std::cmp::Ordering::Equal => {
                    if was.digest != is.digest {
                        reasons.push(Reason::Changed { old: (*was).clone(), new: (*is).clone() });
                    }
                    old.next();
                    new.next();
                }
            },
        }
    }
}
