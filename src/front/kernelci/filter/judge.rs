//! Whether filters accept a candidate, and which item decided: KernelCI's `Filter.match`, kind by kind.

use std::fmt;

use super::set::{Combination, Filter, Filters, List, Regex, SUBJECTS, Subject};
use crate::diagnostic::Span;
use crate::front::kas::Text;

/// What filters see.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Candidate<'a> {
    /// The defconfig with all its parts.
    pub(in super::super) defconfig: &'a str,
    /// The commit, as git describes it.
    pub(in super::super) kernel: &'a str,
    /// The name of the tree.
    pub(in super::super) tree: &'a str,
    /// The branch.
    pub(in super::super) branch: &'a str,
}

/// Why a candidate is rejected. Made words of only where somebody asks.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Rejection<'a> {
    candidate: Candidate<'a>,
    cause: Cause<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Cause<'a> {
    Blocked(&'a List, Subject, &'a Text),
    NotPassed(&'a List),
    NoMatch(&'a Regex),
    NotCombined(&'a Combination),
}

/// A pattern that the engine gave up on.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Exhausted<'a> {
    /// The pattern.
    pub(in super::super) pattern: &'a Text,
}

impl<'a> Candidate<'a> {
    fn value(&self, subject: Subject) -> &'a str {
        match subject {
            Subject::Kernel => self.kernel,
            Subject::Tree => self.tree,
            Subject::Branch => self.branch,
            Subject::Defconfig => self.defconfig,
        }
    }

    /// The value as a filter that wants one sees it: an empty one is none.
    fn present(&self, subject: Option<Subject>) -> Option<&'a str> {
        subject.map(|subject| self.value(subject)).filter(|value| !value.is_empty())
    }
}

impl Filters {
    /// The first filter that rejects a candidate; none where all accept it.
    ///
    /// # Errors
    /// Where a pattern takes time without end.
    pub(in super::super) fn rejects<'a>(
        &'a self,
        candidate: Candidate<'a>,
    ) -> Result<Option<Rejection<'a>>, Exhausted<'a>> {
        for filter in &self.filters {
            let cause = match filter {
                Filter::Block(lists) => blocks(lists, &candidate),
                Filter::Pass(lists) => {
                    lists.iter().find(|list| !passes(list, &candidate)).map(Cause::NotPassed)
                }
                Filter::Regex(regex) => {
                    no_match(regex, &candidate)?.then_some(Cause::NoMatch(regex))
                }
                Filter::Combination(filter) => {
                    (!combines(filter, &candidate)).then_some(Cause::NotCombined(filter))
                }
            };
            if let Some(cause) = cause {
                return Ok(Some(Rejection { candidate, cause }));
            }
        }
        Ok(None)
    }
}

fn blocks<'a>(lists: &'a [List], candidate: &Candidate<'_>) -> Option<Cause<'a>> {
    SUBJECTS.iter().find_map(|&subject| {
        let value = candidate.value(subject);
        let of_subject = lists.iter().filter(|list| list.subject == Some(subject));
        of_subject
            .flat_map(|list| list.items.iter().map(move |item| (list, item)))
            .find(|(_, item)| value.contains(&*item.value))
            .map(|(list, item)| Cause::Blocked(list, subject, item))
    })
}

fn passes(list: &List, candidate: &Candidate<'_>) -> bool {
    candidate
        .present(list.subject)
        .is_some_and(|value| list.items.iter().any(|item| value.contains(&*item.value)))
}

fn no_match<'a>(regex: &'a Regex, candidate: &Candidate<'_>) -> Result<bool, Exhausted<'a>> {
    let Some(first) = &regex.first else { return Ok(true) };
    let Some(value) = candidate.present(first.subject) else { return Ok(true) };
    match first.pattern.matches(value) {
        Ok(matches) => Ok(!matches),
        Err(_) => Err(Exhausted { pattern: &first.text }),
    }
}

fn combines(filter: &Combination, candidate: &Candidate<'_>) -> bool {
    let has = |subject: &Option<Subject>, wanted: &str| {
        subject.is_some_and(|subject| candidate.value(subject) == wanted)
    };
    filter.values.iter().any(|values| {
        values.len() == filter.keys.len()
            && filter.keys.iter().zip(values).all(|((_, subject), value)| has(subject, value))
    })
}

impl<'a> Rejection<'a> {
    /// The kind of the filter, as it was written.
    pub(in super::super) fn kind(&self) -> &'static str {
        match self.cause {
            Cause::Blocked(list, ..) | Cause::NotPassed(list) => list.kind,
            Cause::NoMatch(_) => "regex",
            Cause::NotCombined(_) => "combination",
        }
    }

    /// Where the item is that decided, or the list of which none did.
    pub(in super::super) fn span(&self) -> &'a Span {
        match self.cause {
            Cause::Blocked(.., item) => &item.span,
            Cause::NotPassed(list) => &list.key.span,
            Cause::NoMatch(regex) => {
                regex.first.as_ref().map_or(&regex.span, |first| &first.text.span)
            }
            Cause::NotCombined(filter) => &filter.span,
        }
    }
}

impl fmt::Display for Rejection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |subject: Subject| self.candidate.value(subject);
        match self.cause {
            Cause::Blocked(_, subject, item) => {
                let (key, value) = (subject.key(), value(subject));
                write!(f, "`{key}` `{value}` contains `{}`", item.value)
            }
            Cause::NotPassed(list) => match list.subject {
                None => write!(f, "there is no `{}` to see", list.key.value),
                Some(subject) => {
                    let (key, value) = (subject.key(), value(subject));
                    write!(f, "`{key}` `{value}` contains none of {}", items(&list.items))
                }
            },
            Cause::NoMatch(regex) => match &regex.first {
                None => write!(f, "the regex is empty"),
                Some(first) => match first.subject {
                    None => write!(f, "there is no `{}` to see", first.key),
                    Some(subject) => {
                        let (key, value) = (subject.key(), value(subject));
                        write!(f, "`{key}` `{value}` does not begin with `{}`", first.text.value)
                    }
                },
            },
            Cause::NotCombined(filter) => {
                let pairs: Vec<String> = filter
                    .keys
                    .iter()
                    .map(|(key, subject)| match subject {
                        Some(subject) => format!("`{key}` `{}`", value(*subject)),
                        None => format!("no `{key}`"),
                    })
                    .collect();
                write!(f, "{} is none of the {} values", pairs.join(" with "), filter.values.len())
            }
        }
    }
}

/// A few of the items, and how many more there are.
fn items(items: &[Text]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> =
        items.iter().take(SHOWN).map(|item| format!("`{}`", item.value)).collect();
    match items.len() {
        0 => "an empty list".to_owned(),
        count if count > SHOWN => format!("{} and {} more", shown.join(", "), count - SHOWN),
        _ => shown.join(", "),
    }
}
