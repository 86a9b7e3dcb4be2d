//! A run while it goes on: a frame that is redrawn on a terminal, lines in a log, groups in GitHub Actions.
//!
//! **Invariant: no clock and no thread.** Time and writer are passed in with every call, so a whole night of building
//! is tested in a millisecond.

mod bar;
mod github;
mod plain;

use std::io::{self, Write};
use std::time::Duration;

use graph::event::Event;

pub use self::bar::{Bar, Screen};
pub use self::github::GitHub;
pub use self::plain::Plain;
use super::view::summary::RunSummaryView;

/// How a run is shown.
#[derive(Debug)]
pub enum Display {
    /// On a terminal.
    Bar(Bar),
    /// In a log.
    Plain(Plain),
    /// In the log of a GitHub workflow.
    GitHub(GitHub),
}

impl Display {
    /// A display on a terminal. It must be given the terminal itself: it asks for no colours where there are none, but
    /// needs the cursor.
    #[must_use]
    pub fn on(screen: Screen) -> Self {
        Self::Bar(Bar::new(screen))
    }

    /// A display in a log.
    #[must_use]
    pub fn in_log() -> Self {
        Self::Plain(Plain::default())
    }

    /// A display in the log of a GitHub workflow. The token must be one that no build can guess.
    #[must_use]
    pub fn in_github(token: &str) -> Self {
        Self::GitHub(GitHub::new(token))
    }

    /// Takes an event, `elapsed` after the run began.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn consume(
        &mut self,
        event: &Event,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Bar(bar) => bar.consume(event, elapsed, out),
            Self::Plain(plain) => plain.consume(event, elapsed, out),
            Self::GitHub(github) => github.consume(event, elapsed, out),
        }
    }

    /// Time has passed; to be called some ten times a second.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn tick(&mut self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Bar(bar) => bar.tick(elapsed, out),
            Self::Plain(plain) => plain.tick(elapsed, out),
            Self::GitHub(github) => github.tick(elapsed, out),
        }
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: usize, rows: usize) {
        if let Self::Bar(bar) = self {
            bar.resize(columns, rows);
        }
    }

    /// Writes what is still held back and leaves the screen as it should stay; also to be called when the run breaks
    /// off.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn finish(&mut self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Bar(bar) => bar.finish(elapsed, out),
            Self::Plain(_) | Self::GitHub(_) => out.flush(),
        }
    }

    /// What is to be told when all is over, with the directories of outputs and logs.
    #[must_use]
    pub fn summary(&self, outputs: &str, logs: &str) -> RunSummaryView {
        let progress = match self {
            Self::Bar(bar) => bar.progress(),
            Self::Plain(plain) => plain.progress(),
            Self::GitHub(github) => github.progress(),
        };
        progress.summary(outputs, logs)
    }
}
