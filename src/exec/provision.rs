//! Makes a private `kas` of one version: a virtual environment, and pip. Knows nothing of how it is run.
//!
//! A virtual environment holds its own path, so it cannot be made aside and renamed into place. Instead a mark is
//! written last; one without it is half made, by somebody who was killed, and is made anew. A lock keeps two runs
//! from making the same one.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::exec::environment::{self, Environment};
use crate::failure::{Failure, Kind};
use crate::process::{self, Call, What};

/// Says that the virtual environment is complete; holds the version.
const COMPLETE: &str = ".complete";

/// How long pip may take.
const INSTALLING: Duration = Duration::from_secs(600);

/// How many lines of pip's last words are shown.
const SHOWN: usize = 6;

/// Gives the directory of a virtual environment with this version of `kas` below `tools`, making it if need be. Tells
/// what it does. `outer` is the environment that `graph` was started in.
///
/// # Errors
/// As a failure of the environment, with what to do about it; of the input, if that is no version.
pub fn kas(
    tools: &Path,
    version: &str,
    outer: &Environment,
    mut tell: impl FnMut(&str),
) -> Result<PathBuf, Failure> {
    if !is_version(version) {
        let message = format!("`{version}` is not a version of kas");
        return Err(Failure::new(Kind::Input, message).hint("write it as in `version: \"5.2\"`"));
    }
    let name = format!("kas-{version}");
    let dir = tools.join(&name);
    if is_complete(&dir, version) {
        return Ok(dir);
    }
    let disk = |error: std::io::Error| {
        Failure::new(Kind::Environment, format!("cannot make `{}`: {error}", dir.display()))
    };
    fs::create_dir_all(tools).map_err(disk)?;
    let lock = File::create(tools.join(format!("{name}.lock"))).map_err(disk)?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        tell(&format!("waiting for another run that installs kas {version}"));
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| disk(error.into()))?;
    }
    if is_complete(&dir, version) {
        return Ok(dir);
    }
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(disk(error)),
        _ => {}
    }
    install(&dir, version, outer, &mut tell)?;
    let mut mark = File::create(dir.join(COMPLETE)).map_err(disk)?;
    mark.write_all(version.as_bytes()).and_then(|()| mark.sync_all()).map_err(disk)?;
    Ok(dir)
}

/// Whether a text is a version as pip writes them, and so neither an option nor a path.
#[must_use]
pub fn is_version(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn is_complete(dir: &Path, version: &str) -> bool {
    fs::read_to_string(dir.join(COMPLETE)).is_ok_and(|mark| mark == version)
}

fn install(
    dir: &Path,
    version: &str,
    outer: &Environment,
    tell: &mut impl FnMut(&str),
) -> Result<(), Failure> {
    let mut env = environment::base(outer);
    // Where packages come from is the user's affair: an index of the company, a proxy, a cache.
    env.extend(
        outer
            .iter()
            .filter(|(name, _)| name.starts_with("PIP_"))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let call = |program: &Path| Call::new(program).env(&env).deadline(INSTALLING);
    tell(&format!("making a Python environment for kas {version} in `{}`", dir.display()));
    call(Path::new("python3"))
        .args(["-m", "venv"])
        .args([dir])
        .answer()
        .map_err(|error| no_venv(&error))?;
    tell(&format!("installing kas {version}"));
    let python = dir.join("bin/python");
    let requirement = format!("kas=={version}");
    call(&python)
        .args([
            "-I",
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--quiet",
        ])
        .args([requirement])
        .answer()
        .map_err(|error| no_kas(version, &error))?;
    call(&python).args(["-I", "-m", "kas", "--version"]).answer().map_err(|error| {
        Failure::new(
            Kind::Environment,
            format!("kas {version} is installed but does not run: {error}"),
        )
    })?;
    Ok(())
}

fn no_venv(error: &process::Error) -> Failure {
    let failure = |message: &str| Failure::new(Kind::Environment, message);
    let debian = "on Debian and Ubuntu: `apt install python3 python3-venv`";
    match &error.what {
        What::NotFound => failure("`python3` was not found, which kas needs").hint(debian),
        // `venv` itself is there, but Debian keeps `ensurepip` in a package of its own.
        What::Failed { .. } => {
            failure(&format!("cannot make a Python environment: {}", last_words(error)))
                .hint(debian)
        }
        _ => failure(&format!("cannot make a Python environment: {error}")),
    }
    .hint("or have graph use a kas that is there: `kas: {program: kas}` in `graph.yaml`")
}

fn no_kas(version: &str, error: &process::Error) -> Failure {
    let words = last_words(error);
    let failure = Failure::new(Kind::Environment, format!("cannot install kas {version}: {words}"));
    let unreachable =
        ["NewConnectionError", "ConnectTimeout", "name resolution", "ProxyError", "SSLError"];
    let all = error.to_string();
    if unreachable.iter().any(|sign| all.contains(sign)) || matches!(error.what, What::TimedOut(_))
    {
        return failure
            .hint("the Python package index cannot be reached; pip's own settings (`PIP_INDEX_URL`, `https_proxy`) apply")
            .hint("or have graph use a kas that is there: `kas: {program: kas}` in `graph.yaml`");
    }
    if all.contains("No matching distribution") {
        return failure.hint("there is no such version, or this Python is too old for it");
    }
    failure
}

/// The end of what a program said, for a message of one paragraph.
fn last_words(error: &process::Error) -> String {
    let What::Failed { stderr, .. } = &error.what else { return error.to_string() };
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return error.to_string();
    }
    lines[lines.len().saturating_sub(SHOWN)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions() {
        for good in ["5.2", "4.8.2", "5.0rc1", "5"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", ".", "5..2", "-r x", "5.2 --pre x", "../5", "5.2\n", "v5", "5/2"] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
