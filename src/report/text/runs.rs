//! `graph runs` as text: a table at a terminal, tab-separated fields in a pipe.

use std::io::{self, Write};

use jiff::Timestamp;

use super::list::table;
use crate::report::gist::endings;
use crate::report::page::Page;
use crate::report::view::runs::{RunState, RunView, RunsView};
use crate::report::words::{ago, duration, when};

/// Writes a list of runs.
///
/// # Errors
/// When the writer fails.
pub fn runs(view: &RunsView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let Some(width) = page.width else {
        for run in &view.runs {
            let started = Timestamp::from_millisecond(run.started);
            let started = started.map_or_else(|_| String::new(), |started| started.to_string());
            let wall = run.wall_ms.map_or_else(String::new, duration);
            writeln!(
                out,
                "{}\t{started}\t{wall}\t{}\t{}",
                run.run,
                state(run),
                endings(&run.endings)
            )?;
        }
        return Ok(());
    };
    if view.runs.is_empty() {
        return writeln!(out, "no runs yet: `graph build` makes the first");
    }
    let rows = view.runs.iter().map(|run| {
        let started = started(run, page);
        let wall = run.wall_ms.map_or_else(String::new, duration);
        [run.run.to_string(), state(run).to_owned(), started, wall, endings(&run.endings)]
    });
    let columns = if width < 60 { 3 } else { 5 };
    table(&["RUN", "STATE", "STARTED", "WALL", "NODES"], rows, columns, width, out)
}

/// Today's runs are told by how long ago they were, older ones by their date.
fn started(run: &RunView, page: &Page) -> String {
    match when(run.started, &page.now) {
        time if time.contains(' ') => time,
        time => format!("{time}, {}", ago(run.started, &page.now)),
    }
}

fn state(run: &RunView) -> &'static str {
    match run.state {
        RunState::Succeeded => "done",
        RunState::Failed => "failed",
        RunState::Interrupted => "interrupted",
        RunState::Running => "running",
        RunState::Died => "died",
    }
}
