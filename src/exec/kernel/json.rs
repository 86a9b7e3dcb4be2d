//! JSON as KernelCI's tools write it: four blanks, keys in order.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{PrettyFormatter, Serializer};

/// A value as text.
pub(super) fn text(value: &Json) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let written = sorted(value).serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
    written.expect("plain data can be written to memory");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let entries: BTreeMap<_, _> =
                map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}
