//! `graph plan --base` as text: one line that says it all, the causes and who wrote them, the nodes.

use std::io::{self, Write};

use graph::name::NodeName;

use super::plan::{MOST_NODES, labels, more_nodes, name_lines, style};
use super::reason::reason;
use crate::escape::terminal;
use crate::report::gist::{DOT, compared};
use crate::report::page::{BAD, DIM, GOOD, HEAD, OLD, Page, STALE, cut, pad, paint};
use crate::report::view::base::{BaseView, BlameView, ChangeKind, ComparedView, FilterView};
use crate::report::words::{count, duration};

/// How much of a long answer is shown at a terminal; a pipe gets all of it.
const MOST_CAUSES: usize = 20;
const MOST_FILES: usize = 5;

/// Writes what differs from the base.
///
/// # Errors
/// When the writer fails.
pub fn base(view: &BaseView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    base_line(view, out)?;
    for error in &view.base.errors {
        let place = error.place.as_deref().map(|place| format!("{place}: ")).unwrap_or_default();
        writeln!(out, "  {}", paint(BAD, terminal(&(place + &error.message))))?;
    }
    let most = if page.width.is_some() { MOST_CAUSES } else { view.causes.len() };
    if !view.causes.is_empty() {
        writeln!(out)?;
    }
    for cause in view.causes.iter().take(most) {
        reason(out, 0, &cause.reason, page)?;
        if !cause.places.is_empty() {
            let places = count(cause.places.len(), "other place");
            writeln!(out, "  {}", paint(DIM, format!("and in {places}")))?;
        }
        if !cause.files.is_empty() {
            let files: Vec<&str> =
                cause.files.iter().map(|file| &**file).take(MOST_FILES).collect();
            let rest = cause.files.len() - files.len();
            let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
            let line = terminal(&files.join(", ")).into_owned() + &rest;
            writeln!(out, "  {}", paint(DIM, cut(&line, page.room(2))))?;
        }
        if let Some(blame) = &cause.blame {
            writeln!(out, "  {}", paint(DIM, cut(&terminal(&by(blame)), page.room(2))))?;
        }
        name_lines(&cause.nodes.iter().collect::<Vec<_>>(), page, out)?;
    }
    if view.causes.len() > most {
        let rest = count(view.causes.len() - most, "more cause");
        writeln!(out, "{}", paint(DIM, format!("… and {rest}; `--format json` has all")))?;
    }
    filters(view, page, out)?;
    if view.nodes.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    nodes(view, page, out)
}

/// Writes the line that says it all, and nothing else.
///
/// # Errors
/// When the writer fails.
pub fn base_line(view: &BaseView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", terminal(&compared(view, "", str::to_owned).join(DOT)))
}

/// Who wrote something: `by 1234abcd (A U Thor): its subject`.
fn by(blame: &BlameView) -> String {
    match blame {
        BlameView::Uncommitted => "not committed".to_owned(),
        BlameView::Commit { commit, author, subject } => {
            let commit = commit.get(..12).unwrap_or(commit);
            format!("by {commit} ({author}): {subject}")
        }
    }
}

/// The filters that reject what the base has, each with the nodes.
fn filters(view: &BaseView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let mut all: Vec<(&FilterView, Vec<&NodeName>)> = Vec::new();
    for node in view.nodes.iter().filter(|node| node.change == ChangeKind::Excluded) {
        let Some(filter) = &node.filter else { continue };
        match all.iter_mut().find(|(same, _)| *same == filter) {
            Some((_, nodes)) => nodes.push(&node.name),
            None => all.push((filter, vec![&node.name])),
        }
    }
    if !all.is_empty() {
        writeln!(out)?;
    }
    for (filter, nodes) in all {
        let place = filter.declared.as_deref().map(|place| format!(" ({place})"));
        let (kind, why) = (terminal(&filter.kind), terminal(&filter.why));
        let place = place.unwrap_or_default();
        writeln!(out, "{} {why}{}", paint(HEAD, kind), paint(DIM, terminal(&place)))?;
        if let Some(blame) = &filter.blame {
            writeln!(out, "  {}", paint(DIM, cut(&terminal(&by(blame)), page.room(2))))?;
        }
        name_lines(&nodes, page, out)?;
    }
    Ok(())
}

fn nodes(view: &BaseView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let most = if page.width.is_some() { MOST_NODES } else { view.nodes.len() };
    let shown = || view.nodes.iter().take(most);
    let verdict = |node: &ComparedView| node.verdict.map_or("", |verdict| verdict.word());
    let change_width = shown().map(|node| node.change.word().len()).max().unwrap_or(0);
    let verdict_width = shown().map(|node| verdict(node).len()).max().unwrap_or(0);
    for node in shown() {
        let change = paint(colour(node.change), pad(node.change.word(), change_width));
        let word = pad(verdict(node), verdict_width);
        let word = match node.verdict {
            Some(verdict) => paint(style(verdict), word).to_string(),
            None => word,
        };
        let mut line = format!("{change}  {word}  {}", node.name);
        let mut tail: Vec<String> = node.estimate_ms.map(duration).into_iter().collect();
        let why = terminal(&why(node)).into_owned();
        tail.extend(Some(why).filter(|why| !why.is_empty()));
        if !tail.is_empty() {
            let used = change_width + verdict_width + 6 + node.name.as_str().len();
            let room = page.width.map_or(usize::MAX, |width| width.saturating_sub(used));
            if room > 9 {
                line += &format!("  {}", paint(DIM, cut(&tail.join("  "), room)));
            }
        }
        writeln!(out, "{line}")?;
    }
    more_nodes(view.nodes.len() - most.min(view.nodes.len()), out)
}

fn why(node: &ComparedView) -> String {
    if let Some(from) = &node.from {
        return format!("was {from}");
    }
    if let Some(filter) = &node.filter {
        let was = if node.change == ChangeKind::Added { "no longer " } else { "" };
        return format!("{was}rejected by {}", filter.kind);
    }
    if !node.follows.is_empty() {
        let needs: Vec<&str> = node.follows.iter().map(NodeName::as_str).collect();
        return format!("after {}", needs.join(", "));
    }
    labels(&node.reasons)
}

fn colour(change: ChangeKind) -> anstyle::Style {
    match change {
        ChangeKind::Added | ChangeKind::Changed | ChangeKind::Follows | ChangeKind::Unknown => {
            STALE
        }
        ChangeKind::Removed | ChangeKind::Excluded => OLD,
        ChangeKind::Renamed | ChangeKind::Unchanged => GOOD,
    }
}
