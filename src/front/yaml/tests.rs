//! Values and places of whole documents; PyYAML itself is compared with elsewhere.

use std::sync::Arc;

use super::{Int, Key, Node, Value, parse_yaml};
use crate::diagnostic::{SourceText, Span};

fn read(text: &str) -> Arc<Node> {
    let source = Arc::new(SourceText::new("a.yaml", text));
    parse_yaml(&source).unwrap().0
}

fn written(span: &Span) -> &str {
    &span.source.text[span.bytes.clone()]
}

#[test]
fn every_value_and_key_has_its_place() {
    let root = read(
        "\u{feff}# c\na: &x !!str  'é'  # c\nb:\n  - [1,\n 2]\n  - |\n    t\n\n  # c\nc: *x\n",
    );
    assert_eq!(written(&root.get("a").unwrap().span), "'é'");
    assert_eq!(written(&root.entry("b").unwrap().key_span), "b");
    let list = root.get("b").unwrap();
    assert_eq!(written(&list.span), "- [1,\n 2]\n  - |\n    t");
    assert_eq!(written(&list.as_list().unwrap()[0].span), "[1,\n 2]");
    assert_eq!(list.as_list().unwrap()[1].as_str(), Some("t\n"));
    assert!(Arc::ptr_eq(root.get("a").unwrap(), root.get("c").unwrap()));
    let place = root.entry("c").unwrap().key_span.place();
    assert_eq!((place.line, place.column), (10, 1));
}

#[test]
fn merged_entries_keep_the_place_where_they_were_written() {
    let root = read("x: &x {a: 1, b: 2}\ny:\n  b: 3\n  <<: *x\n  c: 4\n");
    let merged = root.get("y").unwrap();
    let keys: Vec<_> = merged.as_map().unwrap().keys().filter_map(Key::as_str).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(merged.entry("a").unwrap().key_span.place().line, 1);
    assert_eq!(merged.entry("b").unwrap().key_span.place().line, 3);
    assert_eq!(merged.get("b").unwrap().span.place().line, 3);
}

#[test]
fn documents_without_a_value_are_null() {
    for text in ["", "\n", "# c\n", "---\n", "~", "--- # c\n...\n", "%YAML 1.1\n---\n"] {
        assert!(read(text).is_null(), "{text:?}");
    }
}

#[test]
fn texts_end_where_they_end() {
    assert_eq!(read("a: |\n  x").get("a").unwrap().as_str(), Some("x"));
    assert_eq!(read("a: >-\n  x\n  y").get("a").unwrap().as_str(), Some("x y"));
}

#[test]
fn the_standard_tags_are_known() {
    let root = read(
        "a: !!set {x, y}\nb: !!omap [p: 1, q: 2]\nc: !!binary aGk=\nd: !!float 1\ne: !!str\nf: ! 12\n",
    );
    let set: Vec<_> = root.get("a").unwrap().as_map().unwrap().keys().cloned().collect();
    assert_eq!(set, [Key::from("x"), Key::from("y")]);
    let omap = root.get("b").unwrap().as_list().unwrap();
    assert_eq!(omap[1].as_list().unwrap()[0].as_str(), Some("q"));
    assert!(matches!(&root.get("c").unwrap().value, Value::Binary(bytes) if **bytes == *b"hi"));
    assert!(matches!(root.get("d").unwrap().value, Value::Float(float) if float == 1.0));
    assert_eq!(root.get("e").unwrap().as_str(), Some(""));
    assert!(matches!(root.get("f").unwrap().value, Value::Int(Int::Small(12))));
}
