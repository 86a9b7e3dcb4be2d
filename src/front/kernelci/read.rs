//! The files of kernels, found and parsed: single ones, and directories as KernelCI reads them. Knows no section.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Diagnostics, SourceText, reason};
use crate::front::loaded::SourceFile;
use crate::front::yaml::{Node, parse_yaml};

/// A file that was read.
#[derive(Debug)]
pub(super) struct Document {
    /// Its path, as messages call it.
    pub(super) name: Arc<str>,
    /// Whether it lies below the root.
    pub(super) is_below_root: bool,
    /// What is in it.
    pub(super) node: Arc<Node>,
}

/// A file that is to be read.
struct Candidate<'a> {
    path: PathBuf,
    source: &'a SourceFile,
}

/// Reads all of them, each once.
pub(super) fn read(sources: &[SourceFile], root: &Path, found: &mut Diagnostics) -> Vec<Document> {
    let mut files: Vec<Candidate<'_>> = Vec::new();
    for source in sources {
        for path in listed(&root.join(&source.path), source, root, found) {
            if !files.iter().any(|file| file.path == path) {
                files.push(Candidate { path, source });
            }
        }
    }
    let read: Vec<Result<(Document, Diagnostics), Diagnostics>> =
        files.par_iter().map(|file| open(file, root)).collect();
    let mut documents = Vec::with_capacity(read.len());
    for result in read {
        match result {
            Ok((document, warnings)) => {
                documents.push(document);
                found.extend(warnings);
            }
            Err(errors) => found.extend(errors),
        }
    }
    documents
}

/// The files that a source means: itself, or every `*.yaml` right in it, as a shell would list them.
fn listed(path: &Path, source: &SourceFile, root: &Path, found: &mut Diagnostics) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let name = shown(path, root);
    let entries = match fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => {
            let problem = format!("`{name}` cannot be read: {}", reason(&error));
            found.push(placed(Diagnostic::error(problem), source, &name));
            return Vec::new();
        }
    };
    let is_yaml = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".yaml") && !name.starts_with('.') && path.is_file()
    };
    let mut files: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(is_yaml).collect();
    files.sort();
    if files.is_empty() {
        let problem = Diagnostic::error(format!("there is no `*.yaml` in `{name}`"));
        found.push(placed(problem, source, &name));
    }
    files
}

fn open(file: &Candidate<'_>, root: &Path) -> Result<(Document, Diagnostics), Diagnostics> {
    let name = shown(&file.path, root);
    let refused = |problem| Diagnostics::from_iter([placed(problem, file.source, &name)]);
    let bytes = fs::read(&file.path).map_err(|error| {
        refused(Diagnostic::error(match error.kind() {
            ErrorKind::NotFound => format!("there is no `{name}`"),
            _ => format!("`{name}` cannot be read: {}", reason(&error)),
        }))
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let problem = Diagnostic::error("the kernels are not written in UTF-8");
        Diagnostics::from_iter([problem.in_file(name.as_str())])
    })?;
    let name: Arc<str> = name.into();
    let (node, warnings) = parse_yaml(&Arc::new(SourceText::new(name.clone(), text)))?;
    let is_below_root = file.path.starts_with(root);
    Ok((Document { name, is_below_root, node }, warnings))
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

fn placed(problem: Diagnostic, source: &SourceFile, name: &str) -> Diagnostic {
    match &source.declared {
        Some(span) => problem.at(span),
        None => problem.in_file(name),
    }
}
