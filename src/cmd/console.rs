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
    let mut buffer = Vec::new();
    let out_of = |form: Format, out: &mut dyn Write| match form {
        Format::Text => text(view, &page(context), out),
        Format::Json => json(view, out),
    };
    if context.ci == Ci::GitHub {
        out_of(format, &mut buffer)?;
        let said = String::from_utf8_lossy(&buffer);
        let said = match format {
            Format::Text => without_commands(&said),
            Format::Json => said.replace("##[", r"#\u0023["),
        };
        out.write_all(said.as_bytes())?;
    } else {
        out_of(format, out)?;
    }
    Ok(out.flush()?)
}

/// The page that standard output is.
pub(crate) fn page(context: &Context) -> Page {
    page_of(context, context.stdout.is_terminal())
}

fn page_of(context: &Context, terminal: bool) -> Page {
    Page { width: context.width.filter(|_| terminal).map(usize::from), now: Zoned::now() }
}
