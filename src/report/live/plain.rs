//! A run in a log: one line an event, and every minute one for each node that runs.

use std::io::{self, Write};
use std::time::Duration;

use graph::event::{Event, FailureReport};
use graph::name::NodeName;
use graph::record::Outcome;
use graph::schedule::Ending;
use graph::verdict::Reason;

use crate::escape::{log_line, terminal, workflow_line};
use crate::report::page::{BAD, DIM, GOOD, STALE, STORED, cut, paint};
use crate::report::progress::{Progress, Running, milliseconds};
use crate::report::sentence::sentence;
use crate::report::view::reason::ReasonView;
use crate::report::view::summary::EndingKind;
use crate::report::words::{about, clock, count, duration, number, without_stamp};

/// Some CI systems end a job that is silent for ten minutes; people grow uneasy after one.
const HEARTBEAT: Duration = Duration::from_secs(60);
const MOST_RUNNING: usize = 10;
const MOST_REASONS: usize = 2;

/// The display of a run in a log.
#[derive(Debug, Default)]
pub struct Plain {
    progress: Progress,
    beat: Duration,
}

impl Plain {
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(super) fn consume(
        &mut self,
        event: &Event,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.progress.note(event, elapsed);
        let line = match event {
            Event::RunStarted { .. } => started(&self.progress),
            Event::NodeStarted { node, reasons, estimate_ms, log } => {
                let mut line = format!("start {node}");
                if let Some(ms) = estimate_ms {
                    line += &format!(" · {}", about(*ms));
                }
                line + &because(reasons) + &format!(" · log {}", terminal(log))
            }
            Event::NodeRetried { node, attempt, failure } => {
                retried(node, *attempt, failure.as_deref())
            }
            Event::NodeEnded { node, ending, wall_ms, failure } => {
                return self.ended(node, (ending, *wall_ms), failure.as_deref(), elapsed, out);
            }
            Event::Stopping => {
                "stopping: nothing more starts; Ctrl-C again ends at once".to_owned()
            }
            Event::StepStarted { .. }
            | Event::Line { .. }
            | Event::RecordingStarted { .. }
            | Event::RunEnded { .. } => {
                return self.tick(elapsed, out);
            }
        };
        writeln!(out, "{} {line}", stamp(elapsed))
    }

    pub(super) fn tick(&mut self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        if elapsed < self.beat + HEARTBEAT {
            return Ok(());
        }
        self.beat = elapsed;
        let running = self.progress.shown(elapsed);
        for (node, running) in running.iter().take(MOST_RUNNING) {
            writeln!(out, "{} {}", stamp(elapsed), beat(node, running, elapsed))?;
        }
        match running.len().saturating_sub(MOST_RUNNING) {
            0 => Ok(()),
            rest => writeln!(out, "{} … and {} run", stamp(elapsed), count(rest, "more node")),
        }
    }

    fn ended(
        &self,
        node: &NodeName,
        end: (&Ending, u64),
        failure: Option<&FailureReport>,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if let Some(line) = ended(node, end, failure) {
            writeln!(out, "{} {line}", stamp(elapsed))?;
        }
        match (failure, EndingKind::of(end.0)) {
            (Some(failure), EndingKind::Failed) => {
                self::failure(failure, out, &|line| log_line(line).into_owned())
            }
            _ => Ok(()),
        }
    }
}

/// The time since the run began.
pub(super) fn stamp(elapsed: Duration) -> String {
    paint(DIM, format!("[{:>7}]", clock(milliseconds(elapsed)))).to_string()
}

/// That a node failed and runs again; the failure is shown in full only if it stays.
pub(super) fn retried(node: &NodeName, attempt: u32, failure: Option<&FailureReport>) -> String {
    let why =
        failure.map_or_else(String::new, |failure| format!(" · {}", terminal(&failure.message)));
    format!("{} {node} · attempt {attempt}{why}", paint(STALE, "retry"))
}

fn started(progress: &Progress) -> String {
    let tally = &progress.tally;
    let todo = tally.stale + tally.restorable + tally.open;
    let mut line =
        format!("run {} · {} of {}", progress.run, number(todo), count(tally.total, "node"));
    line += " to do";
    if let Some(ms) = progress.estimate_ms {
        line += &format!(" · {}", about(ms));
    }
    line
}

fn because(reasons: &[Reason]) -> String {
    let said = |reason| workflow_line(&sentence(&ReasonView::of(None, reason)).to_string());
    let mut line = String::new();
    for reason in reasons.iter().take(MOST_REASONS) {
        line += &format!(" · {}", cut(&said(reason), 120));
    }
    if reasons.len() > MOST_REASONS {
        line += &format!(" · {}", count(reasons.len() - MOST_REASONS, "more reason"));
    }
    line
}

fn beat(node: &NodeName, running: &Running, elapsed: Duration) -> String {
    let mut line = format!("runs {node} {}", clock(running.runs_ms(elapsed)));
    if let Some(ms) = running.estimate_ms {
        line += &format!(" of {}", about(ms));
    }
    if let Some(step) = running.step {
        line += &format!(" · {step}");
    }
    if let Some(last) = &running.line {
        line += &paint(DIM, format!(" · {}", cut(&workflow_line(without_stamp(last)), 100)))
            .to_string();
    }
    line
}

/// How a node ended, in one line; nothing for one of which there is nothing to tell.
pub(super) fn ended(
    node: &NodeName,
    (ending, wall_ms): (&Ending, u64),
    failure: Option<&FailureReport>,
) -> Option<String> {
    let time = duration(wall_ms);
    match ending {
        Ending::Fresh | Ending::NotStarted => None,
        Ending::Built => Some(format!("{} {node} in {time}", paint(GOOD, "built"))),
        Ending::Restored => Some(format!("{} {node} from the store", paint(STORED, "restored"))),
        Ending::Skipped(need) => Some(format!("{} {node}: needs {need}", paint(STALE, "skipped"))),
        Ending::Failed(Outcome::Interrupted) => {
            Some(format!("{} {node} after {time}", paint(STALE, "interrupted")))
        }
        Ending::Failed(_) => {
            let message = failure.map_or_else(String::new, |failure| {
                format!(": {}", workflow_line(&failure.message))
            });
            Some(format!("{} {node} after {time}{message}", paint(BAD, "failed")))
        }
    }
}

/// What is to be seen of a failure: the end of the log, then the logs that it names as the cause.
pub(super) fn failure(
    failure: &FailureReport,
    out: &mut dyn Write,
    escaped: &dyn Fn(&str) -> String,
) -> io::Result<()> {
    // One that never began has no log.
    let own = Some((&*failure.log, failure.tail.as_slice())).filter(|(log, _)| !log.is_empty());
    let own = own.into_iter();
    let causes = failure.causes.iter().map(|(log, tail)| (log.as_str(), tail.as_slice()));
    for (log, lines) in own.chain(causes) {
        writeln!(out, "  {}", paint(DIM, escaped(log)))?;
        for line in lines {
            writeln!(out, "  {} {}", paint(BAD, "|"), escaped(without_stamp(line)))?;
        }
    }
    Ok(())
}
