//! Secrets: the password of a URL and the values of variables are nowhere but in the one file that kas reads, and in
//! what git keeps of its remotes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::two_boards;
use crate::venv;

/// Where a secret is found, by the names of files; what git has of a repository is left out.
fn found(dir: &Path, secret: &[u8], at: &mut Vec<String>) {
    for entry in fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        if path.ends_with(".git") || path.ends_with(".graph/git") {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            found(&path, secret, at);
        } else if fs::read(&path)
            .is_ok_and(|text| text.windows(secret.len()).any(|part| part == secret))
        {
            at.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
}

#[test]
fn secrets_are_nowhere() {
    let mut world = two_boards();
    let kas = venv::kas();
    world.write("graph.yaml", &format!("version: 1\nkas: {{program: {}}}\n", kas.display()));
    world.edit("kas/base.yaml", "commit: 0123456789abcdef0123456789abcdef01234567", "branch: main");
    world.git(".", &["init", "-q", "-b", "main", "../poky"]);
    world.git("../poky", &["commit", "-q", "--allow-empty", "-m", "one"]);
    let path = world.path("../poky").canonicalize().expect("it is there");
    let url = format!("file://user:tok3nvalue@localhost{}", path.display());
    world.edit("kas/base.yaml", "https://example.invalid/poky.git", &url);
    let more = "env:\n  MY_TOKEN: hunter2hunter2\n  OUTER: null\nlocal_conf_header:\n  a: |\n    A = \"https://me:passw0rd@example.com\"\n";
    world.write("kas/base.yaml", &(world.read("kas/base.yaml") + more));
    world.set_env("OUTER", "outersecret");
    let node = "image/one-scarthgap";
    let mut said = String::new();
    for arguments in [
        &["list"][..],
        &["plan"],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["show", node],
        &["show", node, "--format", "json"],
        &["build", node],
        &["why", node],
        &["why", node, "--format", "json"],
        &["log", node],
        &["runs"],
    ] {
        said += &world.graph(arguments).to_string();
    }
    assert!(said.contains("://***@localhost"), "{said}");
    for secret in ["tok3nvalue", "hunter2", "outersecret", "passw0rd"] {
        let lines: Vec<&str> = said.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{secret}: {lines:#?}");
    }
    let state = world.path(".graph");
    for (secret, expected) in [
        ("tok3nvalue", &["graph.kas.yaml"][..]),
        ("hunter2", &[]),
        ("outersecret", &[]),
        ("passw0rd", &["graph.kas.yaml"]),
    ] {
        let mut at = Vec::new();
        found(&state, secret.as_bytes(), &mut at);
        assert_eq!(at, expected, "{secret}");
    }
    let generated = state.join("work/image/one-scarthgap/graph.kas.yaml");
    let mode = fs::metadata(generated).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may read it");
}

#[test]
fn a_problem_at_a_url_does_not_show_its_password() {
    let world = two_boards();
    world.edit("kas/base.yaml", "https://example.invalid", "ftp://user:tok3nvalue@example.invalid");
    insta::assert_snapshot!(world.graph(&["list"]), @"
    exit status 2
    --- stderr
    error: `ftp://***@example.invalid/poky.git` is no URL for git: its transport is none of file, git, http, https and ssh (`url` of `poky`)
     --> kas/base.yaml:7:10
      |
    7 |     url: ftp://***************@example.invalid/poky.git
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: a URL of git is like `https://host/path`, `ssh://user@host/path` or `/path`
    ");
}
