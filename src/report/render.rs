//! A view in a form: the one door for the verbs that only show.

use std::io::{self, Write};

use anstream::adapter::strip_str;
use serde::Serialize;

use super::page::Page;
use super::view::list::ListView;
use super::view::plan::PlanView;
use super::view::runs::RunsView;
use super::view::show::ShowView;
use super::view::summary::RunSummaryView;
use super::view::why::WhyView;
use super::{json, markdown, text};
use crate::escape;

/// Anything that is shown.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum View {
    /// What is declared.
    List(ListView),
    /// What would be done.
    Plan(PlanView),
    /// Why.
    Why(WhyView),
    /// One node, whole.
    Show(Box<ShowView>),
    /// What was done before.
    Runs(RunsView),
    /// What was done now.
    Summary(RunSummaryView),
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For scripts.
    Json,
    /// For GitHub.
    Markdown,
}

/// Writes a view.
///
/// # Errors
/// When the writer fails.
pub fn render(view: &View, format: Format, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    match (format, view) {
        (Format::Text, view) => text(view, page, out),
        (Format::Json, view) => json::json(view, out),
        (Format::Markdown, View::Plan(view)) => markdown::plan(view, out),
        (Format::Markdown, View::Summary(view)) => markdown::summary(view, out),
        (Format::Markdown, view) => {
            let mut plain = Vec::new();
            text(view, &Page { width: Some(100), ..page.clone() }, &mut plain)?;
            let plain = strip_str(&String::from_utf8_lossy(&plain)).to_string();
            writeln!(out, "<pre>")?;
            plain.lines().try_for_each(|line| writeln!(out, "{}", escape::markdown(line)))?;
            writeln!(out, "</pre>")
        }
    }
}

fn text(view: &View, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    match view {
        View::List(view) => text::list(view, page, out),
        View::Plan(view) => text::plan(view, page, out),
        View::Why(view) => text::why(view, page, out),
        View::Show(view) => text::show(view, page, out),
        View::Runs(view) => text::runs(view, page, out),
        View::Summary(view) => text::summary(view, page, out),
    }
}
