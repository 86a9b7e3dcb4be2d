//! `graph plan` as text: one line that says it all, the causes, the nodes.

use std::borrow::Cow;
use std::io::{self, Write};

use graph::name::NodeName;

use super::reason::reason;
use crate::escape::terminal;
use crate::report::causes::causes;
use crate::report::gist::{DOT, headline};
use crate::report::in_order::in_order;
use crate::report::page::{DIM, GOOD, HEAD, Page, STALE, STORED, columns, cut, pad, paint};
use crate::report::sentence::label;
use crate::report::view::plan::{Plain, PlanView, PlannedHead};
use crate::report::view::reason::{ReasonView, VerdictKind};
use crate::report::words::{self, count, duration, names};

/// How much of a long plan is shown at a terminal; a pipe gets all of it.
pub(super) const MOST_NODES: usize = 60;
const MOST_NAME_LINES: usize = 5;

/// Writes a plan.
///
/// # Errors
/// When the writer fails.
pub fn plan(view: &PlanView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let causes = causes(view);
    let named = |name: &str| terminal(name).into_owned();
    pieces(headline(&view.summary, &causes, "", named), page, out)?;
    if !causes.is_empty() {
        writeln!(out)?;
    }
    for cause in &causes {
        reason(out, 0, &cause.reason(), page)?;
        name_lines(&cause.nodes, page, out)?;
    }
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
pub fn plan_line(view: &PlanView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let named = |name: &str| terminal(name).into_owned();
    pieces(headline(&view.summary, &causes(view), "", named), page, out)
}

/// Writes the pieces of a line, in as many lines as the page has it.
pub(super) fn pieces(all: Vec<String>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::new();
    for piece in all {
        if !line.is_empty() && columns(&line) + columns(DOT) + columns(&piece) > page.room(0) {
            writeln!(out, "{line}")?;
            line = piece;
        } else {
            let dot = if line.is_empty() { "" } else { DOT };
            line = line + dot + &piece;
        }
    }
    writeln!(out, "{line}")
}

/// Writes nodes in few words; at a terminal, of many the first and how many they are.
pub(super) fn name_lines(of: &[&NodeName], page: &Page, out: &mut dyn Write) -> io::Result<()> {
    if page.width.is_none() {
        return words::name_lines(of, 100, |pieces| {
            out.write_all(b"  ")?;
            pieces.iter().try_for_each(|piece| out.write_all(piece.as_bytes()))?;
            out.write_all(b"\n")
        });
    }
    let lines = names(of, page.room(2));
    for line in lines.iter().take(MOST_NAME_LINES) {
        writeln!(out, "  {line}")?;
    }
    if lines.len() > MOST_NAME_LINES {
        writeln!(out, "  {}", paint(DIM, format!("… {} in all", count(of.len(), "node"))))?;
    }
    Ok(())
}

fn nodes(view: &PlanView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let all = &view.nodes;
    let most = if page.width.is_some() { MOST_NODES.min(all.len()) } else { all.len() };
    let columns = Columns::of(all.heads(0..most));
    let piece = |range| {
        let mut lines = Lines::new(&columns, page);
        all.heads(range).for_each(|head| lines.add(&head));
        Ok(lines.text)
    };
    in_order(most, piece, out)?;
    more_nodes(all.len() - most, out)
}

/// How wide what stands below each other is.
#[derive(Default)]
struct Columns {
    word: usize,
    name: usize,
    time: usize,
}

impl Columns {
    fn of<'a>(heads: impl Iterator<Item = PlannedHead<'a>>) -> Self {
        heads.fold(Self::default(), |most, head| Self {
            word: most.word.max(head.verdict.word().len()),
            name: most.name.max(head.name.as_str().len()),
            time: most.time.max(columns(&time(&head))),
        })
    }
}

fn time(head: &PlannedHead<'_>) -> String {
    head.estimate_ms().map_or_else(String::new, duration)
}

/// The lines of some nodes. What many have in common is made once.
struct Lines<'a> {
    columns: &'a Columns,
    /// How many columns are left for the reasons; without an end where nothing is cut.
    room: usize,
    /// Whether there is room for anything but the verdict and the name.
    fits: bool,
    words: Vec<(VerdictKind, String)>,
    plain: Vec<(Plain, String)>,
    text: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn new(columns: &'a Columns, page: &Page) -> Self {
        let used = columns.word + 2 + columns.name + 2 + columns.time + 2;
        let room = page.width.map_or(usize::MAX, |width| width.saturating_sub(used));
        let fits = page.width.is_none_or(|width| used <= width + 2);
        Self { columns, room, fits, words: Vec::new(), plain: Vec::new(), text: Vec::new() }
    }

    fn add(&mut self, head: &PlannedHead<'_>) {
        let word = |verdict: VerdictKind| {
            paint(style(verdict), pad(verdict.word(), self.columns.word)).to_string()
        };
        let word = known(&mut self.words, head.verdict, word);
        self.text.extend_from_slice(word.as_bytes());
        self.text.extend_from_slice(b"  ");
        self.text.extend_from_slice(head.name.as_str().as_bytes());
        let why = |text: &str| match self.room {
            0..10 => String::new(),
            room => cut(&terminal(text), room),
        };
        let painted = |why: String| match why.as_str() {
            "" => why,
            _ => format!("  {}", paint(DIM, why)),
        };
        let of_reasons = || painted(why(&labels(&head.reasons())));
        let why: Cow<'_, str> = match (head.duplicate_of(), head.plain()) {
            (Some(first), _) => painted(why(&format!("same as {first}"))).into(),
            (None, Some(plain)) => known(&mut self.plain, plain, |_| of_reasons()).into(),
            (None, None) => of_reasons().into(),
        };
        let time = time(head);
        if self.fits && !(time.is_empty() && why.is_empty()) {
            let gap = self.columns.name - head.name.as_str().len() + 2;
            let gap = gap + self.columns.time - columns(&time);
            self.text.resize(self.text.len() + gap, b' ');
            self.text.extend_from_slice(time.as_bytes());
            self.text.extend_from_slice(why.as_bytes());
        }
        self.text.push(b'\n');
    }
}

/// What was made of a few values, each once.
fn known<K: Copy + PartialEq>(
    all: &mut Vec<(K, String)>,
    key: K,
    make: impl FnOnce(K) -> String,
) -> &str {
    let at = all.iter().position(|(same, _)| *same == key).unwrap_or_else(|| {
        all.push((key, make(key)));
        all.len() - 1
    });
    &all[at].1
}

/// Says how many nodes were left out, if any were.
pub(super) fn more_nodes(rest: usize, out: &mut dyn Write) -> io::Result<()> {
    if rest == 0 {
        return Ok(());
    }
    let rest = count(rest, "more node");
    writeln!(out, "{}", paint(DIM, format!("… and {rest}; `--format json` has all")))
}

/// What the first of many reasons are about, each once.
pub(super) fn labels(reasons: &[ReasonView]) -> String {
    let mut labels: Vec<String> = Vec::new();
    for reason in reasons.iter().take(20) {
        let label = label(reason);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels.join(", ")
}

/// The colour of a verdict.
pub(super) fn style(verdict: VerdictKind) -> anstyle::Style {
    match verdict {
        VerdictKind::Stale => STALE,
        VerdictKind::Restorable => STORED,
        VerdictKind::Open => HEAD,
        VerdictKind::Fresh => GOOD,
    }
}
