//! `graph lock`: pinned files against kas itself, what is asked of remotes, and that all files are written or none.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use insta::assert_snapshot;

use crate::corpus::corpus;
use crate::full_disk::can_mount;
use crate::kas_goldens::copy;
use crate::world::{BOARDS, Output, World, image};

const RELEASE: &str = "kas/build-configs/release";

pub(crate) fn pinned(board: &str) -> String {
    format!("{RELEASE}/{board}-scarthgap.yaml")
}

/// A world whose five repositories float: the example without its lock file, and two more for every board.
pub(crate) fn floating() -> World {
    let world = World::new();
    world.remove("kas/base.lock.yaml");
    let mut repos = String::new();
    for repo in ["meta-one", "meta-two"] {
        let from = world.path("upstream/meta-toyapps.git");
        copy(&from, &world.path(&format!("upstream/{repo}.git"))).expect("a repository is files");
        let url = world.path(&format!("upstream/{repo}.git"));
        repos += &format!("\n  {repo}:\n    url: \"file://{}\"\n", url.display());
    }
    world.edit(
        "kas/base.yaml",
        "\nlocal_conf_header:\n",
        &format!("{repos}\nlocal_conf_header:\n"),
    );
    world
}

/// The pinned files with what they hold.
pub(crate) fn files(world: &World) -> BTreeMap<String, String> {
    let entries = fs::read_dir(world.path(RELEASE)).expect("the directory is there");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name is text");
    entries
        .map(|entry| name(entry.expect("a directory can be read")))
        .map(|name| {
            let path = format!("{RELEASE}/{name}");
            (name, if world.path(&path).is_file() { world.read(&path) } else { String::new() })
        })
        .collect()
}

/// The chain of a board.
fn chain(world: &World, board: &str) -> String {
    let machines: serde_json::Value =
        serde_json::from_str(&world.read(".github/machines.json")).expect("it is JSON");
    let all = machines["machines"].as_array().expect("it is a list");
    let of = all.iter().find(|machine| machine["name"] == board).expect("it is a board");
    of["config"].as_str().expect("a chain is text").to_owned()
}

/// Puts a git before git that writes down what it is asked.
fn watch_git(world: &mut World) {
    let log = world.path("git.log");
    let path = std::env::var("PATH").expect("PATH is set");
    let script =
        format!("#!/bin/sh\necho \"$*\" >> '{}'\nPATH='{path}' exec git \"$@\"\n", log.display());
    world.write("bin/git", &script);
    fs::set_permissions(world.path("bin/git"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let bin = world.path("bin").display().to_string();
    world.set_env("PATH", &format!("{bin}:{path}"));
}

fn lookups(world: &World) -> usize {
    let asked = fs::read_to_string(world.path("git.log")).unwrap_or_default();
    let _ = fs::remove_file(world.path("git.log"));
    asked.lines().filter(|line| line.contains("ls-remote")).count()
}

/// Checks that a command ended with a status, and that no pinned file changed.
fn refused(world: &World, arguments: &[&str], code: i32) -> Output {
    let before = files(world);
    let output = world.graph(arguments);
    assert_eq!(output.code, Some(code), "{output}");
    assert_eq!(files(world), before);
    output
}

#[test]
fn pinned_files_are_what_kas_dumps() {
    let world = floating();
    fs::remove_dir_all(world.path(RELEASE)).expect("the example has pinned files");
    world.graph_ok(&["lock"]);
    let check = |worker: usize| {
        for board in BOARDS.iter().skip(worker).step_by(2) {
            let work = format!("lock-{worker}");
            let dump = |arguments: &[&str]| {
                let output = world.kas(&work, &[&["dump"], arguments].concat());
                assert_eq!(output.code, Some(0), "{output}");
                output.stdout
            };
            let theirs = dump(&["--resolve-refs", &chain(&world, board)]);
            assert_eq!(world.read(&pinned(board)), theirs, "{board}");
            // kas takes a second for each.
            if board.starts_with('c') || board.starts_with('b') {
                assert_eq!(dump(&[&pinned(board)]), theirs, "{board}, read again by kas");
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| check(0));
        check(1);
    });
    let listed = world.graph_ok(&["lock", "--format", "json", "--check"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("it is JSON");
    let same = |file: &serde_json::Value| file["change"] == "same";
    assert!(listed["files"].as_array().expect("files").iter().all(same), "{listed}");
}

#[test]
fn each_repository_is_asked_once() {
    let mut world = floating();
    watch_git(&mut world);
    world.graph_ok(&["lock"]);
    assert_eq!(lookups(&world), 5);
    world.graph_ok(&["lock", "--check"]);
    assert_eq!(lookups(&world), 5);
    world.graph_ok(&["lock", "--keep"]);
    assert_eq!(lookups(&world), 0);
    world.graph_ok(&["lock", "--offline"]);
    assert_eq!(lookups(&world), 0);
}

#[test]
fn kept_commits_stay_and_what_is_new_is_resolved() {
    let world = floating();
    world.graph_ok(&["lock"]);
    let moved = world.commit_upstream("oe-toy", &[("NEWS", Some("new\n"))]);
    world.edit("kas/base.yaml", "DISTRO_FEATURES = \"ipv6 wifi\"", "DISTRO_FEATURES = \"wifi\"");
    let check = world.graph(&["lock", "--keep", "--check", "--only", &image("rowan-dev")]);
    assert_snapshot!(check, @r#"
    exit status 10
    --- stdout
    --- a/kas/build-configs/release/rowan-dev-scarthgap.yaml
    +++ b/kas/build-configs/release/rowan-dev-scarthgap.yaml
    @@ -6,7 +6,7 @@
         10-directories: |
             TMPDIR = "${TOPDIR}/tmp-${DISTRO_CODENAME}"
         20-base: |
    -        DISTRO_FEATURES = "ipv6 wifi"
    +        DISTRO_FEATURES = "wifi"
             IMAGE_INSTALL:append = " board-id"
     machine: rowan-dev
     build_system: oe
    1 file to be changed
    --- stderr
    warning: `kas/build-configs/release/rowan-dev-scarthgap.yaml` does not say what its chain does: first differing key `local_conf_header.20-base`
      --> kas/build-configs/release/rowan-dev-scarthgap.yaml:8:14
       |
     8 |     20-base: |
       |              ^
       |
      ::: kas/base.yaml:40:12
       |
    40 |   20-base: |
       |            - the chain has another value
       |
       = hint: the chain counts; what was written into a pinned file by hand is lost unless git has it
    "#);
    world.graph_ok(&["lock", "--keep"]);
    assert!(!world.read(&pinned("rowan-dev")).contains(&moved));
    assert!(world.read(&pinned("rowan-dev")).contains("DISTRO_FEATURES = \"wifi\""));
    assert_eq!(world.graph(&["lock", "--keep", "--check"]).code, Some(0));
    // Another branch is another thing to follow, so its commit is not kept.
    let branch = ["branch", "next", world.commit("meta-toyapps", 1)];
    world.git("upstream/meta-one.git", &branch);
    let url = format!("file://{}", world.path("upstream/meta-one.git").display());
    world.edit("kas/base.yaml", &format!("{url}\"\n"), &format!("{url}\"\n    branch: next\n"));
    let kept = world.graph_ok(&["lock", "--keep", "--only", "image/rowan-*"]);
    assert_snapshot!(kept, @"
    exit status 0
    --- stdout
    meta-one xxxxxxxxxxxx → xxxxxxxxxxxx (next, 1 file)
    kas/build-configs/release/rowan-dev-scarthgap.yaml
      repos.meta-one.branch scarthgap → next (kas/build-configs/release/rowan-dev-scarthgap.yaml:17 → kas/base.yaml:33)
    1 file changed
    --- stderr
    warning: `kas/build-configs/release/rowan-dev-scarthgap.yaml` does not say what its chain does: first differing key `repos.meta-one.branch`
      --> kas/build-configs/release/rowan-dev-scarthgap.yaml:17:17
       |
    17 |         branch: scarthgap
       |                 ^^^^^^^^^
       |
      ::: kas/base.yaml:33:13
       |
    33 |     branch: next
       |             ---- the chain has another value
       |
       = hint: the chain counts; what was written into a pinned file by hand is lost unless git has it
    ");
    let check = refused(&world, &["lock", "--check", "--only", "image/rowan-*"], 10);
    assert!(check.stdout.contains(&moved), "{check}");
}

#[test]
fn a_pinned_file_that_was_edited_is_told_and_written_anew() {
    let world = floating();
    world.graph_ok(&["lock"]);
    let rowan = pinned("rowan-dev");
    let right = world.read(&rowan);
    world.edit(&rowan, "machine: rowan-dev", "machine: rowan-by-hand");
    assert_snapshot!(world.graph_ok(&["lock"]), @"
    exit status 0
    --- stdout
    kas/build-configs/release/rowan-dev-scarthgap.yaml
      machine rowan-by-hand → rowan-dev (kas/build-configs/release/rowan-dev-scarthgap.yaml:11 → kas/machines/rowan-dev.yaml:6)
    1 file changed, 11 files as they were
    --- stderr
    warning: `kas/build-configs/release/rowan-dev-scarthgap.yaml` does not say what its chain does: first differing key `machine`
      --> kas/build-configs/release/rowan-dev-scarthgap.yaml:11:10
       |
    11 | machine: rowan-by-hand
       |          ^^^^^^^^^^^^^
       |
      ::: kas/machines/rowan-dev.yaml:6:10
       |
     6 | machine: rowan-dev
       |          --------- the chain has another value
       |
       = hint: the chain counts; what was written into a pinned file by hand is lost unless git has it
    ");
    assert_eq!(world.read(&rowan), right);
    world.write(&rowan, "header: [\n");
    assert_snapshot!(refused(&world, &["lock", "--keep"], 2), @"
    exit status 2
    --- stderr
    error: expected a value, and found the end of the file
     --> kas/build-configs/release/rowan-dev-scarthgap.yaml:2:1
      |
    2 |
      | ^
      |
     ::: kas/build-configs/release/rowan-dev-scarthgap.yaml:1:9
      |
    1 | header: [
      |         - it began here
      |
      = hint: check the indentation, the quotes and the brackets here and on the line above
      = hint: without `--keep` it is written anew

    error: nothing was written: every pinned file is as it was
    ");
    assert_snapshot!(world.graph_ok(&["lock"]), @"
    exit status 0
    --- stdout
    meta-one pinned at xxxxxxxxxxxx (scarthgap, 1 file)
    meta-toybsp pinned at xxxxxxxxxxxx (scarthgap, 1 file)
    meta-two pinned at xxxxxxxxxxxx (scarthgap, 1 file)
    oe-toy pinned at xxxxxxxxxxxx (scarthgap, 1 file)
    1 file changed, 11 files as they were
    --- stderr
    warning: the pinned file cannot be understood, and is written anew: kas/build-configs/release/rowan-dev-scarthgap.yaml:2:1: expected a value, and found the end of the file
     --> kas/build-configs/release/rowan-dev-scarthgap.yaml
    ");
    assert_eq!(world.read(&rowan), right);
    world.write(&rowan, &format!("# mine\n{right}"));
    let reworded = refused(&world, &["lock", "--check"], 10);
    assert!(
        reworded.stdout.ends_with("1 file to be written in other words, 11 files as they were\n")
    );
}

/// The lines of problems without the pieces of text that they show: how wide those are depends on where the world is.
fn problems(output: &Output) -> String {
    let told = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with('|') && !line.starts_with(|first: char| first.is_ascii_digit())
    };
    output
        .to_string()
        .lines()
        .filter(told)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn one_remote_that_fails_leaves_every_file() {
    let world = floating();
    world.graph_ok(&["lock"]);
    let two = world.path("upstream/meta-two.git");
    fs::rename(&two, world.path("upstream/elsewhere.git")).expect("it can be moved");
    let url = format!("file://{}", world.path("upstream/meta-one.git").display());
    world.edit("kas/base.yaml", &format!("{url}\"\n"), &format!("{url}\"\n    branch: nope\n"));
    world.edit("kas/with-kiosk.yaml", "  version: 14\n", "  version: 14\n  nonsense: 1\n");
    assert_snapshot!(problems(&refused(&world, &["lock"], 2)), @"
    exit status 2
    --- stderr
    error: unknown key `nonsense` in `header`
     --> kas/with-kiosk.yaml:4:3
      = hint: the known keys are `version`, `includes`
    error: `file://[ROOT]/upstream/meta-one.git` has no `refs/heads/nope`
      --> kas/base.yaml:33:13
       = hint: is the branch or tag spelled as the repository has it?
    error: cannot ask `file://[ROOT]/upstream/meta-two.git`: git: '[ROOT]/upstream/meta-two.git' does not appear to be a git repository
      --> kas/base.yaml:36:10
       = hint: `--keep` asks only for what is not pinned yet
    error: nothing was written: every pinned file is as it was
    ");
}

#[test]
fn one_branch_that_is_gone_leaves_every_file() {
    let world = floating();
    let offline = ["lock", "--offline", "--only", "image/rowan-*"];
    assert_snapshot!(problems(&refused(&world, &offline, 3)), @"
    exit status 3
    --- stderr
    error: offline: nobody knows `refs/heads/scarthgap` of `file://[ROOT]/upstream/oe-toy.git` yet
      --> kas/base.yaml:19:10
       = hint: lock once without `--offline`, or pin the commit
    error: offline: nobody knows `refs/heads/scarthgap` of `file://[ROOT]/upstream/meta-toybsp.git` yet
      --> kas/base.yaml:28:10
       = hint: lock once without `--offline`, or pin the commit
    error: offline: nobody knows `refs/heads/scarthgap` of `file://[ROOT]/upstream/meta-one.git` yet
      --> kas/base.yaml:32:10
       = hint: lock once without `--offline`, or pin the commit
    error: offline: nobody knows `refs/heads/scarthgap` of `file://[ROOT]/upstream/meta-two.git` yet
      --> kas/base.yaml:35:10
       = hint: lock once without `--offline`, or pin the commit
    error: nothing was written: every pinned file is as it was
    ");
    let url = format!("file://{}", world.path("upstream/meta-one.git").display());
    let more = format!(
        "repos:\n  other:\n    url: \"{url}\"\n    path: layers/other\n    branch: nope\n\nlocal_conf_header:\n"
    );
    world.edit("kas/bsp-alder.yaml", "local_conf_header:\n", &more);
    assert_snapshot!(problems(&refused(&world, &["lock"], 2)), @"
    exit status 2
    --- stderr
    cloning `meta-toybsp` from file://[ROOT]/upstream/meta-toybsp.git, which kas files include
    error: `file://[ROOT]/upstream/meta-one.git` has no `refs/heads/nope`
     --> kas/bsp-alder.yaml:9:13
      = hint: it answers, and has `refs/heads/scarthgap`
      = hint: is the branch or tag spelled as the repository has it?
    error: nothing was written: every pinned file is as it was
    ");
}

#[test]
fn a_file_that_cannot_be_written_leaves_every_other() {
    let world = floating();
    let path = pinned("virt-arm64");
    world.write(&format!("{path}/x"), "in the way");
    assert_snapshot!(refused(&world, &["lock", "--message", "graph.yaml/msg"], 3), @"
    exit status 3
    --- stderr
    cloning `meta-toybsp` from file://[ROOT]/upstream/meta-toybsp.git, which kas files include
    warning: the pinned file cannot be understood, and is written anew: kas/build-configs/release/virt-arm64-scarthgap.yaml: cannot be read: is a directory
     --> kas/build-configs/release/virt-arm64-scarthgap.yaml

    error: cannot write `kas/build-configs/release/virt-arm64-scarthgap.yaml`: is a directory

    error: cannot write `graph.yaml/msg`: not a directory

    2 errors
    error: nothing was written: every pinned file is as it was
    ");
    fs::remove_dir_all(world.path(&path)).expect("it was written here");
    if !can_mount() {
        return;
    }
    // The directory is a disk that has room for some of the twelve.
    let mut command = world.program("unshare");
    let script = "mount -t tmpfs -o size=16k tmpfs \"$DIR\" && \"$GRAPH\" lock --offline >&2; \
        code=$?; ls -A \"$DIR\"; exit $code";
    command.args(["-rm", "sh", "-c", script]);
    command.env("GRAPH", env!("CARGO_BIN_EXE_graph")).env("DIR", world.path(RELEASE));
    // The commits are remembered, so that nothing else needs room.
    let _ = world.graph(&["lock", "--check"]);
    let full = world.run(&mut command);
    assert_eq!((full.code, full.stdout.as_str()), (Some(3), ""), "{full}");
    assert!(full.stderr.contains("no space left on device"), "{full}");
}

#[test]
fn locking_what_did_not_move_makes_nothing_stale() {
    let world = World::new();
    let only = image("alder-one");
    world.graph_ok(&["lock", "--only", &only, "--keep"]);
    world.graph_ok(&["build", &only]);
    world.graph_ok(&["lock", "--keep"]);
    let plan = world.graph(&["plan", "--exit-code", &only]);
    assert_eq!(plan.code, Some(0), "{plan}");
}

#[test]
fn the_pinned_files_of_a_real_project_stay_as_kas_made_them() {
    let Some(corpus) = corpus() else { return };
    let world = World::empty();
    copy(&corpus.join("meta-pantavisor"), world.root()).expect("the corpus can be copied");
    let init = Command::new("git").args(["init", "-q"]).arg(world.root()).status();
    assert!(init.is_ok_and(|status| status.success()));
    let output = world.graph(&["lock", "--keep", "--offline", "--check"]);
    // One pinned file of that project is older than its chain.
    let told: Vec<&str> = output.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_snapshot!(told.join("\n"), @r#"
    --- a/kas/build-configs/release/imx8qxp-b0-mek-scarthgap.yaml
    +++ b/kas/build-configs/release/imx8qxp-b0-mek-scarthgap.yaml
    @@ -101,6 +101,7 @@
    +        BBMASK += "meta-imx/meta-imx-bsp/recipes-connectivity/openssl"
    1 file to be changed, 10 files as they were
    "#);
}
