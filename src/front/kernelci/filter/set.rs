//! Filters as they were read. Data only.

use std::sync::Arc;

use graph::digest::Fields;

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

impl Filters {
    /// Adds all that decides what is rejected.
    pub(in super::super) fn add_to(&self, fields: &mut Fields) {
        let Self { filters } = self;
        fields.add(filters.len().to_le_bytes());
        for filter in filters {
            match filter {
                Filter::Block(lists) => add_lists(fields, "block", lists),
                Filter::Pass(lists) => add_lists(fields, "pass", lists),
                Filter::Regex(Regex { span: _, first }) => {
                    fields.add("regex");
                    fields.add([u8::from(first.is_some())]);
                    // The pattern is made of the text.
                    if let Some(Expression { subject: _, key, text, pattern: _ }) = first {
                        fields.add(&**key);
                        fields.add(&*text.value);
                    }
                }
                Filter::Combination(Combination { span: _, keys, values }) => {
                    fields.add("combination");
                    fields.add(keys.len().to_le_bytes());
                    keys.iter().for_each(|(key, _)| fields.add(&**key));
                    fields.add(values.len().to_le_bytes());
                    for tuple in values {
                        fields.add(tuple.len().to_le_bytes());
                        tuple.iter().for_each(|value| fields.add(&**value));
                    }
                }
            }
        }
    }
}

fn add_lists(fields: &mut Fields, what: &str, lists: &[List]) {
    fields.add(what);
    fields.add(lists.len().to_le_bytes());
    for List { kind, subject: _, key, items } in lists {
        fields.add(kind);
        fields.add(&*key.value);
        fields.add(items.len().to_le_bytes());
        items.iter().for_each(|item| fields.add(&*item.value));
    }
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
