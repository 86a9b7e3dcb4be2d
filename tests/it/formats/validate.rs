//! A small judge of JSON by JSON Schema, for the words that our schemas use. Stricter than the standard: what a schema of an
//! object does not name is an error, because outputs have nothing that their schema does not tell.

use serde_json::{Map, Value};

/// Everything that is wrong with a value.
pub(super) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    judge(schema, schema, value, "$", &mut found);
    found
}

const KNOWN: [&str; 18] = [
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "items",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "additionalProperties",
    "format",
    "minimum",
    "default",
    "allOf",
];

fn judge(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(words) = schema.as_object() else {
        return assert_eq!(schema, &Value::Bool(true), "a schema at {at}");
    };
    for word in words.keys() {
        assert!(KNOWN.contains(&word.as_str()), "the judge does not know `{word}`");
    }
    let mut wrong = |what: String| found.push(format!("{at}: {what}: {value}"));
    if let Some(types) = words.get("type") {
        let is = |name: &Value| is_a(value, name.as_str().expect("a type is a name"));
        let fits = types.as_array().map_or_else(|| is(types), |all| all.iter().any(is));
        if !fits {
            return wrong(format!("is no {types}"));
        }
    }
    if words.get("const").is_some_and(|only| only != value) {
        wrong("is not the constant".to_owned());
    }
    if words.get("enum").is_some_and(|all| !all.as_array().expect("a list").contains(value)) {
        wrong("is none of those".to_owned());
    }
    let least = words.get("minimum").and_then(Value::as_f64);
    if least.zip(value.as_f64()).is_some_and(|(least, is)| is < least) {
        wrong("is too small".to_owned());
    }
    for word in ["anyOf", "oneOf"] {
        let Some(all) = words.get(word).and_then(Value::as_array) else { continue };
        let tried: Vec<Vec<String>> = all
            .iter()
            .map(|schema| {
                let mut problems = Vec::new();
                judge(root, schema, value, at, &mut problems);
                problems
            })
            .collect();
        if !tried.iter().any(Vec::is_empty) {
            found.extend(tried.into_iter().flatten());
        }
    }
    match value {
        Value::Array(items) => {
            let schema = words.get("items");
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = schema {
                    judge(root, schema, item, &format!("{at}[{index}]"), found);
                }
            }
        }
        Value::Object(fields) if !words.contains_key("anyOf") && !words.contains_key("oneOf") => {
            object(root, schema, fields, at, found);
        }
        Value::Object(_) => {}
        _ => {
            if let Some(to) = target(root, schema) {
                judge(root, to, value, at, found);
            }
        }
    }
}

fn target<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    let path = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
    Some(root.pointer(path).unwrap_or_else(|| panic!("{path} is not there")))
}

/// The fields of a struct can come from several places: its own, and those that it flattens.
fn object(
    root: &Value,
    schema: &Value,
    fields: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    let mut named: Map<String, Value> = Map::new();
    let mut rest = None;
    let mut schemas = vec![schema];
    while let Some(schema) = schemas.pop() {
        schemas.extend(target(root, schema));
        schemas.extend(schema.get("allOf").and_then(Value::as_array).into_iter().flatten());
        for (name, schema) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            named.insert(name.clone(), schema.clone());
        }
        rest = rest.or_else(|| schema.get("additionalProperties").cloned());
        // A choice behind a reference is judged by itself.
        if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
            return judge(root, schema, &Value::Object(fields.clone()), at, found);
        }
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = required.as_str().expect("a name");
            if !fields.contains_key(name) {
                found.push(format!("{at}: has no `{name}`"));
            }
        }
    }
    for (name, value) in fields {
        let at = format!("{at}.{name}");
        match (named.get(name), &rest) {
            (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => {
                judge(root, schema, value, &at, found);
            }
            _ => found.push(format!("{at}: the schema does not name it")),
        }
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type"),
    }
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "a": {"type": ["integer", "null"], "minimum": 1},
            "b": {"$ref": "#/$defs/B"},
            "c": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
        },
        "required": ["a"],
        "$defs": {"B": {"oneOf": [{"const": "x"}, {"type": "object", "properties": {"k": {"enum": ["y"]}}, "required": ["k"]}]}}
    });
    let check =
        |value: Value, count: usize| assert_eq!(problems(&schema, &value).len(), count, "{value}");
    check(serde_json::json!({"a": 1, "b": "x", "c": {"l": ["v"]}}), 0);
    check(serde_json::json!({"a": null, "b": {"k": "y"}}), 0);
    check(serde_json::json!({"b": "x"}), 1);
    check(serde_json::json!({"a": 0}), 1);
    check(serde_json::json!({"a": "1", "d": 2}), 2);
    check(serde_json::json!({"a": 1, "b": "z"}), 2);
    check(serde_json::json!({"a": 1, "c": {"l": [1]}}), 1);
    check(serde_json::json!([]), 1);
}
