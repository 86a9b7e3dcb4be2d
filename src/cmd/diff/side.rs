//! One side of a comparison: what was typed, where its files are, and what they mean.

use std::path::Path;
use std::sync::Arc;

use crate::cmd::checkouts::Mirrors;
use crate::cmd::opened::sources;
use crate::cmd::resolve::chain;
use crate::config::Project;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::{Failure, Kind};
use crate::front::kas::{Effective, FileCache, load_chain};
use crate::front::machines::{Declared, declared, load_build};
use crate::layout::Layout;
use crate::probe::git::{Git, Revision};
use crate::probe::{Forgetful, Memory, Mode, Probe, Reread};

/// The extensions of kas files and of files of machines.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// What a side means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A chain, as it was typed.
    Chain(String),
    /// The image of one machine.
    Node(String),
    /// The images of all machines.
    All,
}

/// A side as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Side {
    /// The revision; `None` is the work tree.
    pub(super) revision: Option<String>,
    /// What of it.
    pub(super) what: What,
}

impl Side {
    /// Reads what was typed: `[REV:]CHAIN`, `[REV:]image/MACHINE-BRANCH`, or a revision alone.
    pub(super) fn parse(typed: &str) -> Self {
        let is_file = |text: &str| {
            let extension = Path::new(text).extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
        };
        let is_node = |text: &str| text.starts_with("image/") || text.starts_with("sdk/");
        let what = |text: &str| match is_node(text) && !is_file(text) {
            true => What::Node(text.replacen("sdk/", "image/", 1)),
            false => What::Chain(text.to_owned()),
        };
        match typed.split_once(':') {
            Some((revision, rest)) if !is_file(revision) => {
                let what = if rest.is_empty() { What::All } else { what(rest) };
                Self { revision: Some(revision.to_owned()), what }
            }
            Some(_) => Self { revision: None, what: what(typed) },
            None if typed == "." => Self { revision: None, what: What::All },
            None if is_file(typed) || is_node(typed) => Self { revision: None, what: what(typed) },
            None => Self { revision: Some(typed.to_owned()), what: What::All },
        }
    }
}

/// What a side means: configurations by the name of their node, which a chain has not.
pub(super) struct Meaning {
    pub(super) configurations: Vec<(Option<Arc<str>>, Effective)>,
    pub(super) warnings: Diagnostics,
}

/// Everything that sides are read with.
pub(super) struct Reader<'a> {
    pub(super) context: &'a Context,
    pub(super) project: Option<&'a Project>,
    pub(super) root: &'a Path,
    pub(super) git: &'a Git,
    pub(super) memory: &'a dyn Memory,
}

impl Reader<'_> {
    /// Reads a side.
    pub(super) fn read(&self, side: &Side) -> Result<Meaning, Failure> {
        let Some(revision) = &side.revision else {
            return self.meaning(&side.what, self.root, &self.context.cwd);
        };
        let commit = self.commit(revision)?;
        let dir = tempfile::tempdir().map_err(|error| environment(&error))?;
        let top = std::fs::canonicalize(dir.path()).map_err(|error| environment(&error))?;
        let root = self
            .git
            .write_files(self.root, &commit, &EXTENSIONS, &top)
            .map_err(|error| environment(&error))?;
        let below = self.context.cwd.strip_prefix(self.root).unwrap_or(Path::new(""));
        self.meaning(&side.what, &root, &root.join(below))
    }

    fn commit(&self, revision: &str) -> Result<String, Failure> {
        let bad = |message: String| Failure::new(Kind::Input, message);
        match self.git.revision(self.root, revision).map_err(|error| environment(&error))? {
            Revision::Commit(commit) => Ok(commit),
            Revision::NoRepository => Err(bad(format!(
                "`{revision}` is no file, and this project is in no git repository"
            ))),
            Revision::Unknown { shallow: true } => Err(bad(format!(
                "this clone is shallow and has no revision `{revision}`"
            ))
            .hint("`git fetch --unshallow` brings the rest; in a workflow, `fetch-depth: 0`")),
            Revision::Unknown { shallow: false } => Err(bad(format!(
                "there is no revision `{revision}`"
            ))
            .hint("a chain is written as files that end in `.yaml`, a machine as `image/…`")),
        }
    }

    fn meaning(&self, what: &What, root: &Path, cwd: &Path) -> Result<Meaning, Failure> {
        let settings = self.project.map(|project| project.settings.clone()).unwrap_or_default();
        let layout = self.project.map_or_else(
            || Layout::new(root, Path::new(crate::layout::STATE_DIR), None),
            Project::layout,
        );
        // Directories of repositories without a URL are those of the side; mirrors are the project's.
        let side = Layout::new(root, layout.state(), Some(layout.git()));
        let (env, now) = (&self.context.env, self.context.began_ms());
        let (files, memory, mode) = (&Reread, self.memory, Mode::Offline);
        let probe = Probe { layout: &side, settings: &settings, env, files, memory, mode, now };
        let mirrors = Mirrors::new(&probe);
        let cache = FileCache::new(root);
        match what {
            What::Chain(typed) => {
                let chain = chain(typed, cwd, root)
                    .map_err(|problem| Failure::input([problem].into_iter().collect()))?;
                let merged = load_chain(&chain, &mirrors, &cache).map_err(Failure::input)?;
                let (effective, more) = Effective::of(&merged).map_err(Failure::input)?;
                let mut warnings = merged.warnings.clone();
                warnings.extend(more);
                merged.missing_repos.iter().for_each(|repo| warnings.push(incomplete(repo)));
                Ok(Meaning { configurations: vec![(None, effective)], warnings })
            }
            What::Node(_) | What::All => self.machines(what, root, &mirrors, &cache),
        }
    }

    fn machines(
        &self,
        what: &What,
        root: &Path,
        mirrors: &Mirrors<'_>,
        cache: &FileCache,
    ) -> Result<Meaning, Failure> {
        let Some(project) = self.project else {
            return Err(Failure::new(Kind::Input, "there is no project here, and so no machines"));
        };
        let (machines, mut warnings) = declared(&sources(project), root).map_err(Failure::input)?;
        let (mut configurations, mut problems) = (Vec::new(), Diagnostics::default());
        for Declared { yocto_branch, machine } in &machines {
            let name: Arc<str> =
                format!("image/{}-{}", machine.name.value, yocto_branch.value).into();
            if matches!(what, What::Node(wanted) if **wanted != *name) {
                continue;
            }
            match load_build(machine, &yocto_branch.value, mirrors, cache) {
                Ok((build, more)) => {
                    warnings.extend(more);
                    build
                        .merged
                        .missing_repos
                        .iter()
                        .for_each(|repo| warnings.push(incomplete(repo)));
                    configurations.push((Some(name), build.effective));
                }
                Err(errors) => problems.extend(errors),
            }
        }
        if problems.has_errors() {
            return Err(Failure::input(problems));
        }
        Ok(Meaning { configurations, warnings })
    }
}

fn incomplete(repo: &str) -> Diagnostic {
    let problem =
        format!("the repository `{repo}` is not there yet, so what its files add is missing");
    Diagnostic::warning(problem).hint("`graph build` clones it")
}

fn environment(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::Environment, error.to_string())
}

/// What remembers nothing, where there is no project.
pub(super) const NOTHING: Forgetful = Forgetful;

#[cfg(test)]
mod tests {
    use super::{Side, What};

    #[test]
    fn sides_are_told_apart() {
        let chain = |text: &str| What::Chain(text.to_owned());
        let node = |text: &str| What::Node(text.to_owned());
        for (typed, revision, what) in [
            ("kas/a.yaml", None, chain("kas/a.yaml")),
            ("kas/a.yaml:kas/b.yml", None, chain("kas/a.yaml:kas/b.yml")),
            ("HEAD~1:kas/a.yaml:b.json", Some("HEAD~1"), chain("kas/a.yaml:b.json")),
            ("image/rpi-scarthgap", None, node("image/rpi-scarthgap")),
            ("v1.0:sdk/rpi-scarthgap", Some("v1.0"), node("image/rpi-scarthgap")),
            ("origin/main", Some("origin/main"), What::All),
            ("main:", Some("main"), What::All),
            (".", None, What::All),
        ] {
            let expect = Side { revision: revision.map(str::to_owned), what };
            assert_eq!(Side::parse(typed), expect, "{typed}");
        }
    }
}
