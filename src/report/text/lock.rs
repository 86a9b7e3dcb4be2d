//! `graph lock` as text: what moved and what changed; with `--check`, the lines that would.

use std::io::{self, Write};

use super::reason::reason;
use crate::escape::terminal;
use crate::report::diff::{Edit, edits};
use crate::report::page::{DIM, HEAD, NEW, OLD, Page, paint};
use crate::report::view::lock::{FileChange, LockView, LockedView, MovedView};
use crate::report::words::count;

/// Lines around a change that are shown with it.
const AROUND: usize = 3;

/// How much of a commit is shown.
const SHORT: usize = 12;

/// Writes what was locked.
///
/// # Errors
/// When the writer fails.
pub fn lock(view: &LockView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    for moved in &view.repositories {
        movement(moved, out)?;
    }
    for file in view.changed().filter(|file| !file.keys.is_empty()) {
        writeln!(out, "{}", paint(HEAD, terminal(&file.path)))?;
        for key in &file.keys {
            reason(out, 2, &key.reason(), page)?;
        }
    }
    writeln!(out, "{}", tally(view))
}

/// Writes the difference that locking would make to the files, as `diff -u` does.
///
/// # Errors
/// When the writer fails.
pub fn lock_check(view: &LockView, _page: &Page, out: &mut dyn Write) -> io::Result<()> {
    for file in view.changed() {
        unified(file, out)?;
    }
    writeln!(out, "{}", tally(view))
}

fn movement(moved: &MovedView, out: &mut dyn Write) -> io::Result<()> {
    let short = |commit: &str| terminal(commit.get(..SHORT).unwrap_or(commit)).into_owned();
    write!(out, "{} ", paint(HEAD, terminal(&moved.repository)))?;
    match (&moved.old, &moved.new) {
        (Some(old), Some(new)) => {
            write!(out, "{} → {}", paint(OLD, short(old)), paint(NEW, short(new)))?;
        }
        (Some(old), None) => write!(out, "removed, was {}", paint(OLD, short(old)))?,
        (None, new) => {
            let new = new.as_deref().unwrap_or_default();
            write!(out, "pinned at {}", paint(NEW, short(new)))?;
        }
    }
    let reference = moved.reference.as_deref().map(|name| format!("{}, ", terminal(name)));
    let files = count(moved.files.len(), "file");
    let told = format!(" ({}{files})", reference.unwrap_or_default());
    writeln!(out, "{}", paint(DIM, told))?;
    let Some(history) = &moved.history else { return Ok(()) };
    for entry in &history.commits {
        writeln!(out, "    {} {}", paint(DIM, short(&entry.commit)), terminal(&entry.subject))?;
    }
    if history.added > history.commits.len() {
        let rest = count(history.added - history.commits.len(), "more commit");
        writeln!(out, "    {}", paint(DIM, format!("… and {rest}")))?;
    }
    if history.dropped > 0 {
        writeln!(out, "    {}", paint(DIM, format!("{} gone", count(history.dropped, "commit"))))?;
    }
    match &history.missing {
        Some(why) => writeln!(out, "    {}", paint(DIM, terminal(why))),
        None => Ok(()),
    }
}

/// `2 files created, 1 file changed, 9 files as they were`.
fn tally(view: &LockView) -> String {
    let would = if view.written { "" } else { "to be " };
    let kinds = [
        (FileChange::Created, format!("{would}created")),
        (FileChange::Changed, format!("{would}changed")),
        (FileChange::Reworded, format!("{would}written in other words")),
        (FileChange::Same, "as they were".to_owned()),
    ];
    let told: Vec<String> = kinds
        .iter()
        .filter_map(|(kind, words)| {
            let many = view.files.iter().filter(|file| file.change == *kind).count();
            let words =
                if many == 1 { words.replace("they were", "it was") } else { words.clone() };
            (many > 0).then(|| format!("{} {words}", count(many, "file")))
        })
        .collect();
    told.join(", ")
}

fn unified(file: &LockedView, out: &mut dyn Write) -> io::Result<()> {
    let path = terminal(&file.path);
    let old = match file.change {
        FileChange::Created => "/dev/null".to_owned(),
        _ => format!("a/{path}"),
    };
    writeln!(
        out,
        "{}\n{}",
        paint(HEAD, format!("--- {old}")),
        paint(HEAD, format!("+++ b/{path}"))
    )?;
    let edits = edits(&file.texts.0, &file.texts.1);
    let is_change = |at: &usize| !matches!(edits[*at], Edit::Same(_));
    let mut changes = (0..edits.len()).filter(is_change).peekable();
    while let Some(first) = changes.next() {
        let mut last = first;
        while let Some(&next) = changes.peek().filter(|&&next| next <= last + 2 * AROUND) {
            last = next;
            changes.next();
        }
        let (from, to) = (first.saturating_sub(AROUND), (last + AROUND + 1).min(edits.len()));
        hunk(&edits, from..to, out)?;
    }
    Ok(())
}

fn hunk(edits: &[Edit<'_>], range: std::ops::Range<usize>, out: &mut dyn Write) -> io::Result<()> {
    let olds = |edits: &[Edit<'_>]| edits.iter().filter(|e| !matches!(e, Edit::New(_))).count();
    let news = |edits: &[Edit<'_>]| edits.iter().filter(|e| !matches!(e, Edit::Old(_))).count();
    let (before, shown) = (&edits[..range.start], &edits[range]);
    // An empty side is said to begin at the line before it, as `diff` does.
    let start = |before: usize, length: usize| if length == 0 { before } else { before + 1 };
    let (old, new) = (olds(shown), news(shown));
    let head =
        format!("@@ -{},{old} +{},{new} @@", start(olds(before), old), start(news(before), new));
    writeln!(out, "{}", paint(DIM, head))?;
    for edit in shown {
        match edit {
            Edit::Same(line) => writeln!(out, " {}", terminal(line))?,
            Edit::Old(line) => writeln!(out, "{}", paint(OLD, format!("-{}", terminal(line))))?,
            Edit::New(line) => writeln!(out, "{}", paint(NEW, format!("+{}", terminal(line))))?,
        }
    }
    Ok(())
}
