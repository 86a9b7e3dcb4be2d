//! Random documents read by us and by the real PyYAML: the values are the same, or both refuse.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use graph_cli::front::yaml::parse_yaml;

use crate::kas_venv;
use crate::yaml_corpus::{notation, source};
use crate::yaml_documents::Documents;

const CASES: usize = 2000;

/// Reads one JSON string a line, and answers each with the notation of its value or with the error.
const PYTHON: &str = r#"
import datetime, json, struct, sys, yaml

def note(v):
    if v is None or isinstance(v, (bool, int)):
        return json.dumps(v)
    if isinstance(v, float):
        return 'float:nan' if v != v else 'float:%016x' % struct.unpack('>Q', struct.pack('>d', v))
    if isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    if isinstance(v, bytes):
        return 'bytes:%s' % list(v)
    if isinstance(v, (datetime.date, datetime.datetime)):
        return 'date:' + v.isoformat()
    if isinstance(v, (list, tuple)):
        return '[' + ','.join(map(note, v)) + ']'
    if isinstance(v, set):
        return '{' + ','.join(note(k) + ':null' for k in v) + '}'
    return '{' + ','.join(note(k) + ':' + note(x) for k, x in v.items()) + '}'

sys.stdout.reconfigure(encoding='utf-8')
sys.stdin.reconfigure(encoding='utf-8')
for line in sys.stdin:
    try:
        answer = {'value': note(yaml.safe_load(json.loads(line)))}
        json.dumps(answer, ensure_ascii=False).encode()
    except Exception as error:
        answer = {'error': str(error)}
    print(json.dumps(answer), flush=True)
"#;

#[derive(serde::Deserialize)]
struct Answer {
    value: Option<String>,
    error: Option<String>,
}

fn float(number: f64) -> String {
    if number.is_nan() { "float:nan".into() } else { format!("float:{:016x}", number.to_bits()) }
}

/// What we refuse and PyYAML reads: values within themselves, halves of UTF-16 pairs, and `!!str {=: text}`.
const MEANT: [&str; 3] = [
    "stands inside of what it repeats",
    "there is no character U+D83D",
    "needs a scalar, and this is a mapping",
];

/// What is to be told of a document on which we differ, other than where we mean to.
fn difference(text: &str, theirs: &Answer) -> Option<String> {
    let ours = parse_yaml(&source(text));
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
            let first = &problems.as_slice()[0].message;
            if MEANT.iter().any(|meant| first.contains(meant)) {
                return None;
            }
            format!("ours refuse: {first}\ntheirs {value}")
        }
        (Ok(_), Answer { value: None, error: None }) => "no answer".to_owned(),
    };
    Some(format!("--- {text:?}\n{text}\n{said}"))
}

#[test]
fn random_documents_are_read_as_pyyaml_reads_them() {
    let mut python = Command::new(kas_venv::python())
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the venv's python starts");
    let mut questions = python.stdin.take().expect("stdin is piped");
    let answers = BufReader::new(python.stdout.take().expect("stdout is piped"));
    let texts: Vec<String> = Documents::new(7).take(CASES).collect();
    let lines: Vec<String> =
        texts.iter().map(|text| serde_json::Value::from(text.as_str()).to_string()).collect();
    // Written from a thread of its own: both pipes are shorter than what goes through them.
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(questions, "{line}").expect("python reads");
        }
    });
    let mut differences = Vec::new();
    let mut values = 0;
    for (text, line) in texts.iter().zip(answers.lines()) {
        let answer: Answer = serde_json::from_str(&line.expect("a line")).expect("an answer");
        values += usize::from(answer.value.is_some());
        differences.extend(difference(text, &answer));
    }
    writer.join().expect("python took all documents");
    assert!(python.wait().expect("python ends").success());
    assert!(
        values > CASES / 3,
        "only {values} of {CASES} documents are valid: the generator is broken"
    );
    let total = differences.len();
    differences.truncate(10);
    assert!(differences.is_empty(), "{total} differences, such as:\n{}", differences.join("\n"));
}
