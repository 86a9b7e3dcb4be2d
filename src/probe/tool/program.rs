//! What a program that builds need says of itself: compilers, linkers, make. Builds nothing with it.
//!
//! | ingredient of the fact | why |
//! | --- | --- |
//! | the first line of `--version` | what people call the version; packages put their revision there |
//! | of a compiler, what `-v` says of its target and how it was configured | two compilers of one version can differ in both |
//!
//! Answers are remembered for as long as the file is the same. A script can start another program tomorrow without any
//! change of its own, so it is asked every time; and a shim of ccache is not what it pretends to be, so the compiler behind
//! it is found and asked.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use graph::digest::{Digest, Fields};
use graph::facts::Fact;

use super::find::find_program;
use super::identity::Identity;
use super::rustup;
use crate::context::Environment;
use crate::probe::memory::Memory;
use crate::process::{Call, What, is_program};

/// A compiler on a cold network file system takes its time, but no longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// More than any program says of its version.
const LIMIT: usize = 1 << 20;

/// Builds work without these, only differently: that one is absent is a fact.
const OPTIONAL: [&str; 4] = ["bindgen", "depmod", "pahole", "rustc"];

/// Programs that take the names of compilers and start them.
const SHIMS: [&str; 6] = ["ccache", "sccache", "distcc", "icecc", "icerun", "colorgcc"];

/// What a program needs to tell its version, and nothing by which it could tell another one's.
const PASSED: [&str; 3] = ["PATH", "HOME", "LD_LIBRARY_PATH"];

/// What of a compiler's `-v` is a property of the compiler, not of its place.
const TOLD: [&str; 3] = ["Target:", "Configured with:", "Thread model:"];

/// Asks a program for its version.
///
/// One that is not installed is unknown, and so no key: unless it is one without which builds work.
#[must_use]
pub fn tool_fact(env: &Environment, memory: &dyn Memory, name: &str) -> Fact {
    let unknown = |why: String| Fact::Unknown(why.into());
    if !is_name(name) {
        return unknown(format!("`{}` is no name of a program", name.escape_debug()));
    }
    match find(env, name) {
        Found::Nothing if OPTIONAL.contains(&name) => Fact::Missing,
        Found::Nothing => unknown(format!("`{name}` is not installed")),
        Found::Shim(shim) => {
            unknown(format!("`{name}` is `{shim}`, and there is no compiler behind it"))
        }
        Found::At(path) => match ask(env, memory, name, &path) {
            Ok(told) => told.fact(),
            // As good as none: whoever looks for it gets the same answer. A `rustc` of rustup without a toolchain is one.
            Err(Silence::Fails(_)) if OPTIONAL.contains(&name) => Told::failure().fact(),
            Err(Silence::Fails(why) | Silence::Unclear(why)) => unknown(why),
        },
    }
}

/// What a program said.
struct Told {
    version: String,
    details: String,
}

/// Why a program said nothing.
enum Silence {
    /// It ran, and ended with a failure.
    Fails(String),
    /// Nobody knows what it would have said.
    Unclear(String),
}

impl Told {
    fn failure() -> Self {
        Self { version: "(fails)".to_owned(), details: String::new() }
    }

    fn fact(&self) -> Fact {
        let fields = Fields::of("graph fact tool v1").field(&self.version).field(&self.details);
        Fact::Known { digest: fields.finish(), text: self.version.as_str().into() }
    }

    fn remembered(text: &str) -> Option<Self> {
        let (version, details) = text.split_once('\n')?;
        Some(Self { version: version.to_owned(), details: details.to_owned() })
    }
}

enum Found {
    At(PathBuf),
    Shim(String),
    Nothing,
}

/// Finds a program past all shims, where these find it themselves: ccache looks on `CCACHE_PATH` rather than on `PATH`.
fn find(env: &Environment, name: &str) -> Found {
    let path = env.os("PATH").unwrap_or_default();
    let Some(first) = candidates(path, name).next() else { return Found::Nothing };
    let Some(shim_name) = shim(env, name, &first) else { return Found::At(first) };
    let behind = env.os("CCACHE_PATH").unwrap_or(path);
    candidates(behind, name)
        .find(|path| shim(env, name, path).is_none())
        .map_or(Found::Shim(shim_name), Found::At)
}

fn candidates(path: &OsStr, name: &str) -> impl Iterator<Item = PathBuf> {
    let dirs = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    dirs.map(move |dir| dir.join(name)).filter(|path| is_program(path))
}

/// Which shim a file is, by the name of what it points to, or because it is the same file.
fn shim(env: &Environment, name: &str, path: &Path) -> Option<String> {
    if SHIMS.contains(&name) {
        return None;
    }
    let real = path.canonicalize().ok()?;
    let known = |file: &OsStr| SHIMS.iter().find(|shim| file == **shim);
    if let Some(shim) = real.file_name().and_then(known) {
        return Some((*shim).to_owned());
    }
    let file = real.metadata().ok()?;
    if file.nlink() < 2 {
        return None;
    }
    let same = |shim: &&&str| {
        let other = find_program(env, Path::new("/"), shim).and_then(|path| path.metadata().ok());
        other.is_some_and(|other| (other.dev(), other.ino()) == (file.dev(), file.ino()))
    };
    SHIMS.iter().find(same).map(|shim| (*shim).to_owned())
}

fn ask(env: &Environment, memory: &dyn Memory, name: &str, path: &Path) -> Result<Told, Silence> {
    let key = key(env, name, path);
    let known = key.and_then(|key| memory.tool(&key));
    if let Some(told) = known.and_then(|text| Told::remembered(&text)) {
        return Ok(told);
    }
    let version = first_line(&say(env, path, "--version")?)
        .ok_or_else(|| Silence::Unclear(format!("`{name} --version` says nothing")))?;
    let details = if is_compiler(name) { details(&say(env, path, "-v")?) } else { String::new() };
    if let Some(key) = key {
        memory.remember_tool(&key, &format!("{version}\n{details}"));
    }
    Ok(Told { version, details })
}

/// What a program writes, to whichever of its outputs.
fn say(env: &Environment, path: &Path, argument: &str) -> Result<String, Silence> {
    let passed = env.iter().filter(|(name, _)| PASSED.iter().any(|pass| name == pass));
    let call = Call::new(path).args([argument]).dir("/").env(passed).env([("LC_ALL", "C")]);
    let answer =
        call.deadline(DEADLINE).limit(LIMIT).answer().map_err(|error| match error.what {
            What::Failed { .. } => Silence::Fails(format!("`{} {argument}` fails", path.display())),
            _ => Silence::Unclear(error.to_string()),
        })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(text(&answer.stdout) + &text(&answer.stderr))
}

fn first_line(text: &str) -> Option<String> {
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

fn details(text: &str) -> String {
    let is_told = |line: &&str| TOLD.iter().any(|told| line.starts_with(told));
    text.lines().filter(is_told).collect::<Vec<_>>().join("\n")
}

/// `aarch64-linux-gnu-gcc`, `gcc-12`, `clang`, `clang-16`.
fn is_compiler(name: &str) -> bool {
    let bare = without_version(name);
    bare.ends_with("gcc") || bare.ends_with("clang")
}

/// A name less the version that distributions put at its end: `clang-16` is `clang`.
pub(super) fn without_version(name: &str) -> &str {
    let is_version = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    match name.rsplit_once('-') {
        Some((bare, version)) if is_version(version) && !bare.is_empty() => bare,
        _ => name,
    }
}

/// What stays the same for as long as the answer does; `None` where that cannot be told.
fn key(env: &Environment, name: &str, path: &Path) -> Option<Digest> {
    let real = path.canonicalize().ok()?;
    let mut head = [0; 2];
    File::open(&real).ok()?.read_exact(&mut head).ok()?;
    // With another library below it, the same program is another one.
    if &head == b"#!" || env.os("LD_LIBRARY_PATH").is_some() {
        return None;
    }
    let is_rustup = real.file_name() == Some(OsStr::new(rustup::PROGRAM));
    // Rustup under another name, which starts nobody knows what.
    if !is_rustup && without_version(name) == "rustc" && has_other_names(&real) {
        return None;
    }
    let mut identity = Identity::of("graph tool v1");
    if is_rustup {
        rustup::add_toolchains(env, &mut identity)?;
    }
    // The name under which it is called decides what some programs are.
    identity.add_text(name);
    if identity.add_file(&real) { identity.finish() } else { None }
}

/// Whether a file is a hard link, which is how one program is put in the place of many.
fn has_other_names(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.nlink() > 1)
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && chars.all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::{details, first_line, is_compiler, is_name, without_version};

    #[test]
    fn names_of_programs() {
        for name in ["gcc", "aarch64-linux-gnu-gcc", "g++", "ld.lld", "7z"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-gcc", "a/gcc", "../gcc", "g cc", "gcc;", "gcc\n", ".gcc"] {
            assert!(!is_name(name), "{name}");
        }
        assert_eq!(without_version("clang-16"), "clang");
        assert_eq!(without_version("aarch64-linux-gnu-gcc-12.2"), "aarch64-linux-gnu-gcc");
        assert_eq!(without_version("llvm-nm"), "llvm-nm");
        assert!(is_compiler("clang-16") && is_compiler("riscv64-linux-gnu-gcc"));
        assert!(!is_compiler("ld.lld") && !is_compiler("make"));
    }

    #[test]
    fn of_what_compilers_say_their_place_is_left_out() {
        let said = "Using built-in specs.\nCOLLECT_GCC=/a/gcc\nTarget: aarch64-linux-gnu\n\
                    Configured with: ../src/configure -v\nThread model: posix\n\
                    InstalledDir: /usr/bin\ngcc version 12.2.0 (Debian 12.2.0-14)\n";
        let expect =
            "Target: aarch64-linux-gnu\nConfigured with: ../src/configure -v\nThread model: posix";
        assert_eq!(details(said), expect);
        assert_eq!(first_line("\nThis is perl 5\n").as_deref(), Some("This is perl 5"));
        assert_eq!(first_line(" \n"), None);
    }
}
