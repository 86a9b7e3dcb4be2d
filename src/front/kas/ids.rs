//! The ids that users give to entries, sorted as Python sorts them. Knows no entry.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::front::kas::effective::Text;
use crate::front::kas::shape::key_text;
use crate::front::yaml::{Entry, Int, Key, Map, Node, Value};

/// The text of a string node; `None` for a null.
pub(super) fn text(node: &Node) -> Option<Text> {
    match &node.value {
        Value::Str(text) => Some(Text { value: Arc::clone(text), span: node.span.clone() }),
        _ => None,
    }
}

/// The entries whose keys are strings; other keys are problems.
pub(super) fn texts<'a>(
    map: &'a Map,
    what: &str,
    found: &mut Diagnostics,
) -> Vec<(Arc<str>, &'a Entry)> {
    let mut entries = Vec::with_capacity(map.len());
    for (key, entry) in map {
        match key {
            Key::Str(id) => entries.push((id.clone(), entry)),
            other => found.push(no_text(what, other, &entry.key_span)),
        }
    }
    entries
}

/// The entries sorted by id, as Python does: strings by code points, integers by value. It cannot compare one with the
/// other.
pub(super) fn sorted<'a>(
    map: &'a Map,
    what: &str,
    found: &mut Diagnostics,
) -> Vec<(Arc<str>, &'a Entry)> {
    let integers: Option<Vec<(i64, &Entry)>> = map
        .iter()
        .map(|(key, entry)| match key {
            Key::Int(Int::Small(number)) => Some((*number, entry)),
            _ => None,
        })
        .collect();
    if let Some(mut integers) = integers {
        integers.sort_by_key(|(number, _)| *number);
        return integers
            .into_iter()
            .map(|(number, entry)| (number.to_string().into(), entry))
            .collect();
    }
    let mut entries = texts(map, what, found);
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

fn no_text(what: &str, key: &Key, span: &Span) -> Diagnostic {
    let written = span.source.text.get(span.bytes.clone()).unwrap_or_default();
    Diagnostic::error(format!("{what} is not a string: `{}`", key_text(key)))
        .at(span)
        .hint(format!("quote it: '{written}'"))
}
