//! A night of building as events, for the live displays.

use std::sync::Arc;
use std::time::Duration;

use graph::event::{Event, FailureReport};
use graph::plan::Tally;
use graph::record::Outcome;
use graph::schedule::Ending;
use graph::verdict::Reason;
use graph_cli::report::live::Display;

use super::boards::name;

pub(crate) const MINUTE: u64 = 60_000;

pub(crate) fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn begun(total: usize, stale: usize, estimate_ms: Option<u64>) -> Event {
    let tally = Tally { total, stale, fresh: total - stale, ..Tally::default() };
    Event::RunStarted { run: 7, tally, estimate_ms }
}

pub(crate) fn start(node: &str, estimate_ms: Option<u64>) -> Event {
    let log = format!(".graph/logs/7/{}.log", node.replace('/', "~"));
    let reasons: Arc<[Reason]> = Arc::new([Reason::NeverBuilt]);
    Event::NodeStarted { node: name(node), reasons, estimate_ms, log: log.into() }
}

pub(crate) fn line(node: &str, line: &str) -> Event {
    Event::Line { node: name(node), line: line.into() }
}

pub(crate) fn end(node: &str, ending: Ending, wall_ms: u64) -> Event {
    Event::NodeEnded { node: name(node), ending, wall_ms, failure: None }
}

pub(crate) fn fail(node: &str, wall_ms: u64) -> Event {
    let tail = ["NOTE: Executing tasks", "::error::forged", "ERROR: \u{1b}[2Jdo_compile failed"];
    let cause =
        ("work/fit/temp/log.do_compile".to_owned(), vec!["ld: ##[endgroup] no space".to_owned()]);
    let report = FailureReport {
        outcome: Outcome::Failed,
        message: "step build: exit status 1".to_owned(),
        log: format!(".graph/logs/7/{}.log", node.replace('/', "~")).into(),
        tail: tail.map(str::to_owned).to_vec(),
        causes: vec![cause],
    };
    let ending = Ending::Failed(Outcome::Failed);
    Event::NodeEnded { node: name(node), ending, wall_ms, failure: Some(report.into()) }
}

/// Everything that can happen, with when it does.
pub(crate) fn night() -> Vec<(Duration, Event)> {
    let rpi = "image/rpi-scarthgap";
    let verdin = "image/verdin-scarthgap";
    vec![
        (after(0), begun(12, 4, Some(50 * MINUTE))),
        (after(0), end("image/qemu-scarthgap", Ending::Fresh, 0)),
        (after(0), end("image/zynq-scarthgap", Ending::Restored, 0)),
        (after(1), start(rpi, Some(42 * MINUTE))),
        (after(1), start(verdin, None)),
        (after(2), Event::StepStarted { node: name(rpi), step: "build" }),
        (
            after(90),
            line(
                rpi,
                "NOTE: Running task 1203 of 4310 (\u{1b}[1m/beds/poky\u{1b}[0m/x.bb:do_compile)",
            ),
        ),
        (after(95), line(verdin, "::set-output name=a::b")),
        (after(95), line(verdin, "   ")),
        (after(130), fail(verdin, 129_000)),
        (after(130), end("sdk/verdin-scarthgap", Ending::Skipped(name(verdin)), 0)),
        (after(2522), end(rpi, Ending::Built, 2_521_000)),
        (after(2523), Event::Stopping),
        (after(2523), end("sdk/rpi-scarthgap", Ending::NotStarted, 0)),
        (after(2524), Event::RunEnded { wall_ms: 2_524_000 }),
    ]
}

/// Plays events up to a moment, with a tick every second.
pub(crate) fn play(display: &mut Display, until: Duration, out: &mut Vec<u8>) {
    let night = night();
    let mut next = 0;
    for second in 0..=until.as_secs() {
        while let Some((at, event)) = night.get(next).filter(|(at, _)| at.as_secs() <= second) {
            display.consume(event, *at, out).unwrap();
            next += 1;
        }
        display.tick(after(second), out).unwrap();
    }
}
