//! How `git` is called: with what environment, what time and what words when it fails. Knows no subcommand.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use graph::digest::{Digest, Fields};

use crate::address::{BadAddress, PROTOCOLS};
use crate::context::Environment;
use crate::probe::content::{Content, Files, Links};
use crate::process::{self, Call, What};
use crate::redact::redact_url;

/// Variables by which an outer git, such as one that runs a hook, tells its repository to an inner one. Ours are
/// always told by the directory.
const LOCAL: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// How long git may take over what lies on a disk.
const LOCAL_DEADLINE: Duration = Duration::from_secs(120);

/// The `git` program of one command.
#[derive(Debug, Clone)]
pub struct Git {
    env: Vec<(OsString, OsString)>,
    pub(super) mirrors: PathBuf,
    pub(super) deadline: Duration,
}

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was not asked.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// It did not answer well. User information in URLs is masked.
    #[error("{}", told(.0))]
    Process(#[from] process::Error),
    /// What it said is not to be understood.
    #[error("`{0}` gave no clear answer")]
    Unclear(&'static str),
    /// An object is not at hand, as in a partial clone.
    #[error("git has no object `{0}` at hand")]
    Object(String),
    /// A directory of ours could not be used.
    #[error("cannot use `{}`: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What git says when something else, such as ssh, has said why.
const NO_REASON: &str = "Could not read from remote repository.";

/// Of what git says, the line that tells why; the rest is progress and advice.
fn told(error: &process::Error) -> String {
    let What::Failed { stderr, .. } = &error.what else {
        return redact_url(&error.to_string()).into_owned();
    };
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let reason = |line: &'_ str| -> Option<String> {
        let why = line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: "))?;
        (why != NO_REASON).then(|| why.to_owned())
    };
    let before = || lines().take_while(|line| !line.ends_with(NO_REASON)).last().map(str::to_owned);
    match lines().find_map(reason).or_else(before) {
        Some(why) => format!("git: {}", redact_url(&why)),
        None => redact_url(&error.to_string()).into_owned(),
    }
}

impl Git {
    /// Git with the environment of the command, mirrors in a directory, and a time that a remote may take to answer.
    #[must_use]
    pub fn new(env: &Environment, mirrors: &Path, deadline: Duration) -> Self {
        let set = |name: &str| env.os(name).is_some();
        let mut variables: Vec<(OsString, OsString)> = env
            .iter()
            .filter(|(name, _)| !LOCAL.iter().any(|local| name == local))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut fix = |name: &str, value: &str| variables.push((name.into(), value.into()));
        fix("GIT_TERMINAL_PROMPT", "0");
        fix("GIT_ALLOW_PROTOCOL", PROTOCOLS);
        fix("GIT_OPTIONAL_LOCKS", "0");
        fix("LC_ALL", "C");
        // An ssh that asks for a password would wait for someone who does not see the question.
        fix("SSH_ASKPASS_REQUIRE", "never");
        if !set("GIT_ASKPASS") {
            fix("GIT_ASKPASS", "true");
        }
        Self { env: variables, mirrors: mirrors.to_owned(), deadline }
    }

    /// The last value of a variable, which is the one that counts.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        let named = |(key, _): &&(OsString, OsString)| key == name;
        self.env.iter().rev().find(named).map(|(_, value)| value.as_os_str())
    }

    /// The names and values of the variables by which git reads repositories in one way or another.
    pub(in crate::probe) fn variables(&self) -> impl Iterator<Item = &[u8]> {
        let counts = |name: &[u8]| {
            name.starts_with(b"GIT_") || matches!(name, b"HOME" | b"XDG_CONFIG_HOME" | b"USER")
        };
        self.env
            .iter()
            .filter(move |(name, _)| counts(name.as_encoded_bytes()))
            .flat_map(|(name, value)| [name.as_encoded_bytes(), value.as_encoded_bytes()])
    }

    /// What besides a repository decides what git says of it: variables, the user, and the configuration of the user and
    /// of the host, as far as it lies in the usual files.
    pub(in crate::probe) fn surroundings(&self, files: &dyn Files) -> Option<Digest> {
        if self.variable("GIT_REFERENCE_BACKEND").is_some() {
            return None;
        }
        let mut fields = Fields::of("graph git surroundings v1");
        fields.add(rustix::process::geteuid().as_raw().to_le_bytes());
        self.variables().for_each(|part| fields.add(part));
        let home = self.variable("HOME").map(PathBuf::from).unwrap_or_default();
        let config =
            self.variable("XDG_CONFIG_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
        let own = config.unwrap_or_else(|| home.join(".config")).join("git/config");
        let paths = [home.join(".gitconfig"), own, PathBuf::from("/etc/gitconfig")];
        for content in files.look(&paths, Links::Followed) {
            match content.ok()? {
                Content::Missing => fields.add(b""),
                content => fields.add(content.digest()?.as_bytes()),
            }
        }
        Some(fields.finish())
    }

    /// A call in a directory.
    pub(super) fn call<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Call {
        Call::new("git")
            .dir(dir)
            .env(self.env.iter().map(|(name, value)| (name, value)))
            .args(args)
            .deadline(LOCAL_DEADLINE)
    }
}

/// Whether git said that there is no repository, as opposed to one that it will not or cannot read.
pub(super) fn is_no_repository(error: &process::Error) -> bool {
    matches!(&error.what, What::Failed { stderr, .. } if stderr.contains("not a git repository"))
}
