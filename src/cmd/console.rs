//! How a verb talks: pages, problems and views, for whoever reads. Decides nothing else.

use std::io::{self, Write};

use jiff::Zoned;
use serde::Serialize;

use crate::context::{Ci, Context};
use crate::diagnostic::Diagnostics;
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
        Self { form, page: page(context, context.stderr.is_terminal()) }
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
        let _ = writeln!(anstream::stderr().lock(), "{}", crate::escape::terminal(text));
    }
}

/// The page of standard output.
pub(crate) fn page_of(context: &Context) -> Page {
    page(context, context.stdout.is_terminal())
}

/// Prints a view in the form that was asked for.
pub(crate) fn print<V: Serialize>(
    view: &V,
    format: Format,
    context: &Context,
    text: impl FnOnce(&V, &Page, &mut dyn Write) -> io::Result<()>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        Format::Text => text(view, &page_of(context), out)?,
        Format::Json => json(view, out)?,
    }
    Ok(out.flush()?)
}

fn page(context: &Context, terminal: bool) -> Page {
    Page { width: context.width.filter(|_| terminal).map(usize::from), now: Zoned::now() }
}
