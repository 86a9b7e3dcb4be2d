//! What stands at the end of a build.

use std::io::{self, Write};

use crate::escape::terminal;
use crate::report::gist::ended;
use crate::report::page::{BAD, DIM, GOOD, Page, STALE, cut, paint};
use crate::report::view::summary::{EndingKind, RunSummaryView};
use crate::report::words::count;

/// More nodes that were skipped are not listed: what failed is.
const MOST_SKIPPED: usize = 10;

/// Writes the summary of a run.
///
/// # Errors
/// When the writer fails.
pub fn summary(view: &RunSummaryView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    for node in view.nodes.iter().filter(|node| node.ending == EndingKind::Failed) {
        let failure = node.failure.as_ref();
        let message = failure.map_or("", |failure| &failure.message);
        writeln!(out, "{} {}", paint(BAD, "failed"), node.name)?;
        writeln!(out, "  {}", cut(&terminal(message), page.room(2)))?;
        if failure.is_none_or(|failure| !failure.log.is_empty()) {
            writeln!(out, "  {}", paint(DIM, format!("graph log {}", node.name)))?;
        }
    }
    for node in view.nodes.iter().filter(|node| node.ending == EndingKind::Interrupted) {
        writeln!(out, "{} {}", paint(STALE, "interrupted"), node.name)?;
    }
    let skipped: Vec<_> =
        view.nodes.iter().filter(|node| node.ending == EndingKind::Skipped).collect();
    for node in skipped.iter().take(MOST_SKIPPED) {
        let because = match &node.because {
            Some(need) => format!(" needs {need}"),
            None => String::new(),
        };
        writeln!(out, "{} {}{}", paint(STALE, "skipped"), node.name, paint(DIM, because))?;
    }
    if skipped.len() > MOST_SKIPPED {
        let rest = count(skipped.len() - MOST_SKIPPED, "more node");
        writeln!(out, "{} … and {rest}", paint(STALE, "skipped"))?;
    }
    if view.nodes.iter().any(|node| is_trouble(node.ending)) {
        writeln!(out)?;
    }
    let bad = view.stopped || view.endings.failed + view.endings.interrupted > 0;
    let style = if bad { BAD } else { GOOD };
    writeln!(out, "{}", paint(style, ended(view)))?;
    if view.endings.built + view.endings.restored + view.endings.fresh > 0 {
        writeln!(out, "{}", paint(DIM, format!("outputs  {}", terminal(&view.out))))?;
    }
    if view.endings.built + view.endings.failed > 0 {
        writeln!(out, "{}", paint(DIM, format!("logs     {}", terminal(&view.logs))))?;
    }
    Ok(())
}

fn is_trouble(ending: EndingKind) -> bool {
    matches!(ending, EndingKind::Failed | EndingKind::Interrupted | EndingKind::Skipped)
}
