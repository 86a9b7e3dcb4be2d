//! Which toolchains rustup could start, told without starting it: what it puts in the place of `rustc` takes longer to
//! answer than all other tools of a plan.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::identity::Identity;
use crate::context::Environment;

/// The name of the program.
pub(super) const PROGRAM: &str = "rustup";

/// Adds all by which rustup chooses a toolchain, and every one that it could choose, as it is called here: in `/`, with the
/// home of the user and no variables of its own. `None` where that is not all: a toolchain that is linked from elsewhere
/// or is a script.
pub(super) fn add_toolchains(env: &Environment, identity: &mut Identity) -> Option<()> {
    let home = env.path("HOME").filter(|home| home.is_absolute())?.join(".rustup");
    identity.add_text(home.to_str()?);
    let chosen = ["/rust-toolchain", "/rust-toolchain.toml", "/etc/rustup/settings.toml"];
    for path in chosen.map(PathBuf::from).into_iter().chain([home.join("settings.toml")]) {
        if !identity.add_file(&path) {
            identity.add_text("none");
        }
    }
    let mut toolchains: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(home.join("toolchains")).ok()? {
        let entry = entry.ok()?;
        if !entry.file_type().ok()?.is_dir() {
            return None;
        }
        toolchains.push(entry.path());
    }
    toolchains.sort_unstable();
    for toolchain in toolchains {
        let compiler = toolchain.join("bin/rustc");
        let is_whole = is_plain(&compiler) && identity.add_file(&compiler);
        if !is_whole || !identity.add_file(&toolchain.join("lib")) {
            return None;
        }
    }
    Some(())
}

/// Whether a file is a program of its own rather than a link to one or a script.
fn is_plain(path: &Path) -> bool {
    let mut head = [0; 2];
    fs::symlink_metadata(path).is_ok_and(|it| it.is_file())
        && File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
        && &head != b"#!"
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use graph::digest::Digest;

    use super::add_toolchains;
    use crate::context::Environment;
    use crate::probe::tool::identity::Identity;

    fn identity(home: &Path) -> Option<Digest> {
        let env: Environment = [("HOME", home)].into_iter().collect();
        let mut identity = Identity::of("test");
        add_toolchains(&env, &mut identity)?;
        Some(identity.whatever_its_age())
    }

    #[test]
    fn whatever_could_answer_counts() {
        let home = tempfile::tempdir().unwrap();
        let rustup = home.path().join(".rustup");
        let put = |path: &str, text: &str| {
            let path = rustup.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(identity(home.path()), None, "there is no rustup");
        for path in ["toolchains/a/bin/rustc", "toolchains/a/lib/x"] {
            put(path, "\x7fELF");
        }
        let mut seen = vec![identity(home.path()).expect("all is plain")];
        let mut differs = |what: &str| {
            let now = identity(home.path()).expect(what);
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        put("settings.toml", "default_toolchain = \"a\"");
        differs("another choice");
        put("toolchains/a/bin/rustc", "\x7fELF of another");
        differs("another compiler");
        for path in ["toolchains/b/bin/rustc", "toolchains/b/lib/x"] {
            put(path, "\x7fELF");
        }
        differs("one more toolchain");
        symlink("a", rustup.join("toolchains/c")).unwrap();
        assert_eq!(identity(home.path()), None, "one is linked from elsewhere");
        fs::remove_file(rustup.join("toolchains/c")).unwrap();
        put("toolchains/b/bin/rustc", "#!/bin/sh");
        assert_eq!(identity(home.path()), None, "one is a script");
    }
}
