//! Random documents read by us and by the real PyYAML: the values are the same, or both refuse.

use graph_cli::diagnostic::Span;
use graph_cli::front::yaml::{Node, parse_yaml};
use serde_json::Value;

use crate::python;
use crate::yaml_corpus::{notation, source};
use crate::yaml_documents::Documents;

const CASES: usize = 2000;

const PYTHON: &str = r"
def reply(text):
    return {'value': note(yaml.safe_load(text))}
";

#[derive(serde::Deserialize)]
struct Answer {
    value: Option<String>,
    error: Option<String>,
}

/// By its bits.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() { "float:nan".into() } else { format!("float:{:016x}", number.to_bits()) }
}

/// What we refuse and PyYAML reads: values within themselves, halves of UTF-16 pairs, and `!!str {=: text}`.
const MEANT: [&str; 3] = [
    "stands inside of what it repeats",
    "there is no character U+D83D",
    "needs a scalar, and this is a mapping",
];

/// Panics where a place is not a stretch of the text.
fn slice_places(node: &Node) {
    let stretch = |span: &Span| span.source.text[span.bytes.clone()].len();
    stretch(&node.span);
    for item in node.as_list().unwrap_or_default() {
        slice_places(item);
    }
    for (_, entry) in node.as_map().into_iter().flatten() {
        assert!(stretch(&entry.key_span) <= node.span.source.text.len());
        slice_places(&entry.value);
    }
}

/// What is to be told of a document on which we differ, other than where we mean to.
fn difference(text: &str, theirs: &Answer) -> Option<String> {
    let ours = parse_yaml(&source(text));
    if let Ok((node, _)) = &ours {
        slice_places(node);
    }
    let said = match (&ours, theirs) {
        (Ok((node, _)), Answer { value: Some(value), .. }) => {
            let ours = notation(node, float);
            if ours == *value {
                return None;
            }
            format!("ours {ours}\ntheirs {value}")
        }
        (Err(problems), Answer { value: None, .. }) if problems.has_errors() => return None,
        (Err(problems), Answer { value: None, .. }) => format!("no error in {problems:?}"),
        (Ok((node, warnings)), Answer { error: Some(error), .. }) => {
            let about_tab = |message: &str| message.starts_with("a tab between tokens");
            if warnings.as_slice().iter().any(|warning| about_tab(&warning.message)) {
                return None;
            }
            format!("ours {}\ntheirs refuse: {error}", notation(node, float))
        }
        (Err(problems), Answer { value: Some(value), .. }) => {
            let meant = |message: &str| MEANT.iter().any(|meant| message.contains(meant));
            if problems.as_slice().iter().any(|problem| meant(&problem.message)) {
                return None;
            }
            let first = &problems.as_slice()[0];
            format!("ours refuse: {first}\ntheirs {value}")
        }
        (Ok(_), Answer { value: None, error: None }) => "no answer".to_owned(),
    };
    Some(format!("--- {text:?}\n{text}\n{said}"))
}

#[test]
fn random_documents_are_read_as_pyyaml_reads_them() {
    let texts: Vec<String> = Documents::new(7).take(CASES).collect();
    let questions: Vec<Value> = texts.iter().map(|text| Value::from(text.as_str())).collect();
    let answers: Vec<Answer> = python::answers(PYTHON, &questions);
    let values = answers.iter().filter(|answer| answer.value.is_some()).count();
    assert!(values > CASES / 3, "{values} of {CASES} documents are valid: the generator is broken");
    let mut differences: Vec<String> =
        texts.iter().zip(&answers).filter_map(|(text, answer)| difference(text, answer)).collect();
    let total = differences.len();
    differences.truncate(10);
    assert!(differences.is_empty(), "{total} differences, such as:\n{}", differences.join("\n"));
}
