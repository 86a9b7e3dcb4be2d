//! Patterns as Python's `re` reads them. What another engine would read differently is translated or refused.

mod charset;
mod engine;
mod escape;
mod group;
mod translate;
mod width;

pub(super) use engine::Pattern;

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// In words: Python's own, where it refuses.
    pub(super) why: String,
    /// How many characters of the pattern stand before the problem.
    pub(super) at: usize,
    /// What to write instead, where that is known.
    pub(super) hint: Option<&'static str>,
}
