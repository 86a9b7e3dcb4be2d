//! Prints the log of a node: as it is into a pipe, made safe for a terminal.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use crate::escape::{log_line, workflow_line};

/// How much is read at a time when the end is looked for.
const CHUNK: u64 = 64 * 1024;

/// For whom a log is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A program: byte for byte.
    Pipe,
    /// A terminal: control characters are spelt out.
    Terminal,
    /// The log of a GitHub workflow: as for a terminal, and no line is a command to the runner.
    GitHub,
}

/// Prints a log, or its last lines.
///
/// # Errors
/// When the log cannot be read or the writer fails.
pub fn log(
    mut source: impl Read + Seek,
    tail: Option<usize>,
    reader: Reader,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(lines) = tail {
        let start = start_of_tail(&mut source, lines)?;
        source.seek(SeekFrom::Start(start))?;
    }
    if reader == Reader::Pipe {
        io::copy(&mut source, out)?;
        return Ok(());
    }
    let mut source = BufReader::new(source);
    let mut line = Vec::new();
    while source.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        match reader {
            Reader::GitHub => writeln!(out, "{}", workflow_line(&text))?,
            Reader::Pipe | Reader::Terminal => writeln!(out, "{}", log_line(&text))?,
        }
        line.clear();
    }
    Ok(())
}

/// Where the last lines begin. A log can be gigabytes, so it is read from its end.
fn start_of_tail(source: &mut (impl Read + Seek), lines: usize) -> io::Result<u64> {
    let length = source.seek(SeekFrom::End(0))?;
    let mut end = length;
    let mut found = 0;
    let mut chunk = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        source.seek(SeekFrom::Start(start))?;
        chunk.clear();
        source.by_ref().take(end - start).read_to_end(&mut chunk)?;
        for (at, _) in chunk.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let next = start + u64::try_from(at).expect("an offset fits 64 bits") + 1;
            // The line feed at the very end closes the last line; it begins none.
            if next < length {
                found += 1;
            }
            if found == lines {
                return Ok(if lines == 0 { length } else { next });
            }
        }
        end = start;
    }
    Ok(if lines == 0 { length } else { 0 })
}
