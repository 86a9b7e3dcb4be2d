//! What PyYAML makes of the corpus's small texts is what we make of them.

use std::fmt::Write;
use std::fs;
use std::sync::Arc;

use graph_cli::diagnostic::SourceText;
use graph_cli::front::yaml::{Int, Key, Node, Value, parse_yaml};

use crate::corpus::corpus;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    yaml: String,
    value: Option<String>,
    error: Option<String>,
}

pub(crate) fn source(text: &str) -> Arc<SourceText> {
    Arc::new(SourceText::new("case.yaml", text))
}

/// The corpus's notation: JSON with Python's types told apart, keys of any type, order kept.
pub(crate) fn notation(node: &Node, float: fn(f64) -> String) -> String {
    let mut out = String::new();
    write_value(node, float, &mut out);
    out
}

fn write_value(node: &Node, float: fn(f64) -> String, out: &mut String) {
    match &node.value {
        Value::Null => write_key(&Key::Null, float, out),
        Value::Bool(truth) => write_key(&Key::Bool(*truth), float, out),
        Value::Int(int) => write_key(&Key::Int(int.clone()), float, out),
        Value::Float(number) => write_key(&Key::Float(number.to_bits()), float, out),
        Value::Str(text) => write_key(&Key::Str(text.clone()), float, out),
        Value::Timestamp(iso) => write_key(&Key::Timestamp(iso.clone()), float, out),
        Value::Binary(bytes) => write_key(&Key::Binary(bytes.clone()), float, out),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write_value(item, float, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, (key, entry)) in map.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write_key(key, float, out);
                out.push(':');
                write_value(&entry.value, float, out);
            }
            out.push('}');
        }
    }
}

fn write_key(key: &Key, float: fn(f64) -> String, out: &mut String) {
    let written = match key {
        Key::Null => write!(out, "null"),
        Key::Bool(truth) => write!(out, "{truth}"),
        Key::Int(Int::Small(small)) => write!(out, "{small}"),
        Key::Int(Int::Big(digits)) => write!(out, "{digits}"),
        Key::Float(bits) => write!(out, "{}", float(f64::from_bits(*bits))),
        Key::Str(text) => write!(out, "{}", serde_json::Value::from(text.as_ref())),
        Key::Timestamp(iso) => write!(out, "date:{iso}"),
        Key::Binary(bytes) => write!(out, "bytes:{bytes:?}"),
    };
    written.expect("writing to a string");
}

/// Where we differ on purpose: what PyYAML says, what we say.
fn accepted_by_us(case: &Case) -> bool {
    case.name.starts_with("tab-")
}

#[test]
fn every_case_of_the_corpus_agrees() {
    let Some(corpus) = corpus() else { return };
    let text = fs::read_to_string(corpus.join("yaml/pyyaml-cases.json")).expect("the cases");
    let cases: Vec<Case> = serde_json::from_str(&text).expect("the cases are JSON");
    assert!(cases.len() > 40);
    let mut wrong = Vec::new();
    for case in &cases {
        let ours = parse_yaml(&source(&case.yaml));
        let agrees = match (&ours, &case.value, &case.error) {
            // A value that contains itself can be built of nothing that is merged or printed.
            (Err(_), Some(value), _) if value == "RECURSIVE" => true,
            (Ok((node, _)), Some(value), _) => notation(node, |float| float.to_string()) == *value,
            (Ok((_, warnings)), None, Some(_)) => accepted_by_us(case) && !warnings.is_empty(),
            (Err(problems), None, Some(_)) => problems.has_errors() && !accepted_by_us(case),
            _ => false,
        };
        if !agrees {
            wrong.push(format!(
                "{}: {:?} is {ours:?}",
                case.name,
                case.value.as_ref().or(case.error.as_ref())
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
