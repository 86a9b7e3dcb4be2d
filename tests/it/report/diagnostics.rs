//! Problems of the input, as people and as CI see them.

use std::sync::Arc;

use graph_cli::diagnostic::{Diagnostic, Diagnostics, SourceText, Span};
use graph_cli::failure::{Failure, Kind};
use graph_cli::report::diagnostics::{Form, diagnostics, failure};
use insta::assert_snapshot;

use super::boards::{page, plain};

const KAS: &str =
    "header:\n  version: 14\nmachine: [rpi]\nrepso:\n  poky: {commit: 12345678, brunch: x}\n";

fn source(name: &str, text: &str) -> Arc<SourceText> {
    Arc::new(SourceText::new(name, text))
}

fn span(source: &Arc<SourceText>, word: &str) -> Span {
    let start = source.text.find(word).unwrap();
    Span { source: source.clone(), bytes: start..start + word.len() }
}

fn problems() -> Diagnostics {
    let kas = source("kas/base.yaml", KAS);
    let other = source("kas/other.yaml", "header:\n  version: 15\n");
    let version = span(&other, "version: 15");
    let unknown = Diagnostic::error("unknown key `repso`").at(&span(&kas, "repso"));
    let commit = "the commit of `poky` is an integer to YAML";
    [
        Diagnostic::warning("`version` is given twice")
            .at(&span(&kas, "version: 14"))
            .related(&version, "here, too"),
        unknown.hint("did you mean `repos`?"),
        Diagnostic::error(commit).at(&span(&kas, "12345678")).hint("put it in quotes"),
        Diagnostic::error("unknown key `brunch`").at(&span(&kas, "brunch")),
        Diagnostic::error("cannot read `kas/gone.yaml`: no such file").in_file("kas/gone.yaml"),
    ]
    .into_iter()
    .collect()
}

fn shown(all: &Diagnostics, form: Form, width: impl Into<Option<usize>>) -> String {
    plain(|out| diagnostics(all, form, &page(width), out))
}

#[test]
fn every_problem_has_its_line() {
    assert_snapshot!(shown(&problems(), Form::Snippets, 80), @"
    error: unknown key `repso`
     --> kas/base.yaml:4:1
      |
    4 | repso:
      | ^^^^^
      |
      = hint: did you mean `repos`?

    error: 2 problems in one line
     --> kas/base.yaml:5:18
      |
    5 |   poky: {commit: 12345678, brunch: x}
      |                  ^^^^^^^^  ^^^^^^ unknown key `brunch`
      |                  |
      |                  the commit of `poky` is an integer to YAML
      |
      = hint: put it in quotes

    error: cannot read `kas/gone.yaml`: no such file
     --> kas/gone.yaml

    warning: `version` is given twice
     --> kas/base.yaml:2:3
      |
    2 |   version: 14
      |   ^^^^^^^^^^^
      |
     ::: kas/other.yaml:2:3
      |
    2 |   version: 15
      |   ----------- here, too

    4 errors · 1 warning
    ");
}

#[test]
fn one_line_each_for_scanners() {
    assert_snapshot!(shown(&problems(), Form::Lines, None), @r"
    error: kas/base.yaml:4:1: unknown key `repso` (hint: did you mean `repos`?)
    error: kas/base.yaml:5:18: the commit of `poky` is an integer to YAML (hint: put it in quotes)
    error: kas/base.yaml:5:28: unknown key `brunch`
    error: kas/gone.yaml: cannot read `kas/gone.yaml`: no such file
    warning: kas/base.yaml:2:3: `version` is given twice
    ");
}

#[test]
fn annotations_in_github() {
    let hostile = source("kas/a,b:c.yaml", "key: \"x\n::error::y\"\n");
    let mut all = Diagnostics::default();
    all.push(
        Diagnostic::error("`x\n::error::y` is 100% wrong").at(&span(&hostile, "key")).hint("a\nb"),
    );
    assert_snapshot!(shown(&all, Form::GitHub, None), @r#"
    error: `x\n::error::y` is 100% wrong
     --> kas/a,b:c.yaml:1:1
      |
    1 | key: "x
      | ^^^
      |
      = hint: a\nb

    ::error file=kas/a%2Cb%3Ac.yaml,line=1,col=1::`x\n::error::y` is 100%25 wrong%0Ahint: a\nb
    "#);
}

#[test]
fn hostile_and_endless_lines_are_shown_safely() {
    let text = format!("a: {}\u{1b}[2J\u{202e}bad\tvalue{}\n", "x".repeat(5000), "y".repeat(5000));
    let long = source("kas/\u{1b}]0;x\u{7}.yaml", &text);
    let mut all = Diagnostics::default();
    all.push(Diagnostic::error("no \u{1b}[31m`bad`").at(&span(&long, "bad\tvalue")));
    let end = Span { source: long, bytes: text.len()..text.len() + 9 };
    all.push(Diagnostic::error("it ends too early").at(&end));
    let shown = shown(&all, Form::Snippets, 60);
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']));
    assert_snapshot!(shown, @r"
    error: no \u{1b}[31m`bad`
     --> kas/\u{1b}]0;x\u{7}.yaml:1:5009
      |
    1 | …xxxxxxx\u{1b}[2J\u{202e}bad    valueyyyyyyyyyyyy…
      |                          ^^^^^^^^^^^^

    error: it ends too early
     --> kas/\u{1b}]0;x\u{7}.yaml:2:1
      |
    2 |
      | ^

    2 errors
    ");
}

#[test]
fn a_failure_says_what_to_do() {
    let error =
        Failure::new(Kind::Environment, "`kas` was not found\nlooked in PATH").hint("install it");
    assert_snapshot!(plain(|out| failure(&error, Form::Snippets, &page(80), out)), @r"
    error: `kas` was not found
      looked in PATH
    hint: install it
    ");
    let error = Failure::new(Kind::Defect, "an index is out of range");
    assert_snapshot!(plain(|out| failure(&error, Form::GitHub, &page(80), out)), @r"
    error: an index is out of range
    ::error::an index is out of range
    note: this is a defect of graph, not of your project; please report it
    ");
}
