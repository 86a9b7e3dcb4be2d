//! A chain beside the pinned file that was once made of it: do they still say the same, commits aside?

use crate::diagnostic::{Diagnostic, Span};
use crate::front::kas::differences::{Difference, differences};
use crate::front::kas::effective::Effective;

/// A warning with the first key, in order, in which the pinned file differs from the chain.
#[must_use]
pub fn out_of_date(pinned_name: &str, chain: &Effective, pinned: &Effective) -> Option<Diagnostic> {
    let mut found = differences(pinned, chain).into_iter();
    let first = found.find(|difference| !difference.is_commit())?;
    let problem = format!("the pinned file `{pinned_name}` is out of date");
    let hint = "the pinned file is what is built; `graph lock --keep` makes it anew of the chain";
    Some(first_difference(&problem, &first).hint(hint))
}

/// A warning that names one key in which a pinned file (the first of the two) differs from its chain, and both places.
#[must_use]
pub fn first_difference(problem: &str, first: &Difference) -> Diagnostic {
    let problem = format!("{problem}: first differing key `{}`", first.key);
    let warning = Diagnostic::warning(problem);
    match (&first.new, &first.old) {
        (Some(chain), Some(pinned)) => {
            let warning = at(warning, pinned.span.as_ref());
            match &chain.span {
                Some(span) => warning.related(span, "the chain has another value"),
                None => warning,
            }
        }
        (Some(chain), None) => at(warning, chain.span.as_ref()).hint("only the chain has it"),
        (None, Some(pinned)) => {
            at(warning, pinned.span.as_ref()).hint("only the pinned file has it")
        }
        (None, None) => warning,
    }
}

fn at(warning: Diagnostic, span: Option<&Span>) -> Diagnostic {
    match span {
        Some(span) => warning.at(span),
        None => warning,
    }
}
