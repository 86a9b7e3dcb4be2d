//! Values of kas files in the forms that tests compare. Knows no expectation.

use graph_cli::front::yaml::{Int, Key, Node, Value};
use serde_json::Value as Json;

/// A value as JSON, as Python's `json` would write it.
pub(crate) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(Int::Small(value)) => (*value).into(),
        Value::Int(Int::Big(text)) | Value::Str(text) | Value::Timestamp(text) => (&**text).into(),
        Value::Float(value) => (*value).into(),
        Value::Binary(bytes) => bytes.to_vec().into(),
        Value::List(items) => items.iter().map(|item| json(item)).collect(),
        Value::Map(map) => map
            .iter()
            .map(|(key, entry)| {
                let key = key.as_str().expect("the keys of what is compared are strings");
                (key.to_owned(), json(&entry.value))
            })
            .collect(),
    }
}

/// A value as text that keeps order and tells Python's types apart (`canonical` in `kas_differential/reference.py`).
pub(crate) fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Null => "n".into(),
        Value::Bool(value) => format!("b:{value}"),
        Value::Int(Int::Small(value)) => format!("i:{value}"),
        Value::Int(Int::Big(digits)) => format!("i:{digits}"),
        Value::Float(value) => format!("f:{:016x}", value.to_bits()),
        Value::Str(text) => canonical_text(text),
        Value::Timestamp(text) => format!("t:{text}"),
        Value::Binary(bytes) => format!("bytes:{bytes:?}"),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| canonical(item)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, entry)| format!("{}={}", canonical_key(key), canonical(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

/// A string in the same form.
pub(crate) fn canonical_text(text: &str) -> String {
    format!("s:{}", Json::from(text))
}

fn canonical_key(key: &Key) -> String {
    match key {
        Key::Null => "n".into(),
        Key::Bool(value) => format!("b:{value}"),
        Key::Int(Int::Small(value)) => format!("i:{value}"),
        Key::Int(Int::Big(digits)) => format!("i:{digits}"),
        Key::Float(bits) => format!("f:{bits:016x}"),
        Key::Str(text) => canonical_text(text),
        Key::Timestamp(text) => format!("t:{text}"),
        Key::Binary(bytes) => format!("bytes:{bytes:?}"),
    }
}
