//! The keys of one mapping of `machines.json`, each taken once with the type that it must have; what is wrong is
//! noted with its place. Knows no key.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span, nearest};
use crate::front::kas::Text;
use crate::front::yaml::{Map, Named, Node, Value};

/// A mapping under its path in the document.
pub(super) struct Fields<'a> {
    path: String,
    map: &'a Map,
    span: &'a Span,
}

impl<'a> Fields<'a> {
    /// The mapping that a node must be, with all keys it can have; an unknown one is a problem.
    pub(super) fn of(
        node: &'a Node,
        path: &str,
        known: &[&str],
        found: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(map) = node.as_map() else {
            found.push(misfit(path, node, "a mapping"));
            return None;
        };
        for (key, entry) in map {
            let text = key.as_str().unwrap_or_default();
            if !known.contains(&text) {
                let of = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
                let problem =
                    Diagnostic::error(format!("unknown key `{}`{of}", text.escape_debug()));
                found.push(problem.at(&entry.key_span).hint(did_you_mean(text, known)));
            }
        }
        Some(Self { path: path.to_owned(), map, span: &node.span })
    }

    /// The path of a key, for messages.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key that may be absent.
    pub(super) fn node(&self, key: &str) -> Option<&'a Arc<Node>> {
        self.map.get(&Named(key)).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &str, found: &mut Diagnostics) -> Option<&'a Arc<Node>> {
        let node = self.node(key);
        if node.is_none() {
            let problem = match self.path.as_str() {
                "" => format!("`{key}` is missing"),
                path => format!("`{path}` has no `{key}`"),
            };
            let start = self.span.bytes.start;
            let span = Span { bytes: start..start + 1, ..self.span.clone() };
            found.push(Diagnostic::error(problem).at(&span));
        }
        node
    }

    /// The text of a key that may be absent.
    pub(super) fn text(&self, key: &str, found: &mut Diagnostics) -> Option<Text> {
        self.node(key).and_then(|node| text(&self.path(key), node, found))
    }

    /// The text of a key that must be there.
    pub(super) fn required_text(&self, key: &str, found: &mut Diagnostics) -> Option<Text> {
        self.required(key, found).and_then(|node| text(&self.path(key), node, found))
    }

    /// The texts of a list that may be absent.
    pub(super) fn texts(&self, key: &str, found: &mut Diagnostics) -> Vec<Text> {
        let Some(node) = self.node(key) else { return Vec::new() };
        items(&self.path(key), node, found)
            .into_iter()
            .filter_map(|(path, item)| text(&path, item, found))
            .collect()
    }
}

/// The items of what must be a list, each with its path.
pub(super) fn items<'a>(
    path: &str,
    node: &'a Node,
    found: &mut Diagnostics,
) -> Vec<(String, &'a Arc<Node>)> {
    let Some(items) = node.as_list() else {
        found.push(misfit(path, node, "a list"));
        return Vec::new();
    };
    items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect()
}

fn text(path: &str, node: &Node, found: &mut Diagnostics) -> Option<Text> {
    let Value::Str(value) = &node.value else {
        found.push(misfit(path, node, "a string"));
        return None;
    };
    Some(Text { value: value.clone(), span: node.span.clone() })
}

/// A value of the wrong type.
pub(super) fn misfit(path: &str, node: &Node, expected: &str) -> Diagnostic {
    let what = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
    Diagnostic::error(format!("{what} is {}, and must be {expected}", node.kind())).at(&node.span)
}

/// A hint with the nearest of the words, or with all.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let all: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
            format!("one of {}", all.join(", "))
        }
    }
}
