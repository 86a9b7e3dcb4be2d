//! How git is asked about a checkout: all calls of it, and the settings that make files a function of the commit alone.
//! Changes nothing itself; what changes files is given as a command for a supervisor.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use graph::spec::Repository;

use super::place::Place;
use crate::address::PROTOCOLS;
use crate::exec::environment::Environment;
use crate::exec::kas::Command;
use crate::process::{self, Call};
use crate::redact::redact_url;

/// How long git may take to compare a kernel with its index on a cold, slow disk.
const COMPARING: Duration = Duration::from_secs(900);

/// The longest list of paths that is read.
const PATHS: usize = 1 << 30;

/// What of the environment tells git how to reach a remote and by which settings; everything else of git's would tell
/// it of another repository.
const PASSED: [&str; 8] = [
    "GIT_ASKPASS",
    "GIT_CONFIG",
    "GIT_CURL",
    "GIT_HTTP",
    "GIT_NO_LAZY_FETCH",
    "GIT_PROXY",
    "GIT_SSH",
    "GIT_SSL",
];

/// What a user or a repository may have set that would make other files of the same commit, or run programs. A git that
/// fetches what a mirror lacks fetches a pack, and collects nothing.
const SETTINGS: [&str; 19] = [
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.checkStat=default",
    "core.eol=lf",
    "core.fileMode=true",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.ignoreStat=false",
    "core.safecrlf=false",
    "core.sparseCheckout=false",
    "core.splitIndex=false",
    "core.symlinks=true",
    "core.trustctime=true",
    "core.untrackedCache=false",
    "fetch.unpackLimit=1",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "transfer.unpackLimit=1",
];

/// Finds the directory of a repository: a bare one, or a work tree. It may have to make it, and takes its time.
#[derive(Clone)]
pub struct Objects(Arc<Find>);

type Find = dyn Fn(&Repository) -> Result<PathBuf, String> + Send + Sync;

impl Objects {
    /// From a function, whose errors are words.
    pub fn new(
        find: impl Fn(&Repository) -> Result<PathBuf, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(find))
    }

    /// The directory that git calls `GIT_DIR`.
    pub(super) fn git_dir(&self, repository: &Repository) -> Result<PathBuf, String> {
        let dir = (self.0)(repository)?;
        let inner = dir.join(".git");
        match std::fs::read_to_string(&inner) {
            // A work tree beside its repository.
            Ok(pointer) => {
                let path = pointer.strip_prefix("gitdir: ").map(|path| path.trim_end_matches('\n'));
                path.map(|path| dir.join(path))
                    .ok_or_else(|| format!("`{}` leads to no repository", inner.display()))
            }
            Err(_) if inner.is_dir() => Ok(inner),
            Err(_) => Ok(dir),
        }
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Objects")
    }
}

/// What git gets of the environment that `graph` was started in: where a mirror lacks files, it fetches them.
#[must_use]
pub fn environment(outer: &Environment) -> Environment {
    let passed = |name: &&String| {
        !name.starts_with("GIT_") || PASSED.iter().any(|prefix| name.starts_with(prefix))
    };
    let mut environment: Environment = outer
        .iter()
        .filter(|(name, _)| passed(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    environment.entry("GIT_ASKPASS".to_owned()).or_insert_with(|| "true".into());
    for (name, value) in [
        ("GIT_ALLOW_PROTOCOL", PROTOCOLS),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("LC_ALL", "C"),
        ("SSH_ASKPASS_REQUIRE", "never"),
    ] {
        environment.insert(name.to_owned(), value.into());
    }
    environment
}

/// Git on the files of one place.
#[derive(Debug, Clone)]
pub(super) struct Git {
    pub(super) environment: Arc<Environment>,
    pub(super) git_dir: PathBuf,
    pub(super) place: Place,
}

impl Git {
    /// Makes the files those of a commit, whatever they were.
    pub(super) fn read_tree(&self, commit: &str) -> Command {
        self.command(&["read-tree", "--reset", "-u", commit])
    }

    /// Removes what is not of the commit.
    pub(super) fn clean(&self) -> Command {
        self.command(&["clean", "-f", "-f", "-d", "-x", "-q"])
    }

    /// Notes in the index how the files look now; fails if one differs.
    pub(super) fn refresh(&self) -> Command {
        self.command(&["update-index", "-q", "--refresh"])
    }

    /// Whether the index is that of a commit.
    pub(super) fn is_of(&self, commit: &str) -> Result<bool, String> {
        let call = self.call(&["diff-index", "--cached", "--quiet", commit, "--"]);
        Ok(call.outcome().map_err(|error| in_words(&error))?.1.success())
    }

    /// The paths of what was changed, removed or added since the index was made.
    pub(super) fn changed(&self) -> Result<Vec<String>, String> {
        let differing =
            || self.paths(&["diff-files", "--name-only", "-z", "--ignore-submodules=all"]);
        let mut changed = differing()?;
        if !changed.is_empty() {
            // They look different; now their contents are compared.
            self.call(&["update-index", "-q", "--refresh"])
                .outcome()
                .map_err(|error| in_words(&error))?;
            changed = differing()?;
        }
        changed.extend(self.paths(&["ls-files", "--others", "--directory", "-z"])?);
        Ok(changed)
    }

    /// What steers how git writes files, as the index has it.
    pub(super) fn attributes(&self) -> Result<Vec<u8>, String> {
        let pattern = ":(glob)**/.gitattributes";
        let call = self.call(&["ls-files", "--stage", "-z", "--", pattern]);
        Ok(call.answer().map_err(|error| in_words(&error))?.stdout)
    }

    fn paths(&self, args: &[&str]) -> Result<Vec<String>, String> {
        let answer = self.call(args).limit(PATHS).answer().map_err(|error| in_words(&error))?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    }

    fn call(&self, args: &[&str]) -> Call {
        let Command { argv, env, .. } = self.command(args);
        Call::new(&argv[0]).args(&argv[1..]).env(env).dir(self.place.tree()).deadline(COMPARING)
    }

    fn command(&self, args: &[&str]) -> Command {
        let option = |name: &str, path: &Path| {
            let mut option = OsString::from(name);
            option.push(path);
            option
        };
        let mut argv: Vec<OsString> = vec!["git".into()];
        argv.push(option("--git-dir=", &self.git_dir));
        argv.push(option("--work-tree=", &self.place.tree()));
        argv.extend(SETTINGS.iter().flat_map(|setting| ["-c", setting]).map(OsString::from));
        argv.extend(args.iter().map(OsStr::new).map(OsStr::to_owned));
        let mut env = (*self.environment).clone();
        env.insert("GIT_INDEX_FILE".to_owned(), self.place.index().into());
        Command { argv, env, after_kill: Vec::new() }
    }
}

fn in_words(error: &process::Error) -> String {
    redact_url(&error.to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::environment;

    #[test]
    fn of_an_outer_git_only_the_way_to_a_remote_is_passed_on() {
        let names = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "HOME"];
        let outer: BTreeMap<_, _> =
            names.iter().map(|name| ((*name).to_owned(), "x".into())).collect();
        let passed = environment(&outer);
        let is_there = |name: &&str| passed.contains_key(*name);
        let there: Vec<&str> = names.into_iter().filter(is_there).collect();
        assert_eq!(there, ["GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "HOME"]);
    }
}
