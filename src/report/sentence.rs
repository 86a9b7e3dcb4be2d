//! Reasons in the user's words, as one sentence without colours or escapes. Knows no form of output.

use std::fmt;
use std::sync::Arc;

use super::diff::diff;
use super::view::reason::{MISSING, Nature, ReasonKind, ReasonView};
use super::words::count;

/// A reason as a sentence in three pieces, for forms that set them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    /// What it is about: `repos.poky.commit`, `never built`.
    pub(super) subject: String,
    /// What happened to it.
    pub(super) told: Told,
    /// Where the user wrote it.
    pub(super) place: Option<Arc<str>>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The subject says it all.
    Nothing,
    /// Words.
    Words(String),
    /// From one value to another, both of one line.
    Change(String, String),
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        match &self.told {
            Told::Nothing => {}
            Told::Words(words) => write!(f, " {words}")?,
            Told::Change(old, new) => write!(f, " {old} → {new}")?,
        }
        match &self.place {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

/// Says a reason.
pub(super) fn sentence(reason: &ReasonView) -> Sentence {
    let (subject, told) = said(reason);
    Sentence { subject, told, place: reason.declared.clone() }
}

/// A reason in as few words as can be: the part, or what is the matter.
pub(super) fn label(reason: &ReasonView) -> String {
    match reason.kind {
        ReasonKind::Open => format!("after {}", need(reason).unwrap_or_default()),
        ReasonKind::Unresolved => "unresolved".to_owned(),
        ReasonKind::OutputsMissing => "outputs missing".to_owned(),
        _ => said(reason).0,
    }
}

fn said(reason: &ReasonView) -> (String, Told) {
    let detail = || reason.detail.as_deref().unwrap_or_default().to_owned();
    let part = || reason.part.as_deref().unwrap_or_default().to_owned();
    let alone = |text: &str| (text.to_owned(), Told::Nothing);
    match reason.kind {
        ReasonKind::NeverBuilt => alone("never built"),
        ReasonKind::Forced => alone("asked for"),
        ReasonKind::LastRun => alone(match reason.old.as_deref() {
            Some("failed") => "last run failed",
            Some("timed-out") => "last run timed out",
            Some("stalled") => "last run stalled",
            Some("interrupted") => "last run was interrupted",
            Some("unsure") => "an input changed during the last run",
            _ => "last run did not end well",
        }),
        ReasonKind::KeyRules => alone("recorded by another version of graph"),
        ReasonKind::OutputsMissing if reason.detail.is_some() => {
            ("outputs missing,".to_owned(), Told::Words(detail()))
        }
        ReasonKind::OutputsMissing => alone("outputs missing"),
        ReasonKind::Unknown => (part(), Told::Words(format!("unknown: {}", detail()))),
        ReasonKind::Unresolved => ("unresolved:".to_owned(), Told::Words(detail())),
        ReasonKind::Open => {
            ("waits for".to_owned(), Told::Words(need(reason).unwrap_or_default().to_owned()))
        }
        ReasonKind::Added => (part(), Told::Words(with("added", reason.new.as_deref(), reason))),
        ReasonKind::Removed => {
            (part(), Told::Words(with("removed", reason.old.as_deref(), reason)))
        }
        ReasonKind::Changed => changed(reason, part()),
    }
}

fn changed(reason: &ReasonView, part: String) -> (String, Told) {
    let words = |words: &str| Told::Words(words.to_owned());
    if let Some(need) = need(reason) {
        return (need.to_owned(), words("left something else than before"));
    }
    match (part.as_str(), reason.old.as_deref(), reason.new.as_deref(), reason.nature) {
        ("action", ..) => ("commands".to_owned(), words("changed")),
        ("outputs", ..) => ("output patterns".to_owned(), words("changed")),
        (_, Some(MISSING), _, Nature::Content) => (part, words("is there now, and was not")),
        (_, _, Some(MISSING), Nature::Content) => (part, words("is missing now")),
        (_, Some(MISSING), _, Nature::Hidden) => {
            (part, words("is set now, and was not; value not shown"))
        }
        (_, _, Some(MISSING), Nature::Hidden) => (part, words("is not set any more")),
        (_, _, _, Nature::Hidden) => (part, words("changed, value not shown")),
        (_, _, _, Nature::Content) => (part, words("changed")),
        (_, Some(old), Some(new), Nature::Text) if is_block(old) || is_block(new) => {
            (part, Told::Words(format!("changed in {}", count(diff(old, new).len(), "line"))))
        }
        (_, Some(old), Some(new), Nature::Text) => {
            let (old, new) = short_pair(old, new);
            (part, Told::Change(old, new))
        }
        _ => (part, words("changed")),
    }
}

fn with(verb: &str, value: Option<&str>, reason: &ReasonView) -> String {
    match value {
        Some("") => format!("{verb}: empty"),
        Some(value) if is_block(value) => {
            format!("{verb}: {}", count(value.lines().count(), "line"))
        }
        Some(value) if reason.nature == Nature::Text => format!("{verb}: {}", short(value)),
        _ => verb.to_owned(),
    }
}

/// The node that a part speaks of, if the part is a need.
pub(super) fn need(reason: &ReasonView) -> Option<&str> {
    reason.part.as_deref().and_then(|part| part.strip_prefix("need "))
}

/// Whether a value has several lines.
pub(super) fn is_block(value: &str) -> bool {
    value.trim_end_matches('\n').contains('\n')
}

/// Commits and digests are cut to twelve digits.
pub(super) fn short(value: &str) -> &str {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if matches!(value.len(), 40 | 64) && value.bytes().all(hex) { &value[..12] } else { value }
}

fn short_pair(old: &str, new: &str) -> (String, String) {
    let shown =
        |value: &str| if value.is_empty() { "(empty)".to_owned() } else { value.to_owned() };
    if short(old) == short(new) {
        return (shown(old), shown(new));
    }
    (shown(short(old)), shown(short(new)))
}
