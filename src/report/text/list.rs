//! `graph list` as text: a table at a terminal, tab-separated fields in a pipe.

use std::fmt::Write as _;
use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use crate::escape::terminal;
use crate::report::in_order::in_order;
use crate::report::page::{HEAD, Page, columns, pad, paint};
use crate::report::view::excluded::{ExcludedView, RejectedView};
use crate::report::view::list::{Labels, ListView, ListedView, ListedViews};

/// Writes a list of nodes.
///
/// # Errors
/// When the writer fails.
pub fn list(view: &ListView<'_>, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    // What the name says already fills a terminal and tells a reader nothing; a script gets all.
    let row = |mut node: ListedView<'_>| {
        node.labels = node.labels.without(|value| node.name.as_str().contains(value));
        let declared = terminal(&node.declared.to_string()).into_owned();
        let needs: Vec<&str> = node.needs.iter().map(graph::name::NodeName::as_str).collect();
        [node.name.as_str().to_owned(), labels(&node.labels), declared, needs.join(" ")]
    };
    if page.width.is_none() {
        return in_order(view.nodes.len(), |range| Ok(lines(view.nodes.some(range))), out);
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

/// Nodes for a script, each in a line of fields between tabs. There may be a million: their text is put together in place.
fn lines(nodes: ListedViews<'_>) -> Vec<u8> {
    let (mut text, mut field) = (String::new(), String::new());
    for node in nodes.iter() {
        text.push_str(node.name.as_str());
        text.push('\t');
        add_labels(&node.labels, &mut field);
        text.push_str(&terminal(&field));
        field.clear();
        text.push('\t');
        write!(field, "{}", node.declared).expect("a string takes all");
        text.push_str(&terminal(&field));
        field.clear();
        text.push('\t');
        for (at, need) in node.needs.iter().enumerate() {
            text.push_str(if at == 0 { "" } else { " " });
            text.push_str(need.as_str());
        }
        text.push('\n');
    }
    text.into_bytes()
}

fn add_labels(labels: &Labels<'_>, text: &mut String) {
    for (at, labels) in labels.by_key().enumerate() {
        text.push_str(if at == 0 { "" } else { " " });
        text.push_str(labels[0].key);
        for (at, label) in labels.iter().enumerate() {
            text.push(if at == 0 { '=' } else { ',' });
            text.push_str(&label.value);
        }
    }
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
pub(super) fn labels(labels: &Labels<'_>) -> String {
    let mut text = String::new();
    add_labels(labels, &mut text);
    terminal(&text).into_owned()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use graph::model::{Graph, NodeId};
    use graph::name::NodeName;
    use graph::resource::Pool;
    use graph::spec::{Action, Label, Node, Place, Spec};
    use proptest::prelude::{prop, proptest};
    use serde_json::json;

    use super::lines;
    use crate::escape::terminal;
    use crate::report::view::list::ListView;

    fn node(at: usize, labels: &[(usize, String)], line: u32) -> Node {
        let name = |at: usize| NodeName::new("n", [&*at.to_string()]).expect("a name");
        let label = |(key, value): &(usize, String)| Label {
            key: ["workflow", "arch", "machine"][*key],
            value: value.as_str().into(),
        };
        Node {
            name: name(at),
            labels: labels.iter().map(label).collect(),
            inputs: Vec::new().into(),
            needs: (0..at.min(2)).map(name).collect(),
            action: Action::default(),
            outputs: Vec::new().into(),
            declared: Place { file: "a\tb.yaml".into(), line, column: 1 },
            pool: Pool::Build,
            unresolved: Vec::new(),
        }
    }

    proptest! {
        /// A line that is put together in place says what maps of labels and joined cells say, and so does JSON.
        #[test]
        fn a_line_is_a_row_of_cells(
            all in prop::collection::vec(
                (prop::collection::vec((0..3_usize, "[a-z,= \t\u{1b}\u{7f}\u{e9}\u{202e}]{0,4}"), 0..6), 0..3_u32),
                0..5,
            ),
        ) {
            let nodes = all.iter().enumerate().map(|(at, (labels, line))| node(at, labels, *line));
            let graph = Graph::build(Spec { nodes: nodes.collect() }).expect("it is sound");
            let ids: Vec<NodeId> = graph.ids().collect();
            let view = ListView::of(&graph, &ids);
            let (mut text, mut listed) = (String::new(), Vec::new());
            for id in &ids {
                let node = graph.node(*id);
                let mut labels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
                node.labels.iter().for_each(|label| labels.entry(label.key).or_default().push(&label.value));
                listed.push(json!({
                    "name": node.name, "kind": "n", "labels": labels, "needs": node.needs,
                    "declared": node.declared.to_string(),
                }));
                let labels: Vec<String> =
                    labels.iter().map(|(key, values)| format!("{key}={}", values.join(","))).collect();
                let needs: Vec<&str> = node.needs.iter().map(NodeName::as_str).collect();
                let declared = node.declared.to_string();
                let labels = labels.join(" ");
                let cells = [node.name.as_str(), &terminal(&labels), &terminal(&declared), &needs.join(" ")];
                text.push_str(&cells.join("\t"));
                text.push('\n');
            }
            assert_eq!(String::from_utf8(lines(view.nodes)).expect("it is text"), text);
            assert_eq!(serde_json::to_value(view.nodes).expect("it is JSON"), json!(listed));
        }
    }
}
