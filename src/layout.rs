//! Where everything of a project lies on disk, below its root and below `.graph`. Pure paths; touches nothing.
//!
//! ```text
//! .graph/                    the state directory; `cache.dir` in `graph.yaml` moves it
//!   .gitignore CACHEDIR.TAG  so that neither git nor backups look inside
//!   cache.db  lock           records and digests; who writes now
//!   store/                   artifacts, by digest
//!   out/<node>/              what users look at
//!   work/<node>/             KAS_WORK_DIR of a node, and work/<node>/build its KAS_BUILD_DIR
//!   sources/<slot>/          the files of a commit, which all builds of it share
//!   shims/                   the compiler cache under the names of compilers; made anew by each build
//!   logs/<run>/<node>.log    what a node said
//!   git/                     mirrors; `shared.git` in `graph.yaml` moves them; and clones under way, which a build
//!                            removes when nobody has touched them for a day
//!   tools/kas-<version>/     programs that `graph` provisioned
//! ```

use std::path::{Path, PathBuf};

use graph::name::NodeName;

/// The name of the state directory where the configuration gives no other.
pub const STATE_DIR: &str = ".graph";

/// The paths of one project.
///
/// Invariant: all are absolute if the root is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    state: PathBuf,
    git: PathBuf,
}

impl Layout {
    /// The layout of a project. Relative paths are taken from the root; `git` overrides where mirrors are.
    #[must_use]
    pub fn new(root: &Path, state: &Path, git: Option<&Path>) -> Self {
        let state = root.join(state);
        let git = git.map_or_else(|| state.join("git"), |git| root.join(git));
        Self { root: root.to_owned(), state, git }
    }

    /// Holds the compiler cache under the names of compilers.
    #[must_use]
    pub fn shims(&self) -> PathBuf {
        self.state.join("shims")
    }

    /// The project's root: paths of the configuration are relative to it.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The state directory, `.graph`.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.state.join("cache.db")
    }

    /// The file that a writing command locks.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// The artifact store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.state.join("store")
    }

    /// Where the outputs of all nodes lie.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.state.join("out")
    }

    /// Where users find what a node made.
    #[must_use]
    pub fn out_dir(&self, node: &NodeName) -> PathBuf {
        self.out().join(&*node.path())
    }

    /// Where all nodes work.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.state.join("work")
    }

    /// Where a node works: `KAS_WORK_DIR`.
    #[must_use]
    pub fn work_dir(&self, node: &NodeName) -> PathBuf {
        self.work().join(&*node.path())
    }

    /// Where a node builds: `KAS_BUILD_DIR`.
    #[must_use]
    pub fn build_dir(&self, node: &NodeName) -> PathBuf {
        self.work_dir(node).join("build")
    }

    /// Where the files of commits lie that builds share.
    #[must_use]
    pub fn sources(&self) -> PathBuf {
        self.state.join("sources")
    }

    /// The logs of a run.
    #[must_use]
    pub fn log_dir(&self, run: i64) -> PathBuf {
        self.state.join("logs").join(run.to_string())
    }

    /// What a node said in a run.
    #[must_use]
    pub fn log_file(&self, run: i64, node: &NodeName) -> PathBuf {
        self.log_dir(run).join(format!("{}.log", node.file_stem()))
    }

    /// Bare mirrors of remote repositories, named as kas names them, so that `KAS_REPO_REF_DIR` can be this.
    #[must_use]
    pub fn git(&self) -> &Path {
        &self.git
    }

    /// Programs that `graph` provisioned.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.state.join("tools")
    }

    /// The virtual environment of a pinned kas. The version must have been validated as one path component.
    #[must_use]
    pub fn kas_venv(&self, version: &str) -> PathBuf {
        self.tools().join(format!("kas-{version}"))
    }

    /// A path as messages show it: relative to the root where it lies below it.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use graph::name::NodeName;

    use super::{Layout, STATE_DIR};

    #[test]
    fn everything_lies_below_the_state_directory() {
        let layout = Layout::new(Path::new("/p"), Path::new(STATE_DIR), None);
        let node = NodeName::parse("image/rpi-scarthgap").unwrap();
        assert_eq!(layout.out_dir(&node), Path::new("/p/.graph/out/image/rpi-scarthgap"));
        assert_eq!(layout.build_dir(&node), layout.work_dir(&node).join("build"));
        assert_eq!(
            layout.work_dir(&node).strip_prefix(layout.state()),
            Ok(Path::new("work/image/rpi-scarthgap"))
        );
        assert_eq!(
            layout.log_file(7, &node),
            Path::new("/p/.graph/logs/7/image~rpi-scarthgap.log")
        );
        assert_eq!(layout.git(), Path::new("/p/.graph/git"));
        assert_eq!(layout.shown(&layout.store()), ".graph/store");
    }

    #[test]
    fn configured_directories_may_lie_elsewhere() {
        let layout = Layout::new(Path::new("/p"), Path::new("/var/g"), Some(Path::new("mirrors")));
        assert_eq!(layout.database(), Path::new("/var/g/cache.db"));
        assert_eq!(layout.git(), Path::new("/p/mirrors"));
    }
}
