//! What a plan does not do: it changes nothing but the memo of what was looked at, and offline it asks no remote.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::world::World;

/// Every file below a directory with its content; links by where they point.
fn everything(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a directory can be read").flatten() {
            let path = entry.path();
            let kind = entry.file_type().expect("an entry has a type");
            let name = path.strip_prefix(dir).expect("it is below").display().to_string();
            if kind.is_dir() {
                found.insert(name + "/", Vec::new());
                open.push(path);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path).expect("a link can be read");
                found.insert(name, target.into_os_string().into_encoded_bytes());
            } else {
                found.insert(name, fs::read(&path).expect("a file can be read"));
            }
        }
    }
    found
}

/// The memo is in the database, whose files are the only ones that a plan may touch.
fn without_the_memo(mut all: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    all.retain(|name, _| !name.starts_with(".graph/cache.db"));
    all
}

#[test]
fn a_plan_changes_nothing_but_the_memo() {
    let world = World::new();
    world.graph_ok(&["build", "image/alder-*"]);
    world.edit(
        "kas/bsp-alder.yaml",
        "\nlocal_conf_header:\n",
        "\nlocal_conf_header:\n  more: |\n    A = \"1\"\n",
    );
    let before = without_the_memo(everything(world.root()));
    let runs = world.graph_ok(&["runs", "--format", "json"]).stdout;
    for verb in [
        &["plan"][..],
        &["plan", "--dry-run", "--all"],
        &["list"],
        &["why", "image/alder-one-scarthgap"],
    ] {
        world.graph_ok(verb);
    }
    world.graph_ok(&["show", "image/alder-one-scarthgap"]);
    let after = without_the_memo(everything(world.root()));
    let names = |all: &BTreeMap<String, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    assert!(after == before, "a file has another content");
    assert_eq!(world.graph_ok(&["runs", "--format", "json"]).stdout, runs);
}

#[test]
fn offline_no_remote_is_asked() {
    let mut world = World::new();
    world.write(
        "bin/git",
        "#!/bin/sh\necho \"$@\" >> \"$GIT_CALLS\"\nPATH=${PATH#*:}\nexec git \"$@\"\n",
    );
    fs::set_permissions(world.path("bin/git"), fs::Permissions::from_mode(0o755))
        .expect("it is ours");
    let calls = world.path("calls");
    let path = std::env::var("PATH").expect("there is a PATH");
    world.set_env("GIT_CALLS", calls.to_str().expect("the path is text"));
    world.set_env("PATH", &format!("{}:{path}", world.path("bin").display()));
    let asked = || {
        let said = fs::read_to_string(&calls).unwrap_or_default();
        let remote = |line: &&str| {
            line.split(' ')
                .any(|word| matches!(word, "ls-remote" | "fetch" | "clone" | "pull" | "remote"))
        };
        said.lines().filter(remote).map(str::to_owned).collect::<Vec<_>>()
    };
    world.graph_ok(&["plan", "--offline"]);
    assert_eq!(asked(), [""; 0]);
    // That the calls are seen at all, and that online a remote is asked once for all boards.
    world.graph_ok(&["plan"]);
    assert_eq!(asked().len(), 1, "{:?}", asked());
}
