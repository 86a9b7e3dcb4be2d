//! What `graph list --excluded` shows: combinations that filters reject.

use std::sync::Arc;

use graph::name::NodeName;
use schemars::JsonSchema;
use serde::Serialize;

use super::VERSION;

/// Combinations that are not built.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExcludedView {
    /// The version of the form.
    pub version: u32,
    /// The combinations, in order of declaration.
    pub excluded: Vec<RejectedView>,
}

/// One combination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RejectedView {
    /// What the node would be called.
    #[schemars(with = "String")]
    pub name: NodeName,
    /// The kind of the filter.
    pub filter: String,
    /// Why it rejects.
    pub why: String,
    /// Where the filter, or the item that decided, was written, `file:line`.
    pub declared: Arc<str>,
}

impl ExcludedView {
    /// The combinations, as they come.
    #[must_use]
    pub fn of(excluded: impl IntoIterator<Item = RejectedView>) -> Self {
        Self { version: VERSION, excluded: excluded.into_iter().collect() }
    }
}
