//! Patterns over the paths of a tree: any text within one part of a path. Knows no words and no variables.

use super::tree::{Entry, Tree, joined, parent};
use super::words::ANY;

/// More matches than a Makefile means; a pattern that has more says nothing.
const MOST: usize = 2_000;

/// The files below a directory whose paths match a pattern, in order.
pub(super) fn matches(tree: &Tree, directory: &str, pattern: &str) -> Vec<String> {
    let mut found = Vec::new();
    let parts: Vec<&str> =
        pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if let Some(place) = tree.place(directory).filter(|place| place.entry == Entry::Directory) {
        descend(tree, &place.path, &parts, &mut found);
    }
    found
}

fn descend(tree: &Tree, directory: &str, parts: &[&str], found: &mut Vec<String>) {
    let Some((part, rest)) = parts.split_first() else { return };
    if found.len() >= MOST {
        return;
    }
    if *part == ".." {
        if !directory.is_empty() {
            descend(tree, parent(directory), rest, found);
        }
        return;
    }
    let entries = tree.entries(directory);
    let names: Vec<&String> = if part.contains(is_wild) {
        entries.keys().filter(|name| fits(part, name)).collect()
    } else {
        entries.get_key_value(*part).map(|(name, _)| name).into_iter().collect()
    };
    for name in names {
        let path = joined(directory, name);
        match tree.place(&path) {
            Some(place) if place.entry == Entry::Directory => {
                descend(tree, &place.path, rest, found);
            }
            Some(_) if rest.is_empty() => found.push(path),
            _ => {}
        }
    }
}

fn is_wild(c: char) -> bool {
    c == ANY || "*?[".contains(c)
}

/// Whether a name matches a pattern. Sets of characters count as any one character: rather one file too many.
fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && pattern.starts_with(['*', '?', '[']) {
        return false;
    }
    let pattern = marks(pattern);
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut back = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(Mark::Any) => {
                back = Some((p, n));
                p += 1;
            }
            Some(Mark::One) => (p, n) = (p + 1, n + 1),
            Some(Mark::Just(c)) if *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (p, n) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|mark| *mark == Mark::Any)
}

/// What one place of a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Any,
    One,
    Just(char),
}

fn marks(pattern: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        marks.push(match c {
            '*' | ANY => Mark::Any,
            '?' => Mark::One,
            '[' => {
                if let Some((_, after)) = rest.as_str().split_once(']') {
                    rest = after.chars();
                }
                Mark::One
            }
            c => Mark::Just(c),
        });
    }
    marks
}
