//! Nothing of a step survives it: not what left its group, not when `graph` dies, not when the supervisor does.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use graph_cli::exec::order::{END, Order, RUN};
use graph_cli::exec::orphans;
use graph_cli::exec::supervise::Status;

/// A daemon as programs make them: forked twice, in a session of its own, without our pipes. `$1` is its pid file.
const DAEMON: &str = r#"(setsid sh -c 'echo $$ > "$0.new"; mv "$0.new" "$0"; exec sleep 300' "$1" >/dev/null 2>&1 &)
while ! test -e "$1"; do sleep 0.01; done"#;

/// As [`DAEMON`], but deaf to requests.
const STUBBORN: &str = r#"(setsid sh -c 'trap "" TERM HUP; echo $$ > "$0.new"; mv "$0.new" "$0"; while :; do sleep 1; done' "$1" >/dev/null 2>&1 &)
while ! test -e "$1"; do sleep 0.01; done"#;

/// An order to run a script of the shell, with a file as its `$1`.
fn order(script: &str, pid_file: &Path) -> Order {
    let words = ["/bin/sh", "-c", script, "sh"].map(OsString::from);
    let path = std::env::var_os("PATH").expect("a path");
    Order {
        argv: words.into_iter().chain([pid_file.into()]).collect(),
        env: [("PATH".to_owned(), path)].into(),
        dir: "/".into(),
        grace: Duration::from_secs(10),
        ..Order::default()
    }
}

fn supervisor() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graph"));
    command.arg("__supervise").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn tell(child: &mut Child, bytes: &[u8]) {
    child.stdin.as_mut().expect("the lifeline").write_all(bytes).expect("words");
}

fn supervise(order: &Order) -> Child {
    let mut child = supervisor().spawn().expect("a supervisor");
    tell(&mut child, &order.encode());
    child
}

/// What it tells of one program; it keeps the lifeline while it waits.
fn answer(child: &mut Child) -> Status {
    let mut line = Vec::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stdout.read_exact(&mut byte).expect("a status");
        line.extend(byte);
    }
    serde_json::from_slice(&line).expect("a status line")
}

/// What it tells of its last program, and all that it logged.
fn end_of(mut child: Child) -> (Status, String) {
    let status = answer(&mut child);
    drop(child.stdin.take());
    let mut log = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut log).expect("a log");
    child.wait().expect("an end");
    (status, log)
}

fn await_file(path: &Path) -> String {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} does not appear", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::read_to_string(path).expect("a file").trim().to_owned()
}

fn is_there(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits a little: what was killed may still be on its way out.
pub(crate) fn assert_gone(pid: &str) {
    let begun = Instant::now();
    while is_there(pid) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{pid} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_end_of_a_program_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("unused");
    let (status, log) = end_of(supervise(&order("echo out; echo err >&2; cat; exit 7", &file)));
    assert_eq!((status.code, status.signal, log.as_str()), (Some(7), None, "out\nerr\n"));
    assert_eq!((status.stragglers, status.killed, status.immortal), (0, false, 0));

    let (status, _) = end_of(supervise(&order("kill -9 $$", &file)));
    assert_eq!((status.code, status.signal), (None, Some(9)));

    let (status, _) = end_of(supervise(&order(
        "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 0.2",
        &file,
    )));
    assert!(status.cpu_ms > 0 && status.peak_memory > 100_000, "{status:?}");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let argv = vec!["/no/such/program".into()];
    let child = supervise(&Order { argv, dir: "/".into(), ..Order::default() });
    let (status, _) = end_of(child);
    let why = status.not_started.expect("a reason");
    assert!(why.starts_with("cannot start `/no/such/program`: No such file"), "{why}");
}

#[test]
fn one_supervisor_runs_many_programs_and_tells_them_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pid");
    let busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 3";
    let mut child = supervise(&order(busy, &file));
    let first = answer(&mut child);
    assert!(first.code == Some(3) && first.cpu_ms > 0, "{first:?}");
    for (script, left) in [("echo two", 0), (DAEMON, 1), ("echo four", 0)] {
        tell(&mut child, &order(script, &file).encode());
        let status = answer(&mut child);
        assert_eq!((status.code, status.stragglers), (Some(0), left), "{script}");
        assert!(status.cpu_ms < first.cpu_ms, "{status:?}");
        if left > 0 {
            assert_gone(&await_file(&file));
        }
    }
    // Meant for what has just ended.
    tell(&mut child, &[END]);
    let env = [("A".to_owned(), "b".into())].into();
    let own = Order { env, dir: dir.path().to_owned(), ..order("echo $A; pwd; env", &file) };
    tell(&mut child, &own.encode());
    let (status, log) = end_of(child);
    assert_eq!(status.code, Some(0), "{status:?}");
    let at = dir.path().canonicalize().expect("a path").display().to_string();
    assert!(log.starts_with(&format!("two\nfour\nb\n{at}\n")) && !log.contains("HOME="), "{log}");
}

#[test]
fn an_idle_supervisor_ends_with_its_lifeline() {
    let mut child = supervisor().spawn().expect("a supervisor");
    drop(child.stdin.take());
    assert!(child.wait().expect("an end").success());
}

/// Its end, which must come while its standard input is open still.
fn ends_by_itself(mut child: Child) -> bool {
    let begun = Instant::now();
    let mut ended = None;
    while ended.is_none() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
        ended = child.try_wait().expect("a state");
    }
    drop(child.stdin.take());
    child.wait().expect("an end");
    ended.is_some()
}

#[test]
fn what_is_no_order_ends_a_supervisor() {
    let whole = order("true", Path::new("unused")).encode();
    for cut in [1, 3, 20, whole.len() - 1] {
        let mut child = supervisor().spawn().expect("a supervisor");
        tell(&mut child, &whole[..cut]);
        drop(child.stdin.take());
        assert!(child.wait().expect("an end").success(), "{cut}");
    }
    let garbage: [&[u8]; 4] =
        [b"x", b"\0", &[RUN, 0xff, 0xff, 0xff, 0xff], &[RUN, 1, 0, 0, 0, 0, 0, 0, 0xff]];
    for garbage in garbage {
        let mut child = supervisor().spawn().expect("a supervisor");
        tell(&mut child, garbage);
        assert!(ends_by_itself(child), "{garbage:?}");
    }
}

#[test]
fn what_is_no_request_ends_a_program_and_its_supervisor() {
    let dir = tempfile::tempdir().expect("a directory");
    for (number, garbage) in [&b"x"[..], &order("true", dir.path()).encode()].iter().enumerate() {
        let file = dir.path().join(number.to_string());
        let mut child = supervise(&order(&format!("{DAEMON}\nsleep 300"), &file));
        let pid = await_file(&file);
        tell(&mut child, garbage);
        assert_gone(&pid);
        assert!(ends_by_itself(child), "{garbage:?}");
    }
}

#[test]
fn each_of_many_orders_is_answered_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("unused");
    let mut child = supervisor().spawn().expect("a supervisor");
    for number in 0..200 {
        // Meant for what has ended already; it must not reach what comes.
        let late = if number % 3 == 0 { &[END, END][..] } else { &[] };
        tell(&mut child, &[late, &order(&format!("exit {}", number % 7), &file).encode()].concat());
        let status = answer(&mut child);
        assert_eq!((status.code, status.killed), (Some(number % 7), false), "{number}");
    }
    tell(&mut child, &[END]);
    drop(child.stdin.take());
    let mut more = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut more).expect("its end");
    assert!(more.is_empty(), "{}", String::from_utf8_lossy(&more));
    assert!(child.wait().expect("an end").success());
}

#[test]
fn a_daemon_does_not_outlive_the_program() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pid");
    let (status, _) = end_of(supervise(&order(DAEMON, &file)));
    assert_eq!((status.code, status.stragglers, status.killed), (Some(0), 1, false));
    assert_gone(&await_file(&file));
}

#[test]
fn a_daemon_that_ends_by_itself_may_do_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("saved");
    let script = r#"(setsid sh -c 'trap "echo asked > $0" TERM; sleep 0.2; echo saved > $0' "$1" >/dev/null 2>&1 &)"#;
    let (status, _) = end_of(supervise(&order(script, &file)));
    assert_eq!((status.stragglers, status.killed), (0, false));
    assert_eq!(await_file(&file), "saved");
}

#[test]
fn a_deaf_daemon_is_killed() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pid");
    let (status, _) = end_of(supervise(&order(STUBBORN, &file)));
    assert!(status.code == Some(0) && status.stragglers >= 1 && status.killed, "{status:?}");
    assert_gone(&await_file(&file));
}

#[test]
fn an_end_in_order_asks_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pid");
    let script = r#"trap 'echo told; exit 130' TERM; echo $$ > "$1"; while :; do sleep 0.05; done"#;
    let mut child = supervise(&order(script, &file));
    let pid = await_file(&file);
    tell(&mut child, &[END]);
    let (status, log) = end_of(child);
    assert_eq!((status.code, status.killed), (Some(130), false));
    // A shell may remark that its `sleep` was ended too.
    assert!(log.ends_with("told\n"), "{log}");
    assert_gone(&pid);
}

#[test]
fn an_end_in_order_has_its_limit_and_ends_what_no_signal_reaches() {
    let dir = tempfile::tempdir().expect("a directory");
    let (file, after) = (dir.path().join("pid"), dir.path().join("after"));
    let script = r#"trap '' TERM; echo $$ > "$1"; while :; do sleep 0.05; done"#;
    let mut child = supervise(&Order {
        grace: Duration::from_millis(200),
        after_kill: vec!["touch".into(), after.clone().into()],
        ..order(script, &file)
    });
    let pid = await_file(&file);
    tell(&mut child, &[END]);
    let (status, _) = end_of(child);
    assert_eq!((status.signal, status.killed), (Some(9), true));
    assert!(after.exists());
    assert_gone(&pid);
}

#[test]
fn when_the_lifeline_breaks_everything_dies() {
    let dir = tempfile::tempdir().expect("a directory");
    let (file, own) = (dir.path().join("pid"), dir.path().join("own"));
    let script =
        format!("{STUBBORN}\necho $$ > \"$1.own\"; mv \"$1.own\" {}; sleep 300", own.display());
    let grace = Duration::from_secs(60);
    let mut child = supervise(&Order { grace, ..order(&script, &file) });
    let pids = [await_file(&file), await_file(&own)];
    let begun = Instant::now();
    drop(child.stdin.take());
    pids.iter().for_each(|pid| assert_gone(pid));
    child.wait().expect("an end");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// Becomes the process that `graph` is while it builds, where the variable says so; alone it tests nothing.
#[test]
fn driver() {
    let Some(dir) = std::env::var_os("GRAPH_TEST_DRIVER_DIR") else { return };
    let dir = Path::new(&dir);
    orphans::inherit().expect("a subreaper");
    let script = format!("{STUBBORN}\n exec sleep 300");
    let (mut supervisor, noted) =
        graph_cli::process::start(|| supervisor().spawn(), Child::id).expect("a supervisor");
    tell(&mut supervisor, &order(&script, &dir.join("pid")).encode());
    let (mut own, _noted) =
        graph_cli::process::start(|| Command::new("sleep").arg("300").spawn(), Child::id)
            .expect("a child of our own");
    std::fs::write(dir.join("own"), own.id().to_string()).expect("a file");
    await_file(&dir.join("pid"));
    std::fs::write(dir.join("ready"), "").expect("a file");
    if dir.join("die").exists() {
        supervisor.wait().expect("never");
    }
    supervisor.kill().expect("a supervisor to kill");
    supervisor.wait().expect("an end");
    drop(noted);
    assert!(orphans::end_all() >= 2);
    assert!(own.try_wait().expect("a state").is_none(), "what we started ourselves lives");
    own.kill().expect("a child");
    own.wait().expect("an end");
}

fn start_driver(dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "exec_supervise::driver", "--nocapture"])
        .env("GRAPH_TEST_DRIVER_DIR", dir)
        .stdout(Stdio::null())
        .spawn()
        .expect("a driver")
}

#[test]
fn when_a_supervisor_is_killed_what_it_leaves_is_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let status = start_driver(dir.path()).wait().expect("an end");
    assert!(status.success());
    assert_gone(&await_file(&dir.path().join("pid")));
}

#[test]
fn kill_9_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("die"), "").expect("a file");
    let mut driver = start_driver(dir.path());
    await_file(&dir.path().join("ready"));
    driver.kill().expect("a driver");
    driver.wait().expect("an end");
    assert_gone(&await_file(&dir.path().join("pid")));
    let own = await_file(&dir.path().join("own"));
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(own.parse().expect("a pid")).expect("a pid"),
        rustix::process::Signal::KILL,
    )
    .expect("the driver's own child, which no supervisor watched");
}
