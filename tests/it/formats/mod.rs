//! The forms in which plans leave the program: jobs of a workflow, drawings, JSON with its schemas, and that nothing that
//! somebody named can break out of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics, in its setup too")]

mod drawings;
mod jobs;
mod readme;
mod reverted;
mod schemas;
mod validate;

use std::collections::BTreeMap;

/// The lines `name=value` of a file of outputs.
fn outputs(text: &str) -> BTreeMap<&str, &str> {
    text.lines().map(|line| line.split_once('=').unwrap_or_else(|| panic!("{line}"))).collect()
}

/// Names that mean something to whoever reads a form.
const HOSTILE: [&str; 14] = [
    "a b",
    "$(touch x)`id`${IFS}",
    "${{ secrets.TOKEN }}",
    "</code><img src=x onerror=alert(1)>",
    "a|b\n::error::x",
    "\"]; click n0 \"javascript:alert(1)\"; n1[\"",
    "%%{init: {\"theme\": \"x\"}}%%",
    "\\\" ]; n9 -> n8 [label=\"",
    "@org/team #12 ![x](y)",
    "{a,b}*?[c]~!",
    "-rf --help",
    "\u{1b}[2J\u{202e}",
    "a\nEOF\nmatrix={}",
    "größe; end",
];
