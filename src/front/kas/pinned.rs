//! A chain beside the pinned file that was once made of it: do they still say the same, commits aside?

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::front::kas::effective::Effective;
use crate::front::kas::lower::statements;

/// A warning with the first key, in order, in which the pinned file differs from the chain.
#[must_use]
pub fn out_of_date(pinned_name: &str, chain: &Effective, pinned: &Effective) -> Option<Diagnostic> {
    let (declared, built) = (by_key(chain), by_key(pinned));
    let mut keys: Vec<&Arc<str>> = declared.keys().chain(built.keys()).collect();
    keys.sort_unstable();
    let differs = |key: &&Arc<str>| {
        declared.get(*key).map(|(value, _)| value) != built.get(*key).map(|(value, _)| value)
    };
    let key = keys.into_iter().find(differs)?;
    let problem =
        format!("the pinned file `{pinned_name}` is out of date: first differing key `{key}`");
    let warning = Diagnostic::warning(problem);
    let warning = match (declared.get(key), built.get(key)) {
        (Some((_, chain)), Some((_, pinned))) => {
            let warning = at(warning, pinned.as_ref());
            match chain {
                Some(span) => warning.related(span, "the chain has another value"),
                None => warning,
            }
        }
        (Some((_, chain)), None) => at(warning, chain.as_ref()).hint("only the chain has it"),
        (None, Some((_, pinned))) => {
            at(warning, pinned.as_ref()).hint("only the pinned file has it")
        }
        (None, None) => warning,
    };
    Some(warning.hint("the pinned file is what is built; flatten the chain anew"))
}

fn at(warning: Diagnostic, span: Option<&Span>) -> Diagnostic {
    match span {
        Some(span) => warning.at(span),
        None => warning,
    }
}

fn by_key(effective: &Effective) -> BTreeMap<Arc<str>, (Arc<str>, Option<Span>)> {
    let is_commit = |part: &str| part.starts_with("repos.") && part.ends_with(".commit");
    let outer = effective.env.iter().filter(|variable| variable.default.is_none());
    let passed_through = outer.map(|variable| {
        (format!("env.{}", variable.name).into(), ("".into(), Some(variable.span.clone())))
    });
    statements(effective)
        .into_iter()
        .filter(|statement| !is_commit(&statement.part))
        .map(|statement| (statement.part, (statement.value, statement.span)))
        .chain(passed_through)
        .collect()
}
