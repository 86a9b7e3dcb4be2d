//! A run on a terminal: what has ended scrolls away above, and below it a frame is redrawn in place, with a line for
//! the run and one for each node that runs.
//!
//! Own drawing instead of a progress-bar crate: those bring clocks and threads of their own, and lose count of their
//! lines when there are more than the terminal has. All it takes is to go up so many lines and write over them.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use anstream::adapter::strip_str;
use anstyle::Style;
use graph::event::Event;

use super::plain::{ended, failure, retried};
use crate::escape::log_line;
use crate::report::gist::DOT;
use crate::report::page::{BAD, DIM, HEAD, STALE, columns, cut, pad, paint};
use crate::report::progress::{Progress, Running};
use crate::report::view::summary::EndingKind;
use crate::report::words::{about, clock, count, duration, number, without_stamp};

/// The eye sees no more, and a terminal behind a slow line takes no more.
const REDRAW: Duration = Duration::from_millis(100);

/// The display of a run on a terminal.
#[derive(Debug)]
pub struct Bar {
    progress: Progress,
    screen: Screen,
    /// What is to scroll away above the frame at the next redraw.
    above: String,
    /// The widths of the lines of the frame on the screen.
    drawn: Vec<usize>,
    last: Option<Duration>,
    over: bool,
}

/// The terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// How wide it is.
    pub columns: usize,
    /// How high it is.
    pub rows: usize,
    /// Whether colours are wanted.
    pub colours: bool,
}

impl Bar {
    pub(super) fn new(screen: Screen) -> Self {
        let progress = Progress::default();
        Self { progress, screen, above: String::new(), drawn: Vec::new(), last: None, over: false }
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(super) fn resize(&mut self, columns: usize, rows: usize) {
        (self.screen.columns, self.screen.rows) = (columns, rows);
    }

    pub(super) fn consume(
        &mut self,
        event: &Event,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if let Event::NodeEnded { node, ending, wall_ms, failure } = event {
            let mut above = Vec::new();
            if let Some(line) = ended(node, (ending, *wall_ms), failure.as_deref()) {
                writeln!(above, "{line}")?;
            }
            if let (Some(report), EndingKind::Failed) = (failure, EndingKind::of(ending)) {
                self::failure(report, &mut above, &|line| log_line(line).into_owned())?;
            }
            self.above += &String::from_utf8_lossy(&above);
        }
        if let Event::NodeRetried { node, attempt, failure } = event {
            self.above += &(retried(node, *attempt, failure.as_deref()) + "\n");
        }
        self.over |= matches!(event, Event::RunEnded { .. });
        self.progress.note(event, elapsed);
        self.tick(elapsed, out)
    }

    pub(super) fn tick(&mut self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        if self.last.is_some_and(|last| elapsed < last + REDRAW) {
            return Ok(());
        }
        self.draw(elapsed, out)
    }

    pub(super) fn finish(&mut self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        self.over = true;
        self.draw(elapsed, out)
    }

    /// Goes up over the old frame, writes what is to stay and the new frame over it, and clears the rest.
    fn draw(&mut self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        self.last = Some(elapsed);
        let frame = if self.over { Vec::new() } else { self.frame(elapsed) };
        let mut text = String::new();
        // A terminal that became narrower has broken the old lines.
        let broken = |width: &usize| width.div_ceil(self.screen.columns.max(1)).max(1);
        let up: usize = self.drawn.iter().map(broken).sum();
        if up > 0 {
            write!(text, "\r\u{1b}[{up}A").expect("a string takes everything");
        }
        for line in self.above.lines().chain(frame.iter().map(String::as_str)) {
            if self.screen.colours {
                text.push_str(line);
            } else {
                write!(text, "{}", strip_str(line)).expect("a string takes everything");
            }
            text.push_str("\u{1b}[K\r\n");
        }
        text.push_str("\u{1b}[J");
        self.above.clear();
        self.drawn = frame.iter().map(|line| columns(&strip_str(line).to_string())).collect();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// The lines of the frame, none wider than the screen and together lower.
    fn frame(&self, elapsed: Duration) -> Vec<String> {
        let width = self.screen.columns.saturating_sub(1);
        let all = self.progress.shown(elapsed);
        let mut lines = vec![self.headline(all.len(), elapsed, width)];
        let room = self.screen.rows.saturating_sub(2).max(1);
        let (running, rest) = all.split_at(if all.len() > room { room - 1 } else { all.len() });
        let names = running.iter().map(|(name, _)| name.as_str().len()).max().unwrap_or(0);
        let names = names.min(width / 2);
        let times: Vec<String> =
            running.iter().map(|(_, running)| time(running, elapsed)).collect();
        let widest = times.iter().map(|time| columns(time)).max().unwrap_or(0);
        for ((node, running), time) in running.iter().zip(&times) {
            let head =
                format!("  {}  {}", pad(&cut(node.as_str(), names), names), pad(time, widest));
            lines.push(row(&head, running, width));
        }
        if !rest.is_empty() {
            let rest = format!("  … and {} run", count(rest.len(), "more node"));
            lines.push(paint(DIM, cut(&rest, width)).to_string());
        }
        lines
    }

    /// The counts and what is left. Where they do not fit, what matters least goes first.
    fn headline(&self, running: usize, elapsed: Duration, width: usize) -> String {
        let progress = &self.progress;
        let mut said = vec![(1, HEAD, count(progress.tally.total, "node"))];
        for (kind, many) in progress.endings.iter() {
            let (rank, style) = match kind {
                EndingKind::Failed => (0, BAD),
                EndingKind::Built => (2, HEAD),
                EndingKind::Restored => (4, HEAD),
                EndingKind::Fresh => (5, HEAD),
                _ => (6, HEAD),
            };
            said.push((rank, style, format!("{} {}", number(many), kind.word())));
        }
        said.push((1, HEAD, format!("{} running", number(running))));
        if progress.stopping {
            said.push((0, STALE, "stopping, Ctrl-C again ends at once".to_owned()));
        } else if let Some(ms) = progress.remaining_ms(elapsed) {
            said.push((3, HEAD, format!("{} left", about(ms))));
        }
        let dot = columns(DOT);
        let wide = |said: &[(u8, Style, String)]| -> usize {
            said.iter().map(|(.., text)| columns(text) + dot).sum()
        };
        while wide(&said) > width + dot && said.len() > 1 {
            let least = (0..said.len()).max_by_key(|&at| said[at].0).unwrap_or(0);
            said.remove(least);
        }
        let said = said.iter().map(|(_, style, text)| paint(*style, cut(text, width)).to_string());
        said.collect::<Vec<_>>().join(DOT)
    }
}

/// `12:03 of 42 min`
fn time(running: &Running, elapsed: Duration) -> String {
    let clock = format!("{:>5}", clock(running.runs_ms(elapsed)));
    match running.estimate_ms {
        Some(ms) => format!("{clock} of {}", duration(ms.div_ceil(1000) * 1000)),
        None => clock,
    }
}

/// What runs and for how long, then what it said last as far as there is room.
fn row(head: &str, running: &Running, width: usize) -> String {
    let head = cut(head, width);
    let room = width.saturating_sub(columns(&head) + 2);
    let last =
        running.line.as_deref().map(without_stamp).map(log_line).or(running.step.map(Into::into));
    match last {
        Some(last) if room >= 8 => format!("{head}  {}", paint(DIM, cut(&last, room))),
        _ => head.trim_end().to_owned(),
    }
}
