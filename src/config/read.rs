//! Reads the text of `graph.yaml`, and tells every problem of it at once, each with its place.
//!
//! serde stops at the first problem. So what a problem hangs on is taken out of the document and the rest is read
//! again, until nothing is wrong any more: every key has a default, so that taking one out is always possible.

use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde_path_to_error::{Path, Segment as Step};
use yaml_serde::{Mapping, Value};

use super::locate::{Segment, Side, locate, span_at};
use super::settings::{Settings, Version};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceText, nearest};

/// More problems than anyone reads; it only bounds the work on hostile input.
const MOST_PROBLEMS: usize = 100;

/// Reads settings from the text of a `graph.yaml`.
///
/// # Errors
/// All problems at once.
pub fn parse(source: &Arc<SourceText>) -> Result<Settings, Diagnostics> {
    let mut document: Value = match yaml_serde::from_str(&source.text) {
        Ok(Value::Null) => Value::Mapping(Mapping::new()),
        Ok(document) => document,
        Err(error) => return Err(std::iter::once(syntax(source, &error)).collect()),
    };
    drop_nulls(&mut document);
    let mut problems = Vec::new();
    if let Value::Mapping(top) = &mut document
        && !top.contains_key("version")
    {
        problems.push(
            Diagnostic::error("the key `version` is missing")
                .in_file(source.name.clone())
                .hint("begin the file with `version: 1`"),
        );
        top.insert("version".into(), 1.into());
    }
    let mut reported: Vec<Vec<Segment>> = Vec::new();
    for _ in 0..MOST_PROBLEMS {
        let error = match serde_path_to_error::deserialize::<_, Settings>(&document) {
            Ok(settings) if problems.is_empty() => return Ok(settings),
            Ok(_) => break,
            Err(error) => error,
        };
        let path = segments(error.path());
        // That a section lacks what was taken out of it is no problem of the user's.
        if !reported.iter().any(|earlier| earlier.starts_with(&path)) {
            problems.push(explain(source, &path, &error.inner().to_string()));
        }
        if !take_out(&mut document, &path) {
            break;
        }
        reported.push(path);
    }
    problems.sort_by_key(|problem| problem.span.as_ref().map(|span| span.bytes.start));
    Err(problems.into_iter().collect())
}

fn syntax(source: &Arc<SourceText>, error: &yaml_serde::Error) -> Diagnostic {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    let problem = Diagnostic::error(format!("this is not YAML: {message}"));
    match error.location() {
        Some(at) if message.contains("tab") => {
            problem.at(&span_at(source, at.line(), at.column())).hint("indent with spaces")
        }
        Some(at) => problem.at(&span_at(source, at.line(), at.column())),
        None => problem.in_file(source.name.clone()),
    }
}

/// A section whose keys are all commented out is null, and means its defaults.
fn drop_nulls(value: &mut Value) {
    if let Value::Mapping(map) = value {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(drop_nulls);
    }
}

fn segments(path: &Path) -> Vec<Segment> {
    path.iter()
        .filter_map(|step| match step {
            Step::Map { key } => Some(Segment::Key(key.clone())),
            Step::Seq { index } => Some(Segment::Index(*index)),
            Step::Enum { .. } | Step::Unknown => None,
        })
        .collect()
}

/// Takes out the innermost key of a path. `false` if there is none to take.
fn take_out(document: &mut Value, path: &[Segment]) -> bool {
    let Some(last) = path.iter().rposition(|segment| matches!(segment, Segment::Key(_))) else {
        return false;
    };
    let mut here = document;
    for segment in &path[..last] {
        let inner = match segment {
            Segment::Key(key) => here.get_mut(key.as_str()),
            Segment::Index(index) => here.get_mut(*index),
        };
        match inner {
            Some(inner) => here = inner,
            None => return false,
        }
    }
    match (&path[last], here) {
        (Segment::Key(key), Value::Mapping(map)) if key == "version" && last == 0 => {
            map.insert("version".into(), 1.into()).is_some()
        }
        (Segment::Key(key), Value::Mapping(map)) => map.remove(key.as_str()).is_some(),
        _ => false,
    }
}

/// Turns serde's words into ours.
fn explain(source: &Arc<SourceText>, path: &[Segment], error: &str) -> Diagnostic {
    let name = dotted(path);
    if let Some(rest) = error.strip_prefix("unknown field ") {
        let mut words = rest.split('`').skip(1).step_by(2);
        let unknown = words.next().unwrap_or_default();
        let known: Vec<&str> = words.collect();
        let section = dotted(&path[..path.len().saturating_sub(1)]);
        let message = match section.as_str() {
            "" => format!("unknown key `{unknown}`"),
            section => format!("unknown key `{unknown}` in `{section}`"),
        };
        let hint = match nearest(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys are {}", quoted(&known).join(", ")),
        };
        return Diagnostic::error(message).at(&locate(source, path, Side::Key)).hint(hint);
    }
    let subject = if name.is_empty() { "the file".to_owned() } else { format!("`{name}`") };
    let place = locate(source, path, Side::Value);
    if let Some(field) = error.strip_prefix("missing field ") {
        return Diagnostic::error(format!("the key {field} is missing in {subject}")).at(&place);
    }
    if let Some(rest) = error.strip_prefix("unknown variant ") {
        let mut words = rest.split('`').skip(1).step_by(2);
        let unknown = words.next().unwrap_or_default();
        let known: Vec<&str> = words.collect();
        let message = format!("{subject} must be {}, not `{unknown}`", listed(&known));
        return Diagnostic::error(message).at(&place);
    }
    let mismatch = error
        .strip_prefix("invalid type: ")
        .or_else(|| error.strip_prefix("invalid value: "))
        .and_then(|rest| rest.split_once(", expected "));
    let Some((found, expected)) = mismatch else {
        return Diagnostic::error(format!("{subject}: {error}")).at(&place);
    };
    let problem = Diagnostic::error(format!(
        "{subject} must be {}, not {}",
        expectation(expected),
        finding(found)
    ))
    .at(&place);
    match hint_for(&name, found, expected) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn expectation(expected: &str) -> &str {
    match expected {
        "string" | "a string" | "path string" => "a string",
        "u32" => "a number from 0",
        "a sequence" => "a list",
        "a map" | "YAML mapping" => "a mapping",
        other if other.starts_with("struct ") => "a mapping",
        other => other,
    }
}

fn finding(found: &str) -> String {
    match found {
        "sequence" => "a list".to_owned(),
        "map" => "a mapping".to_owned(),
        "unit value" | "null" => "nothing".to_owned(),
        other => format!("the {}", other.replace("floating point", "number")),
    }
}

/// YAML reads `5.10` as the number 5.1, and `yes` is a string in YAML 1.2.
fn hint_for(name: &str, found: &str, expected: &str) -> Option<String> {
    let number = found.starts_with("floating point") || found.starts_with("integer");
    match (expectation(expected), found) {
        ("a string", _) if number && name == "kas.version" => {
            Some("write the version in quotes: YAML reads 5.10 as 5.1".to_owned())
        }
        ("a string", _) if number => Some("write it in quotes".to_owned()),
        ("a boolean", _) => Some("write `true` or `false`".to_owned()),
        _ => None,
    }
}

fn listed(names: &[&str]) -> String {
    match quoted(names).split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

fn dotted(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Key(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) => text.extend([".", key]),
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Version;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("1, the only version that this `graph` knows")
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Version, E> {
                match number {
                    1 => Ok(Version),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
                }
            }
        }
        deserializer.deserialize_any(One)
    }
}
