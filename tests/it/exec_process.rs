//! The door to programs that answer at once.

use std::time::{Duration, Instant};

use graph_cli::process::{Call, What, started};

fn sh(script: &str) -> Call {
    Call::new("/bin/sh").args(["-c", script]).env([("PATH", "/usr/bin:/bin")])
}

#[test]
fn an_answer_and_nothing_of_our_environment() {
    let answer =
        sh("cat; env | sort; echo to stderr >&2").env([("A", "b c")]).answer().expect("an answer");
    let stdout = String::from_utf8(answer.stdout).expect("text");
    let names: Vec<&str> =
        stdout.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    // The shell itself adds the last three, and `_`.
    let added = ["PWD", "OLDPWD", "SHLVL", "_"];
    assert_eq!(
        names.into_iter().filter(|name| !added.contains(name)).collect::<Vec<_>>(),
        ["A", "PATH"]
    );
    assert!(stdout.contains("A=b c\n"));
    assert_eq!(answer.stderr, b"to stderr\n");
}

#[test]
fn what_goes_wrong_is_told_apart() {
    let missing = Call::new("no-such-program").answer().expect_err("it is not there");
    assert!(matches!(missing.what, What::NotFound));
    assert_eq!(missing.to_string(), "`no-such-program` was not found");

    let failed = sh("echo because >&2; exit 3").answer().expect_err("it fails");
    assert_eq!(failed.to_string(), "`/bin/sh` failed with exit status 3: because");

    let no_dir =
        sh("true").dir("/no/such/directory").answer().expect_err("there is no such directory");
    assert!(matches!(no_dir.what, What::Io(_)), "{no_dir}");

    let chatty = sh("yes").limit(100_000).answer().expect_err("it writes too much");
    assert!(matches!(chatty.what, What::TooMuch(100_000)), "{chatty}");

    let noisy =
        sh("yes >&2").deadline(Duration::from_millis(200)).answer().expect_err("it never ends");
    assert!(matches!(noisy.what, What::TimedOut(_)), "{noisy}");
}

#[test]
fn the_deadline_ends_the_whole_group() {
    let dir = tempfile::tempdir().expect("a directory");
    let begun = Instant::now();
    let error = sh("sleep 300 & echo $! > pid; wait")
        .dir(dir.path())
        .deadline(Duration::from_millis(300))
        .answer()
        .expect_err("it is too slow");
    assert!(matches!(error.what, What::TimedOut(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    let pid = std::fs::read_to_string(dir.path().join("pid")).expect("a pid");
    crate::exec_supervise::assert_gone(pid.trim());
}

#[test]
fn what_is_left_behind_with_our_pipes_is_not_waited_for() {
    let begun = Instant::now();
    let answer = sh("echo done; sleep 5 &").answer().expect("an answer");
    assert_eq!(answer.stdout, b"done\n");
    assert!(begun.elapsed() < Duration::from_secs(4), "took {:?}", begun.elapsed());
}

#[test]
fn what_has_ended_is_no_longer_noted() {
    let pid = sh("echo $$").answer().expect("an answer").stdout;
    let pid: u32 = String::from_utf8(pid).expect("text").trim().parse().expect("a number");
    assert!(!started().contains(&pid));
}
