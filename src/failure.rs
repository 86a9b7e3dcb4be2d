//! How a command ends when it does not end well: what kind of failure, what happened, what to do next.

use std::process::ExitCode;

use crate::diagnostic::Diagnostics;

/// Whose the failure is; this is the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A build failed.
    Build,
    /// The user's input is wrong.
    Input,
    /// The environment is: a missing tool, an unreachable remote, a full disk.
    Environment,
    /// A defect of ours.
    Defect,
    /// `plan --exit-code` and something is stale.
    Stale,
    /// The user or a signal ended it.
    Interrupted,
}

impl Kind {
    /// The exit status, as the contract fixes it.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Build => 1,
            Self::Input => 2,
            Self::Environment => 3,
            Self::Defect => 4,
            Self::Stale => 10,
            Self::Interrupted => 130,
        }
    }
}

/// What a command ends with when it fails. It travels inside `anyhow::Error` and is taken out in `cli`.
#[derive(Debug)]
pub struct Failure {
    /// Whose it is.
    pub kind: Kind,
    /// What happened; `None` where everything was already told.
    pub message: Option<String>,
    /// Problems of the input, each with its place.
    pub diagnostics: Diagnostics,
    /// What to do next.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure with a message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: Some(message.into()),
            diagnostics: Diagnostics::default(),
            hints: Vec::new(),
        }
    }

    /// A failure of which everything was already told.
    #[must_use]
    pub fn silent(kind: Kind) -> Self {
        Self { kind, message: None, diagnostics: Diagnostics::default(), hints: Vec::new() }
    }

    /// The input has these problems.
    #[must_use]
    pub fn input(diagnostics: Diagnostics) -> Self {
        Self { kind: Kind::Input, message: None, diagnostics, hints: Vec::new() }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.message {
            Some(message) => f.write_str(message),
            None => f.write_str("the command failed"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        Self::from(kind.code())
    }
}
