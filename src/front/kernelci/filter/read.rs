//! The `filters` of an architecture, read and combined as KernelCI's `FilterFactory` does. Judges nothing.

use std::sync::Arc;

use super::pattern::{Pattern, Refused};
use super::set::{Combination, Expression, Filter, Filters, List, Regex, SUBJECTS, Subject};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::front::kas::Text;
use crate::front::kernelci::file::{Fields, did_you_mean, items, misfit, string};
use crate::front::yaml::{Node, Value};

/// The kinds, the new names first.
const KINDS: &[&str] = &["blocklist", "passlist", "regex", "combination", "blacklist", "whitelist"];

/// Reads a list of filters; an error leaves the filter out.
pub(in super::super) fn filters(node: &Node, path: &str, found: &mut Diagnostics) -> Filters {
    let mut read = Filters::default();
    // What Python takes for false is no filter.
    if node.is_null() || node.as_map().is_some_and(|map| map.is_empty()) {
        return read;
    }
    for (path, declaration) in items(path, node, found) {
        let Some(map) = declaration.as_map() else {
            found.push(misfit(&path, declaration, "a mapping"));
            continue;
        };
        for (key, entry) in map {
            let kind = key.as_str().unwrap_or_default();
            let Some(&known) = KINDS.iter().find(|known| **known == kind) else {
                let problem = format!("there is no filter of the kind `{}`", kind.escape_debug());
                let hint = did_you_mean(kind, &KINDS[..4]);
                found.push(Diagnostic::error(problem).at(&entry.key_span).hint(hint));
                continue;
            };
            read.add(known, &entry.value, &format!("{path}.{known}"), found);
        }
    }
    read
}

impl Filters {
    /// Adds a declaration to the filter of its kind, where KernelCI makes one of both, or as one of its own.
    fn add(&mut self, kind: &'static str, node: &Node, path: &str, found: &mut Diagnostics) {
        match kind {
            "regex" => {
                self.filters.extend(regex(node, path, found).map(Filter::Regex));
            }
            "combination" => {
                let Some(new) = combination(node, path, found) else { return };
                let equal = self.filters.iter_mut().find_map(|filter| match filter {
                    Filter::Combination(old) if old.keys == new.keys => Some(old),
                    _ => None,
                });
                match equal {
                    Some(old) => old.values.extend(new.values),
                    None => self.filters.push(Filter::Combination(new)),
                }
            }
            _ => self.add_lists(kind, lists(kind, node, path, found)),
        }
    }

    fn add_lists(&mut self, kind: &'static str, new: Vec<List>) {
        let blocks = is_blocklist(kind);
        let same = self.filters.iter_mut().find_map(|filter| match filter {
            Filter::Block(lists) if blocks => Some(lists),
            Filter::Pass(lists) if !blocks => Some(lists),
            _ => None,
        });
        let Some(lists) = same else {
            self.filters.push(if blocks { Filter::Block(new) } else { Filter::Pass(new) });
            return;
        };
        for list in new {
            match lists.iter_mut().find(|old| old.key.value == list.key.value) {
                Some(old) => old.items.extend(list.items),
                None => lists.push(list),
            }
        }
    }
}

fn is_blocklist(kind: &str) -> bool {
    matches!(kind, "blocklist" | "blacklist")
}

fn lists(kind: &'static str, node: &Node, path: &str, found: &mut Diagnostics) -> Vec<List> {
    let Some(fields) = Fields::open(node, path, found) else { return Vec::new() };
    let mut lists = Vec::new();
    for (key, entry) in fields.entries(found) {
        let subject = subject(&key, found);
        let path = fields.path(&key.value);
        let items = match &entry.value.value {
            // KernelCI never looks at the items of a key that no candidate has, and skips a blocklist without any.
            _ if subject.is_none() => Vec::new(),
            Value::Null if is_blocklist(kind) => Vec::new(),
            _ => items(&path, &entry.value, found)
                .into_iter()
                .filter_map(|(path, item)| string(&path, item, found))
                .collect(),
        };
        lists.push(List { kind, subject, key, items });
    }
    lists
}

fn regex(node: &Node, path: &str, found: &mut Diagnostics) -> Option<Regex> {
    let fields = Fields::open(node, path, found)?;
    let mut first = None;
    let entries = fields.entries(found);
    for (index, (key, entry)) in entries.iter().enumerate() {
        let text = string(&fields.path(&key.value), &entry.value, found)?;
        let pattern = match Pattern::new(&text.value) {
            Ok(pattern) => pattern,
            Err(refused) => {
                found.push(no_pattern(&text, refused));
                return None;
            }
        };
        if index == 0 {
            let subject = subject(key, found);
            first = Some(Expression { subject, key: key.value.clone(), text, pattern });
        } else {
            let problem =
                format!("of a regex only the first key counts, so `{}` does not", key.value);
            let hint = "write a `regex` of its own for each key";
            found.push(Diagnostic::warning(problem).at(&key.span).hint(hint));
        }
    }
    if entries.is_empty() {
        found.push(Diagnostic::warning("an empty regex accepts nothing").at(&node.span));
    }
    Some(Regex { span: node.span.clone(), first })
}

fn no_pattern(text: &Text, refused: Refused) -> Diagnostic {
    let Refused { why, at, hint } = refused;
    let problem =
        format!("`{}` is no pattern of Python: {why}, at character {}", text.value, at + 1);
    let problem = Diagnostic::error(problem).at(&text.span);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn combination(node: &Node, path: &str, found: &mut Diagnostics) -> Option<Combination> {
    let fields = Fields::of(node, path, &["keys", "values"], found)?;
    let keys = fields.required("keys", found);
    let values = fields.required("values", found)?;
    let keys: Vec<(Arc<str>, Option<Subject>)> = items(&fields.path("keys"), keys?, found)
        .into_iter()
        .filter_map(|(path, item)| {
            let key = string(&path, item, found)?;
            let subject = subject(&key, found);
            Some((key.value, subject))
        })
        .collect();
    let mut tuples = Vec::new();
    for (path, tuple) in items(&fields.path("values"), values, found) {
        let values: Vec<Arc<str>> = items(&path, tuple, found)
            .into_iter()
            .filter_map(|(path, item)| string(&path, item, found))
            .map(|value| value.value)
            .collect();
        let has = tuple.as_list().map_or(keys.len(), <[_]>::len);
        if !keys.is_empty() && has != keys.len() {
            let problem = format!("`{path}` is never equal: {has} of {} values", keys.len());
            found.push(Diagnostic::warning(problem).at(&tuple.span));
        }
        tuples.push(values);
    }
    Some(Combination { span: node.span.clone(), keys, values: tuples })
}

/// What a key of a filter is compared with.
fn subject(key: &Text, found: &mut Diagnostics) -> Option<Subject> {
    let subject = SUBJECTS.into_iter().find(|subject| subject.key() == &*key.value);
    if subject.is_none() {
        let problem = format!("filters see no `{}`", key.value.escape_debug());
        let hint = did_you_mean(&key.value, &SUBJECTS.map(Subject::key));
        found.push(Diagnostic::warning(problem).at(&key.span).hint(hint));
    }
    subject
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::filters;
    use crate::diagnostic::{Diagnostics, SourceText};
    use crate::front::kernelci::filter::{Candidate, Filters};
    use crate::front::yaml::parse_yaml;

    fn read(text: &str) -> (Filters, Diagnostics) {
        let (node, mut found) =
            parse_yaml(&Arc::new(SourceText::new("f.yaml", text))).expect("it is YAML");
        let filters = filters(&node, "filters", &mut found);
        (filters, found)
    }

    fn why(filters: &Filters, defconfig: &str) -> Option<String> {
        let candidate =
            Candidate { defconfig, kernel: "v6.1.192", tree: "mainline", branch: "master" };
        let rejection = filters.rejects(candidate).expect("it ends")?;
        Some(format!("{} {}: {rejection}", rejection.kind(), rejection.span().place()))
    }

    #[test]
    fn the_item_that_decided_is_named() {
        for (text, expect) in [
            (
                "- blocklist: {kernel: [v5, v6.1]}",
                "blocklist f.yaml:1: `kernel` `v6.1.192` contains `v6.1`",
            ),
            (
                "- blacklist:\n    defconfig:\n    - y\n    - conf",
                "blacklist f.yaml:4: `defconfig` `x_defconfig` contains `conf`",
            ),
            (
                "- passlist: {tree: [next, soc]}",
                "passlist f.yaml:1: `tree` `mainline` contains none of `next`, `soc`",
            ),
            (
                "- regex: {defconfig: def}",
                "regex f.yaml:1: `defconfig` `x_defconfig` does not begin with `def`",
            ),
            (
                "- combination: {keys: [tree, branch], values: [[mainline, next]]}",
                "combination f.yaml:1: `tree` `mainline` with `branch` `master` is none of the 1 values",
            ),
            ("- whitelist: {arch: [arm]}", "whitelist f.yaml:1: there is no `arch` to see"),
            ("- regex: {}", "regex f.yaml:1: the regex is empty"),
            (
                "- passlist: {tree: []}",
                "passlist f.yaml:1: `tree` `mainline` contains none of an empty list",
            ),
        ] {
            assert_eq!(why(&read(text).0, "x_defconfig").as_deref(), Some(expect), "{text}");
        }
    }

    /// As the branch `legacy` of KernelCI does; 1.1 applies each by itself.
    #[test]
    fn filters_of_one_kind_combine() {
        let accepts = |text: &str, defconfig: &str| why(&read(text).0, defconfig).is_none();
        let lists = "- passlist: {defconfig: [one]}\n- passlist: {defconfig: [two]}";
        assert!(accepts(lists, "one") && accepts(lists, "two") && !accepts(lists, "three"));
        let pairs = "- combination: {keys: [defconfig], values: [[one]]}\n- combination: {keys: [defconfig], values: [[two]]}";
        assert!(accepts(pairs, "one") && accepts(pairs, "two") && !accepts(pairs, "three"));
        let regexes = "- regex: {defconfig: on}\n- regex: {defconfig: one}";
        assert!(accepts(regexes, "one") && !accepts(regexes, "only"));
        let blocked = "- blocklist: {defconfig: [one]}\n- blacklist: {defconfig: [two]}";
        assert!(!accepts(blocked, "one") && !accepts(blocked, "two") && accepts(blocked, "three"));
    }

    #[test]
    fn what_python_takes_for_false_is_no_filter() {
        for text in [
            "~",
            "[]",
            "{}",
            "- {}",
            "- blocklist: {defconfig: }",
            "- blocklist: {}",
            "- passlist: {}",
        ] {
            let (filters, found) = read(text);
            assert_eq!(why(&filters, "x"), None, "{text}");
            assert!(found.is_empty(), "{text}");
        }
    }
}
