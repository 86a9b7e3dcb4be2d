//! What is decided of one node, by one pure function that the plan and the schedule both ask, and whose reasons
//! `why` prints. There is no second truth.
//!
//! A node is fresh only if its last execution succeeded, under the very key it would have now, and its outputs
//! are still in place. Whatever is in doubt is stale.

use std::sync::Arc;

use crate::digest::Digest;
use crate::facts::Facts;
use crate::fingerprint::{Fingerprint, Obstacle, Part, fingerprint};
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
    /// It must run.
    Stale(Vec<Reason>),
    /// Nothing of its own changed, but a need has not settled; it is decided when that has.
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
    if rebuild == Rebuild::Forced {
        return match &fingerprint.key {
            Err(obstacles) if only_open(obstacles).is_some() => {
                Verdict::Open(only_open(obstacles).unwrap_or_default())
            }
            _ => Verdict::Stale(vec![Reason::Forced]),
        };
    }
    let last = records.last(&node.name);
    let key = match &fingerprint.key {
        Ok(key) => *key,
        Err(obstacles) => {
            return hindered(fingerprint, obstacles, last.map(|last| last.record.as_ref()));
        }
    };
    let reasons = reasons(last, key, &fingerprint.parts);
    if reasons.is_empty() {
        return Verdict::Fresh;
    }
    match records.succeeded(&key) {
        Some(same) if same.available != Availability::Gone && same.record.key == key => {
            Verdict::Restorable { reasons, from: same.record }
        }
        _ => Verdict::Stale(reasons),
    }
}

/// Why a node with this key and these parts is not fresh, given its last execution; empty if it is.
#[must_use]
pub fn reasons(last: Option<&Remembered>, key: Digest, parts: &[Part]) -> Vec<Reason> {
    let Some(last) = last else { return vec![Reason::NeverBuilt] };
    let changes = || differences(&last.record.parts, parts);
    if last.record.outcome != Outcome::Succeeded {
        return std::iter::once(Reason::LastRun(last.record.outcome)).chain(changes()).collect();
    }
    if last.record.key != key {
        let changes = changes();
        return if changes.is_empty() { vec![Reason::KeyRules] } else { changes };
    }
    match last.available {
        Availability::InPlace => Vec::new(),
        Availability::InStore | Availability::Gone => vec![Reason::OutputsMissing],
    }
}

/// A node without a key: open if all that is missing are needs and nothing else changed, else stale.
fn hindered(fingerprint: &Fingerprint, obstacles: &[Obstacle], last: Option<&Record>) -> Verdict {
    if let Some(open) = only_open(obstacles) {
        return Verdict::Open(open);
    }
    let mut reasons: Vec<Reason> = obstacles
        .iter()
        .filter_map(|obstacle| match obstacle {
            Obstacle::Open(_) => None,
            Obstacle::Unknown { part, why, declared } => Some(Reason::Unknown {
                part: part.clone(),
                why: why.clone(),
                declared: declared.clone(),
            }),
            Obstacle::Unresolved(what) => Some(Reason::Unresolved(what.clone())),
        })
        .collect();
    match last {
        None => reasons.insert(0, Reason::NeverBuilt),
        Some(last) => {
            let unknown: Vec<Arc<str>> = reasons
                .iter()
                .filter_map(|reason| match reason {
                    Reason::Unknown { part, .. } => Some(part.clone()),
                    _ => None,
                })
                .collect();
            let known =
                |part: &Part| !unknown.contains(&part.name) && !part.name.starts_with("need ");
            let before: Vec<Part> = last.parts.iter().filter(|part| known(part)).cloned().collect();
            let after: Vec<Part> =
                fingerprint.parts.iter().filter(|part| known(part)).cloned().collect();
            reasons.extend(differences(&before, &after));
        }
    }
    Verdict::Stale(reasons)
}

fn only_open(obstacles: &[Obstacle]) -> Option<Vec<NodeName>> {
    obstacles
        .iter()
        .map(|obstacle| match obstacle {
            Obstacle::Open(need) => Some(need.clone()),
            Obstacle::Unknown { .. } | Obstacle::Unresolved(_) => None,
        })
        .collect()
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
