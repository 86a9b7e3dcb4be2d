//! What a GitHub runner reads from files that it names in variables: outputs of a step, its summary.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::context::Context;
use crate::diagnostic::reason;

/// A file of the runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunnerFile {
    /// The outputs of the step.
    Output,
    /// The Markdown that its page shows.
    Summary,
}

/// Why nothing could be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `${variable}`, `{path}`: {}", reason(.error))]
pub(super) struct Unwritable {
    variable: &'static str,
    path: String,
    error: io::Error,
}

impl RunnerFile {
    fn variable(self) -> &'static str {
        match self {
            Self::Output => "GITHUB_OUTPUT",
            Self::Summary => "GITHUB_STEP_SUMMARY",
        }
    }

    /// Adds to the file; `false` if there is none.
    pub(super) fn append(self, text: &str, context: &Context) -> Result<bool, Unwritable> {
        let variable = self.variable();
        let Some(path) = context.env.path(variable) else { return Ok(false) };
        let unwritable = |error| Unwritable { variable, path: path.display().to_string(), error };
        append(&path, text).map(|()| true).map_err(unwritable)
    }
}

/// Adds lines. A last line of somebody else's that does not end would run into ours.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    if !ends_a_line(path).unwrap_or(true) {
        file.write_all(b"\n")?;
    }
    file.write_all(text.as_bytes())?;
    file.flush()
}

fn ends_a_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() || file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
