//! Of the inputs of a node, what its programs get of the world: variables, directories, and secrets not to be shown.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use graph::spec::{Node, Source, Variable};

use crate::exec::environment::Environment;
use crate::exec::worktree;
use crate::redact::is_secret_name;

/// What must not be shown of a source; what the environment says is known to the redactor already.
pub(super) fn secret(source: &Source) -> Option<&str> {
    match source {
        Source::Secret(text) => Some(text),
        Source::Env(variable) if is_secret_name(&variable.name) => variable.default.as_deref(),
        _ => None,
    }
}

/// The variables that are inputs of a node: as the outer environment has them, else by their default.
pub(super) fn variables(node: &Node, outer: &Environment) -> Environment {
    let value = |variable: &Variable| {
        let default = || variable.default.as_deref().map(OsString::from);
        outer.get(&*variable.name).cloned().or_else(default)
    };
    let variables = node.inputs.iter().filter_map(|input| match &input.source {
        Source::Env(variable) => Some((variable.name.to_string(), value(variable)?)),
        _ => None,
    });
    variables.collect()
}

/// What a node reads in place outside the project, and what git needs there.
pub(super) fn outside(node: &Node, root: &Path) -> Vec<PathBuf> {
    let path = |source: &Source| match source {
        Source::File(path) | Source::Series(path) => Some(PathBuf::from(&**path)),
        Source::Tree(tree) => Some(PathBuf::from(&*tree.dir)),
        _ => None,
    };
    let paths = node.inputs.iter().filter_map(|input| path(&input.source));
    let mut outside: Vec<PathBuf> =
        paths.filter(|path| path.is_absolute() && !path.starts_with(root)).collect();
    let trees = std::iter::once(root).chain(outside.iter().map(PathBuf::as_path));
    let repositories: Vec<PathBuf> = trees.flat_map(worktree::elsewhere).collect();
    outside.extend(repositories);
    outside
}
