//! The house rules that a machine can check. Each rule is a function from text to complaints, and each is tried on
//! a text that breaks it, so that none of them can silently stop working.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Past this a file is more than one idea.
const LONGEST_FILE: usize = 600;
/// A front door, not a room.
const LONGEST_MOD_RS: usize = 150;

/// Where a dependency may be named: one door each, so that it can be replaced.
const DOORS: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["src/report/diagnostics"]),
    ("comfy_table", &["src/report/"]),
    ("fancy_regex", &["src/front/kernelci/filter/pattern/"]),
    ("globset", &["graph/src/query", "graph/src/reverted", "src/cmd/trees", "src/exec/collect"]),
    ("hashbrown", &["graph/src/keyed", "graph/src/names"]),
    ("ignore", &["src/probe/"]),
    ("jsonc_parser", &["src/front/yaml/"]),
    ("petgraph", &["graph/src/model"]),
    ("rayon", &["cache/src/", "graph/src/passes", "src/"]),
    ("rusqlite", &["cache/src/"]),
    ("schemars", &["src/config", "src/report/view/"]),
    ("strsim", &["src/diagnostic.rs", "graph/src/query"]),
    ("tokio", &["src/exec/", "src/process", "src/cmd/"]),
    ("tracing_subscriber", &["src/cli", "src/timings"]),
    ("yaml_serde", &["src/config"]),
];

/// What the engine must not do. The clippy configuration beside it bans the same by name; this holds for text.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::time::Instant",
    "SystemTime",
    "tokio",
    "println!",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that git tracks or would track, with its text; binary files are left out.
fn files() -> Vec<(String, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("git lists the files of the project");
    assert!(listed.status.success(), "git ls-files failed");
    let names = String::from_utf8(listed.stdout).expect("the project's file names are UTF-8");
    let mut files: Vec<(String, String)> = names
        .split_terminator('\0')
        .filter_map(|name| Some((name.to_owned(), fs::read_to_string(root().join(name)).ok()?)))
        .collect();
    files.sort();
    files.dedup();
    assert!(files.len() > 20, "the walk found {} files, so it is broken", files.len());
    files
}

fn rust_files() -> Vec<(String, String)> {
    files().into_iter().filter(|(name, _)| name.ends_with(".rs")).collect()
}

fn check(rule: impl Fn(&str, &str) -> Vec<String>) {
    let complaints: Vec<String> =
        rust_files().iter().flat_map(|(name, text)| rule(name, text)).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The code of a file: comments and string literals would only confuse the rules below.
fn code(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

fn starts_with_a_doc(name: &str, text: &str) -> Vec<String> {
    if text.starts_with("//! ") {
        return Vec::new();
    }
    vec![format!("{name}: the first line is not `//!` with what the file is")]
}

fn is_one_idea(name: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let most = if name.ends_with("/mod.rs") { LONGEST_MOD_RS } else { LONGEST_FILE };
    if lines <= most { Vec::new() } else { vec![format!("{name}: {lines} lines, at most {most}")] }
}

fn has_no_skipped_test(name: &str, text: &str) -> Vec<String> {
    let mark = concat!("#[", "ignore");
    if code(text).contains(mark) {
        vec![format!("{name}: a test that is skipped looks like one that passes")]
    } else {
        Vec::new()
    }
}

fn has_no_leftover(name: &str, text: &str) -> Vec<String> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let leftover = |line: &&str| marks.iter().any(|mark| line.contains(mark));
    text.lines()
        .filter(leftover)
        .map(|line| format!("{name}: finish it or say why not: {}", line.trim()))
        .collect()
}

fn keeps_to_the_doors(name: &str, text: &str) -> Vec<String> {
    if name.starts_with("tests/") || name.contains("/tests") || name.starts_with("benches/") {
        return Vec::new();
    }
    let code = code(text);
    let named = |krate: &str| {
        code.match_indices(&format!("{krate}::")).any(|(at, _)| {
            !code[..at].ends_with(|before: char| {
                before.is_alphanumeric() || before == '_' || before == ':'
            })
        })
    };
    DOORS
        .iter()
        .filter(|(krate, doors)| named(krate) && !doors.iter().any(|door| name.starts_with(door)))
        .map(|(krate, doors)| format!("{name}: names `{krate}`, whose door is {doors:?}"))
        .collect()
}

fn is_pure(name: &str, text: &str) -> Vec<String> {
    if !name.starts_with("graph/src/") {
        return Vec::new();
    }
    let code = code(text);
    IMPURE
        .iter()
        .filter(|word| code.contains(**word))
        .map(|word| format!("{name}: the engine is pure, but has `{word}`"))
        .collect()
}

/// The group of each top-level module of a crate: groups are set apart by blank lines in its `lib.rs`.
fn groups(lib: &str) -> BTreeMap<String, usize> {
    let mut group = 0;
    let mut groups = BTreeMap::new();
    let mut last_was_module = false;
    for line in lib.lines() {
        if let Some(module) = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod ")) {
            groups.insert(module.trim_end_matches(';').to_owned(), group);
            last_was_module = true;
        } else if last_was_module && line.trim().is_empty() {
            group += 1;
            last_was_module = false;
        }
    }
    groups
}

/// The names that follow `crate::` in a text, braces of imports resolved one level deep.
fn imported(text: &str) -> Vec<String> {
    let code = code(text);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = |from: &str| from.chars().take_while(|&c| is_word(c)).collect::<String>();
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        let after = &code[at + found.len()..];
        if before.is_some_and(|c| is_word(c) || c == '$') {
            continue;
        }
        match after.strip_prefix('{') {
            None => names.push(word(after)),
            Some(list) => {
                let list = list.split("};").next().unwrap_or_default();
                names.extend(list.split(',').map(|item| word(item.trim_start())));
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn imports_upwards(name: &str, text: &str, groups: &BTreeMap<String, usize>) -> Vec<String> {
    let module = name.split("src/").nth(1).unwrap_or_default();
    let own = module.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let Some(own_group) = groups.get(own) else { return Vec::new() };
    imported(text)
        .into_iter()
        .filter(|other| other != own)
        .filter(|other| groups.get(other).is_some_and(|group| group >= own_group))
        .map(|other| {
            format!("{name}: `{own}` imports `{other}`, which is not in a group above its own")
        })
        .collect()
}

#[test]
fn every_file_says_what_it_is() {
    check(starts_with_a_doc);
    assert_eq!(starts_with_a_doc("a.rs", "use x;\n").len(), 1);
}

#[test]
fn a_file_is_one_idea() {
    check(is_one_idea);
    assert_eq!(is_one_idea("a.rs", &"x\n".repeat(601)).len(), 1);
    assert_eq!(is_one_idea("a/mod.rs", &"x\n".repeat(151)).len(), 1);
}

#[test]
fn no_test_is_skipped_and_nothing_is_left_over() {
    check(has_no_skipped_test);
    check(has_no_leftover);
    assert_eq!(has_no_skipped_test("a.rs", concat!("#[", "ignore]")).len(), 1);
    assert_eq!(has_no_leftover("a.rs", concat!("// TO", "DO")).len(), 1);
}

#[test]
fn dependencies_have_one_door() {
    check(keeps_to_the_doors);
    assert_eq!(keeps_to_the_doors("src/cli.rs", "use rusqlite::Connection;").len(), 1);
    assert!(keeps_to_the_doors("cache/src/db.rs", "use rusqlite::Connection;").is_empty());
    assert!(keeps_to_the_doors("src/cli.rs", "// rusqlite::Connection").is_empty());
}

#[test]
fn the_engine_is_pure() {
    check(is_pure);
    assert_eq!(is_pure("graph/src/a.rs", "use std::fs;").len(), 1);
    let manifest =
        fs::read_to_string(root().join("graph/Cargo.toml")).expect("the engine has a manifest");
    for krate in ["tokio", "rusqlite", "rustix", "tempfile"] {
        assert!(!manifest.contains(krate), "the engine is pure, but depends on `{krate}`");
    }
}

#[test]
fn modules_import_only_from_groups_above() {
    for (lib, prefix) in [
        ("src/lib.rs", "src/"),
        ("graph/src/lib.rs", "graph/src/"),
        ("cache/src/lib.rs", "cache/src/"),
    ] {
        let text = fs::read_to_string(root().join(lib)).expect("a crate has a lib.rs");
        let groups = groups(&text);
        assert!(groups.len() > 3, "{lib}: found no groups, so the rule is broken");
        let complaints: Vec<String> = rust_files()
            .iter()
            .filter(|(name, _)| name.starts_with(prefix) && name != lib && name != "src/main.rs")
            .flat_map(|(name, text)| imports_upwards(name, text, &groups))
            .collect();
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }
}

#[test]
fn the_import_rule_fires() {
    let groups = groups("pub mod a;\npub mod b;\n\npub mod c;\n");
    assert_eq!(imports_upwards("src/a.rs", "use crate::c::X;", &groups).len(), 1);
    assert_eq!(imports_upwards("src/a/x.rs", "use crate::{b::Y, c};", &groups).len(), 2);
    assert!(imports_upwards("src/c.rs", "use crate::a::X; use crate::c::Z;", &groups).is_empty());
}

/// Where a text names a mark as a path from the root, and not as a part of another path.
fn names(text: &str, mark: &str) -> bool {
    text.match_indices(mark).any(|(at, _)| {
        let part_of_another = |c: char| c.is_alphanumeric() || "._-]}".contains(c);
        !mark.starts_with('/') || !text[..at].ends_with(part_of_another)
    })
}

#[test]
fn nothing_names_a_machine() {
    let marks = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("index.", "crates.io"),
        concat!("py", "pi.org"),
    ];
    for (name, text) in files() {
        if name == "Cargo.lock" {
            continue;
        }
        for mark in marks {
            assert!(!names(&text, mark), "{name}: names `{mark}`");
        }
    }
    assert!(names(concat!("see /wo", "rk/x"), marks[0]) && !names("build/tmp/work/x", marks[0]));
    assert!(root().join("README.md").exists(), "the project has a README.md");
}
