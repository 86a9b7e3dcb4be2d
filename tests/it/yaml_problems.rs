//! What is said of YAML that is wrong, odd or hostile: all of it at once, each problem with its place.

use std::fmt::Write;

use graph_cli::diagnostic::Diagnostics;
use graph_cli::front::yaml::parse_yaml;

use crate::yaml_corpus::source;

/// Each problem as a line, its other places and hints below it.
fn told(problems: &Diagnostics) -> String {
    let mut text = String::new();
    for problem in problems.as_slice() {
        writeln!(text, "{problem}").expect("writing to a string");
        for (span, label) in &problem.related {
            let place = span.place();
            writeln!(text, "  {}:{} {label}", place.line, place.column).expect("as above");
        }
        for hint in &problem.hints {
            writeln!(text, "  hint: {hint}").expect("as above");
        }
    }
    text
}

fn errors(text: &str) -> String {
    told(&parse_yaml(&source(text)).expect_err("it is wrong"))
}

fn warnings(text: &str) -> String {
    told(&parse_yaml(&source(text)).expect("it can be read").1)
}

#[track_caller]
fn check(told: &str, expect: &str) {
    let expect: Vec<&str> =
        expect.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    assert_eq!(told.trim_end(), expect.join("\n").trim());
}

#[test]
fn all_problems_come_at_once() {
    let text = "a: !foo 1\nb: &x 2\nc: &x 3\nd: *y\ne: 2024-13-01\n? [f]\n: g\nh: =\ni:\n  <<: 1\nj: 1\nj: 2\n";
    check(
        &errors(text),
        "
    case.yaml:1:4: unknown tag `!foo`
      hint: only the standard tags such as `!!str` can be read; remove it
    case.yaml:3:4: the anchor `&x` is defined twice
      2:4 first defined here
    case.yaml:4:4: the alias `*y` has no anchor
      hint: define `&y` before it, or quote the value if it is a text
    case.yaml:5:4: `2024-13-01` is not a date: month must be in 1..12
      hint: to mean the text, quote it: `'2024-13-01'`
    case.yaml:6:3: a list cannot be a key
    case.yaml:8:4: a plain `=` cannot be a value here
      hint: to mean the text, quote it: `'='`
    case.yaml:10:7: `<<` needs a mapping or a list of mappings, and this is a scalar
      10:3 the mapping that merges it
    case.yaml:12:1: the key `j` is given twice, and the last one wins
      11:1 given here, too",
    );
}

#[test]
fn a_syntax_error_has_its_place() {
    check(
        &errors("a: 1\nfoo bar\nb: 2\n"),
        "
    case.yaml:2:1: this is no `key: value`: the `:` is missing
      hint: the further lines of a text must be indented deeper than its key",
    );
    check(
        &errors("a: b: c\n"),
        "
    case.yaml:1:5: a mapping cannot begin here
      hint: quote a text that contains `: `; else check the indentation",
    );
    check(
        &errors("a:\n\tb: 1\n"),
        "
    case.yaml:2:1: a tab cannot indent
      hint: indent with spaces",
    );
    check(
        &errors("a: @b\n"),
        "
    case.yaml:1:4: `@` cannot begin a value
      hint: quote the value",
    );
    check(&errors("a: 'b\nc: d\n"), "case.yaml:1:4: the quote is not closed");
    check(
        &errors("a:\n  - 1\n - 2\n"),
        "
    case.yaml:3:2: expected a key or the end of the mapping, and found a list
      1:1 it began here
      hint: check the indentation, the quotes and the brackets here and on the line above",
    );
    check(
        &errors("a: 1\n---\nb: 2\n"),
        "
    case.yaml:2:1: a second document begins here, and only one is read
      1:1 the first one
      hint: put it into a file of its own",
    );
    check(
        &errors("a: \"\\q\"\n"),
        "
    case.yaml:1:5: an unknown escape
      hint: write `\\\\` for a backslash, or use single quotes",
    );
    check(
        &errors("a: \u{1b}[31m\n"),
        "
    case.yaml:1:4: the character U+001B is not allowed
      hint: in double quotes it can be written as an escape, such as `\"\\x1b\"`",
    );
}

#[test]
fn what_is_odd_is_read_and_told() {
    check(
        &warnings("a: 1\nb:\t2\na: 3\n1: x\ntrue: y\n"),
        "
    case.yaml:2:3: a tab between tokens, which kas does not read
      hint: replace it by spaces, or quote the text that holds it
    case.yaml:3:1: the key `a` is given twice, and the last one wins
      1:1 given here, too
    case.yaml:5:1: the key `true` is given twice, and the last one wins
      4:1 given here, too",
    );
    check(&warnings("a: 'x\ty' # \t\nb: |\n  \tz\nc: \"\t\"\n"), "");
    check(&warnings("x: &x {a: 1}\ny: {<<: *x, <<: *x, a: 2}\n"), "");
}

#[test]
fn a_text_of_nothing_but_problems_is_cut_short() {
    let told = errors(&"- !foo x\n".repeat(1000));
    assert_eq!(told.lines().filter(|line| line.contains("unknown tag")).count(), 100);
    assert!(told.ends_with("900 more problems are not shown\n"), "{told}");
}

#[test]
fn values_within_themselves_are_refused() {
    for text in ["a: &x\n  b: *x\n", "&x [*x]\n", "a: &x {<<: *x}\n", "&x {? *x : 1}\n"] {
        assert!(errors(text).contains("the alias `*x` stands inside of what it repeats"), "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    let deep = |open: &str, close: &str, levels: usize| {
        format!("{}x{}", open.repeat(levels), close.repeat(levels))
    };
    assert!(parse_yaml(&source(&deep("[", "]", 256))).is_ok());
    for text in [
        deep("[", "]", 257),
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "? [".repeat(100_000),
    ] {
        check(
            errors(&text).split_once(": ").map_or("", |(_, message)| message),
            "nested more than 256 levels deep",
        );
    }
    let mut chain = format!("- &a0 {}\n", deep("[", "]", 200));
    for level in 1..100 {
        let link = deep("[", "]", 200).replace('x', &format!("*a{}", level - 1));
        writeln!(chain, "- &a{level} {link}").expect("writing to a string");
    }
    let told = errors(&chain);
    assert!(told.contains("with its aliases written out this is nested more than 256"), "{told}");
}

#[test]
fn what_aliases_multiply_is_bounded() {
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(",");
        writeln!(laughs, "a{level}: &a{level} [{items}]").expect("writing to a string");
    }
    let told = errors(&laughs);
    assert!(told.contains("this has more than 1000000 values"), "{told}");
}

#[test]
fn what_merges_multiply_is_bounded() {
    let mut square = "a: &a\n".to_owned();
    for key in 0..5000 {
        writeln!(square, "  k{key}: 1").expect("writing to a string");
    }
    square.push_str("b:\n");
    square.push_str(&"- <<: *a\n".repeat(5000));
    let told = errors(&square);
    assert!(told.contains("the `<<` of this file copy more than 100000 entries"), "{told}");

    // PyYAML copies every key of this ten to the twelfth times; one copy of each is enough.
    let mut laughs = "a0: &a0 {a: 1}\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(",");
        writeln!(laughs, "a{level}: &a{level} {{<<: [{items}], k{level}: 1}}").expect("as above");
    }
    check(&warnings(&laughs), "");
}

#[test]
fn numbers_are_bounded_as_python_bounds_them() {
    for digits in [format!("0x{}", "f".repeat(1_000_000)), "9".repeat(1_000_000)] {
        let told = errors(&digits);
        assert!(told.contains("the integer has more than 4300 digits"), "{told}");
    }
}

#[test]
fn many_directives_are_read_as_one_is() {
    let mut text = String::new();
    for handle in 0..20_000 {
        writeln!(text, "%TAG !a{handle}! tag:yaml.org,2002:").expect("writing to a string");
    }
    text.push_str("--- !a7!str 1\n");
    assert_eq!(parse_yaml(&source(&text)).expect("it is valid").0.as_str(), Some("1"));
}
