//! Nodes on this host: environment, logs, limits, stops, failures, outputs, the work directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use graph::record::Outcome;
use graph::spec::{Dir, GeneratedFile, Piece, Source, Step, Template};
use graph_cli::exec::job::Retry;
use graph_cli::exec::kas::Toolchain;
use graph_cli::exec::local::Settings;
use graph_cli::exec::stop::Stop;

use crate::exec_supervise::assert_gone;
use crate::exec_world::{Ran, add_step, execute, input, node, required, settings, sh};

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// The work directory of `image/rpi`.
fn work(root: &Path) -> PathBuf {
    settings(root, &[]).work.join("image/rpi")
}

fn message(ran: &Ran) -> &str {
    ran.execution.failure.as_ref().map_or("", |failure| &failure.message)
}

/// The log without its times.
fn untimed(log: &str) -> String {
    log.lines()
        .map(|line| match line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')) {
            Some((_, rest)) => format!("# {rest}\n"),
            None => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn a_node_runs_and_leaves_its_outputs() {
    let root = dir();
    let mut node =
        sh(node("rpi"), r#"echo made of "$(cat in/x.txt)"; mkdir -p out/a; echo hi > out/a/x.img"#);
    let content = Template::of(vec![
        Piece::Text("root ".into()),
        Piece::Dir(Dir::Root),
        Piece::Text(" and ".into()),
        Piece::Fact(Source::Value("a value".into())),
    ]);
    node.action.files = node
        .action
        .files
        .iter()
        .cloned()
        .chain([GeneratedFile { path: "in/x.txt".into(), content }])
        .collect();
    node.outputs = vec![required("out/*/*.img")].into();
    let ran = execute(settings(root.path(), &[]), node, None);
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}", message(&ran));
    let root_shown = root.path().display();
    assert_eq!(ran.lines, [format!("made of root {root_shown} and a value")]);
    let outputs: Vec<&str> =
        ran.execution.outputs.iter().map(|found| found.path.as_str()).collect();
    assert_eq!(outputs, ["x.img"]);
    assert!(ran.execution.cost.wall_ms > 0);
    let log = untimed(&ran.log);
    assert!(
        log.starts_with("# image/rpi, run 7, attempt 1\n# step build: sh -c 'echo made of "),
        "{log}"
    );
    assert!(log.contains("\n# succeeded after "), "{log}");
}

#[test]
fn the_environment_is_what_is_declared() {
    let root = dir();
    let kas = root.path().join("fake kas");
    fs::write(&kas, "#!/bin/sh\nenv | sort\n").expect("a script");
    fs::set_permissions(&kas, fs::Permissions::from_mode(0o755)).expect("a script");
    let mut node = node("rpi");
    node.inputs = vec![
        input("env BUILD_TAG (outer)", Source::variable("BUILD_TAG", None)),
        input("env UNSET (outer)", Source::variable("UNSET", None)),
    ]
    .into();
    let env = vec![("STEP".to_owned(), Template::text("of the step"))];
    let args = vec![Template::text("build")];
    add_step(&mut node, Step { name: "build", program: "kas", args, env, ..Step::default() });
    let variables = [
        ("HOME", "/home/me"),
        ("BUILD_TAG", "v1"),
        ("KAS_TARGET", "hidden"),
        ("KAS_PREMIRRORS", "a b"),
        ("TMPDIR", "/elsewhere"),
        ("SSTATE_MIRRORS", "hidden"),
        ("MACHINE", "hidden"),
        ("PYTHONPATH", "hidden"),
        ("http_proxy", "http://proxy:3128"),
        ("GIT_CREDENTIAL_HELPER", "store --file=/x"),
    ];
    let settings = Settings { kas: Toolchain::Program(kas), ..settings(root.path(), &variables) };
    let ran = execute(settings, node, None);
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}", message(&ran));
    let state = root.path().join(".graph").display().to_string();
    let work = work(root.path()).display().to_string();
    let shown: Vec<String> = ran
        .lines
        .iter()
        .filter(|line| {
            !["PWD=", "SHLVL=", "_=", "OLDPWD=", "PATH="].iter().any(|own| line.starts_with(own))
        })
        .map(|line| line.replace(&work, "WORK").replace(&state, "STATE"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    BB_NUMBER_THREADS=2
    BUILD_TAG=v1
    DL_DIR=STATE/downloads
    GIT_CREDENTIAL_HELPER=***
    GRAPH_NODE=image/rpi
    HOME=/home/me
    KAS_BUILD_DIR=WORK/build
    KAS_PREMIRRORS=a b
    KAS_REPO_REF_DIR=STATE/git
    KAS_WORK_DIR=WORK
    LANG=C.UTF-8
    PARALLEL_MAKE=-j 2
    SSTATE_DIR=STATE/sstate
    STEP=of the step
    TERM=dumb
    http_proxy=http://proxy:3128
    ");
}

#[test]
fn secrets_stay_out_of_logs_lines_and_reports() {
    let root = dir();
    let mut node =
        sh(node("rpi"), "echo $TOKEN_SHOWN https://me:pw@host/x; echo hidden-value; exit 1");
    node.inputs = vec![
        input("env TOKEN_SHOWN (outer)", Source::variable("TOKEN_SHOWN", None)),
        input("env.X", Source::Secret("hidden-value".into())),
    ]
    .into();
    let ran = execute(settings(root.path(), &[("TOKEN_SHOWN", "s3cr3t-value")]), node, None);
    assert_eq!(ran.lines, ["*** https://***@host/x", "***"]);
    let failure = ran.execution.failure.as_ref().expect("a report");
    assert_eq!(failure.tail, ran.lines);
    for secret in ["s3cr3t-value", "hidden-value", "me:pw"] {
        assert!(!ran.log.contains(secret), "{}", ran.log);
    }
}

#[test]
fn a_failure_shows_its_end_and_its_causes() {
    let root = dir();
    let script = r#"
        mkdir -p build/tmp; echo 'gcc: no' > build/tmp/log.do_compile
        echo "ERROR: Logfile of failure stored in: $PWD/build/tmp/log.do_compile"
        echo "ERROR: Logfile of failure stored in: /etc/passwd"
        i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo line $i; done; exit 3"#;
    let ran = execute(settings(root.path(), &[]), sh(node("rpi"), script), None);
    let failure = ran.execution.failure.as_ref().expect("a report");
    assert_eq!(
        (failure.outcome, failure.message.as_str()),
        (Outcome::Failed, "step build: exit status 3")
    );
    assert_eq!(
        (failure.tail.len(), failure.tail.last().map(String::as_str)),
        (30, Some("line 50"))
    );
    let causes: Vec<&[String]> = failure.causes.iter().map(|(_, lines)| lines.as_slice()).collect();
    assert_eq!(causes, [["gcc: no"]]);
    assert_eq!(ran.execution.retry, Retry::Worthwhile);

    let ran = execute(settings(root.path(), &[]), sh(node("rpi"), "kill -SEGV $$"), None);
    assert_eq!(message(&ran), "step build: killed by signal 11");

    let mut missing = node("rpi");
    add_step(&mut missing, Step { name: "build", program: "no-such-program", ..Step::default() });
    let ran = execute(settings(root.path(), &[]), missing, None);
    let expect =
        "step build: cannot start `no-such-program`: No such file or directory (os error 2)";
    assert_eq!((message(&ran), ran.execution.retry), (expect, Retry::Pointless));
}

#[test]
fn a_missing_output_says_what_is_there() {
    let root = dir();
    let mut node = sh(
        node("rpi"),
        "mkdir -p build/deploy/rpi; touch build/deploy/rpi/b.txt build/deploy/rpi/a.txt",
    );
    node.outputs =
        vec![required("build/deploy/*/*.wic"), required("build/deploy/rpi/*.txt")].into();
    let ran = execute(settings(root.path(), &[]), node, None);
    assert_eq!(
        message(&ran),
        "no file matches `build/deploy/*/*.wic`: `build/deploy/rpi` has `a.txt`, `b.txt`"
    );
    assert_eq!((ran.execution.outcome, ran.execution.retry), (Outcome::Failed, Retry::Pointless));
}

#[test]
fn limits_end_a_node() {
    let root = dir();
    let limited = |timeout, stall| Settings {
        timeout,
        stall,
        grace: Duration::from_millis(300),
        ..settings(root.path(), &[])
    };
    let (soon, late) = (Some(Duration::from_millis(400)), Some(Duration::from_secs(60)));
    let begun = Instant::now();
    let chatty = "while :; do echo on and on; sleep 0.05; done";
    let ran = execute(limited(soon, late), sh(node("rpi"), chatty), None);
    assert_eq!(ran.execution.outcome, Outcome::TimedOut);
    assert_eq!(message(&ran), "step build: ended because it ran longer than 400ms");

    let ran = execute(limited(late, soon), sh(node("rpi"), "echo once; sleep 300"), None);
    assert_eq!(ran.execution.outcome, Outcome::Stalled);
    assert_eq!(message(&ran), "step build: ended because it logged nothing for 400ms");

    let deaf = "trap '' TERM; while :; do echo on; sleep 0.05; done";
    let ran = execute(limited(soon, None), sh(node("rpi"), deaf), None);
    assert_eq!(ran.execution.outcome, Outcome::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_stop_ends_a_node_in_order_and_a_second_at_once() {
    let root = dir();
    let script = "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    let ran = execute(
        settings(root.path(), &[]),
        sh(node("rpi"), script),
        Some(("ready", Stop::InOrder)),
    );
    assert_eq!(ran.execution.outcome, Outcome::Interrupted, "even where it says that all is well");
    assert!(ran.lines.contains(&"saved".to_owned()), "{:?}", ran.lines);
    assert_eq!(message(&ran), "step build: interrupted");

    let script = "trap 'echo saved' TERM; setsid sleep 300 & echo $! > pid; echo ready; while :; do sleep 0.05; done";
    let begun = Instant::now();
    let ran =
        execute(settings(root.path(), &[]), sh(node("rpi"), script), Some(("ready", Stop::AtOnce)));
    assert_eq!(ran.execution.outcome, Outcome::Interrupted);
    assert!(!ran.lines.contains(&"saved".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(4));
    let pid = fs::read_to_string(work(root.path()).join("pid")).expect("a pid");
    assert_gone(pid.trim());
}

fn git(dir: &Path, args: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status()
        .expect("git");
    assert!(status.success(), "git {args:?}");
}

/// A work directory with a clone, and a clone inside the clone, each with a file too many.
fn with_clones(root: &Path) -> PathBuf {
    let work = work(root);
    for clone in ["poky", "poky/meta-x"] {
        let clone = work.join(clone);
        fs::create_dir_all(&clone).expect("a directory");
        git(&clone, &["init", "-q"]);
        fs::write(clone.join("tracked"), "x").expect("a file");
        fs::write(clone.join(".gitignore"), "*.pyc\nmeta-x\n").expect("a file");
        git(&clone, &["add", "-A"]);
        git(&clone, &["commit", "-q", "-m", "x"]);
        fs::write(clone.join("stray.bb"), "x").expect("a file");
        fs::write(clone.join("ignored.pyc"), "x").expect("a file");
    }
    fs::create_dir_all(work.join("build/conf")).expect("a directory");
    fs::create_dir_all(work.join("build/tmp")).expect("a directory");
    fs::write(work.join("build/conf/auto.conf"), "X = \"hidden\"").expect("a file");
    fs::write(work.join("build/tmp/stamp"), "x").expect("a file");
    work
}

#[test]
fn a_work_directory_lets_nothing_through_but_what_was_built() {
    let root = dir();
    execute(settings(root.path(), &[]), sh(node("rpi"), "true"), None);
    let work = with_clones(root.path());
    let ran = execute(
        settings(root.path(), &[]),
        sh(node("rpi"), "find . -path '*/.git' -prune -o -type f -print | sort"),
        None,
    );
    let seen = ["./.filled", "./.unfinished", "./build/tmp/stamp", "./poky/.gitignore"];
    let cloned = ["./poky/meta-x/.gitignore", "./poky/meta-x/tracked", "./poky/tracked"];
    assert_eq!(ran.lines, [&seen[..], &cloned].concat(), "{}", ran.log);
    assert!(!work.join(".unfinished").exists());

    fs::write(work.join("poky/.git/objects/info/alternates"), "/no/such/reference\n")
        .expect("a file");
    fs::write(work.join("poky/meta-x/.git/HEAD"), "").expect("a file");
    let ran = execute(settings(root.path(), &[]), sh(node("rpi"), "ls"), None);
    assert_eq!(ran.lines, ["build"], "{}", ran.log);
}

#[test]
fn after_a_kill_a_work_directory_is_made_anew() {
    let root = dir();
    let work = with_clones(root.path());
    let read_only = work.join("build/tmp/gomodcache");
    fs::create_dir_all(read_only.join("x")).expect("a directory");
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o500)).expect("a directory");
    let ran = execute(
        settings(root.path(), &[]),
        sh(node("rpi"), "echo here; sleep 300"),
        Some(("here", Stop::AtOnce)),
    );
    assert_eq!(ran.execution.outcome, Outcome::Interrupted);
    assert!(work.join(".unfinished").exists() && work.join("poky").exists());
    let ran = execute(settings(root.path(), &[]), sh(node("rpi"), "ls"), None);
    assert_eq!(ran.lines, [""; 0]);
    assert!(ran.log.contains("an earlier run of this node was killed"), "{}", ran.log);

    // One that failed by itself, or was ended in order, keeps what it has.
    execute(
        settings(root.path(), &[]),
        sh(node("rpi"), "mkdir build; touch build/kept stray; exit 1"),
        None,
    );
    let ran = execute(
        settings(root.path(), &[]),
        sh(node("rpi"), "ls . build; echo here; sleep 300"),
        Some(("here", Stop::InOrder)),
    );
    assert_eq!(ran.lines[..6], [".:", "build", "", "build:", "kept", "here"]);
    let ran = execute(settings(root.path(), &[]), sh(node("rpi"), "ls build"), None);
    assert_eq!(ran.lines, ["kept"]);
}

#[test]
fn git_does_not_reach_the_project_from_a_work_directory() {
    let root = dir();
    git(root.path(), &["init", "-q"]);
    let ran = execute(
        settings(root.path(), &[]),
        sh(
            node("rpi"),
            "mkdir half-a-clone; cd half-a-clone; git rev-parse --show-toplevel; git checkout -q -b oops; exit 0",
        ),
        None,
    );
    assert!(!ran.lines.iter().any(|line| line.starts_with('/')), "{:?}", ran.lines);
    let head = fs::read_to_string(root.path().join(".git/HEAD")).expect("a head");
    assert!(!head.contains("oops"));
}

#[test]
fn a_generated_file_stays_below() {
    let root = dir();
    for path in ["../x", "/etc/x", "a/../../x"] {
        let mut node = sh(node("rpi"), "true");
        node.action.files =
            [GeneratedFile { path: path.into(), content: Template::text("x") }].into();
        let ran = execute(settings(root.path(), &[]), node, None);
        assert_eq!(
            message(&ran),
            format!("cannot write `{path}`: the path leaves the work directory")
        );
    }
    let mut node = sh(node("rpi"), "true");
    let content = Template::of(vec![Piece::Fact(Source::Tool(Arc::from("kas")))]);
    node.action.files = node
        .action
        .files
        .iter()
        .cloned()
        .chain([GeneratedFile { path: "x".into(), content }])
        .collect();
    let ran = execute(settings(root.path(), &[]), node, None);
    let expect = "cannot make `x`: a value that the build needs is not known: it was not observed";
    assert_eq!(message(&ran), expect);
}

#[test]
fn a_stopped_run_begins_no_further_step() {
    let root = dir();
    let node =
        sh(sh(node("rpi"), "trap 'exit 0' TERM; echo here; sleep 300 & wait"), "echo second");
    let ran = execute(settings(root.path(), &[]), node, Some(("here", Stop::InOrder)));
    assert_eq!(ran.execution.outcome, Outcome::Interrupted);
    assert!(!ran.lines.contains(&"second".to_owned()), "{}", ran.log);
}

#[test]
fn a_killed_supervisor_is_a_failure_that_is_not_trusted() {
    let root = dir();
    let ran = execute(
        settings(root.path(), &[]),
        sh(node("rpi"), "echo here; kill -9 $PPID; exit 0"),
        None,
    );
    assert_eq!(message(&ran), "step build: its supervisor was killed");
    assert_eq!((ran.execution.outcome, ran.execution.retry), (Outcome::Failed, Retry::Worthwhile));
    assert!(work(root.path()).join(".unfinished").exists());
}
