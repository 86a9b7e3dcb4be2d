//! One thing that `graph doctor` looked at, and how that is shown. Looks at nothing itself.

use std::io::{self, Write};

use serde::Serialize;

use crate::escape;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    /// As it should be.
    Ok,
    /// Builds work, but not as well or as surely as they could.
    Warning,
    /// Builds cannot work.
    Broken,
}

/// Where what is said of a thing begins.
const INDENT: usize = 27;

/// A text in lines of some columns, broken at blanks; a word that is longer stays whole. A room in which nothing can be
/// said is none.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always one");
        if !line.is_empty() && room >= 20 && line.chars().count() + 1 + word.chars().count() > room
        {
            lines.push(word.to_owned());
        } else {
            let gap = if line.is_empty() { "" } else { " " };
            line.push_str(gap);
            line.push_str(word);
        }
    }
    lines
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What it is: `git`, `shared.sstate`.
    pub(super) name: &'static str,
    /// How it is.
    pub(super) health: Health,
    /// What was found.
    pub(super) found: String,
    /// What to do about it.
    pub(super) hints: Vec<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, health: Health::Ok, found: found.into(), hints: Vec::new() }
    }

    pub(super) fn warning(name: &'static str, found: impl Into<String>) -> Self {
        Self { health: Health::Warning, ..Self::ok(name, found) }
    }

    pub(super) fn broken(name: &'static str, found: impl Into<String>) -> Self {
        Self { health: Health::Broken, ..Self::ok(name, found) }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The form for scripts.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    version: u32,
    health: Health,
    checks: &'a [Check],
}

impl<'a> Report<'a> {
    pub(super) fn of(checks: &'a [Check]) -> Self {
        let worst = checks.iter().map(|check| check.health).max().unwrap_or(Health::Ok);
        Self { version: 1, health: worst, checks }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.health == Health::Broken
    }

    /// For people: what is wrong stands out by its word, not by a colour alone.
    pub(super) fn text(&self, width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
        let room = width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(INDENT));
        for check in self.checks {
            let word = match check.health {
                Health::Ok => "ok",
                Health::Warning => "warning",
                Health::Broken => "broken",
            };
            let hints = check.hints.iter().map(|hint| format!("hint: {hint}"));
            let texts = std::iter::once(check.found.clone()).chain(hints);
            let lines = texts.flat_map(|text| wrapped(&escape::terminal(&text), room));
            let mut head = format!("{word:<8} {:<17} ", check.name);
            for line in lines {
                writeln!(out, "{head:<INDENT$}{line}")?;
                head.clear();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_broken_at_blanks() {
        let text = "the repository `a-very-long-name-of-a-repository` is gone";
        assert_eq!(
            wrapped(text, 20),
            ["the repository", "`a-very-long-name-of-a-repository`", "is gone"]
        );
        assert_eq!(wrapped(text, usize::MAX), [text]);
        assert_eq!(wrapped(text, 3), [text]);
    }
}
