//! The shapes that values of a kas file can have, and the check of a value against one. Finds all problems of a value
//! at once, each with its place. Knows no key of kas; `schema` does.

use crate::diagnostic::{Diagnostic, Diagnostics, Span, nearest};
use crate::front::yaml::{Entry, Int, Key, Named, Node, Value};

/// What a value can be.
pub(super) enum Shape {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// A string of one of these lengths, in characters.
    TextOfLength(&'static [usize]),
    /// A boolean.
    Flag,
    /// An integer in these bounds, both included.
    Integer(i64, i64),
    /// A boolean, a string or an integer.
    Scalar,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list, and what its items are.
    List(&'static Shape),
    /// A mapping with any keys, and what its values are.
    Each(&'static Shape),
    /// A mapping with known keys.
    Record(&'static Record),
    /// Null, or this.
    Nullable(&'static Shape),
    /// A string, or this.
    TextOr(&'static Shape),
    /// What only code can tell: what it has to be, in words, and the check.
    Custom(&'static str, fn(&Node) -> Custom),
}

/// What the check of a [`Shape::Custom`] says.
pub(super) enum Custom {
    /// It fits.
    Fits,
    /// It fits if it has this shape.
    As(&'static Shape),
    /// It fits, and is worth a warning.
    Warn(String, &'static str),
    /// It does not fit.
    Misfit,
    /// It does not fit, and there is more to say than what it has to be.
    Refuse(String, &'static str),
}

/// A mapping with known keys.
pub(super) struct Record {
    /// The keys that it can have.
    pub(super) fields: &'static [(&'static str, Shape)],
    /// The keys that it must have.
    pub(super) required: &'static [&'static str],
    /// What becomes of other keys.
    pub(super) others: Others,
}

/// What becomes of keys that are not known.
#[derive(PartialEq, Eq)]
pub(super) enum Others {
    /// They are errors.
    Refused,
    /// They are let through.
    Accepted,
}

/// Checks a value and adds every problem of it.
pub(super) fn check(node: &Node, shape: &Shape, found: &mut Diagnostics) {
    Checker { path: Vec::new(), found }.value(node, shape);
}

struct Checker<'a> {
    /// The keys that lead to the value under check.
    path: Vec<String>,
    found: &'a mut Diagnostics,
}

impl Checker<'_> {
    fn value(&mut self, node: &Node, shape: &Shape) {
        match (shape, &node.value) {
            (Shape::Any, _)
            | (Shape::Text | Shape::TextOr(_) | Shape::Scalar, Value::Str(_))
            | (Shape::Flag | Shape::Scalar, Value::Bool(_))
            | (Shape::Nullable(_), Value::Null) => {}
            (Shape::Scalar, value) if whole(value).is_some() => {}
            (Shape::TextOfLength(lengths), Value::Str(text)) => {
                let length = text.chars().count();
                if !lengths.contains(&length) {
                    let allowed = lengths.iter().map(usize::to_string).collect::<Vec<_>>();
                    let message = format!(
                        "{} has {length} characters, and must have {}",
                        self.name(),
                        allowed.join(" or ")
                    );
                    self.found.push(Diagnostic::error(message).at(&node.span));
                }
            }
            (Shape::Integer(low, high), value) => match whole(value) {
                Some(number) if (*low..=*high).contains(&number) => {}
                Some(number) => {
                    let message =
                        format!("{} is {number}, and must be from {low} to {high}", self.name());
                    self.found.push(Diagnostic::error(message).at(&node.span));
                }
                None => self.misfit(node, "an integer"),
            },
            (Shape::Word(words), Value::Str(text)) => self.word(text, words, &node.span),
            (Shape::List(item), Value::List(items)) => {
                for (index, each) in items.iter().enumerate() {
                    self.under(&format!("[{index}]"), |checker| checker.value(each, item));
                }
            }
            (Shape::Each(value), Value::Map(map)) => {
                for (key, entry) in map {
                    self.under(&key_text(key), |checker| checker.value(&entry.value, value));
                }
            }
            (Shape::Record(record), Value::Map(_)) => self.record(node, record),
            (Shape::Nullable(inner), _)
            | (Shape::TextOr(inner), Value::List(_) | Value::Map(_))
                if expected(inner) == node.kind() || matches!(shape, Shape::Nullable(_)) =>
            {
                self.value(node, inner);
            }
            (Shape::Custom(expected, verdict), _) => match verdict(node) {
                Custom::Fits => {}
                Custom::As(shape) => self.value(node, shape),
                Custom::Misfit => self.misfit(node, expected),
                Custom::Warn(message, hint) => {
                    let message = format!("{} {message}", self.name());
                    self.found.push(Diagnostic::warning(message).at(&node.span).hint(hint));
                }
                Custom::Refuse(message, hint) => {
                    let message = format!("{} {message}", self.name());
                    self.found.push(Diagnostic::error(message).at(&node.span).hint(hint));
                }
            },
            (shape, _) => self.misfit(node, expected(shape)),
        }
    }

    fn record(&mut self, node: &Node, record: &Record) {
        let Some(map) = node.as_map() else { return };
        for required in record.required {
            if !map.contains_key(&Named(required)) {
                let whole = self.path.is_empty();
                let place = Span {
                    bytes: node.span.bytes.start..node.span.bytes.start,
                    ..node.span.clone()
                };
                let message = if whole {
                    format!("`{required}` is missing")
                } else {
                    format!("{} has no `{required}`", self.name())
                };
                self.found.push(Diagnostic::error(message).at(&place));
            }
        }
        for (key, entry) in map {
            let field =
                key.as_str().and_then(|text| record.fields.iter().find(|(name, _)| *name == text));
            match field {
                Some((name, shape)) => {
                    self.under(name, |checker| checker.value(&entry.value, shape));
                }
                None if record.others == Others::Accepted => {}
                None => self.unknown_key(key, entry, record),
            }
        }
    }

    fn unknown_key(&mut self, key: &Key, entry: &Entry, record: &Record) {
        let text = key_text(key);
        let message = if self.path.is_empty() {
            format!("unknown key `{text}`")
        } else {
            format!("unknown key `{text}` in {}", self.name())
        };
        let problem = Diagnostic::error(message).at(&entry.key_span);
        let known =
            || record.fields.iter().map(|(name, _)| *name).filter(|name| !name.starts_with('_'));
        self.found.push(problem.hint(match nearest(&text, known()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => {
                let names: Vec<_> = known().map(|name| format!("`{name}`")).collect();
                format!("the known keys are {}", names.join(", "))
            }
        }));
    }

    fn word(&mut self, text: &str, words: &[&str], span: &Span) {
        if words.contains(&text) {
            return;
        }
        let names: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let message =
            format!("{} is `{text}`, and must be one of {}", self.name(), names.join(", "));
        let problem = Diagnostic::error(message).at(span);
        self.found.push(match nearest(text, words.iter().copied()) {
            Some(word) => problem.hint(format!("did you mean `{word}`?")),
            None => problem,
        });
    }

    /// A value of the wrong type. Where a string was meant and YAML 1.1 read something else, the text that was written
    /// is worth quoting: a build of commit 342391 instead of `0123456` would be the wrong one.
    fn misfit(&mut self, node: &Node, expected: &str) {
        let text = expected.starts_with("a string");
        let shown = shown(node);
        let written = node.span.source.text.get(node.span.bytes.clone()).unwrap_or_default();
        let scalar = !matches!(node.value, Value::Null | Value::List(_) | Value::Map(_));
        let problem = if text && scalar {
            Diagnostic::error(format!("{} is {shown}, and must be {expected}", self.name()))
                .hint(format!("quote it: '{written}'"))
        } else if self.path.is_empty() && node.is_null() {
            Diagnostic::error(format!("a kas file must be {expected}, and this is empty"))
        } else if self.path.is_empty() {
            Diagnostic::error(format!("a kas file must be {expected}, and this is {shown}"))
        } else {
            Diagnostic::error(format!("{} is {shown}, and must be {expected}", self.name()))
        };
        self.found.push(problem.at(&node.span));
    }

    fn under(&mut self, key: &str, inner: impl FnOnce(&mut Self)) {
        self.path.push(key.to_owned());
        inner(self);
        self.path.pop();
    }

    /// The dotted path in backticks: `repos.poky.commit`, `header.includes[1].file`.
    fn name(&self) -> String {
        format!("`{}`", self.path.join(".").replace(".[", "["))
    }
}

/// The whole number that a value is, if it is one (as JSON schema has it, `16.0` is).
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(Int::Small(number)) => Some(*number),
        Value::Int(Int::Big(digits)) if digits.starts_with('-') => Some(i64::MIN),
        Value::Int(Int::Big(_)) => Some(i64::MAX),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and far below 2^53")]
            Some(*number as i64)
        }
        _ => None,
    }
}

/// A key as text.
pub(super) fn key_text(key: &Key) -> String {
    match key {
        Key::Null => "null".into(),
        Key::Bool(value) => value.to_string(),
        Key::Int(Int::Small(value)) => value.to_string(),
        Key::Int(Int::Big(text)) | Key::Str(text) | Key::Timestamp(text) => text.to_string(),
        Key::Float(bits) => f64::from_bits(*bits).to_string(),
        Key::Binary(_) => "binary data".into(),
    }
}

/// What a value is, with the value itself where that is short.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Int(Int::Small(value)) => format!("the integer {value}"),
        Value::Float(value) => format!("the number {value}"),
        Value::Timestamp(value) => format!("the date {value}"),
        _ => node.kind().to_owned(),
    }
}

fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Text | Shape::TextOfLength(_) | Shape::Word(_) => "a string",
        Shape::Flag => "a boolean",
        Shape::Integer(..) => "an integer",
        Shape::Scalar => "a string, a boolean or an integer",
        Shape::List(_) => "a list",
        Shape::Each(_) | Shape::Record(_) => "a mapping",
        Shape::Nullable(inner) => expected(inner),
        Shape::TextOr(Shape::List(_)) => "a string or a list",
        Shape::TextOr(_) => "a string or a mapping",
        Shape::Custom(expected, _) => expected,
    }
}
