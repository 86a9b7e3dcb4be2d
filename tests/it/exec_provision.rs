//! The private `kas`, with a Python that only pretends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use graph_cli::exec::environment::Environment;
use graph_cli::exec::provision;
use graph_cli::failure::{Failure, Kind};

/// A `python3` that makes a "virtual environment" whose python does what `pip` and `kas` say.
fn python(dir: &Path, venv: &str, pip: &str) -> Environment {
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {log}\ncase \"$*\" in\n-m\\ venv*) {venv}\nmkdir -p \"$3/bin\"; cp \"$0\" \"$3/bin/python\";;\n*pip*) {pip};;\nesac\n",
        log = dir.join("log").display()
    );
    let program = dir.join("bin/python3");
    fs::create_dir_all(dir.join("bin")).expect("a directory");
    fs::write(&program, script).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a script");
    let path = format!("{}:/usr/bin:/bin", dir.join("bin").display());
    Environment::from([("PATH".to_owned(), path.into())])
}

fn provide(dir: &Path, outer: &Environment, version: &str) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    let made =
        provision::kas(&dir.join("tools"), version, outer, |line| told.push(line.to_owned()))?;
    // A child that another test is just starting can hold the lock for a moment.
    told.retain(|line: &String| !line.starts_with("waiting for another run"));
    assert_eq!(made, dir.join("tools").join(format!("kas-{version}")));
    Ok(told)
}

#[test]
fn it_is_made_once_and_again_when_it_is_half_made() {
    let dir = tempfile::tempdir().expect("a directory");
    let outer = python(dir.path(), ":", ":");
    let told = provide(dir.path(), &outer, "5.2").expect("a kas");
    assert_eq!(told.last().map(String::as_str), Some("installing kas 5.2"));
    let log = fs::read_to_string(dir.path().join("log")).expect("a log");
    let calls: Vec<&str> = log.lines().skip(1).collect();
    assert_eq!(
        calls,
        [
            "-I -m pip install --disable-pip-version-check --no-input --quiet kas==5.2",
            "-I -m kas --version"
        ]
    );
    assert_eq!(provide(dir.path(), &outer, "5.2").expect("the same"), [""; 0]);

    fs::remove_file(dir.path().join("tools/kas-5.2/.complete")).expect("a mark");
    fs::write(dir.path().join("tools/kas-5.2/half"), "").expect("a file");
    assert_eq!(provide(dir.path(), &outer, "5.2").expect("a new one").len(), 2);
    assert!(!dir.path().join("tools/kas-5.2/half").exists());
}

#[test]
fn what_is_in_the_way_is_told_with_a_way_out() {
    let check = |venv: &str, pip: &str, version: &str, kind: Kind, expect: &str, hint: &str| {
        let dir = tempfile::tempdir().expect("a directory");
        let failure =
            provide(dir.path(), &python(dir.path(), venv, pip), version).expect_err(expect);
        assert_eq!((failure.kind, failure.to_string().as_str()), (kind, expect));
        assert!(failure.hints.iter().any(|line| line.contains(hint)), "{:?}", failure.hints);
        assert!(!dir.path().join(format!("tools/kas-{version}/.complete")).exists());
    };
    check(
        "echo 'ensurepip is not available' >&2; exit 1",
        ":",
        "5.2",
        Kind::Environment,
        "cannot make a Python environment: ensurepip is not available",
        "apt install python3 python3-venv",
    );
    check(
        ":",
        "echo 'NewConnectionError: no route' >&2; exit 1",
        "5.2",
        Kind::Environment,
        "cannot install kas 5.2: NewConnectionError: no route",
        "package index cannot be reached",
    );
    check(
        ":",
        "echo 'ERROR: No matching distribution found for kas==99' >&2; exit 1",
        "99",
        Kind::Environment,
        "cannot install kas 99: ERROR: No matching distribution found for kas==99",
        "no such version",
    );
    check(":", ":", "5.2 -r x", Kind::Input, "`5.2 -r x` is not a version of kas", "\"5.2\"");

    let dir = tempfile::tempdir().expect("a directory");
    let nowhere = Environment::from([("PATH".to_owned(), "/nonexistent".into())]);
    let failure = provide(dir.path(), &nowhere, "5.2").expect_err("there is no python3");
    assert_eq!(failure.to_string(), "`python3` was not found, which kas needs");
}
