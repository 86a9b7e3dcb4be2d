//! A chain as users write it: kas files joined by colons. Reads none of them.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::front::kas::checkouts::inside;

/// `kas/bsp-base.yaml:kas/scarthgap.yaml`: at least one file, each relative to the project's root and below it.
#[derive(Debug, Clone)]
pub struct Chain {
    files: Vec<Arc<str>>,
    /// Where each file stands in the text of the chain; one that was added later stands nowhere.
    parts: Vec<Range<usize>>,
    text: Arc<str>,
    declared: Option<Span>,
    /// Where the text of the chain begins, if it stands in its file as it is.
    start: Option<usize>,
}

impl Chain {
    /// Reads a chain. The error has no place; the caller knows where the chain was written.
    ///
    /// # Errors
    /// A part is empty, absolute, or leads out of the project.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let refuse = |problem: String| Err(Diagnostic::error(problem));
        if text.is_empty() {
            return refuse("the chain names no file".to_owned());
        }
        let (mut files, mut parts, mut start) = (Vec::new(), Vec::new(), 0);
        for part in text.split(':') {
            parts.push(start..start + part.len());
            start += part.len() + 1;
            if part.is_empty() {
                return refuse(format!("the chain `{text}` has an empty part"));
            }
            if part.contains('\0') {
                return refuse("a chain holds a NUL character".to_owned());
            }
            match inside(Path::new(part)) {
                Some(file) if !file.is_empty() => files.push(file.into()),
                _ => {
                    let problem = format!("`{part}` of a chain leads out of the project");
                    return Err(Diagnostic::error(problem)
                        .hint("the files of a chain are relative to the project's root"));
                }
            }
        }
        Ok(Self { files, parts, text: text.into(), declared: None, start: None })
    }

    /// Its files, relative to the project's root.
    #[must_use]
    pub fn files(&self) -> &[Arc<str>] {
        &self.files
    }

    /// Remembers where the chain was written, for problems with the files that it names.
    #[must_use]
    pub fn declared_at(mut self, span: &Span) -> Self {
        let written = span.source.text.get(span.bytes.clone()).unwrap_or_default();
        self.start = written.find(&*self.text).map(|at| span.bytes.start + at);
        self.declared = Some(span.clone());
        self
    }

    /// Where it was written, if that is in a file.
    #[must_use]
    pub fn declared(&self) -> Option<&Span> {
        self.declared.as_ref()
    }

    /// Where one of its files was written, by its number: its part of the chain, if that stands there as it is.
    #[must_use]
    pub fn declared_file(&self, index: usize) -> Option<Span> {
        let whole = self.declared.as_ref()?;
        let bytes = match (self.start, self.parts.get(index)) {
            (Some(start), Some(part)) => start + part.start..start + part.end,
            _ => whole.bytes.clone(),
        };
        Some(Span { bytes, source: Arc::clone(&whole.source) })
    }

    /// This chain, followed by another file, relative to the project's root.
    #[must_use]
    pub fn followed_by(mut self, file: impl Into<Arc<str>>) -> Self {
        self.files.push(file.into());
        self
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.files.join(":"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_files_below_the_root() {
        let chain = Chain::parse("kas/a.yaml:./kas/../b.yml").expect("it is a chain");
        assert_eq!(chain.to_string(), "kas/a.yaml:b.yml");
        for (text, problem) in [
            ("", "the chain names no file"),
            ("a.yaml::b.yaml", "the chain `a.yaml::b.yaml` has an empty part"),
            ("../a.yaml", "`../a.yaml` of a chain leads out of the project"),
            ("/a.yaml", "`/a.yaml` of a chain leads out of the project"),
            (".", "`.` of a chain leads out of the project"),
        ] {
            assert_eq!(Chain::parse(text).expect_err(text).message, problem);
        }
    }
}
