//! The world as the command found it: working directory, environment, clock, terminal. Read once, passed on.
//! Knows no project and no verb.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

/// Everything that a command takes from the world without being told.
#[derive(Debug, Clone)]
pub struct Context {
    /// The working directory, absolute.
    pub cwd: PathBuf,
    /// The environment that `graph` was started in.
    pub env: Environment,
    /// Whether somebody looks at standard output.
    pub stdout: Audience,
    /// Whether somebody looks at standard error.
    pub stderr: Audience,
    /// Columns of the terminal, where there is one or `COLUMNS` says so.
    pub width: Option<u16>,
    /// Which continuous integration this runs in.
    pub ci: Ci,
    /// When the command began, for durations.
    pub started: Instant,
    /// When the command began, for people and records.
    pub began: SystemTime,
    /// The version of `graph`.
    pub version: &'static str,
    /// This very program, for the processes that it starts of itself.
    pub executable: PathBuf,
}

/// Who reads a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A terminal.
    Terminal,
    /// A file, a pipe or a log.
    Stream,
}

impl Audience {
    fn of(stream: &impl IsTerminal) -> Self {
        if stream.is_terminal() { Self::Terminal } else { Self::Stream }
    }

    /// Whether it is a terminal.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        self == Self::Terminal
    }
}

/// Which continuous integration a command runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// None: a person started it.
    None,
    /// GitHub Actions, whose logs can be folded.
    GitHub,
    /// Any other that sets `CI`.
    Other,
}

impl Ci {
    fn of(env: &Environment) -> Self {
        let set = |name| env.text(name).is_some_and(|value| !matches!(value, "" | "0" | "false"));
        match (set("GITHUB_ACTIONS"), set("CI")) {
            (true, _) => Self::GitHub,
            (false, true) => Self::Other,
            (false, false) => Self::None,
        }
    }
}

/// The environment's variables, in order of name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The value of a variable, if it is set and is UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(OsStr::to_str)
    }

    /// The value of a variable, if it is set.
    #[must_use]
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable as a path, if it is set and not empty.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// All variables, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Context {
    /// Reads the world.
    ///
    /// # Errors
    /// When the working directory is gone, or the program cannot tell where it lies itself.
    pub fn read() -> std::io::Result<Self> {
        let env: Environment = std::env::vars_os().collect();
        Ok(Self {
            cwd: std::env::current_dir()?,
            stdout: Audience::of(&std::io::stdout()),
            stderr: Audience::of(&std::io::stderr()),
            width: width(&env),
            ci: Ci::of(&env),
            started: Instant::now(),
            began: SystemTime::now(),
            version: env!("CARGO_PKG_VERSION"),
            executable: std::env::current_exe()?,
            env,
        })
    }

    /// When the command began, in milliseconds since 1970, as records have it.
    #[must_use]
    pub fn began_ms(&self) -> i64 {
        let since = self.began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Standard error is asked first, because that is where the live display goes; either of the two may be a pipe.
fn width(env: &Environment) -> Option<u16> {
    let said = env.text("COLUMNS").and_then(|text| text.parse().ok()).filter(|&width| width > 0);
    let columns = |size: rustix::io::Result<rustix::termios::Winsize>| {
        size.ok().map(|size| size.ws_col).filter(|&width| width > 0)
    };
    said.or_else(|| columns(rustix::termios::tcgetwinsize(std::io::stderr())))
        .or_else(|| columns(rustix::termios::tcgetwinsize(std::io::stdout())))
}

#[cfg(test)]
mod tests {
    use super::{Ci, Environment};

    #[test]
    fn continuous_integration_is_told_by_its_variables() {
        let ci = |variables: &[(&str, &str)]| Ci::of(&variables.iter().copied().collect());
        assert_eq!(ci(&[]), Ci::None);
        assert_eq!(ci(&[("CI", "true")]), Ci::Other);
        assert_eq!(ci(&[("CI", "false")]), Ci::None);
        assert_eq!(ci(&[("CI", "")]), Ci::None);
        assert_eq!(ci(&[("CI", "true"), ("GITHUB_ACTIONS", "true")]), Ci::GitHub);
    }

    #[test]
    fn an_empty_variable_is_set_but_is_no_path() {
        let env: Environment = [("SSTATE_DIR", "")].into_iter().collect();
        assert_eq!(env.text("SSTATE_DIR"), Some(""));
        assert_eq!(env.path("SSTATE_DIR"), None);
    }
}
