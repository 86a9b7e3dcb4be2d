//! A value as one text that is the same for equal values and for no others: what digests are made of.
//! Knows no format that anyone reads.

use std::fmt::Write;

use super::scalar;
use crate::front::yaml::{Node, Value};

/// A value in canonical form: keys sorted, types told apart, places and the order of keys forgotten.
///
/// ```text
/// null   true   false    bare words
/// 12     1.0    inf      an integer has no `.`, `e` or letter, a float has one
/// "a\nb"                 texts, escaped as in JSON
/// t"2024-01-02"          dates, and b"aGVsbG8=" binary data
/// [1,2]  {"a":1,true:2}  lists, and mappings sorted by the canonical form of the key
/// ```
#[must_use]
pub fn canonical(node: &Node) -> String {
    let mut text = String::new();
    write(&node.value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(int) => out.push_str(&scalar::int(int)),
        Value::Float(float) if float.is_nan() => out.push_str("nan"),
        Value::Float(float) if float.is_infinite() => {
            out.push_str(if *float > 0.0 { "inf" } else { "-inf" });
        }
        Value::Float(float) => out.push_str(&scalar::float(*float)),
        Value::Str(text) => string(text, out),
        Value::Timestamp(iso) => {
            out.push('t');
            string(iso, out);
        }
        Value::Binary(bytes) => {
            out.push('b');
            string(&scalar::base64(bytes), out);
        }
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write(&item.value, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries: Vec<(String, &Node)> = map
                .iter()
                .map(|(key, entry)| {
                    let mut text = String::new();
                    write(&scalar::of_key(key), &mut text);
                    (text, &*entry.value)
                })
                .collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            for (at, (key, entry)) in entries.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                out.push_str(&key);
                out.push(':');
                write(&entry.value, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing to a string");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::canonical;
    use crate::diagnostic::SourceText;
    use crate::front::yaml::parse_yaml;

    fn of(text: &str) -> String {
        let source = Arc::new(SourceText::new("a.yaml", text));
        canonical(&parse_yaml(&source).unwrap().0)
    }

    #[test]
    fn equal_values_have_one_form() {
        let expect = r#"{"a":[1,null],"b":{"x":"y"}}"#;
        assert_eq!(of("b: {x: y}\na: [1, ~]\n"), expect);
        assert_eq!(of("# comment\na:\n- 0x1\n- null\nb:\n  'x': \"y\"\n"), expect);
    }

    #[test]
    fn types_are_told_apart() {
        let forms: Vec<String> = [
            "1",
            "'1'",
            "1.0",
            "true",
            "'true'",
            "~",
            "'null'",
            "''",
            "[]",
            "{}",
            "[~]",
            "2024-01-02",
            "'2024-01-02'",
            "!!binary aGk=",
            "'aGk='",
            "[[1], 2]",
            "[[1, 2]]",
            "'[1]'",
            ".nan",
            ".inf",
            "-.inf",
            "'nan'",
            "\"a\\nb\"",
            "'a\\nb'",
            "{a: 1}",
            "{true: 1}",
            "{'true': 1}",
        ]
        .map(of)
        .into();
        for (at, form) in forms.iter().enumerate() {
            assert!(!forms[..at].contains(form), "{form} stands for two values");
        }
    }
}
