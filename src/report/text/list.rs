//! `graph list` as text: a table at a terminal, tab-separated fields in a pipe.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use crate::escape::terminal;
use crate::report::page::{HEAD, Page, columns, paint};
use crate::report::view::excluded::ExcludedView;
use crate::report::view::list::{Labels, ListView};

/// Writes a list of nodes.
///
/// # Errors
/// When the writer fails.
pub fn list(view: &ListView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    // What the name says already fills a terminal and tells a reader nothing; a script gets all.
    let is_told = |name: &str, value: &String| page.width.is_some() && name.contains(&**value);
    let rows = view.nodes.iter().map(|node| {
        let needs: Vec<&str> = node.needs.iter().map(graph::name::NodeName::as_str).collect();
        let mut more = node.labels.clone();
        more.values_mut().for_each(|values| {
            values.retain(|value| !is_told(node.name.as_str(), value));
        });
        more.retain(|_, values| !values.is_empty());
        let labels = labels(&more);
        let name = node.name.as_str().to_owned();
        [name, labels, terminal(&node.declared).into_owned(), needs.join(" ")]
    });
    let Some(width) = page.width else {
        for row in rows {
            writeln!(out, "{}", row.join("\t"))?;
        }
        return Ok(());
    };
    if view.nodes.is_empty() {
        return writeln!(out, "no nodes are declared");
    }
    let rows: Vec<[String; 4]> = rows.collect();
    let fit = fitting(&rows, width).max(2);
    table(&["NAME", "LABELS", "DECLARED", "NEEDS"], rows.into_iter(), fit, width, out)
}

/// Writes a list of what filters reject.
///
/// # Errors
/// When the writer fails.
pub fn excluded(view: &ExcludedView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let rows = view.excluded.iter().map(|each| {
        let told = |text: &str| terminal(text).into_owned();
        [each.name.as_str().to_owned(), told(&each.filter), told(&each.declared), told(&each.why)]
    });
    let Some(width) = page.width else {
        for row in rows {
            writeln!(out, "{}", row.join("\t"))?;
        }
        return Ok(());
    };
    if view.excluded.is_empty() {
        return writeln!(out, "no filter rejects anything");
    }
    let rows: Vec<[String; 4]> = rows.collect();
    let fit = fitting(&rows, width).max(2);
    table(&["NAME", "FILTER", "DECLARED", "WHY"], rows.into_iter(), fit, width, out)
}

/// How many of the first columns fit side by side, with two blanks after each.
fn fitting<const N: usize>(rows: &[[String; N]], width: usize) -> usize {
    let wide = |at: usize| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0) + 2;
    let mut used = 0;
    (0..N)
        .take_while(|&at| {
            used += wide(at);
            used <= width + 2
        })
        .count()
}

/// Labels as selectors: `machine=rpi workflow=manual,onpush`.
pub(super) fn labels(labels: &Labels) -> String {
    let label = |(key, values): (&&str, &Vec<String>)| format!("{key}={}", values.join(","));
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
