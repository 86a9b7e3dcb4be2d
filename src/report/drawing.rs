//! What drawings have in common: the words in a shape and its colours. Knows no syntax.

use super::view::picture::Shape;
use super::view::reason::VerdictKind;
use super::words::{count, number};

/// All verdicts, the most urgent first.
pub(super) const ALL: [VerdictKind; 4] =
    [VerdictKind::Stale, VerdictKind::Open, VerdictKind::Restorable, VerdictKind::Fresh];

/// The line below a title: `stale`, or of a group `3 of 14 stale, 2 open`.
pub(super) fn words(shape: &Shape) -> String {
    if shape.nodes == 1 {
        return shape.verdict().word().to_owned();
    }
    let told = ALL.iter().filter(|verdict| **verdict != VerdictKind::Fresh);
    let told: Vec<String> = told
        .filter_map(|verdict| Some((verdict, shape.verdicts.get(verdict)?)))
        .map(|(verdict, count)| format!("{} {}", number(*count), verdict.word()))
        .collect();
    let all = count(shape.nodes, "node");
    if told.is_empty() {
        format!("{all}, all fresh")
    } else {
        format!("{all}: {}", told.join(", "))
    }
}

/// The colours of a verdict: fill and line. Each verdict is in the words, too.
pub(super) fn colours(verdict: VerdictKind) -> (&'static str, &'static str) {
    match verdict {
        VerdictKind::Stale => ("#fff3bf", "#e67700"),
        VerdictKind::Open => ("#f1f3f5", "#495057"),
        VerdictKind::Restorable => ("#c5f6fa", "#0c8599"),
        VerdictKind::Fresh => ("#d3f9d8", "#2b8a3e"),
    }
}
