//! Clones that killed runs leave among the mirrors are removed, and nothing else is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use graph_cli::context::Environment;
use graph_cli::probe::git::Git;

use crate::world::{World, image};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A directory among the mirrors; with a URL, as git makes it before it fetches anything.
fn entry(mirrors: &Path, name: &str, url: Option<&str>) -> PathBuf {
    let dir = mirrors.join(name);
    fs::create_dir_all(dir.join("objects/pack")).expect("a directory");
    fs::write(dir.join("objects/pack/tmp_pack_x"), "half").expect("a file");
    if let Some(url) = url {
        fs::write(dir.join("HEAD"), "ref: refs/heads/main\n").expect("a file");
        let config = format!("[core]\n\tbare = true\n[remote \"origin\"]\n\turl = {url}\n");
        fs::write(dir.join("config"), config).expect("a file");
    }
    dir
}

/// Sets the time of a tree's last change.
fn touch(path: &Path, when: SystemTime) {
    if path.is_dir() {
        fs::read_dir(path)
            .expect("a directory")
            .for_each(|entry| touch(&entry.expect("an entry").path(), when));
    }
    File::open(path).and_then(|file| file.set_modified(when)).expect("its time can be set");
}

fn sweep(mirrors: &Path, now: SystemTime) -> Vec<String> {
    let env: Environment = std::env::vars_os().collect();
    let git = Git::new(&env, mirrors, Duration::from_secs(20));
    let removed = git.sweep_unfinished(now);
    removed
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect()
}

#[test]
fn only_what_was_never_finished_goes() {
    let dir = tempfile::tempdir().expect("a directory");
    let mirrors = dir.path();
    let (lib, other) = ("https://host/lib", "https://host/lib.examples");
    for (name, url) in [
        (".graph-clone-Ab3dE5", None),
        ("host.lib", Some(lib)),
        ("host.lib.ab_d3fgh", Some(lib)),
        // It is a mirror, whatever its name looks like.
        ("host.lib.examples", Some(other)),
        ("host.lib.examples.01234567", Some(other)),
        // Killed before git wrote anything.
        ("host.gone.abcdefgh", None),
        // Nothing that kas calls its own: too long, and of other letters.
        ("host.lib.abcdefghi", Some(lib)),
        ("host.lib.ABCDEFGH", Some(lib)),
        ("notes", None),
        // From a mirror of mirrors.
        ("host.far", Some("https://near/far.git")),
        ("host.far.abcdefgh", Some("https://near/far.git")),
        ("host.far.hgfedcba", Some("https://elsewhere/far.git")),
    ] {
        entry(mirrors, name, url);
    }
    let now = SystemTime::now();
    assert_eq!(sweep(mirrors, now), [""; 0], "they may be under way");
    assert_eq!(
        sweep(mirrors, now + DAY + Duration::from_secs(60)),
        [
            ".graph-clone-Ab3dE5",
            "host.far.abcdefgh",
            "host.gone.abcdefgh",
            "host.lib.ab_d3fgh",
            "host.lib.examples.01234567",
        ]
    );
    assert_eq!(fs::read_dir(mirrors).expect("a directory").count(), 7);
}

#[test]
fn what_is_touched_anywhere_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let clone = entry(dir.path(), "host.lib.abcdefgh", Some("https://host/lib"));
    let now = SystemTime::now();
    touch(&clone, now - 3 * DAY);
    let pack = File::open(clone.join("objects/pack/tmp_pack_x")).expect("a file");
    for lately in [now, now - DAY / 2, now + DAY] {
        pack.set_modified(lately).expect("its time can be set");
        assert_eq!(sweep(dir.path(), now), [""; 0]);
    }
    pack.set_modified(now - 2 * DAY).expect("its time can be set");
    assert_eq!(sweep(dir.path(), now), ["host.lib.abcdefgh"]);

    std::os::unix::fs::symlink(dir.path(), dir.path().join(".graph-clone-link")).expect("a link");
    assert_eq!(sweep(dir.path(), now + 9 * DAY), [""; 0]);
    assert_eq!(sweep(&dir.path().join("nowhere"), now), [""; 0]);
}

#[test]
fn a_build_removes_them() {
    let world = World::new();
    let clone = entry(&world.path("shared/git"), ".graph-clone-Ab3dE5", None);
    let output = world.graph_ok(&["build", &image("rowan-dev")]);
    assert!(clone.exists() && !output.stderr.contains("unfinished"), "{output}");
    touch(&clone, SystemTime::now() - 2 * DAY);
    let output = world.graph_ok(&["build", &image("rowan-dev")]);
    assert!(!clone.exists());
    let told = "removed 1 clone from `shared/git` that killed runs have left unfinished";
    assert!(output.stderr.contains(told), "{output}");
}
