//! The version of bitbake that a repository brings at a commit, read from a mirror. Clones nothing.

use graph::digest::Fields;

use crate::probe::git::{Error, Git};
use crate::probe::memory::Memory;

/// Where bitbake says its version: in poky and the like, and in its own repository.
const VERSION_FILES: [&str; 2] = ["bitbake/lib/bb/__init__.py", "lib/bb/__init__.py"];

/// The version of bitbake in a repository at a commit; `None` if it brings none, or no mirror has the commit yet.
///
/// # Errors
/// When git fails.
pub fn bitbake_version(
    git: &Git,
    memory: &dyn Memory,
    url: &str,
    commit: &str,
) -> Result<Option<String>, Error> {
    let key = Fields::of("graph bitbake version v1").field(commit).finish();
    if let Some(version) = memory.tool(&key) {
        return Ok(Some(version));
    }
    for path in VERSION_FILES {
        let Some(text) = git.read_blob(url, commit, path)? else { continue };
        if let Some(version) = version_in(&String::from_utf8_lossy(&text)) {
            memory.remember_tool(&key, version);
            return Ok(Some(version.to_owned()));
        }
    }
    Ok(None)
}

/// Finds `__version__ = "2.8.0"`.
fn version_in(text: &str) -> Option<&str> {
    let value = text.lines().find_map(|line| line.strip_prefix("__version__"))?;
    let value = value.trim_start().strip_prefix('=')?.trim().trim_matches(['"', '\'']);
    let is_version = value.starts_with(|c: char| c.is_ascii_digit())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c));
    is_version.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn bitbake_says_its_version() {
        assert_eq!(version_in("# x\n__version__ = \"2.8.0\"\n"), Some("2.8.0"));
        assert_eq!(version_in("__version__='2.10.0rc1' \n"), Some("2.10.0rc1"));
        assert_eq!(version_in("__version__ = f()\n"), None);
        assert_eq!(version_in(""), None);
    }
}
