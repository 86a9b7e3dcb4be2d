//! A compiler cache in front of the compilers, by their names: a directory that comes first on `PATH`. Runs nothing.
//!
//! KernelCI says `CC="ccache gcc"`. Here `CC` stays as it is, because whether there is a cache must change no key, no
//! argument, and nothing that Kconfig finds out about the compiler and writes into `.config`. Called by the name of a
//! compiler, the cache calls the next one of that name on `PATH`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use graph::spec::{Node, Source};

use crate::exec::environment::{self, Environment};

/// A cache that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// The program: `ccache`, or `sccache` by its name.
    pub program: PathBuf,
    /// Where it keeps what it has.
    pub dir: PathBuf,
    /// What it takes paths relative to: a directory above the sources and the work directories.
    pub base: PathBuf,
}

/// What a step needs to use the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shims {
    /// Goes before everything else on `PATH`.
    pub dir: PathBuf,
    /// Variables for the cache.
    pub env: Vec<(&'static str, OsString)>,
}

impl Shims {
    /// Puts the cache before the compilers of an environment.
    pub fn put_before(&self, env: &mut Environment) {
        let mut path = self.dir.clone().into_os_string();
        if let Some(others) = env.get("PATH") {
            path.push(":");
            path.push(others);
        }
        environment::set(env, "PATH", path);
        for (name, value) in &self.env {
            environment::set(env, name, value);
        }
    }
}

impl Cache {
    /// Makes a directory (anew) with the cache under the names of compilers. A compiler that has a path is not found by
    /// its name, so the cache cannot come before it.
    ///
    /// # Errors
    /// When the directory or something in it cannot be made.
    pub fn shims<'a>(
        &self,
        dir: &Path,
        compilers: impl IntoIterator<Item = &'a str>,
    ) -> io::Result<Shims> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(dir)?,
        }
        for compiler in compilers {
            let shim = dir.join(compiler);
            if compiler.contains('/') || shim.symlink_metadata().is_ok() {
                continue;
            }
            if self.is_sccache() {
                // It asks the system for its own name, which a link does not change.
                fs::hard_link(&self.program, &shim)
                    .or_else(|_| fs::copy(&self.program, &shim).map(drop))?;
            } else {
                symlink(&self.program, &shim)?;
            }
        }
        Ok(Shims { dir: dir.to_owned(), env: self.env() })
    }

    fn is_sccache(&self) -> bool {
        self.program.file_name().is_some_and(|name| name == "sccache")
    }

    fn env(&self) -> Vec<(&'static str, OsString)> {
        if self.is_sccache() {
            return vec![
                ("SCCACHE_DIR", self.dir.clone().into()),
                ("SCCACHE_BASEDIRS", self.base.clone().into()),
            ];
        }
        vec![
            ("CCACHE_DIR", self.dir.clone().into()),
            ("CCACHE_BASEDIR", self.base.clone().into()),
            // The directory is in no object: debug information names it by a fixed one.
            ("CCACHE_NOHASHDIR", "1".into()),
            // Times differ between hosts, and an upgrade may keep them.
            ("CCACHE_COMPILERCHECK", "content".into()),
        ]
    }
}

/// The compilers among the tools of a node, by the names under which make calls them.
pub fn compilers(node: &Node) -> impl Iterator<Item = &str> {
    node.inputs.iter().filter_map(|input| match &input.source {
        Source::Tool(name) if is_compiler(name) => Some(&**name),
        _ => None,
    })
}

/// Whether a tool is a compiler: `gcc` or `clang` with a prefix and a version, perhaps.
fn is_compiler(name: &str) -> bool {
    let is_version = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let bare = match name.rsplit_once('-') {
        Some((bare, version)) if is_version(version) => bare,
        _ => name,
    };
    ["gcc", "clang"].iter().any(|compiler| {
        let before = bare.strip_suffix(compiler);
        before.is_some_and(|before| before.is_empty() || before.ends_with('-'))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::{Cache, is_compiler};

    #[test]
    fn compilers_by_name() {
        let compilers =
            ["gcc", "gcc-12", "aarch64-linux-gnu-gcc", "clang", "clang-15", "arm-gcc-9.4"];
        let others =
            ["make", "ld.lld", "llvm-ar", "aarch64-linux-gnu-ld", "gccgo", "clang-format", "bc"];
        assert!(compilers.iter().all(|name| is_compiler(name)));
        assert_eq!(others.iter().filter(|name| is_compiler(name)).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn a_compiler_is_called_through_the_cache() {
        let dir = tempfile::tempdir().expect("a directory");
        let program = dir.path().join("ccache");
        fs::write(&program, "#!/bin/sh\necho \"called as ${0##*/}\"\n").expect("a file");
        Command::new("chmod").arg("+x").arg(&program).status().expect("there is chmod");
        let cache = Cache { program, dir: "/cache".into(), base: "/project".into() };
        let at = dir.path().join("shims");
        fs::create_dir_all(at.join("left-over")).expect("a directory");
        let names = ["gcc", "arm-gcc", "gcc", "/opt/bin/gcc"];
        let shims = cache.shims(&at, names).expect("they are made");
        let mut made: Vec<_> = fs::read_dir(&at)
            .expect("it is there")
            .map(|entry| entry.expect("one").file_name())
            .collect();
        made.sort();
        assert_eq!(made, ["arm-gcc", "gcc"]);
        let said = Command::new(at.join("arm-gcc")).output().expect("it runs");
        assert_eq!(said.stdout, b"called as arm-gcc\n");
        assert_eq!(shims.dir, at);
        assert_eq!(shims.env[0], ("CCACHE_DIR", Path::new("/cache").into()));
    }
}
