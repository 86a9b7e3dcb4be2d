//! Problems of the input, and how a command failed, for people and for CI. Everything quoted is escaped.

use std::borrow::Cow;
use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use indexmap::IndexMap;

use super::excerpt::{Excerpt, excerpt};
use super::page::{BAD, DIM, HEAD, Page, STALE, paint};
use super::words::count;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span};
use crate::escape::{terminal, without_commands, workflow_data, workflow_property};
use crate::failure::{Failure, Kind};

/// Where there is no terminal, lines are still cut: a generated file can be one line of a megabyte.
const UNBOUNDED: usize = 140;

/// How problems are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// With the line of the source and a mark below it.
    #[default]
    Snippets,
    /// One line each, as editors and log scanners read them.
    Lines,
    /// As annotations of a GitHub workflow, after the snippets.
    GitHub,
}

/// Writes problems: errors before warnings, those of one line together.
///
/// # Errors
/// When the writer fails.
pub fn diagnostics(
    all: &Diagnostics,
    form: Form,
    page: &Page,
    out: &mut dyn Write,
) -> io::Result<()> {
    let sorted = sorted(all);
    if form == Form::Lines {
        return sorted.iter().try_for_each(|diagnostic| line(diagnostic, out));
    }
    for same in by_line(&sorted) {
        if let [one] = same.as_slice()
            && one.span.is_none()
        {
            without_source(one, form, out)?;
            continue;
        }
        let (group, places) = group(&same, page);
        let renderer = Renderer::styled().term_width(page.width.unwrap_or(UNBOUNDED).max(40));
        let mut text = renderer.render(&[group]);
        for place in &places {
            text = text.replace(&place.rendered, &place.meant);
        }
        writeln!(out, "{}\n", said(&text, form))?;
    }
    if sorted.len() > 1 {
        let of = |severity| sorted.iter().filter(|each| each.severity == severity).count();
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let mut counts = Vec::new();
        if errors > 0 {
            counts.push(paint(BAD, count(errors, "error")).to_string());
        }
        if warnings > 0 {
            counts.push(paint(STALE, count(warnings, "warning")).to_string());
        }
        writeln!(out, "{}", counts.join(" · "))?;
    }
    if form == Form::GitHub {
        return sorted.iter().try_for_each(|diagnostic| annotation(diagnostic, out));
    }
    Ok(())
}

/// Errors before warnings; those of one file together, where the first of them was found, in the order of the file.
fn sorted(all: &Diagnostics) -> Vec<&Diagnostic> {
    let mut files: IndexMap<_, Vec<&Diagnostic>> = IndexMap::new();
    for (at, diagnostic) in all.as_slice().iter().enumerate() {
        let file = diagnostic.span.as_ref().map(|span| span.source.name.clone());
        let alone = if file.is_none() { at } else { 0 };
        files.entry((file, alone)).or_default().push(diagnostic);
    }
    let start = |diagnostic: &&Diagnostic| diagnostic.span.as_ref().map(|span| span.bytes.start);
    files.values_mut().for_each(|same| same.sort_by_key(start));
    let mut sorted: Vec<&Diagnostic> = files.into_values().flatten().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    sorted
}

/// Writes how a command failed: its problems, what happened, what to do next.
///
/// # Errors
/// When the writer fails.
pub fn failure(failure: &Failure, form: Form, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    diagnostics(&failure.diagnostics, form, page, out)?;
    if let Some(message) = &failure.message {
        let mut lines = message.lines().map(|line| said(&terminal(line), form).into_owned());
        let first = lines.next().unwrap_or_default();
        writeln!(out, "{}: {}", paint(BAD, "error"), paint(HEAD, first))?;
        for line in lines {
            writeln!(out, "  {line}")?;
        }
        if form == Form::GitHub {
            writeln!(out, "::error::{}", workflow_data(&terminal(message)))?;
        }
    }
    for hint in &failure.hints {
        writeln!(out, "{}: {}", paint(DIM, "hint"), said(&terminal(hint), form))?;
    }
    if failure.kind == Kind::Defect {
        let text = "this is a defect of graph, not of your project; please report it";
        writeln!(out, "{}: {text}", paint(DIM, "note"))?;
    }
    Ok(())
}

/// One that is about no place in a text, in the form of those that are.
fn without_source(diagnostic: &Diagnostic, form: Form, out: &mut dyn Write) -> io::Result<()> {
    let style = match diagnostic.severity {
        Severity::Error => BAD,
        Severity::Warning => STALE,
    };
    let message = terminal(&diagnostic.message);
    let word = word(diagnostic.severity);
    writeln!(out, "{}: {}", paint(style, word), paint(HEAD, said(&message, form)))?;
    if let Some(file) = &diagnostic.file {
        writeln!(out, " {} {}", paint(DIM, "-->"), said(&terminal(file), form))?;
    }
    for hint in &diagnostic.hints {
        writeln!(out, "  {} {}", paint(DIM, "= hint:"), said(&terminal(hint), form))?;
    }
    writeln!(out)
}

/// Text as it may stand in a form.
fn said(text: &str, form: Form) -> Cow<'_, str> {
    match form {
        Form::GitHub => without_commands(text).into(),
        Form::Snippets | Form::Lines => text.into(),
    }
}

fn line(diagnostic: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}: {}", word(diagnostic.severity), terminal(&diagnostic.to_string()))?;
    for hint in &diagnostic.hints {
        write!(out, " (hint: {})", terminal(hint))?;
    }
    writeln!(out)
}

fn annotation(diagnostic: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
    let mut properties = Vec::new();
    if let Some(place) = diagnostic.place() {
        properties.push(format!("file={}", workflow_property(&terminal(&place.file))));
        if place.line > 0 {
            properties.push(format!("line={},col={}", place.line, place.column));
        }
    }
    let mut message = terminal(&diagnostic.message).into_owned();
    for hint in &diagnostic.hints {
        message += &format!("\nhint: {}", terminal(hint));
    }
    let gap = if properties.is_empty() { "" } else { " " };
    let word = word(diagnostic.severity);
    writeln!(out, "::{word}{gap}{}::{}", properties.join(","), workflow_data(&message))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Problems that begin in one line of one text come together, where the first of them stood.
fn by_line<'a>(sorted: &[&'a Diagnostic]) -> Vec<Vec<&'a Diagnostic>> {
    let mut groups: IndexMap<_, Vec<&Diagnostic>> = IndexMap::new();
    for (at, diagnostic) in sorted.iter().enumerate() {
        let line = diagnostic.span.as_ref().map(Span::place).map(|place| (place.file, place.line));
        let alone = if line.is_none() { at } else { 0 };
        let is_error = diagnostic.severity == Severity::Error;
        groups.entry((is_error, line, alone)).or_default().push(diagnostic);
    }
    groups.into_values().collect()
}

fn group(same: &[&Diagnostic], page: &Page) -> (Group<'static>, Vec<Location>) {
    let first = same[0];
    let level = match first.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let room = page.width.unwrap_or(UNBOUNDED).max(40) - 10;
    let title = match same.len() {
        1 => terminal(&first.message).into_owned(),
        many => format!("{} in one line", count(many, "problem")),
    };
    let mut group = Group::with_title(level.primary_title(title));
    let label = |diagnostic: &Diagnostic| {
        (same.len() > 1).then(|| terminal(&diagnostic.message).into_owned())
    };
    let marks: Vec<Mark<'_>> = same
        .iter()
        .filter_map(|each| Some((each.span.as_ref()?, AnnotationKind::Primary, label(each))))
        .collect();
    let mut places = Vec::new();
    group = snippets(group, &marks, room, &mut places);
    for (span, label) in same.iter().flat_map(|diagnostic| &diagnostic.related) {
        let label = Some(terminal(label).into_owned());
        let mark = [(span, AnnotationKind::Context, label)];
        group = snippets(group, &mark, room, &mut places);
    }
    for hint in same.iter().flat_map(|diagnostic| &diagnostic.hints) {
        let hint = terminal(hint).into_owned();
        group = group.element(Level::HELP.with_name(Some("hint")).message(hint));
    }
    (group, places)
}

/// A stretch of a line, what it is to the problem, and what is said below it.
type Mark<'a> = (&'a Span, AnnotationKind, Option<String>);

/// A place as the renderer writes it, and as it should be: the renderer counts columns in what is shown of a line,
/// which can be cut and escaped, and people count in the file.
struct Location {
    rendered: String,
    meant: String,
}

/// Adds marks of one line: on one copy of the line if it fits, else each on a cut of its own.
fn snippets(
    mut group: Group<'static>,
    marks: &[Mark<'_>],
    room: usize,
    places: &mut Vec<Location>,
) -> Group<'static> {
    let all: Vec<(&Mark<'_>, Excerpt)> =
        marks.iter().map(|mark| (mark, excerpt(mark.0, room))).collect();
    let together = all.iter().all(|(_, excerpt)| excerpt.text == all[0].1.text);
    for same in all.chunks(if together { all.len().max(1) } else { 1 }) {
        let ((span, ..), shown) =
            same.iter().min_by_key(|(_, shown)| shown.marked.start).expect("chunks are not empty");
        let place = span.place();
        let meant = format!("{}:{}:{}", terminal(&place.file), place.line, place.column);
        let column = shown.text[..shown.marked.start].chars().count() + 1;
        let annotations = same.iter().map(|((_, kind, label), excerpt)| {
            kind.span(excerpt.marked.clone()).label(label.clone())
        });
        let snippet = Snippet::source(shown.text.clone())
            .path(meant.clone())
            .line_start(place.line as usize)
            .annotations(annotations.collect::<Vec<_>>());
        group = group.element(snippet);
        places.push(Location { rendered: format!("{meant}:{}:{column}", place.line), meant });
    }
    group
}
