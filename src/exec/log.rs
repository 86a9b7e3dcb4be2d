//! The log of one node: every line that its programs write, secrets taken out, and what is remembered of it for the
//! report of a failure. Knows no process.
//!
//! The log holds text and nothing else: bytes that are no UTF-8 are replaced, a carriage return ends a line as a line
//! feed does (progress bars), and a line without end is cut into pieces, so that no program can make us hold more
//! than `LONGEST_LINE` of it. Lines that begin with `# ` between the programs' own are ours.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use crate::exec::space;
use crate::redact::Redactor;

/// Where a line is cut if it does not end.
const LONGEST_LINE: usize = 64 << 10;

/// How much of a line is shown on a display or in a report.
const LONGEST_SHOWN: usize = 2 << 10;

/// How many of the last lines are remembered.
const TAIL: usize = 30;

/// What bitbake writes before the path of the log that says why a task failed.
const CAUSE: &str = "Logfile of failure stored in: ";

/// How many such paths are remembered.
const CAUSES: usize = 8;

/// A node's log while it is written.
#[derive(Debug)]
pub struct Log {
    file: BufWriter<File>,
    /// Gets the lines of one step, too.
    copy: Option<BufWriter<File>>,
    redactor: Arc<Redactor>,
    pending: Vec<u8>,
    after_return: bool,
    /// The last lines.
    tail: VecDeque<String>,
    /// Paths of logs that the log names as causes.
    causes: Vec<String>,
    told_full: bool,
    /// Why the log is not complete.
    broken: Option<io::Error>,
}

/// What is remembered of a log.
#[derive(Debug, Default)]
pub struct Remembered {
    /// The last lines, secrets taken out.
    pub tail: Vec<String>,
    /// Paths of logs that the log names as causes; untrusted.
    pub causes: Vec<String>,
    /// Whether a program said that a disk is full.
    pub told_full: bool,
    /// Why the log is not complete, such as a full disk.
    pub broken: Option<io::Error>,
}

impl Log {
    /// Begins a log, or goes on with it when a node is tried again.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn open(path: &Path, redactor: Arc<Redactor>, again: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).append(again).truncate(!again);
        let file = create(path, &options)?;
        Ok(Self {
            file: BufWriter::new(file),
            copy: None,
            redactor,
            pending: Vec::new(),
            after_return: false,
            tail: VecDeque::with_capacity(TAIL),
            causes: Vec::new(),
            told_full: false,
            broken: None,
        })
    }

    /// Begins a file of its own for the lines of the next step.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn copy_step_to(&mut self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = create(path, options.write(true).create(true).truncate(true))?;
        self.copy = Some(BufWriter::new(file));
        Ok(())
    }

    /// Writes a line of our own, with the time. Whoever reads the log sees it with what comes next, or after [`Log::flush`].
    pub fn note(&mut self, text: &str) {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let line = self.redactor.redact(&format!("# {now} {text}")).into_owned();
        self.write(&line);
    }

    /// Takes what a program wrote, and hands each line that this completes to `each`, cut to what can be shown.
    pub fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for &byte in bytes {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    self.complete(&mut each);
                }
                _ => {
                    self.after_return = false;
                    self.pending.push(byte);
                    if self.pending.len() >= LONGEST_LINE {
                        self.cut(&mut each);
                    }
                }
            }
        }
        self.flush();
    }

    /// Ends a line that the program left open, and the file of the step's own.
    pub fn end_step(&mut self, mut each: impl FnMut(&str)) {
        if !self.pending.is_empty() {
            self.complete(&mut each);
        }
        self.after_return = false;
        self.flush();
        self.copy = None;
    }

    /// What is remembered.
    #[must_use]
    pub fn finish(mut self) -> Remembered {
        self.end_step(|_| {});
        let Self { tail, causes, told_full, broken, .. } = self;
        Remembered { tail: tail.into(), causes, told_full, broken }
    }

    fn complete(&mut self, each: &mut impl FnMut(&str)) {
        let pending = std::mem::take(&mut self.pending);
        let line = self.redactor.redact(&String::from_utf8_lossy(&pending)).into_owned();
        self.line(&line, each);
    }

    /// Writes most of a line that does not end. The last bytes are kept back, redacted, and begin the next piece: a
    /// secret of which only a part has arrived is among them.
    fn cut(&mut self, each: &mut impl FnMut(&str)) {
        let pending = std::mem::take(&mut self.pending);
        let line = self.redactor.redact(&String::from_utf8_lossy(&pending)).into_owned();
        let kept = self.redactor.longest().min(LONGEST_LINE / 2);
        let at = boundary(&line, line.len().saturating_sub(kept));
        self.line(&line[..at], each);
        self.pending = line.as_bytes()[at..].to_vec();
    }

    fn line(&mut self, line: &str, each: &mut impl FnMut(&str)) {
        self.write(line);
        self.told_full |= space::is_told(line);
        if let Some((_, path)) = line.split_once(CAUSE) {
            let path = path.trim();
            if self.causes.len() < CAUSES && !self.causes.iter().any(|known| known == path) {
                self.causes.push(path.to_owned());
            }
        }
        let shown = &line[..boundary(line, LONGEST_SHOWN.min(line.len()))];
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(shown.to_owned());
        each(shown);
    }

    fn write(&mut self, line: &str) {
        self.attempt(|file| writeln!(file, "{line}"));
    }

    /// Writes all that was noted, for whoever reads the log.
    pub fn flush(&mut self) {
        self.attempt(Write::flush);
    }

    fn attempt(&mut self, mut act: impl FnMut(&mut BufWriter<File>) -> io::Result<()>) {
        let files = std::iter::once(&mut self.file).chain(&mut self.copy);
        if self.broken.is_none() {
            self.broken = files.map(&mut act).find_map(Result::err);
        }
    }
}

/// Opens a file, in a directory that is made where there is none.
fn create(path: &Path, options: &OpenOptions) -> io::Result<File> {
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            options.open(path)
        }
        opened => opened,
    }
}

/// The last boundary between characters at or before a byte offset.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// An argument vector as one can paste it into a shell.
#[must_use]
pub fn quoted(argv: &[OsString]) -> String {
    let mut line = String::new();
    for arg in argv {
        let arg = arg.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
        let space = if line.is_empty() { "" } else { " " };
        let written = if !arg.is_empty() && arg.chars().all(plain) {
            write!(line, "{space}{arg}")
        } else if arg.contains(char::is_control) {
            // Only bash reads this form, but an end of line in an argument must not look like one of the log.
            write!(line, "{space}$'{}'", arg.escape_debug())
        } else {
            write!(line, "{space}'{}'", arg.replace('\'', r"'\''"))
        };
        written.expect("a string takes all that is written");
    }
    line
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{LONGEST_LINE, LONGEST_SHOWN, Log, Remembered, quoted};
    use crate::redact::Redactor;

    /// Writes pieces and returns the log, the lines that were handed on, and what is remembered.
    fn log(secrets: &[&str], pieces: &[&[u8]]) -> (String, Vec<String>, Remembered) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("logs/node.log");
        let mut log = Log::open(&path, Arc::new(Redactor::new(secrets)), false).expect("a log");
        let mut lines = Vec::new();
        pieces.iter().for_each(|piece| log.take(piece, |line| lines.push(line.to_owned())));
        log.end_step(|line| lines.push(line.to_owned()));
        let remembered = log.finish();
        (std::fs::read_to_string(path).expect("a log"), lines, remembered)
    }

    #[test]
    fn lines_end_where_they_end() {
        let check = |pieces: &[&[u8]], expect: &str| assert_eq!(log(&[], pieces).0, expect);
        check(&[b"a\nb", b"c\n", b"d"], "a\nbc\nd\n");
        check(&[b"10%\r20%\r", b"\n30%\r\nend\n\n"], "10%\n20%\n30%\nend\n\n");
        check(&[b"\xff\xfe caf\xc3", b"\xa9\n"], "\u{fffd}\u{fffd} café\n");
        check(&[], "");
    }

    #[test]
    fn secrets_do_not_reach_the_log() {
        let secret = "s3cr3t-value";
        let (text, lines, remembered) =
            log(&[secret], &[b"the s3cr3t", b"-value is\n", b"s3cr3t-value"]);
        assert_eq!(text, "the *** is\n***\n");
        assert_eq!(lines, ["the *** is", "***"]);
        assert_eq!(remembered.tail, ["the *** is", "***"]);
    }

    #[test]
    fn a_line_without_end_is_bounded_and_hides_its_secrets_too() {
        let secret = "s3cr3t-value";
        for before in LONGEST_LINE - 20..LONGEST_LINE + 2 {
            let mut bytes = vec![b'x'; before];
            bytes.extend_from_slice(secret.as_bytes());
            bytes.extend_from_slice(&[b'y'; 100]);
            let (text, lines, _) = log(&[secret], &[&bytes]);
            assert!(!text.contains("s3cr") && !text.contains("value"), "{before}");
            assert!(
                text.contains("***") || text.contains("*\n**") || text.contains("**\n*"),
                "{before}"
            );
            assert!(lines.iter().all(|line| line.len() <= LONGEST_SHOWN));
            assert!(text.lines().all(|line| line.len() <= LONGEST_LINE));
        }
    }

    #[test]
    fn the_end_and_the_causes_are_remembered() {
        let mut text: String = (0..100).map(|number| format!("line {number}\n")).collect();
        let cause = "ERROR: Logfile of failure stored in: /b/tmp/x/temp/log.do_compile.1\n";
        text.push_str(&cause.repeat(2));
        let (_, _, remembered) = log(&[], &[text.as_bytes()]);
        assert_eq!(remembered.tail.len(), 30);
        assert_eq!(remembered.tail.first().map(String::as_str), Some("line 72"));
        assert_eq!(remembered.causes, ["/b/tmp/x/temp/log.do_compile.1"]);
        assert!(remembered.broken.is_none());
    }

    #[test]
    fn arguments_can_be_pasted() {
        let line = quoted(&["kas", "a b", "", "it's", "x\ny", "--target=é"].map(Into::into));
        assert_eq!(line, r"kas 'a b' '' 'it'\''s' $'x\ny' '--target=é'");
    }
}
