//! Why a node is not fresh, as it is shown: the judge's reasons, less what must not be shown.

use std::borrow::Cow;
use std::sync::Arc;

use graph::fingerprint::Part;
use graph::name::NodeName;
use graph::record::Outcome;
use graph::spec::{Node, Place, Source};
use graph::verdict::{Reason, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use crate::redact::redact_url;

/// What the engine shows of a fact that was looked for and is not there.
pub const MISSING: &str = "(missing)";

/// What stands for the value of a variable that is not kept.
const VEILED: &str = "(not shown)";

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct ReasonView {
    /// What sort of reason.
    pub kind: ReasonKind,
    /// The part it is about, in the user's words.
    pub part: Option<Arc<str>>,
    /// What was then: a value, a short digest of content, or an outcome.
    pub old: Option<Arc<str>>,
    /// What is now.
    pub new: Option<Arc<str>>,
    /// Where the user wrote the part, `file:line`.
    pub declared: Option<Arc<str>>,
    /// What `old` and `new` are.
    #[serde(skip_serializing_if = "Nature::is_text")]
    pub nature: Nature,
    /// What else there is to say, such as why a fact is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Arc<str>>,
}

/// The sorts of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// There is no record of it.
    NeverBuilt,
    /// The user asked for it.
    Forced,
    /// Its last execution did not succeed.
    LastRun,
    /// A part has another value.
    Changed,
    /// A part is new.
    Added,
    /// A part is gone.
    Removed,
    /// Another version of `graph` made the record.
    KeyRules,
    /// Its outputs are not in place.
    OutputsMissing,
    /// A fact could not be observed.
    Unknown,
    /// Its declaration is incomplete.
    Unresolved,
    /// A need has to settle first.
    Open,
}

/// What the values of a part are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nature {
    /// Text of the user's.
    #[default]
    Text,
    /// Short digests of content.
    Content,
    /// Not to be shown.
    Hidden,
}

impl Nature {
    pub(super) fn is_text(&self) -> bool {
        *self == Self::Text
    }

    /// A digest is no protection for a short secret, so of a hidden part it is not shown either.
    pub(super) fn of(node: Option<&Node>, part: &Part) -> Self {
        let input = node.and_then(|node| node.inputs.iter().find(|input| input.part == part.name));
        match input.map(|input| &input.source) {
            Some(Source::Env(_)) if is_default(part) => Self::Text,
            Some(Source::Env(_) | Source::Secret(_)) => Self::Hidden,
            Some(
                Source::File(_)
                | Source::Series(_)
                | Source::Tree(_)
                | Source::Commit(_)
                | Source::Read(..),
            ) => Self::Content,
            Some(
                Source::Value(_)
                | Source::Ref(_)
                | Source::Tool(_)
                | Source::Brought(_)
                | Source::Describe(_),
            ) => Self::Text,
            None if *part.shown != part.digest.short() => Self::Text,
            None => match part.name.split(' ').next() {
                Some("need" | "action" | "outputs" | "patch" | "local" | "file" | "source") => {
                    Self::Content
                }
                _ => Self::Hidden,
            },
        }
    }

    /// The value of a part, unless it is not to be shown; user names and passwords of URLs never are.
    pub(super) fn shown(self, part: &Part) -> Option<Arc<str>> {
        (self != Self::Hidden || *part.shown == *MISSING).then(|| match redact_url(&part.shown) {
            Cow::Borrowed(_) => part.shown.clone(),
            Cow::Owned(masked) => masked.into(),
        })
    }
}

/// Whether what is kept of a variable is its default, which everybody may read.
fn is_default(part: &Part) -> bool {
    *part.shown != *VEILED && *part.shown != *MISSING && *part.shown != part.digest.short()
}

impl ReasonView {
    /// A reason of the judge. The node tells which values are secret; `None` if it is no longer declared.
    #[must_use]
    pub fn of(node: Option<&Node>, reason: &Reason) -> Self {
        let bare = Self::bare;
        let about = |kind, part: &Part| Self {
            part: Some(part.name.clone()),
            declared: place(part.declared.as_ref()),
            nature: Nature::of(node, part),
            ..bare(kind)
        };
        match reason {
            Reason::NeverBuilt => bare(ReasonKind::NeverBuilt),
            Reason::Forced => bare(ReasonKind::Forced),
            Reason::KeyRules => bare(ReasonKind::KeyRules),
            Reason::OutputsMissing => bare(ReasonKind::OutputsMissing),
            Reason::LastRun(outcome) => {
                Self { old: Some(outcome_name(*outcome).into()), ..bare(ReasonKind::LastRun) }
            }
            Reason::Changed { old, new } => {
                let view = about(ReasonKind::Changed, new);
                let nature = match (view.nature, Nature::of(node, old)) {
                    (Nature::Hidden, _) | (_, Nature::Hidden) => Nature::Hidden,
                    (nature, _) => nature,
                };
                Self { old: nature.shown(old), new: nature.shown(new), nature, ..view }
            }
            Reason::Added(part) => {
                let view = about(ReasonKind::Added, part);
                Self { new: view.nature.shown(part), ..view }
            }
            Reason::Removed(part) => {
                let view = about(ReasonKind::Removed, part);
                Self { old: view.nature.shown(part), ..view }
            }
            Reason::Unknown { part, why, declared } => Self {
                part: Some(part.clone()),
                declared: place(declared.as_ref()),
                detail: Some(why.clone()),
                ..bare(ReasonKind::Unknown)
            },
            Reason::Unresolved(what) => {
                Self { detail: Some(what.as_str().into()), ..bare(ReasonKind::Unresolved) }
            }
        }
    }

    /// A need that has not settled.
    #[must_use]
    pub fn open(need: &NodeName) -> Self {
        Self { part: Some(format!("need {need}").into()), ..Self::bare(ReasonKind::Open) }
    }

    /// All reasons of a verdict.
    #[must_use]
    pub fn all(node: &Node, verdict: &Verdict) -> Vec<Self> {
        let views = |reasons: &[Reason]| -> Vec<Self> {
            reasons.iter().map(|reason| Self::of(Some(node), reason)).collect()
        };
        match verdict {
            Verdict::Fresh => Vec::new(),
            Verdict::Stale(reasons) => views(reasons),
            Verdict::Open(needs) => needs.iter().map(Self::open).collect(),
            Verdict::Restorable { reasons, .. } => {
                let mut views = views(reasons);
                for view in &mut views {
                    view.detail.get_or_insert_with(|| "in the store".into());
                }
                views
            }
        }
    }

    fn bare(kind: ReasonKind) -> Self {
        let (part, old, new, declared, detail) = (None, None, None, None, None);
        Self { kind, part, old, new, declared, nature: Nature::Text, detail }
    }
}

/// The words of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// It must run.
    Stale,
    /// Its outputs are put in place from the store.
    Restorable,
    /// It is decided when its needs have settled.
    Open,
    /// Nothing to do.
    Fresh,
}

impl VerdictKind {
    /// The word for a verdict.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Fresh => Self::Fresh,
            Verdict::Restorable { .. } => Self::Restorable,
            Verdict::Stale(_) => Self::Stale,
            Verdict::Open(_) => Self::Open,
        }
    }

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Restorable => "restorable",
            Self::Stale => "stale",
            Self::Open => "open",
        }
    }
}

/// An outcome as it is serialised everywhere.
#[must_use]
pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::TimedOut => "timed-out",
        Outcome::Stalled => "stalled",
        Outcome::Interrupted => "interrupted",
        Outcome::Unsure => "unsure",
    }
}

pub(super) fn place(place: Option<&Place>) -> Option<Arc<str>> {
    place.map(|place| place.to_string().into())
}
