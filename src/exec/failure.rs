//! What is shown of a node that failed: one line, the end of its log, and the end of the logs that it blames. Reads
//! those logs; prints nothing.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use graph::event::FailureReport;
use graph::record::Outcome;

use crate::exec::log::Remembered;
use crate::exec::step::{Cut, Ended};
use crate::redact::Redactor;

/// How much of a log that is blamed is read: its end.
const READ: u64 = 64 << 10;

/// How many lines of it are shown.
const SHOWN: usize = 30;

/// The longest line that is shown, in characters.
const LONGEST: usize = 400;

/// How a step that did not end well counts, and in words, with the limits that it had.
#[must_use]
pub fn describe(
    step: &str,
    ended: &Ended,
    (timeout, stall): (Option<Duration>, Option<Duration>),
) -> (Outcome, String) {
    let span = |limit: Option<Duration>| in_words(limit.unwrap_or_default());
    let (outcome, how) = match (ended.cut, &ended.status) {
        (Some(Cut::TimedOut), _) => {
            (Outcome::TimedOut, format!("ended because it ran longer than {}", span(timeout)))
        }
        (Some(Cut::Stalled), _) => {
            (Outcome::Stalled, format!("ended because it logged nothing for {}", span(stall)))
        }
        (Some(Cut::Stopped), _) => (Outcome::Interrupted, "interrupted".to_owned()),
        (None, None) => (Outcome::Failed, "its supervisor was killed".to_owned()),
        (None, Some(status)) => {
            let how = match (&status.not_started, status.code, status.signal) {
                (Some(why), ..) => why.clone(),
                (None, Some(code), _) => format!("exit status {code}"),
                (None, None, Some(signal)) => format!("killed by signal {signal}"),
                (None, None, None) => "it did not end and could not be killed".to_owned(),
            };
            (Outcome::Failed, how)
        }
    };
    (outcome, format!("step {step}: {how}"))
}

/// Makes the report. `work` is where the blamed logs must lie: a log is untrusted, and could name any file.
#[must_use]
pub fn report(
    (outcome, message): (Outcome, String),
    log: Arc<str>,
    remembered: Remembered,
    work: &Path,
    redactor: &Redactor,
) -> FailureReport {
    let causes = remembered.causes.iter().filter_map(|path| {
        let lines = end_of(Path::new(path), work, redactor)?;
        Some((path.clone(), lines))
    });
    FailureReport {
        outcome,
        message: redactor.redact(&message).into_owned(),
        log,
        causes: causes.collect(),
        tail: remembered.tail,
    }
}

fn end_of(path: &Path, work: &Path, redactor: &Redactor) -> Option<Vec<String>> {
    let real = path.canonicalize().ok()?;
    if !real.starts_with(work.canonicalize().ok()?) || !real.is_file() {
        return None;
    }
    let mut file = File::open(real).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(READ))).ok()?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // Of a line that the first byte read lies within, a secret could be cut in two.
    let whole =
        if length > READ { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    let lines: Vec<&str> = whole.lines().collect();
    let shown = |line: &&str| redactor.redact(line).chars().take(LONGEST).collect::<String>();
    Some(lines[lines.len().saturating_sub(SHOWN)..].iter().map(shown).collect())
}

/// A span of time as the settings write it: `6h`, `30m`, `2s`.
#[must_use]
pub fn in_words(span: Duration) -> String {
    let (seconds, millis) = (span.as_secs(), span.subsec_millis());
    match (seconds, millis) {
        (0, _) => format!("{millis}ms"),
        (seconds, 0) if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (seconds, 0) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{}s", span.as_secs_f32()),
    }
}
