//! The tokens of a YAML text: a port of PyYAML's own scanner (`yaml/scanner.py`), which is the one that kas uses.
//! Knows no grammar.
//!
//! libyaml's scanner and its Rust port were tried first. They differ from PyYAML's in a dozen places, refuse block
//! scalars whose first line begins with a tab and flow mappings such as `{a:{b: 1}}`, and the port panics where a text
//! ends within a block scalar without a line break.
//!
//! The one difference that is meant: tabs between tokens are read, and noted.

mod block;
mod cursor;
mod fetch;
mod names;
mod plain;
mod quoted;
mod token;

pub(super) use fetch::Scanner;
pub(super) use token::{Directive, Kind, Style, Token};

/// Why a text cannot be read on.
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) at: usize,
    /// Where what was being read began.
    pub(super) began: Option<usize>,
    pub(super) hint: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(message: impl Into<String>, at: usize) -> Self {
        Self { message: message.into(), at, began: None, hint: None }
    }

    pub(super) fn began(mut self, at: usize) -> Self {
        self.began = Some(at);
        self
    }

    pub(super) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}
