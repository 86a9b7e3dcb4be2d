//! `graph list` as text: a table at a terminal, tab-separated fields in a pipe.

use std::io::{self, Write};
use std::sync::Arc;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use crate::escape::terminal;
use crate::report::in_order::in_order;
use crate::report::page::{HEAD, Page, columns, pad, paint};
use crate::report::view::excluded::{ExcludedView, RejectedView};
use crate::report::view::list::{Labels, ListView, ListedView};

/// Writes a list of nodes.
///
/// # Errors
/// When the writer fails.
pub fn list(view: &ListView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    // What the name says already fills a terminal and tells a reader nothing; a script gets all.
    let is_told = |name: &str, value: &Arc<str>| page.width.is_some() && name.contains(&**value);
    let row = |mut node: ListedView<'_>| {
        let needs: Vec<&str> = node.needs.iter().map(graph::name::NodeName::as_str).collect();
        node.labels.values_mut().for_each(|values| {
            values.retain(|value| !is_told(node.name.as_str(), value));
        });
        node.labels.retain(|_, values| !values.is_empty());
        let labels = labels(&node.labels);
        let name = node.name.as_str().to_owned();
        [name, labels, terminal(&node.declared).into_owned(), needs.join(" ")]
    };
    if page.width.is_none() {
        let lines = |range| {
            let mut text = Vec::new();
            view.nodes.some(range).iter().try_for_each(|node| plain(&row(node), &mut text))?;
            Ok(text)
        };
        return in_order(view.nodes.len(), lines, out);
    }
    let heads = ["NAME", "LABELS", "DECLARED", "NEEDS"];
    rows(&heads, || view.nodes.iter().map(row), "no nodes are declared", page, out)
}

/// Writes a list of what filters reject.
///
/// # Errors
/// When the writer fails.
pub fn excluded(view: &ExcludedView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let row = |each: &RejectedView| {
        let told = |text: &str| terminal(text).into_owned();
        [each.name.as_str().to_owned(), told(&each.filter), told(&each.declared), told(&each.why)]
    };
    let heads = ["NAME", "FILTER", "DECLARED", "WHY"];
    rows(&heads, || view.excluded.iter().map(row), "no filter rejects anything", page, out)
}

/// Writes a row for a script.
fn plain(row: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", row.join("\t"))
}

/// Writes rows as they come: separated by tabs in a pipe, and at a terminal in columns as wide as a first pass over all
/// rows found them. So none of a million rows has to be kept.
fn rows<const N: usize, R: Iterator<Item = [String; N]>>(
    heads: &[&str; N],
    rows: impl Fn() -> R,
    none: &str,
    page: &Page,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(width) = page.width else {
        return rows().try_for_each(|row| plain(&row, out));
    };
    let (mut widths, mut is_empty) = ([0; N], true);
    for row in rows() {
        is_empty = false;
        for (width, cell) in widths.iter_mut().zip(&row) {
            *width = columns(cell).max(*width);
        }
    }
    if is_empty {
        return writeln!(out, "{none}");
    }
    let fit = fitting(&widths, width).max(2);
    let widths = std::array::from_fn::<usize, N, _>(|at| widths[at].max(heads[at].len()));
    if widths[..fit].iter().sum::<usize>() + 2 * (fit - 1) > width {
        return table(heads, rows(), fit, width, out);
    }
    let line = |row: [&str; N]| {
        let cells = row.iter().zip(&widths).take(fit).map(|(cell, width)| pad(cell, width + 2));
        cells.collect::<String>()
    };
    writeln!(out, "{}", paint(HEAD, line(*heads).trim_end()))?;
    for row in rows() {
        let row = std::array::from_fn(|at| row[at].as_str());
        writeln!(out, "{}", line(row).trim_end())?;
    }
    Ok(())
}

/// How many of the first columns fit side by side, with two blanks after each.
fn fitting(widths: &[usize], width: usize) -> usize {
    let mut used = 0;
    let fits = |wide: &&usize| {
        used += **wide + 2;
        used <= width + 2
    };
    widths.iter().take_while(fits).count()
}

/// Labels as selectors: `machine=rpi workflow=manual,onpush`.
pub(super) fn labels(labels: &Labels) -> String {
    let label = |(key, values): (&&str, &Vec<Arc<str>>)| format!("{key}={}", values.join(","));
    let labels: Vec<String> = labels.iter().map(label).collect();
    terminal(&labels.join(" ")).into_owned()
}

/// Writes the first columns of rows as a table; the first is never broken, the others are where they must.
pub(super) fn table<const N: usize>(
    heads: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
    columns: usize,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table.set_header(heads.iter().take(columns));
    for row in rows {
        table.add_row(row.iter().take(columns));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if at == 0 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        if at == 0 {
            writeln!(out, "{}", paint(HEAD, line))?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
