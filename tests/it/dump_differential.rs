//! Random values printed by us and by kas's own dumper and Python's `json`: the texts are the same, byte for byte.

use graph_cli::front::kas::dump;
use graph_cli::front::yaml::{Node, parse_yaml};
use serde_json::json;

use crate::python;
use crate::yaml_corpus::{notation, source};
use crate::yaml_differential::float;
use crate::yaml_documents::Documents;

const CASES: usize = 1500;

const PYTHON: &str = r"
from kas.plugins.dump import Dump

def unshare(v):
    # kas prints anchors for what is used twice, and wrong aliases to them.
    if isinstance(v, (list, tuple)):
        return [unshare(x) for x in v]
    if isinstance(v, dict):
        return {k: unshare(x) for k, x in v.items()}
    return v

def as_json(v):
    try:
        return json.dumps(v, indent=4) + '\n'
    except TypeError:
        return None

def reply(question):
    text, ours = question
    v = unshare(yaml.safe_load(text))
    theirs = yaml.dump(v, indent=4, sort_keys=False, Dumper=Dump.KasYamlDumper)
    return {'yaml': theirs, 'json': as_json(v), 'reread': note(yaml.safe_load(ours))}
";

#[derive(serde::Deserialize)]
struct Answer {
    yaml: Option<String>,
    json: Option<String>,
    reread: Option<String>,
    error: Option<String>,
}

fn yaml(node: &Node) -> String {
    let mut text = Vec::new();
    dump::yaml(node, &mut text).expect("a vector takes all");
    String::from_utf8(text).expect("it is ASCII")
}

fn json(node: &Node) -> String {
    let mut text = Vec::new();
    dump::json(node, &mut text).expect("a vector takes all");
    String::from_utf8(text).expect("it is ASCII")
}

#[test]
fn random_values_are_printed_as_kas_prints_them() {
    let read = |text: String| {
        let (node, warnings) = parse_yaml(&source(&text)).ok()?;
        let has_tab = warnings.as_slice().iter().any(|warning| warning.message.contains("tab"));
        // A lone null is printed as nothing by kas, and is then no document.
        (!has_tab && !node.is_null()).then_some((text, node))
    };
    let cases: Vec<_> = Documents::new(11).filter_map(read).take(CASES).collect();
    let questions: Vec<_> = cases.iter().map(|(text, node)| json!([text, yaml(node)])).collect();
    let answers: Vec<Answer> = python::answers(PYTHON, &questions);
    let mut differences = Vec::new();
    for ((text, node), answer) in cases.iter().zip(&answers) {
        let Some(theirs) = &answer.yaml else {
            differences.push(format!("--- {text:?}\n{}\n{:?}", yaml(node), answer.error));
            continue;
        };
        if *theirs != yaml(node) {
            differences.push(format!("--- {text:?}\nours\n{}theirs\n{theirs}", yaml(node)));
        }
        if answer.json.as_ref().is_some_and(|theirs| *theirs != json(node)) {
            differences.push(format!(
                "--- {text:?}\nours\n{}theirs\n{:?}",
                json(node),
                answer.json
            ));
        }
        if answer.reread.as_ref() != Some(&notation(node, float)) {
            differences.push(format!(
                "--- {text:?}\nread again {:?}\n{}",
                answer.reread,
                yaml(node)
            ));
        }
    }
    let total = differences.len();
    differences.truncate(10);
    assert!(differences.is_empty(), "{total} differences, such as:\n{}", differences.join("\n"));
}
