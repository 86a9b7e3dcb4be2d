//! Tabs where PyYAML's own scanner, which kas uses, refuses them and libyaml's does not. Knows no values.

use std::ops::Range;

use super::problems::Problems;
use super::scan::Text;
use crate::diagnostic::Diagnostic;

/// Warns of the first tab that is neither content of a quoted or block scalar nor part of a comment.
///
/// `verbatim` are the scalars in which a tab is content, in the order of the text.
pub(super) fn warn(text: &Text, verbatim: &[Range<usize>], problems: &mut Problems) {
    let all = text.as_str();
    if !all.contains('\t') {
        return;
    }
    let mut gap = 0;
    let end = std::iter::once(all.len()..all.len());
    for scalar in verbatim.iter().cloned().chain(end) {
        if let Some(at) = in_gap(all.get(gap..scalar.start).unwrap_or_default()) {
            let at = gap + at;
            problems.push(
                Diagnostic::warning("a tab between tokens, which kas does not read")
                    .at(&text.span(&(at..at + 1)))
                    .hint("replace it by spaces, or quote the text that holds it"),
            );
            return;
        }
        gap = scalar.end.max(gap);
    }
}

/// The first tab outside of comments. A `#` begins one at the start or after white space.
fn in_gap(gap: &str) -> Option<usize> {
    let mut before = ' ';
    let mut in_comment = false;
    for (at, c) in gap.char_indices() {
        match c {
            '\n' | '\r' => in_comment = false,
            '#' if before.is_whitespace() => in_comment = true,
            '\t' if !in_comment => return Some(at),
            _ => {}
        }
        before = c;
    }
    None
}
