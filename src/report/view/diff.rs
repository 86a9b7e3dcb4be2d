//! What `graph diff` shows: the keys in which configurations differ, each with both values and both places.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::VERSION;
use super::reason::{Nature, ReasonKind, ReasonView};
use crate::redact::{is_secret_name, redact_url};

/// What differs between two sides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DiffView {
    /// The version of the form.
    pub version: u32,
    /// The first side, as it was named.
    pub old: Arc<str>,
    /// The second side.
    pub new: Arc<str>,
    /// What differs; the same difference of several machines is there once.
    pub differences: Vec<DifferenceView>,
    /// Nodes that only the first side has.
    pub only_old: Vec<Arc<str>>,
    /// Nodes that only the second side has.
    pub only_new: Vec<Arc<str>>,
}

/// A difference, and whose it is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DifferenceView {
    /// The key and its values.
    #[serde(flatten)]
    pub key: KeyView,
    /// The nodes that have it; empty where two chains are compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Arc<str>>,
}

/// A key that two configurations do not have alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyView {
    /// The key, named as parts of nodes are: `local_conf_header.base`.
    pub key: Arc<str>,
    /// The first value; null where the first has no such key.
    pub old: Option<SaidView>,
    /// The second value.
    pub new: Option<SaidView>,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SaidView {
    /// The value, without credentials.
    pub value: Arc<str>,
    /// `file:line`, if that is known.
    pub declared: Option<Arc<str>>,
}

impl DiffView {
    /// A view of nothing, between two sides.
    #[must_use]
    pub fn between(old: &str, new: &str) -> Self {
        Self {
            version: VERSION,
            old: old.into(),
            new: new.into(),
            differences: Vec::new(),
            only_old: Vec::new(),
            only_new: Vec::new(),
        }
    }

    /// Adds a difference of a node, or of the two chains. Nodes that differ alike share the places of the first.
    pub fn add(&mut self, key: KeyView, node: Option<&Arc<str>>) {
        let value = |said: &Option<SaidView>| said.as_ref().map(|said| Arc::clone(&said.value));
        let same = |known: &&mut DifferenceView| {
            known.key.key == key.key
                && value(&known.key.old) == value(&key.old)
                && value(&known.key.new) == value(&key.new)
        };
        match self.differences.iter_mut().find(same) {
            Some(known) => known.nodes.extend(node.cloned()),
            None => {
                self.differences
                    .push(DifferenceView { key, nodes: node.cloned().into_iter().collect() });
            }
        }
    }

    /// Whether the two mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.only_old.is_empty() && self.only_new.is_empty()
    }
}

impl SaidView {
    /// What is said of a key; credentials of URLs and values of variables that carry them are masked.
    #[must_use]
    pub fn of(key: &str, value: &str, declared: Option<String>) -> Self {
        let value = match key.strip_prefix("env.") {
            Some(name) if is_secret_name(name) => "(not shown)".into(),
            _ => redact_url(value).into(),
        };
        Self { value, declared: declared.map(Into::into) }
    }
}

impl KeyView {
    /// As a reason, in whose words all changes are told.
    #[must_use]
    pub fn reason(&self) -> ReasonView {
        let value = |said: &Option<SaidView>| said.as_ref().map(|said| Arc::clone(&said.value));
        let place = |said: &Option<SaidView>| said.as_ref().and_then(|said| said.declared.clone());
        let kind = match (&self.old, &self.new) {
            (None, _) => ReasonKind::Added,
            (_, None) => ReasonKind::Removed,
            _ => ReasonKind::Changed,
        };
        let declared = match (place(&self.old), place(&self.new)) {
            (Some(old), Some(new)) => Some(format!("{old} → {new}").into()),
            (old, new) => new.or(old),
        };
        let (old, new) = (value(&self.old), value(&self.new));
        let nature =
            if old.as_deref() == Some("(not shown)") { Nature::Hidden } else { Nature::Text };
        ReasonView {
            kind,
            part: Some(Arc::clone(&self.key)),
            old,
            new,
            declared,
            nature,
            detail: None,
        }
    }
}
