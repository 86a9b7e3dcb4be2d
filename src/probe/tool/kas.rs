//! Which version of kas builds here, and what versions of kas can do. Builds nothing with it.
//!
//! `kas --version` takes 170 ms, which is more than everything else of a plan. So its answer is remembered under a key
//! that covers the files that make it (see `python`), and asked again where that cannot be told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use graph::digest::Digest;

use super::find::find_program;
use super::image::image_digest;
use super::python::{module_identity, script_identity};
use crate::config::Kas;
use crate::context::Environment;
use crate::layout::Layout;
use crate::probe::memory::Memory;
use crate::process::Call;

/// The file whose change is a change of the version.
const VERSION_FILE: &str = "kas/__version__.py";

/// A cold Python on a network file system is slow.
const DEADLINE: Duration = Duration::from_secs(60);

/// What kas needs to tell its version, and nothing by which it could tell another one's.
const PASSED: [&str; 7] =
    ["PATH", "HOME", "LANG", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH"];

/// The newest configuration format of each release that brought one; from the tags of kas' repository.
const FORMATS: [(&str, u32); 13] = [
    ("2.6", 11),
    ("3.1", 12),
    ("3.2", 13),
    ("3.3", 14),
    ("4.1", 15),
    ("4.2", 16),
    ("4.4", 17),
    ("4.6", 18),
    ("4.8", 19),
    ("5.0", 20),
    ("5.2", 21),
    ("5.3", 22),
    ("5.4", 23),
];

/// The first release that refuses `_source_dir` in any file but the first of a chain.
const REFUSES_LATE_SOURCE_DIR: &str = "5.3";

/// What a kas says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KasVersion {
    /// Its version: `5.2`.
    pub version: String,
    /// The newest `header.version` that it reads.
    pub newest_format: Option<u32>,
}

/// Finds out about kas.
#[derive(Clone, Copy)]
pub struct KasProbe<'a> {
    /// Which kas the settings name.
    pub kas: &'a Kas,
    /// The environment of the command.
    pub env: &'a Environment,
    /// Where virtual environments are.
    pub layout: &'a Layout,
    /// Where answers are remembered.
    pub memory: &'a dyn Memory,
}

impl KasProbe<'_> {
    /// What identifies the kas that would build: its version, or the digest of the image that holds it.
    ///
    /// # Errors
    /// Why it cannot be told, in users' words.
    pub fn identify(&self) -> Result<String, String> {
        match self.kas {
            Kas::Image(image) => image_digest(self.env, image),
            Kas::Program(_) | Kas::Version(_) => self.version().map(|told| told.version),
        }
    }

    /// The version of the kas that would build. One that is yet to be provisioned has the version that is asked for.
    ///
    /// # Errors
    /// Why it cannot be told, in users' words.
    pub fn version(&self) -> Result<KasVersion, String> {
        match self.kas {
            Kas::Program(name) => {
                let path = self.program(name)?;
                let key = script_identity(self.env, &path, VERSION_FILE);
                self.ask(key, Call::new(&path).args(["--version"]))
            }
            Kas::Version(version) => {
                let python = self.layout.kas_venv(version).join("bin/python");
                if !python.exists() {
                    let newest_format = newest_format(version);
                    return Ok(KasVersion { version: version.clone(), newest_format });
                }
                let key = module_identity(self.env, &python, VERSION_FILE);
                self.ask(key, Call::new(&python).args(["-I", "-m", "kas", "--version"]))
            }
            Kas::Image(image) => Err(format!("kas is in the image `{image}`")),
        }
    }

    /// Where the program is that the settings name.
    ///
    /// # Errors
    /// When it is not there.
    pub fn program(&self, name: &str) -> Result<PathBuf, String> {
        find_program(self.env, self.layout.root(), name)
            .ok_or_else(|| format!("there is no program `{name}`"))
    }

    fn ask(&self, key: Option<Digest>, call: Call) -> Result<KasVersion, String> {
        if let Some(told) = key.and_then(|key| self.memory.tool(&key)).and_then(|text| read(&text))
        {
            return Ok(told);
        }
        let passed = self.env.iter().filter(|(name, _)| PASSED.iter().any(|pass| name == pass));
        let answer = call
            .dir(Path::new("/"))
            .env(passed)
            .deadline(DEADLINE)
            .answer()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        let told = read(&text).ok_or_else(|| {
            format!("what calls itself kas says of its version: {}", text.escape_debug())
        })?;
        if let Some(key) = key {
            self.memory.remember_tool(&key, &text);
        }
        Ok(told)
    }
}

/// Reads `kas 5.2 (configuration format version 21, earliest compatible version 1)`. Run as a module, it calls itself
/// `__main__.py` or, with newer versions of Python, `python -m kas`.
fn read(text: &str) -> Option<KasVersion> {
    let (name, rest) = text.split_once(" (").unwrap_or((text, ""));
    let (program, version) = name.rsplit_once(' ')?;
    if !program.ends_with("kas") && program != "__main__.py" {
        return None;
    }
    let version = version.to_owned();
    let newest_format = rest
        .split_once("configuration format version ")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    number(&version).map(|_| KasVersion { version, newest_format })
}

/// The newest configuration format that a version of kas reads; `None` for one older than the table.
#[must_use]
pub fn newest_format(version: &str) -> Option<u32> {
    let version = number(version)?;
    let known = FORMATS.iter().rev().find(|(release, _)| number(release) <= Some(version));
    known.map(|(_, format)| *format)
}

/// The first version of kas that reads a configuration format; `None` if none is known that does.
#[must_use]
pub fn first_kas_with(format: u32) -> Option<&'static str> {
    FORMATS.iter().find(|(_, newest)| *newest >= format).map(|(release, _)| *release)
}

/// Whether a version of kas refuses `_source_dir` in a file that is not the first of its chain.
#[must_use]
pub fn refuses_late_source_dir(version: &str) -> bool {
    number(version) >= number(REFUSES_LATE_SOURCE_DIR)
}

fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    let leading = |part: &str| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse().ok()
    };
    let major = leading(parts.next()?)?;
    Some((major, parts.next().and_then(leading).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::{first_kas_with, newest_format, read, refuses_late_source_dir};

    #[test]
    fn what_kas_says_of_itself_is_read() {
        let told = read("kas 5.2 (configuration format version 21, earliest compatible version 1)");
        let told = told.expect("kas 5.2 says this");
        assert_eq!((told.version.as_str(), told.newest_format), ("5.2", Some(21)));
        assert_eq!(read("kas 4.7rc1").map(|told| told.version).as_deref(), Some("4.7rc1"));
        for name in ["__main__.py", "python -m kas", "python3.14 -m kas"] {
            let told = read(&format!("{name} 5.2 (configuration format version 21, x)"));
            assert_eq!(told.map(|told| told.version).as_deref(), Some("5.2"), "{name}");
        }
        assert_eq!(read("Python 3.11"), None);
        assert_eq!(read("kas is not here"), None);
    }

    #[test]
    fn versions_of_kas_read_formats() {
        assert_eq!(newest_format("5.2"), Some(21));
        assert_eq!(newest_format("5.1"), Some(20));
        assert_eq!(newest_format("4.8.2"), Some(19));
        assert_eq!(newest_format("6.0"), Some(23));
        assert_eq!(newest_format("1.0"), None);
        assert_eq!(first_kas_with(16), Some("4.2"));
        assert_eq!(first_kas_with(99), None);
        assert!(refuses_late_source_dir("5.3") && refuses_late_source_dir("5.10"));
        assert!(!refuses_late_source_dir("5.2") && !refuses_late_source_dir("4.8.2"));
    }
}
