//! `graph why` as text.

use std::io::{self, Write};

use super::plan::style;
use super::reason::reason;
use crate::escape::terminal;
use crate::report::page::{DIM, HEAD, NEW, OLD, Page, STALE, cut, paint};
use crate::report::sentence::need;
use crate::report::view::reason::{ReasonKind, ReasonView, VerdictKind};
use crate::report::view::why::{Change, ExecutionView, FileChange, WhyView};
use crate::report::words::{ago, count, duration, when};

/// More changed files of one tree are not listed.
const MOST_FILES: usize = 20;

/// Writes an explanation.
///
/// # Errors
/// When the writer fails.
pub fn why(view: &WhyView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    match (view.verdict, &view.explained) {
        (Some(verdict), _) => {
            let word = paint(style(verdict), verdict.word());
            let until = match verdict {
                VerdictKind::Open => " until its needs have settled",
                _ => "",
            };
            writeln!(out, "{} is {word}{until}", paint(HEAD, &view.node))?;
        }
        (None, explained) => {
            writeln!(out, "{} ran", paint(HEAD, &view.node))?;
            if let Some(ran) = explained {
                writeln!(out, "in run {}: {}", ran.run, said(ran, page))?;
            }
        }
    }
    if let Some(compared) = &view.compared {
        writeln!(out, "compared with run {}: {}", compared.run, said(compared, page))?;
    }
    writeln!(out)?;
    for each in &view.reasons {
        reason(out, 0, each, page)?;
        if let Some(files) = each.part.as_ref().and_then(|part| view.files.get(part)) {
            self::files(out, files, page)?;
        }
    }
    if view.reasons.is_empty() {
        writeln!(out, "{}", without_reasons(view))?;
    }
    if !view.stamps.is_empty() {
        writeln!(out, "\nalso changed, but rebuilds nothing by itself")?;
        for stamp in &view.stamps {
            reason(out, 2, stamp, page)?;
        }
    }
    hints(view, out)
}

fn said(execution: &ExecutionView, page: &Page) -> String {
    let outcome = execution.outcome.replace('-', " ");
    let (when, ago) = (when(execution.ended, &page.now), ago(execution.ended, &page.now));
    let took = match execution.wall_ms {
        0 => String::new(),
        ms => format!(" after {}", duration(ms)),
    };
    format!("{outcome}{took}, {ago} ({when})")
}

fn without_reasons(view: &WhyView) -> &'static str {
    match (view.verdict, &view.compared) {
        (Some(VerdictKind::Fresh), _) => "nothing that goes into it has changed",
        (Some(_), _) => "no reason is known",
        (None, Some(_)) => {
            "nothing had changed: the run was asked for, or the outputs were missing"
        }
        (None, None) => "nothing is recorded from before",
    }
}

fn files(out: &mut dyn Write, files: &[FileChange], page: &Page) -> io::Result<()> {
    for file in files.iter().take(MOST_FILES) {
        let (word, style) = match file.change {
            Change::Added => ("added  ", NEW),
            Change::Removed => ("removed", OLD),
            Change::Changed => ("changed", STALE),
        };
        let path = cut(&terminal(&file.path), page.room(10));
        writeln!(out, "  {} {path}", paint(style, word))?;
    }
    if files.len() > MOST_FILES {
        let rest = count(files.len() - MOST_FILES, "more file");
        writeln!(out, "  {}", paint(DIM, format!("… and {rest}")))?;
    }
    Ok(())
}

/// Where the cause lies with a need, the next question is why that one changed.
fn hints(view: &WhyView, out: &mut dyn Write) -> io::Result<()> {
    let of_needs = |reason: &&ReasonView| {
        matches!(reason.kind, ReasonKind::Changed | ReasonKind::Open) && need(reason).is_some()
    };
    let needs: Vec<&str> = view.reasons.iter().filter(of_needs).filter_map(need).collect();
    if !needs.is_empty() {
        writeln!(out)?;
    }
    for need in needs.iter().take(3) {
        writeln!(out, "hint: `graph why {need}` says more")?;
    }
    let last_run = |reason: &ReasonView| reason.kind == ReasonKind::LastRun;
    if view.explained.is_none() && view.reasons.iter().any(last_run) {
        writeln!(out, "\nhint: `graph log {}` shows how it ended", view.node)?;
    }
    Ok(())
}
