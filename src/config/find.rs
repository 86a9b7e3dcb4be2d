//! Finds the project that a command is meant for, and opens its settings. Reads `graph.yaml` and no other file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::locate::{Segment, Side, locate};
use super::read::parse;
use super::settings::Settings;
use crate::diagnostic::{Diagnostic, Diagnostics, SourceText, Span, reason};
use crate::failure::{Failure, Kind};
use crate::layout::Layout;

/// The name of the configuration.
pub const CONFIG_FILE: &str = "graph.yaml";

/// Where machines are looked for, in this order, relative to the root.
const MACHINES: [&str; 2] = [".github/machines.json", "machines.json"];

/// Where kernels are looked for, in this order, relative to the root.
const KERNELS: [&str; 2] = ["build-configs.yaml", "config/core/build-configs.yaml"];

/// The project that a command is meant for.
#[derive(Debug, Clone)]
pub struct Project {
    /// The directory that all paths of the configuration are relative to, absolute.
    pub root: PathBuf,
    /// Its settings; shared directories are absolute.
    pub settings: Settings,
    /// The `graph.yaml`, if it has one.
    pub config_path: Option<PathBuf>,
    /// The `machines.json` files, relative to the root where they lie below it. They may be missing, if named.
    pub machines: Vec<PathBuf>,
    /// The `build-configs.yaml` files and directories, likewise.
    pub kernels: Vec<PathBuf>,
    text: Option<Arc<SourceText>>,
}

impl Project {
    /// Where `graph.yaml` names a file of machines, by its number; `None` if it was found without being named.
    #[must_use]
    pub fn machines_declared(&self, index: usize) -> Option<Span> {
        self.settings.sources.machines.as_ref()?;
        self.source_declared("machines", index)
    }

    /// Where `graph.yaml` names a source of kernels, likewise.
    #[must_use]
    pub fn kernels_declared(&self, index: usize) -> Option<Span> {
        self.settings.sources.kernels.as_ref()?;
        self.source_declared("kernels", index)
    }

    fn source_declared(&self, kind: &str, index: usize) -> Option<Span> {
        let key = |name: &str| Segment::Key(name.to_owned());
        let path = [key("sources"), key(kind), Segment::Index(index)];
        Some(locate(self.text.as_ref()?, &path, Side::Value))
    }

    /// The text of its `graph.yaml`, as it was read.
    #[must_use]
    pub fn config_text(&self) -> Option<&str> {
        self.text.as_ref().map(|source| source.text.as_str())
    }

    /// Where everything of it lies.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.settings.layout(&self.root)
    }

    fn new(root: &Path, config: Option<(PathBuf, Arc<SourceText>)>, settings: Settings) -> Self {
        let (config_path, text) = config.unzip();
        let named = |list: &Option<super::OneOrMany>| {
            list.as_ref().map(|list| list.0.iter().map(PathBuf::from).collect::<Vec<_>>())
        };
        let machines = named(&settings.sources.machines);
        let kernels = named(&settings.sources.kernels);
        Self {
            machines: machines.unwrap_or_else(|| first_of(root, &MACHINES)),
            kernels: kernels.unwrap_or_else(|| first_of(root, &KERNELS)),
            root: root.to_owned(),
            settings: settings.rooted(root),
            config_path,
            text,
        }
    }
}

/// The `machines.json` and the `build-configs.yaml` that lie in the usual places of a project.
#[must_use]
pub fn usual_sources(root: &Path) -> (Option<PathBuf>, Option<PathBuf>) {
    (first_of(root, &MACHINES).pop(), first_of(root, &KERNELS).pop())
}

fn first_of(root: &Path, candidates: &[&str]) -> Vec<PathBuf> {
    candidates
        .iter()
        .find(|path| root.join(path).is_file())
        .map(PathBuf::from)
        .into_iter()
        .collect()
}

/// Finds the project above or in a directory: the nearest `graph.yaml`, else the nearest sources.
///
/// # Errors
/// A [`Failure`] of kind input: there is none, or its `graph.yaml` is wrong.
pub fn find(directory: &Path) -> Result<Project, Failure> {
    // One that cannot be read is not passed over: whatever is done without its settings is not what was meant.
    let has_settings = |dir: &&Path| dir.join(CONFIG_FILE).symlink_metadata().is_ok();
    if let Some(root) = directory.ancestors().find(has_settings) {
        return open(root);
    }
    let has_sources =
        |dir: &&Path| MACHINES.iter().chain(&KERNELS).any(|path| dir.join(path).is_file());
    match directory.ancestors().find(has_sources) {
        Some(root) => Ok(Project::new(root, None, Settings::default())),
        None => Err(Failure::new(
            Kind::Input,
            format!(
                "there is no `{CONFIG_FILE}`, `machines.json` or `build-configs.yaml` in `{}` or above it",
                directory.display()
            ),
        )
        .hint("run `graph init` where your kas files are, to begin")
        .hint("run `graph demo` to see it work on an example")),
    }
}

/// Opens the project whose root is known.
///
/// # Errors
/// A [`Failure`] of kind input when its `graph.yaml` is wrong or cannot be read.
pub fn open(root: &Path) -> Result<Project, Failure> {
    let path = root.join(CONFIG_FILE);
    if path.symlink_metadata().is_err() {
        return Ok(Project::new(root, None, Settings::default()));
    }
    let bad = |problem: String| {
        let problem = Diagnostic::error(problem).in_file(CONFIG_FILE);
        Failure::input(Diagnostics::from_iter([problem]))
    };
    let bytes = std::fs::read(&path)
        .map_err(|error| bad(format!("the settings cannot be read: {}", reason(&error))))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| bad("the settings are not written in UTF-8".to_owned()))?;
    let source = Arc::new(SourceText::new(CONFIG_FILE, text));
    let settings = parse(&source).map_err(Failure::input)?;
    if root.starts_with(root.join(&settings.cache.dir)) {
        return Err(Failure::new(Kind::Input, "`cache.dir` must not hold the project itself"));
    }
    Ok(Project::new(root, Some((path, source)), settings))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::find;

    #[test]
    fn the_nearest_configuration_wins_over_nearer_sources() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("a/.github/machines.json", "{}");
        write("a/b/c/x", "");
        let project = find(&dir.path().join("a/b/c")).unwrap();
        assert_eq!(project.root, dir.path().join("a"));
        assert_eq!(project.machines, [Path::new(".github/machines.json")]);
        assert_eq!(project.config_path, None);

        write("graph.yaml", "version: 1\nshared: {sstate: s}\nsources: {machines: m.json}\n");
        let project = find(&dir.path().join("a/b/c")).unwrap();
        assert_eq!(project.root, dir.path());
        assert_eq!(project.machines, [Path::new("m.json")]);
        assert_eq!(project.settings.shared.sstate, Some(dir.path().join("s")));
    }

    #[test]
    fn nothing_found_says_how_to_begin() {
        let dir = tempfile::tempdir().unwrap();
        let failure = find(dir.path()).unwrap_err();
        assert!(failure.hints.iter().any(|hint| hint.contains("graph init")));
    }
}
