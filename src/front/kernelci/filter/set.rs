//! Filters as they were read. Data only.

use std::sync::Arc;

use super::pattern::Pattern;
use crate::diagnostic::Span;
use crate::front::kas::Text;

/// What filters see of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Kernel,
    Tree,
    Branch,
    Defconfig,
}

/// In the order in which KernelCI asks a blocklist.
pub(super) const SUBJECTS: [Subject; 4] =
    [Subject::Kernel, Subject::Tree, Subject::Branch, Subject::Defconfig];

impl Subject {
    /// Its key in the filters of a file.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Tree => "tree",
            Self::Branch => "branch",
            Self::Defconfig => "defconfig",
        }
    }
}

/// All filters of an architecture, each of which must accept.
#[derive(Debug, Default)]
pub(in super::super) struct Filters {
    pub(super) filters: Vec<Filter>,
}

/// One filter. Declarations of one kind are one filter where KernelCI combines them.
#[derive(Debug)]
pub(super) enum Filter {
    Block(Vec<List>),
    Pass(Vec<List>),
    Regex(Regex),
    Combination(Combination),
}

/// The items under one key.
#[derive(Debug)]
pub(super) struct List {
    /// The kind of the filter as it was written: `blocklist` or `blacklist`.
    pub(super) kind: &'static str,
    /// What it is compared with; none for a key that no filter sees.
    pub(super) subject: Option<Subject>,
    /// The key as it was written.
    pub(super) key: Text,
    pub(super) items: Vec<Text>,
}

/// A regex, of which only the first key counts.
#[derive(Debug)]
pub(super) struct Regex {
    pub(super) span: Span,
    /// None where there is no key, which accepts nothing.
    pub(super) first: Option<Expression>,
}

/// A key of a regex.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) subject: Option<Subject>,
    pub(super) key: Arc<str>,
    pub(super) text: Text,
    pub(super) pattern: Pattern,
}

/// Tuples of values.
#[derive(Debug)]
pub(super) struct Combination {
    pub(super) span: Span,
    pub(super) keys: Vec<(Arc<str>, Option<Subject>)>,
    pub(super) values: Vec<Vec<Arc<str>>>,
}
