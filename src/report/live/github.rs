//! A run in the log of a GitHub workflow: logs of what went well are folded, failures never, and no line of a log is
//! a command to the runner.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use graph::event::{Event, FailureReport};
use graph::name::NodeName;
use graph::schedule::Ending;

use super::plain::{Plain, ended, failure, stamp};
use crate::escape::{terminal, workflow_data, workflow_line, workflow_property};
use crate::report::progress::Progress;
use crate::report::view::summary::EndingKind;
use crate::report::words::count;

/// What is kept of a log until its node ends. The whole log is on disk.
const MOST_LINES: usize = 2000;

/// The display of a run in GitHub Actions.
#[derive(Debug)]
pub struct GitHub {
    plain: Plain,
    token: String,
    logs: HashMap<NodeName, Log>,
}

#[derive(Debug)]
struct Log {
    path: Arc<str>,
    lines: VecDeque<Arc<str>>,
    dropped: usize,
}

impl GitHub {
    pub(super) fn new(token: &str) -> Self {
        Self { plain: Plain::default(), token: token.to_owned(), logs: HashMap::new() }
    }

    pub(super) fn progress(&self) -> &Progress {
        self.plain.progress()
    }

    pub(super) fn tick(&mut self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        self.plain.tick(elapsed, out)
    }

    pub(super) fn consume(
        &mut self,
        event: &Event,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match event {
            Event::NodeStarted { node, log, .. } => {
                let log = Log { path: log.clone(), lines: VecDeque::new(), dropped: 0 };
                self.logs.insert(node.clone(), log);
            }
            Event::Line { node, line } => {
                if let Some(log) = self.logs.get_mut(node) {
                    log.push(line.clone());
                }
            }
            Event::NodeEnded { node, ending, wall_ms, failure } => {
                let log = self.logs.remove(node);
                let end = (ending, *wall_ms);
                match (failure.as_deref(), log) {
                    (Some(failure), _) if EndingKind::of(ending) == EndingKind::Failed => {
                        self.failed(node, end, failure, elapsed, out)?;
                    }
                    (None, Some(log)) if *ending == Ending::Built => {
                        self.folded(node, end, &log, elapsed, out)?;
                    }
                    // Nothing ran, or nothing is known of how: the line says all there is.
                    _ => return self.plain.consume(event, elapsed, out),
                }
                // The line is written; only the count is left to take.
                return self.plain.consume(event, elapsed, &mut io::sink());
            }
            _ => {}
        }
        self.plain.consume(event, elapsed, out)
    }

    fn folded(
        &self,
        node: &NodeName,
        end: (&Ending, u64),
        log: &Log,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // The runner decodes `%0A` in a title, and an encoded name can hold it.
        let title = ended(node, end, None).unwrap_or_default().replace('%', "%25");
        writeln!(out, "::group::{} {title}", stamp(elapsed))?;
        if log.dropped > 0 {
            let lines = count(log.dropped, "earlier line");
            writeln!(out, "… {lines} in {}", workflow_line(&log.path))?;
        }
        self.quoted(out, &mut |out| {
            log.lines.iter().try_for_each(|line| writeln!(out, "{}", workflow_line(line)))
        })?;
        writeln!(out, "::endgroup::")
    }

    fn failed(
        &self,
        node: &NodeName,
        end: (&Ending, u64),
        report: &FailureReport,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let line = ended(node, end, Some(report)).unwrap_or_default();
        writeln!(out, "{} {line}", stamp(elapsed))?;
        self.quoted(out, &mut |out| failure(report, out, &workflow_line))?;
        let title = workflow_property(&format!("{node} failed"));
        let message = workflow_data(&terminal(&report.message));
        writeln!(out, "::error title={title}::{message}")
    }

    /// Writes text of a build while the runner takes no commands.
    fn quoted(
        &self,
        out: &mut dyn Write,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        writeln!(out, "::stop-commands::{}", self.token)?;
        write(out)?;
        writeln!(out, "::{}::", self.token)
    }
}

impl Log {
    fn push(&mut self, line: Arc<str>) {
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }
}
