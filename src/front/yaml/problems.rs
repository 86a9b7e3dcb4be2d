//! The problems of one text while it is read: all of them, up to what anyone would read.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// A text of nothing but problems must not cost more than one of nothing but values.
const MOST: usize = 100;

/// Problems, in the order in which they were found.
#[derive(Default)]
pub(super) struct Problems {
    found: Vec<Diagnostic>,
    unsaid: usize,
    failed: bool,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Diagnostic) {
        let is_error = problem.severity == Severity::Error;
        // The first error must be told whatever was warned of before it.
        if self.found.len() < MOST || is_error && !self.failed {
            self.found.push(problem);
        } else {
            self.unsaid += 1;
        }
        self.failed |= is_error;
    }

    /// Whether one more would only be counted.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MOST && self.failed
    }

    pub(super) fn has_errors(&self) -> bool {
        self.failed
    }

    /// In the order of the text.
    pub(super) fn into_diagnostics(mut self) -> Diagnostics {
        self.found.sort_by_key(|problem| problem.span.as_ref().map(|span| span.bytes.start));
        if self.unsaid > 0 {
            let more = format!("{} more problems are not shown", self.unsaid);
            let last =
                if self.failed { Diagnostic::error(more) } else { Diagnostic::warning(more) };
            let file = self.found.iter().find_map(|problem| problem.span.as_ref());
            let last = match file.map(|span| span.source.name.clone()) {
                Some(name) => last.in_file(name),
                None => last,
            };
            self.found.push(last);
        }
        self.found.into_iter().collect()
    }
}
