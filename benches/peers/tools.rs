//! The programs that are compared: where they are, and which versions. Runs nothing but these questions.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs.
pub(crate) struct Tools {
    /// Ours.
    pub(crate) graph: PathBuf,
    /// ninja, if it is installed.
    pub(crate) ninja: Option<PathBuf>,
    /// kas, if it is installed.
    pub(crate) kas: Option<PathBuf>,
    /// KernelCI's `kci_build`, if it is installed.
    pub(crate) kernelci: Option<PathBuf>,
}

/// A program by its path, or by its name on `PATH`.
pub(crate) fn find(said: Option<&Path>, name: &str) -> Option<PathBuf> {
    if let Some(path) = said {
        return path.canonicalize().ok();
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
}

impl Tools {
    /// Which versions, and on what machine.
    pub(crate) fn told(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let version = |program: Option<&Path>| match program {
            None => "not installed".to_owned(),
            Some(program) => {
                said(program).unwrap_or_else(|| "does not tell its version".to_owned())
            }
        };
        format!(
            "{cores} cores · {} · ninja {} · {} · {} · KernelCI {}",
            version(Some(&self.graph)),
            version(self.ninja.as_deref()),
            version(Some(Path::new("git"))),
            version(self.kas.as_deref()),
            if self.kernelci.is_some() { "installed" } else { "not installed" },
        )
    }
}

fn said(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.to_owned())
}
