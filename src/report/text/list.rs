//! `graph list` as text: a table at a terminal, tab-separated fields in a pipe.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use crate::escape::terminal;
use crate::report::page::{HEAD, Page, paint};
use crate::report::view::list::{Labels, ListView};

/// Writes a list of nodes.
///
/// # Errors
/// When the writer fails.
pub fn list(view: &ListView, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let rows = view.nodes.iter().map(|node| {
        let needs: Vec<&str> = node.needs.iter().map(graph::name::NodeName::as_str).collect();
        let labels = labels(&node.labels);
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
    let columns = match width {
        0..60 => 2,
        60..110 => 3,
        _ => 4,
    };
    table(&["NAME", "LABELS", "DECLARED", "NEEDS"], rows, columns, width, out)
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
