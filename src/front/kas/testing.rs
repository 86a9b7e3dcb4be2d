//! What the tests of this group share: YAML as nodes, nodes as JSON, problems as text.

use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Severity, SourceText};
use crate::front::yaml::{Int, Node, Value, parse_yaml};

use super::shape::key_text;

/// A text as a node.
pub(super) fn yaml(name: &str, text: &str) -> Arc<Node> {
    let source = Arc::new(SourceText::new(name, text));
    parse_yaml(&source).expect("the test's YAML is good").0
}

/// A node as JSON without spaces.
pub(super) fn json(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(Int::Small(value)) => value.to_string(),
        Value::Int(Int::Big(digits)) => digits.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Str(text) | Value::Timestamp(text) => format!("{text:?}"),
        Value::Binary(_) => "\"binary\"".into(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| json(item)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, entry)| format!("{:?}:{}", key_text(key), json(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

/// Problems one a line, with their hints and related places.
pub(super) fn told(problems: &Diagnostics) -> String {
    let mut lines = Vec::new();
    for problem in problems.as_slice() {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        lines.push(format!("{severity}: {problem}"));
        for (span, label) in &problem.related {
            lines.push(format!("  {}: {label}", span.place()));
        }
        lines.extend(problem.hints.iter().map(|hint| format!("  hint: {hint}")));
    }
    lines.join("\n")
}
