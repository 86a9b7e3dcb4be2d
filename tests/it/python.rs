//! One Python process that answers line by line. Knows nothing of what it is asked.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::venv;

/// Defines `note`, which writes a value in the notation of `yaml_corpus`, and `answer`, the loop.
const PRELUDE: &str = r#"
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

def answer(function):
    sys.stdout.reconfigure(encoding='utf-8')
    sys.stdin.reconfigure(encoding='utf-8')
    for line in sys.stdin:
        try:
            reply = function(json.loads(line))
            json.dumps(reply, ensure_ascii=False).encode()
        except Exception as error:
            reply = {'error': str(error)}
        print(json.dumps(reply), flush=True)

"#;

/// What `def reply(question)` of a script says to each question; an exception becomes its `error`.
pub(crate) fn answers<T: DeserializeOwned>(script: &str, questions: &[Value]) -> Vec<T> {
    let script = format!("{PRELUDE}{script}\nanswer(reply)\n");
    ask(Command::new(venv::python_of_kas()).args(["-c", &script]), questions)
}

/// What a script below `tests/it`, run by a Python, answers to each question.
pub(crate) fn ask_file(python: &Path, script: &str, questions: &[Value]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(script);
    ask(Command::new(python).arg(script).env_remove("KAS_TARGET"), questions)
}

fn ask<T: DeserializeOwned>(python: &mut Command, questions: &[Value]) -> Vec<T> {
    let python = python.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().expect("the venv's python starts");
    let mut stdin = python.stdin.take().expect("stdin is piped");
    let stdout = BufReader::new(python.stdout.take().expect("stdout is piped"));
    let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
    // Written from a thread of its own: both pipes are shorter than what goes through them.
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").expect("python reads");
        }
    });
    let answers: Vec<T> = stdout
        .lines()
        .map(|line| serde_json::from_str(&line.expect("a line")).expect("an answer"))
        .collect();
    writer.join().expect("python took all questions");
    assert!(python.wait().expect("python ends").success(), "the script failed");
    assert_eq!(answers.len(), questions.len(), "every question has an answer");
    answers
}
