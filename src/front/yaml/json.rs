//! JSON as Python's `json.load` reads it, with the place of every value. Knows nothing of YAML but its values.

use std::ops::Range;
use std::sync::Arc;

use indexmap::map::Entry as MapEntry;
use jsonc_parser::ast::{Object, ObjectPropName, Value as Parsed};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::compose::DEEPEST;
use super::number;
use super::problems::Problems;
use super::scalar::shown;
use super::text::Text;
use super::value::{Entry, Key, Map, Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceText};

/// Reads a text as `json.load` does; the warnings come with the value.
///
/// `NaN` and `Infinity` are numbers to Python and to nobody else: they are read, with a warning.
///
/// # Errors
///
/// The problems of the text; a syntax error is the only one.
pub fn parse_json(source: &Arc<SourceText>) -> Result<(Arc<Node>, Diagnostics), Diagnostics> {
    let text = Text::new(source);
    let mut problems = Problems::default();
    let root = parse(&text, &mut problems);
    match root {
        Some(root) if !problems.has_errors() => Ok((root, problems.into_diagnostics())),
        _ => Err(problems.into_diagnostics()),
    }
}

fn parse(text: &Text, problems: &mut Problems) -> Option<Arc<Node>> {
    if let Some(problem) = refused_character(text) {
        problems.push(problem);
        return None;
    }
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: true,
        allow_extended_string_escapes: false,
    };
    match parse_to_ast(text.body(), &CollectOptions::default(), &strict) {
        Ok(parsed) => match parsed.value {
            Some(value) => Reader { text, problems }.node(&value, 0),
            None => {
                let end = text.len()..text.len();
                problems
                    .push(Diagnostic::error("this is not JSON: it is empty").at(&text.span(&end)));
                None
            }
        },
        Err(error) => {
            let range = error.range();
            let message = error.kind().to_string();
            let first = message.chars().take(1).flat_map(char::to_lowercase);
            let message: String = first.chain(message.chars().skip(1)).collect();
            problems.push(
                Diagnostic::error(format!("this is not JSON: {message}"))
                    .at(&text.span(&text.shifted(range.start..range.end))),
            );
            None
        }
    }
}

/// What the parser lets pass and Python does not: blanks other than JSON's four, and control characters in strings.
fn refused_character(text: &Text) -> Option<Diagnostic> {
    let (mut in_string, mut escaped) = (false, false);
    for (at, c) in text.body().char_indices() {
        let refused = match in_string {
            true => c < ' ',
            false => c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r'),
        };
        if refused {
            let at = text.shifted(at..at + c.len_utf8());
            let message = match in_string {
                true => format!("the character U+{:04X} must be escaped in a string", u32::from(c)),
                false => format!("the character U+{:04X} is no blank in JSON", u32::from(c)),
            };
            return Some(Diagnostic::error(message).at(&text.span(&at)));
        }
        in_string ^= c == '"' && !escaped;
        escaped = in_string && c == '\\' && !escaped;
    }
    None
}

struct Reader<'a> {
    text: &'a Text,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn node(&mut self, parsed: &Parsed<'_>, depth: usize) -> Option<Arc<Node>> {
        let bytes = self.text.shifted(parsed.start()..parsed.end());
        let value = match parsed {
            Parsed::NullKeyword(_) => Value::Null,
            Parsed::BooleanLit(literal) => Value::Bool(literal.value),
            Parsed::StringLit(literal) => Value::Str(literal.value.as_ref().into()),
            Parsed::NumberLit(literal) => self.number(literal.value, &bytes)?,
            Parsed::Array(_) | Parsed::Object(_) if depth == DEEPEST => {
                let message = format!("nested more than {DEEPEST} levels deep");
                let opening = bytes.start..bytes.start + 1;
                self.problems.push(Diagnostic::error(message).at(&self.text.span(&opening)));
                return None;
            }
            Parsed::Array(array) => {
                let items = array.elements.iter().map(|item| self.node(item, depth + 1));
                Value::List(items.collect::<Option<_>>()?)
            }
            Parsed::Object(object) => Value::Map(self.map(object, depth)?),
        };
        Some(Arc::new(Node { value, span: self.text.span(&bytes) }))
    }

    fn map(&mut self, object: &Object<'_>, depth: usize) -> Option<Map> {
        let mut map = Map::with_capacity_and_hasher(object.properties.len(), Default::default());
        for property in &object.properties {
            let name = match &property.name {
                ObjectPropName::String(name) => name.value.as_ref(),
                ObjectPropName::Word(name) => name.value,
            };
            let at = self.text.shifted(property.name.start()..property.name.end());
            let key_span = self.text.span(&at);
            let entry = Entry { key_span, value: self.node(&property.value, depth + 1)? };
            match map.entry(Key::from(name)) {
                MapEntry::Vacant(vacant) => {
                    vacant.insert(entry);
                }
                MapEntry::Occupied(mut occupied) => {
                    self.problems.push(
                        Diagnostic::warning(format!(
                            "the key `{}` is given twice, and the last one wins",
                            shown(name)
                        ))
                        .at(&entry.key_span)
                        .related(&occupied.get().key_span, "given here, too"),
                    );
                    occupied.insert(entry);
                }
            }
        }
        Some(map)
    }

    fn number(&mut self, digits: &str, bytes: &Range<usize>) -> Option<Value> {
        let span = self.text.span(bytes);
        let special = match digits {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        };
        if let Some(special) = special {
            let message = format!("`{digits}` is not JSON, though Python reads it");
            self.problems.push(Diagnostic::warning(message).at(&span));
            return Some(Value::Float(special));
        }
        let value = match digits.contains(['.', 'e', 'E']) {
            true => digits.parse().ok().map(Value::Float),
            false => number::decimal(digits).map(Value::Int),
        };
        if value.is_none() {
            let message = match digits.len() > number::MOST_DIGITS {
                true => format!("the integer has more than {} digits", number::MOST_DIGITS),
                false => format!("`{}` is not a number", shown(digits)),
            };
            self.problems.push(Diagnostic::error(message).at(&span));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::parse_json;
    use crate::diagnostic::SourceText;
    use crate::front::yaml::{Int, Node, Value};

    fn read(text: &str) -> Result<(Arc<Node>, Vec<String>), Vec<String>> {
        let source = Arc::new(SourceText::new("a.json", text));
        let said = |problems: &crate::diagnostic::Diagnostics| {
            problems.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        parse_json(&source).map(|(node, warnings)| (node, said(&warnings))).map_err(|e| said(&e))
    }

    #[test]
    fn values_have_places() {
        let (root, warnings) =
            read("\u{feff}{\"a\": [1, 1.5, null, \"ü\\n\"], \"b\": true}").unwrap();
        assert!(warnings.is_empty());
        let list = root.get("a").unwrap().as_list().unwrap();
        assert!(matches!(list[0].value, Value::Int(Int::Small(1))));
        assert!(matches!(list[1].value, Value::Float(float) if float == 1.5));
        assert!(list[2].is_null());
        assert_eq!(list[3].as_str(), Some("ü\n"));
        let at = list[3].span.bytes.clone();
        assert_eq!(&list[3].span.source.text[at], "\"ü\\n\"");
        assert_eq!(root.entry("b").unwrap().key_span.bytes.len(), 3);
    }

    #[test]
    fn what_python_reads_and_others_do_not() {
        let (root, warnings) = read("{\"a\": 1, \"b\": NaN, \"a\": 2}").unwrap();
        assert!(matches!(root.get("a").unwrap().value, Value::Int(Int::Small(2))));
        assert_eq!(
            warnings,
            [
                "a.json:1:15: `NaN` is not JSON, though Python reads it",
                "a.json:1:20: the key `a` is given twice, and the last one wins",
            ]
        );
        let (root, _) = read("123456789012345678901234567890").unwrap();
        assert!(matches!(&root.value, Value::Int(Int::Big(digits)) if digits.len() == 30));
        let (root, _) = read("1e999").unwrap();
        assert!(matches!(root.value, Value::Float(float) if float.is_infinite()));
    }

    #[test]
    fn what_python_refuses() {
        let check =
            |text: &str, expect: &str| assert_eq!(read(text).unwrap_err(), [expect], "{text}");
        check("", "a.json:1:1: this is not JSON: it is empty");
        check("{\"a\": 1,}", "a.json:1:8: this is not JSON: trailing commas are not allowed");
        check("[1 2]", "a.json:1:3: this is not JSON: expected comma");
        check("[1] // x", "a.json:1:5: this is not JSON: comments are not allowed");
        check("\"a\tb\"", "a.json:1:3: the character U+0009 must be escaped in a string");
        check("\u{a0}1", "a.json:1:1: the character U+00A0 is no blank in JSON");
        check("-NaN", "a.json:1:1: `-NaN` is not a number");
        check(&"9".repeat(4301), "a.json:1:1: the integer has more than 4300 digits");
        check(
            &"[".repeat(100_000),
            "a.json:1:513: this is not JSON: maximum nesting depth exceeded",
        );
        let deep = format!("{}1{}", "[".repeat(257), "]".repeat(257));
        check(&deep, "a.json:1:257: nested more than 256 levels deep");
        for text in
            ["{a: 1}", "'a'", "01", "+1", ".5", "1.", "0x1", "\"\\x41\"", "nul", "1 2", "[1", "\"a"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
