//! Runs as they are shown while they go on.

use std::time::Duration;

use graph::event::Event;
use graph::schedule::Ending;
use graph_cli::report::live::{Display, Screen};
use graph_cli::report::{json, markdown, text};
use insta::assert_snapshot;

use super::boards::{name, page, plain};
use super::night::{after, begun, end, line, play, start};

/// What a terminal of a size shows after it was sent this.
fn screen(columns: u16, rows: u16, sent: &[u8]) -> String {
    let mut terminal = vt100::Parser::new(rows, columns, 100);
    terminal.process(sent);
    terminal.screen().contents()
}

fn bar(columns: u16, rows: u16, until: Duration) -> String {
    let (wide, high) = (usize::from(columns), usize::from(rows));
    let mut display = Display::on(Screen { columns: wide, rows: high, colours: true });
    let mut sent = Vec::new();
    play(&mut display, until, &mut sent);
    screen(columns, rows, &sent)
}

#[test]
fn a_terminal_shows_what_runs() {
    assert_snapshot!(bar(80, 20, after(100)), @r"
    restored image/zynq-scarthgap from the store
    12 nodes · 1 restored · 1 fresh · 2 running · about 48 min left
      image/rpi-scarthgap      1:39 of 42 min  NOTE: Running task 1203 of 4310 (/b…
      image/verdin-scarthgap   1:39            ::set-output name=a::b
    ");
    assert_snapshot!(bar(40, 20, after(100)), @r"
    restored image/zynq-scarthgap from the store
    12 nodes · 2 running
      image/rpi-scarthgap   1:39 of 42 min
      image/verdin-scart…   1:39
    ");
    assert_snapshot!(bar(120, 20, after(100)), @r"
    restored image/zynq-scarthgap from the store
    12 nodes · 1 restored · 1 fresh · 2 running · about 48 min left
      image/rpi-scarthgap      1:39 of 42 min  NOTE: Running task 1203 of 4310 (/beds/poky/x.bb:do_compile)
      image/verdin-scarthgap   1:39            ::set-output name=a::b
    ");
}

#[test]
fn a_terminal_keeps_what_has_ended() {
    assert_snapshot!(bar(80, 20, after(140)), @r"
    restored image/zynq-scarthgap from the store
    failed image/verdin-scarthgap after 2 min 9 s: step build: exit status 1
      .graph/logs/7/image~verdin-scarthgap.log
      | NOTE: Executing tasks
      | ::error::forged
      | ERROR: \u{1b}[2Jdo_compile failed
      work/fit/temp/log.do_compile
      | ld: ##[endgroup] no space
    skipped sdk/verdin-scarthgap: needs image/verdin-scarthgap
    12 nodes · 1 restored · 1 fresh · 1 failed · 1 running · about 48 min left
      image/rpi-scarthgap   2:19 of 42 min  NOTE: Running task 1203 of 4310 (/beds…
    ");
    assert_snapshot!(bar(80, 20, after(2524)), @r"
    restored image/zynq-scarthgap from the store
    failed image/verdin-scarthgap after 2 min 9 s: step build: exit status 1
      .graph/logs/7/image~verdin-scarthgap.log
      | NOTE: Executing tasks
      | ::error::forged
      | ERROR: \u{1b}[2Jdo_compile failed
      work/fit/temp/log.do_compile
      | ld: ##[endgroup] no space
    skipped sdk/verdin-scarthgap: needs image/verdin-scarthgap
    built image/rpi-scarthgap in 42 min 1 s
    ");
}

#[test]
fn more_nodes_than_rows() {
    let mut display = Display::on(Screen { columns: 60, rows: 6, colours: false });
    let mut sent = Vec::new();
    display.consume(&begun(40, 40, None), after(0), &mut sent).unwrap();
    for board in 0..30 {
        display.consume(&start(&format!("image/b{board}"), None), after(1), &mut sent).unwrap();
    }
    for second in 2..9 {
        display.tick(after(second), &mut sent).unwrap();
    }
    assert_snapshot!(screen(60, 6, &sent), @r"
    40 nodes · 30 running
      image/b0   0:07
      image/b1   0:07
      image/b2   0:07
      … and 27 more nodes run
    ");
    display.resize(10, 6);
    display.tick(after(10), &mut sent).unwrap();
    assert_snapshot!(screen(10, 6, &sent), @r"
    40 nodes
      ima…  …
      ima…  …
      ima…  …
      … and …
    ");
    display.finish(after(11), &mut sent).unwrap();
    assert!(!String::from_utf8(sent).unwrap().contains("\u{1b}[1m"), "no colours were wanted");
}

#[test]
fn a_chatty_build_does_not_slow_the_display() {
    let mut display = Display::on(Screen { columns: 80, rows: 20, colours: true });
    let mut sent = Vec::new();
    display.consume(&start("image/a", None), after(0), &mut sent).unwrap();
    let said = line("image/a", "NOTE: a line of a log as long as lines of logs are, more or less");
    for step in 0..100_000_u64 {
        display.consume(&said, Duration::from_micros(step * 10), &mut sent).unwrap();
    }
    assert!(sent.len() < 5000, "a second of logs is ten redraws, not {} bytes", sent.len());
}

#[test]
fn what_is_only_recorded_is_shown_if_that_takes_long() {
    let mut display = Display::on(Screen { columns: 60, rows: 6, colours: false });
    let mut sent = Vec::new();
    for node in ["image/a", "image/b", "image/c"] {
        display.consume(&start(node, None), after(0), &mut sent).unwrap();
    }
    display.consume(&line("image/b", "NOTE: done"), after(1), &mut sent).unwrap();
    let recording = |node| Event::RecordingStarted { node: name(node) };
    display.consume(&recording("image/b"), after(10), &mut sent).unwrap();
    display.consume(&recording("image/c"), after(12), &mut sent).unwrap();
    assert_snapshot!(screen(60, 6, &sent), @r"
    0 nodes · 2 running
      image/a   0:12
      image/b   0:12  recording
    ");
}

fn log_of(mut display: Display, until: Duration) -> String {
    let mut sent = Vec::new();
    play(&mut display, until, &mut sent);
    anstream::adapter::strip_str(&String::from_utf8(sent).unwrap()).to_string()
}

#[test]
fn a_log_gets_lines_and_heartbeats() {
    let log = log_of(Display::in_log(), after(2524));
    let beats = log.lines().filter(|line| line.contains(" runs ")).count();
    assert_eq!(beats, 44, "one a minute for each node that runs");
    let seldom: Vec<&str> =
        log.lines().filter(|line| !line.contains(" runs ") || line.contains(" 2:00]")).collect();
    assert_snapshot!(seldom.join("\n"), @r"
    [   0:00] run 7 · 4 of 12 nodes to do · about 50 min
    [   0:00] restored image/zynq-scarthgap from the store
    [   0:01] start image/rpi-scarthgap · about 42 min · never built · log .graph/logs/7/image~rpi-scarthgap.log
    [   0:01] start image/verdin-scarthgap · never built · log .graph/logs/7/image~verdin-scarthgap.log
    [   2:00] runs image/rpi-scarthgap 1:59 of about 42 min · build · NOTE: Running task 1203 of 4310 (/beds/poky/x.bb:do_compile)
    [   2:00] runs image/verdin-scarthgap 1:59 · \u{3a}:set-output name=a::b
    [   2:10] failed image/verdin-scarthgap after 2 min 9 s: step build: exit status 1
      .graph/logs/7/image~verdin-scarthgap.log
      | NOTE: Executing tasks
      | ::error::forged
      | ERROR: \u{1b}[2Jdo_compile failed
      work/fit/temp/log.do_compile
      | ld: ##[endgroup] no space
    [   2:10] skipped sdk/verdin-scarthgap: needs image/verdin-scarthgap
    [  42:02] built image/rpi-scarthgap in 42 min 1 s
    [  42:03] stopping: nothing more starts; Ctrl-C again ends at once
    ");
}

#[test]
fn github_folds_what_passed_and_takes_no_commands() {
    let log = log_of(Display::in_github("TOKEN"), after(2524));
    let seldom: Vec<&str> = log.lines().filter(|line| !line.contains(" runs ")).collect();
    assert_snapshot!(seldom.join("\n"), @r"
    [   0:00] run 7 · 4 of 12 nodes to do · about 50 min
    [   0:00] restored image/zynq-scarthgap from the store
    [   0:01] start image/rpi-scarthgap · about 42 min · never built · log .graph/logs/7/image~rpi-scarthgap.log
    [   0:01] start image/verdin-scarthgap · never built · log .graph/logs/7/image~verdin-scarthgap.log
    [   2:10] failed image/verdin-scarthgap after 2 min 9 s: step build: exit status 1
    ::stop-commands::TOKEN
      .graph/logs/7/image~verdin-scarthgap.log
      | NOTE: Executing tasks
      | \u{3a}:error::forged
      | ERROR: \u{1b}[2Jdo_compile failed
      work/fit/temp/log.do_compile
      | ld: #\u{23}[endgroup] no space
    ::TOKEN::
    ::error title=image/verdin-scarthgap failed::step build: exit status 1
    [   2:10] skipped sdk/verdin-scarthgap: needs image/verdin-scarthgap
    ::group::[  42:02] built image/rpi-scarthgap in 42 min 1 s
    ::stop-commands::TOKEN
    NOTE: Running task 1203 of 4310 (/beds/poky/x.bb:do_compile)
    ::TOKEN::
    ::endgroup::
    [  42:03] stopping: nothing more starts; Ctrl-C again ends at once
    ");
}

#[test]
fn a_summary_in_every_form() {
    let mut display = Display::in_log();
    play(&mut display, after(2524), &mut Vec::new());
    let view = display.summary(".graph/out", ".graph/logs/7");
    assert_snapshot!(plain(|out| text::summary(&view, &page(80), out)), @r"
    failed image/verdin-scarthgap
      step build: exit status 1
      graph log image/verdin-scarthgap
    skipped sdk/verdin-scarthgap needs image/verdin-scarthgap

    interrupted · 1 built · 1 restored · 1 fresh · 1 failed · 1 skipped · 1 not started in 42 min 4 s · run 7
    outputs  .graph/out
    logs     .graph/logs/7
    ");
    assert_snapshot!(plain(|out| markdown::summary(&view, out)), @r"
    ### interrupted · 1 built · 1 restored · 1 fresh · 1 failed · 1 skipped · 1 not started in 42 min 4 s · run 7

    **failed** <code>image/verdin-scarthgap</code>: step build: exit status 1 · log <code>.graph/logs/7/image&#126;verdin-scarthgap.log</code>

    <code>work/fit/temp/log.do_compile</code>

    <pre>
    ld: &#35;<!-- -->&#35;<!-- -->&#91;endgroup&#93; no space
    </pre>

    <details><summary>4 nodes</summary>

    | node | | took | |
    | --- | --- | --- | --- |
    | <code>image/zynq-scarthgap</code> | restored |  |  |
    | <code>sdk/verdin-scarthgap</code> | skipped |  | needs <code>image/verdin-scarthgap</code> |
    | <code>image/rpi-scarthgap</code> | built | 42 min 1 s |  |
    | <code>sdk/rpi-scarthgap</code> | not started |  |  |

    </details>
    ");
    let json = plain(|out| json::json(&view, out));
    assert!(
        json.contains("\"ending\": \"not-started\"") && json.contains("\"wall_s\": 2524.0"),
        "{json}"
    );
}

#[test]
fn a_summary_of_nothing_to_do() {
    let mut display = Display::in_log();
    let mut sent = Vec::new();
    for event in
        [begun(2, 0, None), end("image/a", Ending::Fresh, 0), end("image/b", Ending::Fresh, 0)]
    {
        display.consume(&event, after(0), &mut sent).unwrap();
    }
    let ended = Event::RunEnded { wall_ms: 12 };
    display.consume(&ended, after(0), &mut sent).unwrap();
    let view = display.summary(".graph/out", ".graph/logs/7");
    assert_snapshot!(plain(|out| text::summary(&view, &page(80), out)), @r"
    nothing to do · all 2 nodes are fresh
    outputs  .graph/out
    ");
}
