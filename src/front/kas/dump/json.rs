//! `json.dumps(value, indent=4)`. Knows no configuration.

use std::io::{self, Write};

use super::{Budget, scalar};
use crate::front::yaml::{Key, Node, Value};

pub(super) fn value(
    node: &Node,
    indent: usize,
    budget: &mut Budget,
    out: &mut dyn Write,
) -> io::Result<()> {
    budget.spend()?;
    match &node.value {
        Value::List(items) if items.is_empty() => out.write_all(b"[]"),
        Value::Map(map) if map.is_empty() => out.write_all(b"{}"),
        Value::List(items) => {
            out.write_all(b"[")?;
            for (at, item) in items.iter().enumerate() {
                line(at, indent + 4, out)?;
                value(item, indent + 4, budget, out)?;
            }
            last_line(indent, out)?;
            out.write_all(b"]")
        }
        Value::Map(map) => {
            out.write_all(b"{")?;
            for (at, (key, entry)) in map.iter().enumerate() {
                line(at, indent + 4, out)?;
                match key {
                    Key::Str(text) => string(text, out)?,
                    // Python makes texts of all others.
                    _ => match atom(&scalar::of_key(key)) {
                        Atom::Bare(text) | Atom::Text(text) => string(&text, out)?,
                    },
                }
                out.write_all(b": ")?;
                value(&entry.value, indent + 4, budget, out)?;
            }
            last_line(indent, out)?;
            out.write_all(b"}")
        }
        Value::Str(text) => string(text, out),
        scalar => match atom(scalar) {
            Atom::Bare(text) => out.write_all(text.as_bytes()),
            Atom::Text(text) => string(&text, out),
        },
    }
}

/// A scalar that is no text to YAML.
enum Atom {
    Bare(String),
    /// It is one to JSON.
    Text(String),
}

fn atom(value: &Value) -> Atom {
    match value {
        Value::Bool(truth) => Atom::Bare(truth.to_string()),
        Value::Int(int) => Atom::Bare(scalar::int(int)),
        Value::Float(float) if float.is_nan() => Atom::Bare("NaN".to_owned()),
        Value::Float(f64::INFINITY) => Atom::Bare("Infinity".to_owned()),
        Value::Float(f64::NEG_INFINITY) => Atom::Bare("-Infinity".to_owned()),
        Value::Float(float) => Atom::Bare(scalar::float(*float)),
        Value::Timestamp(iso) => Atom::Text(iso.to_string()),
        Value::Binary(bytes) => Atom::Text(scalar::base64(bytes)),
        Value::Null | Value::Str(_) | Value::List(_) | Value::Map(_) => {
            Atom::Bare("null".to_owned())
        }
    }
}

fn line(at: usize, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(if at == 0 { b"" } else { b"," })?;
    last_line(indent, out)
}

fn last_line(indent: usize, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "\n{:indent$}", "")
}

/// With `ensure_ascii`, as is Python's default.
fn string(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut units = [0; 2];
    for c in text.chars() {
        match c {
            '"' => out.write_all(b"\\\"")?,
            '\\' => out.write_all(b"\\\\")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            '\t' => out.write_all(b"\\t")?,
            '\x0c' => out.write_all(b"\\f")?,
            '\x08' => out.write_all(b"\\b")?,
            ' '..='~' => write!(out, "{c}")?,
            _ => {
                for unit in c.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    out.write_all(b"\"")
}
