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
    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for check in self.checks {
            let word = match check.health {
                Health::Ok => "ok",
                Health::Warning => "warning",
                Health::Broken => "broken",
            };
            writeln!(out, "{word:<8} {:<17} {}", check.name, escape::terminal(&check.found))?;
            for hint in &check.hints {
                writeln!(out, "{:<26} hint: {}", "", escape::terminal(hint))?;
            }
        }
        Ok(())
    }
}
