//! The keys of one mapping of a `build-configs.yaml`, each with the type that it must have; what is wrong is noted
//! with its place. Knows no key.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span, nearest};
use crate::front::kas::Text;
use crate::front::yaml::{Entry, Key, Map, Named, Node, Value};

/// A mapping under its path in the document.
pub(in super::super) struct Fields<'a> {
    path: String,
    map: &'a Map,
    span: &'a Span,
}

impl<'a> Fields<'a> {
    /// The mapping that a node must be, whatever its keys are.
    pub(in super::super) fn open(
        node: &'a Node,
        path: &str,
        found: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(map) = node.as_map() else {
            found.push(misfit(path, node, "a mapping"));
            return None;
        };
        Some(Self { path: path.to_owned(), map, span: &node.span })
    }

    /// The mapping that a node must be, with all keys that count: KernelCI passes over any other.
    pub(in super::super) fn of(
        node: &'a Node,
        path: &str,
        known: &[&str],
        found: &mut Diagnostics,
    ) -> Option<Self> {
        let fields = Self::open(node, path, found)?;
        for (key, entry) in fields.map {
            let text = key.as_str().unwrap_or_default();
            if !known.contains(&text) {
                let problem = format!("`{}` does nothing in `{path}`", text.escape_debug());
                let hint = did_you_mean(text, known);
                found.push(Diagnostic::warning(problem).at(&entry.key_span).hint(hint));
            }
        }
        Some(fields)
    }

    /// The path of a key, for messages.
    pub(in super::super) fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// The entries, whose keys must be strings.
    pub(in super::super) fn entries(&self, found: &mut Diagnostics) -> Vec<(Text, &'a Entry)> {
        named(self.map, &self.path, found)
    }

    /// The value of a key; null is as absent.
    pub(in super::super) fn node(&self, key: &str) -> Option<&'a Arc<Node>> {
        self.map.get(&Named(key)).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// The value of a key that must be there.
    pub(in super::super) fn required(
        &self,
        key: &str,
        found: &mut Diagnostics,
    ) -> Option<&'a Arc<Node>> {
        let node = self.node(key);
        if node.is_none() {
            let start = self.span.bytes.start;
            let span = Span { bytes: start..start + 1, ..self.span.clone() };
            let problem = format!("`{}` has no `{key}`", self.path);
            found.push(Diagnostic::error(problem).at(&span));
        }
        node
    }

    /// The text of a key that may be absent.
    pub(in super::super) fn text(&self, key: &str, found: &mut Diagnostics) -> Option<Text> {
        self.node(key).and_then(|node| string(&self.path(key), node, found))
    }

    /// The text of a key that must be there.
    pub(in super::super) fn required_text(
        &self,
        key: &str,
        found: &mut Diagnostics,
    ) -> Option<Text> {
        self.required(key, found).and_then(|node| string(&self.path(key), node, found))
    }

    /// The texts of a list that may be absent.
    pub(in super::super) fn texts(&self, key: &str, found: &mut Diagnostics) -> Vec<Text> {
        let Some(node) = self.node(key) else { return Vec::new() };
        items(&self.path(key), node, found)
            .into_iter()
            .filter_map(|(path, item)| string(&path, item, found))
            .collect()
    }
}

/// The entries of a mapping whose keys are names.
pub(super) fn named<'a>(
    map: &'a Map,
    path: &str,
    found: &mut Diagnostics,
) -> Vec<(Text, &'a Entry)> {
    let mut entries = Vec::with_capacity(map.len());
    for (key, entry) in map {
        match key {
            Key::Str(name) => {
                entries.push((Text { value: name.clone(), span: entry.key_span.clone() }, entry));
            }
            _ => {
                let problem = format!("a name in `{path}` is no string to YAML");
                found.push(Diagnostic::error(problem).at(&entry.key_span).hint("put it in quotes"));
            }
        }
    }
    entries
}

/// The items of what must be a list, each with its path.
pub(in super::super) fn items<'a>(
    path: &str,
    node: &'a Node,
    found: &mut Diagnostics,
) -> Vec<(String, &'a Arc<Node>)> {
    let Some(items) = node.as_list() else {
        let problem = misfit(path, node, "a list");
        // Python iterates a string by its letters, each of which would then be an item.
        let is_string = matches!(node.value, Value::Str(_));
        found.push(if is_string { problem.hint("put it in brackets") } else { problem });
        return Vec::new();
    };
    items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect()
}

/// The text that a node must be.
pub(in super::super) fn string(path: &str, node: &Node, found: &mut Diagnostics) -> Option<Text> {
    let Value::Str(value) = &node.value else {
        let problem = misfit(path, node, "a string");
        let is_plain = !matches!(node.value, Value::List(_) | Value::Map(_) | Value::Null);
        found.push(if is_plain { problem.hint("put it in quotes") } else { problem });
        return None;
    };
    Some(Text { value: value.clone(), span: node.span.clone() })
}

/// A value of the wrong type.
pub(in super::super) fn misfit(path: &str, node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::error(format!("`{path}` is {}, and must be {expected}", node.kind())).at(&node.span)
}

/// A hint with the nearest of the words, or with all.
pub(in super::super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let all: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
            format!("one of {}", all.join(", "))
        }
    }
}
