//! What is decided of one node, by one pure function that the plan and the schedule both ask, and whose reasons
//! `why` prints. There is no second truth.
//!
//! A node is fresh only if its last execution succeeded, under the very key it would have now, and its outputs
//! are still in place. Whatever is in doubt is stale.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::deferred::DeferredFingerprint;
use crate::digest::Digest;
use crate::facts::Facts;
use crate::fingerprint::{Fingerprint, Obstacle, Part, fingerprint};
use crate::key::is_need_part;
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
        reasons: Reasons,
        /// The execution whose outputs will be put in place.
        from: Arc<Record>,
    },
    /// It must run. While needs are open its key is not known, so in the plan this is a forecast: what they leave
    /// may make a key that the store has.
    Stale(Reasons),
    /// Nothing of its own changed, but these needs have not settled; it is decided when they have.
    Open(Vec<NodeName>),
}

/// Why a node is not fresh. Those that a million nodes have in common are held once.
pub type Reasons = Cow<'static, [Reason]>;

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
    pub fingerprint: DeferredFingerprint,
}

/// Decides one node, the long way. `made` tells what a need left, once that need has settled.
pub fn judge(
    node: &Node,
    facts: &Facts,
    made: impl Fn(&NodeName) -> Option<Digest>,
    records: &Records,
    rebuild: Rebuild,
) -> Judgement {
    let last = records.last(&node.name);
    let fingerprint = fingerprint(node, facts, made, last.and_then(|last| last.record.reads));
    let execution_key = fingerprint.execution_key();
    let verdict = verdict(&fingerprint, execution_key, last, records, rebuild);
    Judgement { verdict, fingerprint: fingerprint.into() }
}

/// The verdict on a node with this fingerprint.
pub(crate) fn verdict(
    fingerprint: &Fingerprint,
    execution_key: Option<Digest>,
    last: Option<&Remembered>,
    records: &Records,
    rebuild: Rebuild,
) -> Verdict {
    let mut reasons = match &fingerprint.key {
        Ok(key) => reasons(last, *key, &fingerprint.parts),
        Err(obstacles) => reasons_so_far(last, obstacles, &fingerprint.parts),
    };
    if rebuild == Rebuild::Forced {
        reasons.insert(0, Reason::Forced);
    }
    match &fingerprint.key {
        Ok(key) => decide(reasons.into(), *key, || execution_key, records, rebuild),
        Err(obstacles) if reasons.is_empty() => Verdict::Open(open_needs(obstacles)),
        Err(_) => Verdict::Stale(reasons.into()),
    }
}

/// The verdict on a node with a key. The reasons name it if it is forced.
pub(crate) fn decide(
    reasons: Reasons,
    key: Digest,
    execution_key: impl FnOnce() -> Option<Digest>,
    records: &Records,
    rebuild: Rebuild,
) -> Verdict {
    if reasons.is_empty() {
        return Verdict::Fresh;
    }
    if rebuild == Rebuild::Forced {
        return Verdict::Stale(reasons);
    }
    match proof(key, execution_key, records) {
        Some(same) => Verdict::Restorable { reasons, from: same.record },
        None => Verdict::Stale(reasons),
    }
}

/// An execution that shows what one of this node would leave: one under its key, or one of all that it would be run with.
fn proof(
    key: Digest,
    execution_key: impl FnOnce() -> Option<Digest>,
    records: &Records,
) -> Option<Remembered> {
    let under = |key: &Digest| records.succeeded(key).filter(|same| is_proof(same, key));
    under(&key).or_else(|| under(&execution_key().filter(|wide| *wide != key)?))
}

/// Whether an execution shows what one under this key would leave. One that failed shows nothing, and neither
/// does one during which an input changed, whatever key it was given.
fn is_proof(remembered: &Remembered, key: &Digest) -> bool {
    let Remembered { record, available } = remembered;
    record.outcome == Outcome::Succeeded
        && (record.key == *key || record.wide_key() == Some(*key))
        && *available != Availability::Gone
}

/// Why a node with this key and these parts is not fresh, given its last execution; empty if it is.
#[must_use]
pub fn reasons(last: Option<&Remembered>, key: Digest, parts: &[Part]) -> Vec<Reason> {
    if let Some(reasons) = reasons_without_parts(last, key) {
        return reasons.to_vec();
    }
    let Some(last) = last else { return vec![Reason::NeverBuilt] };
    let changes = || differences(&last.record.parts, parts);
    if last.record.outcome != Outcome::Succeeded {
        return std::iter::once(Reason::LastRun(last.record.outcome)).chain(changes()).collect();
    }
    let changes = changes();
    if changes.is_empty() { vec![Reason::KeyRules] } else { changes }
}

/// As [`reasons`], where no parts have to be compared for it.
pub(crate) fn reasons_without_parts(
    last: Option<&Remembered>,
    key: Digest,
) -> Option<&'static [Reason]> {
    let Some(last) = last else { return Some(&[Reason::NeverBuilt]) };
    if last.record.outcome != Outcome::Succeeded || last.record.key != key {
        return None;
    }
    Some(match last.available {
        Availability::InPlace => &[],
        Availability::InStore | Availability::Gone => &[Reason::OutputsMissing],
    })
}

/// Why a node without a key is not fresh, as far as it can be told; empty if all that is missing are needs that have
/// not settled.
///
/// Outputs that have to be put in place are no reason: whether such a node runs or is restored is decided by what
/// its needs leave. Outputs that are gone for good are one.
fn reasons_so_far(
    last: Option<&Remembered>,
    obstacles: &[Obstacle],
    parts: &[Part],
) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = obstacles.iter().filter_map(obstruction).collect();
    let Some(last) = last else {
        reasons.insert(0, Reason::NeverBuilt);
        return reasons;
    };
    if last.record.outcome != Outcome::Succeeded {
        reasons.push(Reason::LastRun(last.record.outcome));
    }
    let pending: HashSet<&str> = obstacles.iter().filter_map(pending_part).collect();
    // What needs are called is in no key: another need may turn out to have left the same.
    let is_open = obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::Open(_)));
    let known =
        |part: &&Part| !(pending.contains(&*part.name) || is_open && is_need_part(&part.name));
    let of = |parts: &[Part]| parts.iter().filter(known).cloned().collect::<Vec<_>>();
    reasons.extend(differences(&of(&last.record.parts), &of(parts)));
    if reasons.is_empty() && last.available == Availability::Gone {
        reasons.push(Reason::OutputsMissing);
    }
    reasons
}

fn obstruction(obstacle: &Obstacle) -> Option<Reason> {
    match obstacle {
        Obstacle::Open(_) => None,
        Obstacle::Unresolved(what) => Some(Reason::Unresolved(what.clone())),
        Obstacle::Unknown { part, why, declared } => Some(Reason::Unknown {
            part: part.clone(),
            why: why.clone(),
            declared: declared.clone(),
        }),
    }
}

/// The name of the part whose value is not known, which is not to be taken for removed.
fn pending_part(obstacle: &Obstacle) -> Option<&str> {
    match obstacle {
        Obstacle::Unknown { part, .. } => Some(part),
        Obstacle::Open(_) | Obstacle::Unresolved(_) => None,
    }
}

fn open_needs(obstacles: &[Obstacle]) -> Vec<NodeName> {
    let need = |obstacle: &Obstacle| match obstacle {
        Obstacle::Open(need) => Some(need.clone()),
        Obstacle::Unknown { .. } | Obstacle::Unresolved(_) => None,
    };
    obstacles.iter().filter_map(need).collect()
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
