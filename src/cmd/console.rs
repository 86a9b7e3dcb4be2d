//! How a verb talks: pages, problems and views, for whoever reads. Decides nothing else.

use std::io::{self, Write};

use jiff::Zoned;
use serde::Serialize;

use crate::context::{Ci, Context};
use crate::diagnostic::Diagnostics;
use crate::escape::without_commands;
use crate::failure::Failure;
use crate::report::diagnostics::{self, Form};
use crate::report::json::json;
use crate::report::page::Page;

/// The form of what a verb prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
}

/// Where a verb says what is beside its data: standard error.
pub(crate) struct Console {
    form: Form,
    page: Page,
}

impl Console {
    pub(crate) fn of(context: &Context) -> Self {
        let form = match (context.ci, context.stderr.is_terminal()) {
            (Ci::GitHub, _) => Form::GitHub,
            (_, true) | (Ci::None, _) => Form::Snippets,
            (Ci::Other, false) => Form::Lines,
        };
        Self { form, page: page_of(context, context.stderr.is_terminal()) }
    }

    /// Says problems of the input. That nobody can read them is no reason to fail.
    pub(crate) fn diagnostics(&self, all: &Diagnostics) {
        let mut text = Vec::new();
        let _ = diagnostics::diagnostics(all, self.form, &self.page, &mut text);
        // Standard error has no buffer, and a snippet consists of many small pieces.
        let _ = anstream::stderr().lock().write_all(&text);
    }

    /// Says how a command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut text = Vec::new();
        let _ = diagnostics::failure(failure, self.form, &self.page, &mut text);
        let _ = anstream::stderr().lock().write_all(&text);
    }

    /// Says what is going on.
    pub(crate) fn note(&self, text: &str) {
        let text = crate::escape::terminal(text);
        let text = match self.form {
            Form::GitHub => without_commands(&text),
            Form::Snippets | Form::Lines => text.into_owned(),
        };
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }
}

/// Prints a view in the form that was asked for. Inside GitHub Actions nothing of it is a command to the runner: text
/// says so, and JSON spells a character in another way, which changes no value.
pub(crate) fn print<V: Serialize>(
    view: &V,
    format: Format,
    context: &Context,
    text: impl FnOnce(&V, &Page, &mut dyn Write) -> io::Result<()>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let write = |out: &mut dyn Write| match format {
        Format::Text => text(view, &page(context), out),
        Format::Json => json(view, out),
    };
    print_as(format, context, write, out)
}

/// As [`print()`], of what writes itself in this form.
pub(crate) fn print_as(
    format: Format,
    context: &Context,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if context.ci == Ci::GitHub {
        let mut harmless = Harmless { format, line: Vec::new(), out };
        write(&mut harmless)?;
        harmless.end()?;
    } else {
        write(out)?;
    }
    Ok(out.flush()?)
}

/// Takes what would be a command to the runner of GitHub Actions out of each line, as soon as the line is there.
struct Harmless<'a> {
    format: Format,
    line: Vec<u8>,
    out: &'a mut dyn Write,
}

impl Harmless<'_> {
    fn end(&mut self) -> io::Result<()> {
        let said = String::from_utf8_lossy(&self.line);
        let said = match self.format {
            Format::Text => without_commands(&said),
            Format::Json => said.replace("##[", r"#\u0023["),
        };
        self.line.clear();
        self.out.write_all(said.as_bytes())
    }
}

impl Write for Harmless<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.end()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The page that standard output is.
pub(crate) fn page(context: &Context) -> Page {
    page_of(context, context.stdout.is_terminal())
}

fn page_of(context: &Context, terminal: bool) -> Page {
    Page { width: context.width.filter(|_| terminal).map(usize::from), now: Zoned::now() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Format, Harmless};

    #[test]
    fn a_line_is_no_command_however_it_is_written() {
        for (format, text, expect) in [
            (Format::Text, "a\n ::b\n##[c]\n::d", "a\n \\u{3a}:b\n#\\u{23}[c]\n\\u{3a}:d"),
            (Format::Json, "\"##[a\"\n\"::\"", "\"#\\u0023[a\"\n\"::\""),
        ] {
            for size in 1..text.len() {
                let mut out = Vec::new();
                let mut harmless = Harmless { format, line: Vec::new(), out: &mut out };
                for piece in text.as_bytes().chunks(size) {
                    harmless.write_all(piece).expect("memory takes all");
                }
                harmless.end().expect("memory takes all");
                assert_eq!(String::from_utf8_lossy(&out), expect, "in pieces of {size}");
            }
        }
    }
}
