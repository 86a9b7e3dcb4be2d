//! `graph show` as text: everything about one node, set out in sections.

use std::io::{self, Write};

use super::list::labels;
use super::plan::style;
use super::reason::reason;
use crate::escape::{terminal, terminal_lines};
use crate::report::page::{DIM, HEAD, Page, columns, cut, pad, paint};
use crate::report::sentence::{is_block, short};
use crate::report::view::reason::Nature;
use crate::report::view::show::{PartView, ShowView, StepView};
use crate::report::words::{ago, bytes, duration, when};
use graph::name::NodeName;
use graph::resource::Pool;

/// Writes a node.
///
/// # Errors
/// When the writer fails.
pub fn show(view: &ShowView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", paint(HEAD, &view.name))?;
    facts(view, page, out)?;
    if !view.reasons.is_empty() {
        head(out, "not fresh, because")?;
        for each in &view.reasons {
            reason(out, 2, each, page)?;
        }
    }
    let (stamps, parts): (Vec<&PartView>, Vec<&PartView>) =
        view.parts.iter().partition(|part| part.stamp);
    section(out, "goes into it", &parts, page)?;
    section(out, "recorded with it, but rebuilds nothing by itself", &stamps, page)?;
    if !view.files.is_empty() {
        head(out, "writes")?;
    }
    for file in &view.files {
        writeln!(out, "  {}", terminal(&file.path))?;
        for line in terminal_lines(&file.content).lines() {
            writeln!(out, "    {} {line}", paint(DIM, "|"))?;
        }
    }
    if !view.steps.is_empty() {
        head(out, "runs")?;
    }
    for step in &view.steps {
        self::step(out, step)?;
    }
    if !view.outputs.is_empty() {
        head(out, "leaves")?;
    }
    for output in &view.outputs {
        let optional = if output.required { "" } else { "  (if there)" };
        writeln!(out, "  {}{}", terminal(&output.pattern), paint(DIM, optional))?;
    }
    if !view.made.is_empty() {
        head(out, "left last time")?;
    }
    let width = view.made.iter().map(|made| columns(&terminal(&made.path))).max().unwrap_or(0);
    for made in &view.made {
        let size = format!("{:>10}  {}", bytes(made.size), made.digest.short());
        writeln!(out, "  {}  {}", pad(&terminal(&made.path), width), paint(DIM, size))?;
    }
    Ok(())
}

fn head(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{}", paint(HEAD, text))
}

fn facts(view: &ShowView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let mut fact = |name: &str, value: &str| match value {
        "" => Ok(()),
        value => writeln!(out, "  {}  {value}", paint(DIM, pad(name, 9))),
    };
    let joined =
        |names: &[NodeName]| names.iter().map(NodeName::as_str).collect::<Vec<_>>().join(" ");
    fact("verdict", &paint(style(view.verdict), view.verdict.word()).to_string())?;
    fact("declared", &terminal(&view.declared))?;
    fact("labels", &labels(&view.labels))?;
    fact("needs", &joined(&view.needs))?;
    fact("needed by", &joined(&view.needed_by))?;
    fact("same as", &joined(&view.same_build))?;
    fact(
        "pool",
        match view.pool {
            Pool::Build => "build",
            Pool::Shared => "shared",
            Pool::Light => "light",
        },
    )?;
    fact("key", view.key.as_deref().unwrap_or("none yet"))?;
    fact("work", &terminal(&view.work))?;
    fact("outputs", &terminal(&view.out))?;
    fact("log", &view.log.as_deref().map_or_else(String::new, |log| terminal(log).into_owned()))?;
    let Some(last) = &view.last else {
        return fact("last run", "none");
    };
    let (ended, ago) = (when(last.ended, &page.now), ago(last.ended, &page.now));
    fact("last run", &format!("{}, {} {ended}, {ago}", last.run, last.outcome.replace('-', " ")))?;
    let mut cost = vec![format!("{} wall", duration(last.wall_ms))];
    if last.cpu_ms > 0 {
        cost.push(format!("{} cpu", duration(last.cpu_ms)));
    }
    if last.peak_memory > 0 {
        cost.push(format!("{} peak", bytes(last.peak_memory)));
    }
    fact("cost", &cost.join(" · "))
}

fn section(out: &mut dyn Write, title: &str, parts: &[&PartView], page: &Page) -> io::Result<()> {
    if parts.is_empty() {
        return Ok(());
    }
    head(out, title)?;
    let widest = parts.iter().map(|part| columns(&terminal(&part.name))).max().unwrap_or(0);
    let name_width = widest.min(page.room(2) / 2).min(40);
    for part in parts {
        let place = part
            .declared
            .as_deref()
            .map_or_else(String::new, |place| format!("  ({})", terminal(place)));
        let name = pad(&terminal(&part.name), name_width);
        let used = columns(&name) + 4;
        let value = value(part);
        let room = page.room(used);
        // Where both do not fit, the value is what was asked for.
        let place = if columns(&value) + columns(&place) <= room { &place } else { "" };
        let place = if value.is_empty() { place.trim_start() } else { place };
        writeln!(out, "  {name}  {}{}", cut(&value, room), paint(DIM, place))?;
        if let Some(block) = part.value.as_deref().filter(|value| is_block(value)) {
            for line in block.lines() {
                let line = cut(&terminal(line), page.room(6));
                writeln!(out, "    {} {line}", paint(DIM, "|"))?;
            }
        }
    }
    Ok(())
}

fn value(part: &PartView) -> String {
    if let Some(why) = &part.unknown {
        return format!("unknown: {}", terminal(why));
    }
    match (part.value.as_deref(), part.nature) {
        (None, _) => "(not shown)".to_owned(),
        (Some(""), _) => "(empty)".to_owned(),
        (Some(value), Nature::Content) => format!("content {}", terminal(value)),
        (Some(value), _) if is_block(value) => String::new(),
        (Some(value), _) => terminal(short(value.trim_end_matches('\n'))).into_owned(),
    }
}

fn step(out: &mut dyn Write, step: &StepView) -> io::Result<()> {
    let only = match step.only.as_slice() {
        [] => String::new(),
        only => format!("  (only {})", terminal(&only.join(" and "))),
    };
    writeln!(out, "  {}{}", terminal(&step.name), paint(DIM, only))?;
    for (name, value) in &step.env {
        writeln!(out, "    {} \\", terminal(&format!("{name}={}", quoted(value))))?;
    }
    let words: Vec<String> = step.argv.iter().map(|arg| quoted(arg)).collect();
    writeln!(out, "    {}", terminal(&words.join(" ")))
}

/// An argument as one would type it to a shell. Nothing of ours runs it: it is for reading and pasting.
fn quoted(argument: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=,@%+".contains(char);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}
