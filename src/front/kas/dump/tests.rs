//! Both formats on a configuration as users write it; the finer points are compared with kas itself elsewhere.

use std::sync::Arc;

use crate::diagnostic::SourceText;
use crate::front::yaml::{Node, Value, parse_yaml};

const CONFIG: &str = "
header: {version: 16}
machine: \"qemuarm\"
target: [core-image-minimal, 'mc:x:y']
env: {A: null, B: '1', C: yes}
repos:
  this:
  poky:
    url: https://example.org/poky
    commit: '0123456'
    layers: {meta: , meta-poky: excluded}
    patches: {}
local_conf_header:
  a: |
    A = \"1\"

    B = \"2\"
  b: \"tab\\there\"
  c: a text that is so long that it is folded where it passes the eightieth column, no sooner
  d: \"  first\\nline\"
list: [[1, [2]], {x: 1, y: [~, 1.0, 1e+3, 1.0e+30]}, 2024-01-02]
";

fn read(text: &str) -> Arc<Node> {
    let source = Arc::new(SourceText::new("a.yaml", text));
    parse_yaml(&source).unwrap().0
}

fn yaml(node: &Node) -> String {
    let mut out = Vec::new();
    super::yaml(node, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn yaml_is_that_of_kas() {
    let expect = r#"header:
    version: 16
machine: qemuarm
target:
- core-image-minimal
- mc:x:y
env:
    A:
    B: '1'
    C: true
repos:
    this:
    poky:
        url: https://example.org/poky
        commit: '0123456'
        layers:
            meta:
            meta-poky: excluded
        patches: {}
local_conf_header:
    a: |
        A = "1"

        B = "2"
    b: "tab\there"
    c: a text that is so long that it is folded where it passes the eightieth column,
        no sooner
    d: |4-
          first
        line
list:
-   - 1
    -   - 2
-   x: 1
    y:
    -
    - 1.0
    - 1e+3
    - 1.0e+30
- 2024-01-02
"#;
    assert_eq!(yaml(&read(CONFIG)), expect);
    assert_eq!(yaml(&read(expect)), expect);
}

#[test]
fn json_is_that_of_python() {
    let mut out = Vec::new();
    super::json(
        &read("{a: [], b: {}, 1: [é😀, \"\\x7f\\\"\\\\\\n\"], ~: 1.0, c: {d: [.inf, .nan]}}"),
        &mut out,
    )
    .unwrap();
    let expect = r#"{
    "a": [],
    "b": {},
    "1": [
        "\u00e9\ud83d\ude00",
        "\u007f\"\\\n"
    ],
    "null": 1.0,
    "c": {
        "d": [
            Infinity,
            NaN
        ]
    }
}
"#;
    assert_eq!(String::from_utf8(out).unwrap(), expect);
}

#[test]
fn what_is_shared_without_end_is_not_written_without_end() {
    let span = read("x").span.clone();
    let mut node = read("x");
    for _ in 0..12 {
        let value = Value::List(vec![Arc::clone(&node); 10]);
        node = Arc::new(Node { value, span: span.clone() });
    }
    let error = super::yaml(&node, &mut std::io::sink()).unwrap_err();
    assert!(error.to_string().contains("more than 10000 values"), "{error}");
    assert!(super::json(&node, &mut std::io::sink()).is_err());
}
