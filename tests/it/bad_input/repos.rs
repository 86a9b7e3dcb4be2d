//! Repositories that cannot be reached, and addresses and paths that lead elsewhere.

use super::{include, two_boards};
use crate::redact::redact;
use crate::venv;
use crate::world::World;

/// Nothing is there, and no network is asked.
const NOBODY: &str = "file:///nowhere/poky.git";
const COMMIT: &str = "commit: 0123456789abcdef0123456789abcdef01234567";

fn with_kas(world: &World) {
    let kas = venv::kas();
    world.write("graph.yaml", &format!("version: 1\nkas: {{program: {}}}\n", kas.display()));
}

#[test]
fn a_remote_cannot_be_reached() {
    let world = two_boards();
    with_kas(&world);
    world.edit("kas/base.yaml", COMMIT, "branch: scarthgap");
    world.edit("kas/base.yaml", "https://example.invalid/poky.git", NOBODY);
    insta::assert_snapshot!(world.graph(&["plan", "image/one-scarthgap"]), @"
    exit status 0
    --- stdout
    1 of 1 stale · causes: never built, repos.poky.commit

    never built
      image/one-scarthgap
    repos.poky.commit unknown: git: '/nowhere/poky.git' does not appear to be a git repository (kas/base.yaml:8)
      image/one-scarthgap

    stale  image/one-scarthgap    never built, repos.poky.commit
    --- stderr
    warning: cannot ask `file:///nowhere/poky.git`: git: '/nowhere/poky.git' does not appear to be a git repository
      = hint: what is built from its branches counts as changed
      = hint: `--offline` takes what was last known instead
    ");
    insta::assert_snapshot!(world.graph(&["plan", "--offline", "image/one-scarthgap"]), @"
    exit status 0
    --- stdout
    1 of 1 stale · causes: never built, repos.poky.commit

    never built
      image/one-scarthgap
    repos.poky.commit unknown: it was never asked for, and this is offline (kas/base.yaml:8)
      image/one-scarthgap

    stale  image/one-scarthgap    never built, repos.poky.commit
    --- stderr
    warning: offline: nobody knows `refs/heads/scarthgap` of `file:///nowhere/poky.git` yet
      = hint: plan once without `--offline`, or pin the commit
    ");
    insta::assert_snapshot!(world.graph(&["build", "image/one-scarthgap"]), @"
    exit status 3
    --- stdout
    failed image/one-scarthgap
      not built: `repos.poky.commit` is not known: git: '/nowhere/poky.git' does not appear to be a git repository

    1 failed in 0 ms · run 1
    logs     .graph/logs/1
    --- stderr
    warning: cannot ask `file:///nowhere/poky.git`: git: '/nowhere/poky.git' does not appear to be a git repository
      = hint: what is built from its branches counts as changed
      = hint: `--offline` takes what was last known instead

    [   0:00] run 1 · 1 of 1 node to do
    [   0:00] failed image/one-scarthgap after 0 ms: not built: `repos.poky.commit` is not known: git: '/nowhere/poky.git' does not appear to be a git repository
    ");
}

#[test]
fn a_branch_is_not_there() {
    let world = two_boards();
    with_kas(&world);
    world.git(".", &["init", "-q", "--bare", "../poky.git"]);
    world.edit("kas/base.yaml", COMMIT, "branch: scarthgap");
    let url = format!(
        "file://{}",
        world.path("../poky.git").canonicalize().expect("it is there").display()
    );
    world.edit("kas/base.yaml", "https://example.invalid/poky.git", &url);
    insta::assert_snapshot!(world.graph(&["build", "image/one-scarthgap"]), @"
    exit status 1
    --- stdout
    failed image/one-scarthgap
      cannot make `graph.kas.yaml`: the remote has no such branch or tag: `repos.poky.commit` (kas/base.yaml:8)
      graph log image/one-scarthgap

    1 failed in 0 ms · run 1
    logs     .graph/logs/1
    --- stderr
    warning: `file://[WORLD]/poky.git` has no `refs/heads/scarthgap`
      = hint: is the branch or tag spelled as the repository has it?

    [   0:00] run 1 · 1 of 1 node to do
    [   0:00] start image/one-scarthgap · never built · log .graph/logs/1/image~one-scarthgap.log
    [   0:00] failed image/one-scarthgap after 0 ms: cannot make `graph.kas.yaml`: the remote has no such branch or tag: `repos.poky.commit` (kas/base.yaml:8)
      .graph/logs/1/image~one-scarthgap.log
    ");
}

#[test]
fn an_included_repository_cannot_be_cloned() {
    let world = two_boards();
    with_kas(&world);
    include(&world, "kas/one.yaml", "    - repo: poky\n      file: a.yaml\n");
    world.edit("kas/base.yaml", "https://example.invalid/poky.git", NOBODY);
    insta::assert_snapshot!(world.graph(&["plan", "image/one-scarthgap"]), @"
    exit status 0
    --- stdout
    1 of 1 stale · causes: never built, unresolved

    never built
      image/one-scarthgap
    unresolved: the repository `poky` is not cloned yet
      image/one-scarthgap

    stale  image/one-scarthgap    never built, unresolved
    ");
    insta::assert_snapshot!(world.graph(&["build"]), @"
    exit status 3
    --- stderr
    cloning `poky` from file:///nowhere/poky.git, which kas files include
    error: cannot clone `poky`, which kas files include: git: '/nowhere/poky.git' does not appear to be a git repository
    ");
}

/// kas would give each of these to git as it is, and git would run a program.
#[test]
fn addresses_that_are_none() {
    for (url, why) in [
        ("--upload-pack=touch pwned", "it would be read as an option"),
        ("ext::sh -c touch% pwned", "it would start a helper program"),
        ("../elsewhere", "a relative path means another repository in every directory"),
    ] {
        let world = two_boards();
        world.edit("kas/base.yaml", "https://example.invalid/poky.git", &format!("'{url}'"));
        let said = world.graph(&["build"]).to_string();
        assert!(said.starts_with("exit status 2\n"), "{said}");
        assert!(said.contains(&format!("`{url}` is no URL for git: {why}")), "{said}");
        assert!(said.contains("--> kas/base.yaml:7:10"), "{said}");
        assert!(!world.path("pwned").exists() && !world.path(".graph/work").exists());
    }
}

#[test]
fn a_revision_that_is_an_option() {
    let world = two_boards();
    world.edit("kas/base.yaml", COMMIT, "commit: --orphan=x\n    branch: -f");
    insta::assert_snapshot!(world.graph(&["list"]), @"
    exit status 2
    --- stderr
    error: `--orphan=x` is not the name of a commit, branch or tag (of `poky`)
     --> kas/base.yaml:8:13
      |
    8 |     commit: --orphan=x
      |             ^^^^^^^^^^

    error: `-f` is not the name of a commit, branch or tag (of `poky`)
     --> kas/base.yaml:9:13
      |
    9 |     branch: -f
      |             ^^

    warning: the commit `--orphan=x` of `poky` is not a full id
     --> kas/base.yaml:8:13
      |
    8 |     commit: --orphan=x
      |             ^^^^^^^^^^
      |
      = hint: write all 40 hexadecimal digits in lower case

    2 errors · 1 warning
    ");
}

#[test]
fn paths_that_lead_out() {
    let world = two_boards();
    let more = "    layers:
      ../other:
      /abs:
      meta:
    patches:
      p1: {repo: here, path: ../../etc/passwd}
      p2: {repo: here, path: /etc/passwd}
  above:
    path: ../..
  everything:
    path: /
  gone:
    path: layers/gone
";
    world.write("kas/base.yaml", &(world.read("kas/base.yaml") + more));
    insta::assert_snapshot!(world.graph(&["list"]), @"
    exit status 2
    --- stderr
    error: the layer `../other` of `poky` lies out of it
      --> kas/base.yaml:10:7
       |
    10 |       ../other:
       |       ^^^^^^^^
       |
       = hint: name it below the repository that holds it

    error: the layer `/abs` of `poky` lies out of it
      --> kas/base.yaml:11:7
       |
    11 |       /abs:
       |       ^^^^
       |
       = hint: name it below the repository that holds it

    error: patch `p1` of `poky` lies at `../../etc/passwd`, out of the repository `here`
      --> kas/base.yaml:14:30
       |
    14 |       p1: {repo: here, path: ../../etc/passwd}
       |                              ^^^^^^^^^^^^^^^^

    error: patch `p2` of `poky` lies at `/etc/passwd`, out of the repository `here`
      --> kas/base.yaml:15:30
       |
    15 |       p2: {repo: here, path: /etc/passwd}
       |                              ^^^^^^^^^^^

    error: the repository `above` is the directory `../..`, which lies out of the project
      --> kas/base.yaml:17:11
       |
    17 |     path: ../..
       |           ^^^^^
       |
       = hint: give it a `url`, or write an absolute path

    error: the repository `everything` is the directory `/`, which holds the project itself
      --> kas/base.yaml:19:11
       |
    19 |     path: /
       |           ^
       |
       = hint: name the layer that is meant, not a directory above the project

    error: the repository `gone` is the directory `layers/gone`, which does not exist
      --> kas/base.yaml:21:11
       |
    21 |     path: layers/gone
       |           ^^^^^^^^^^^

    7 errors
    ");
}

#[test]
fn clones_that_would_lie_elsewhere() {
    let world = two_boards();
    world.write("kas/base.yaml", &(world.read("kas/base.yaml") + "    path: ../../poky\n"));
    insta::assert_snapshot!(world.graph(&["list"]), @"
    exit status 2
    --- stderr
    error: the clone of `poky` would lie at `../../poky`, out of the work directory
     --> kas/base.yaml:9:11
      |
    9 |     path: ../../poky
      |           ^^^^^^^^^^
    ");
}

#[test]
fn a_patch_is_not_there() {
    let world = two_boards();
    let patch = "    patches:\n      fix: {repo: here, path: patches/gone.patch}\n";
    world.write("kas/base.yaml", &(world.read("kas/base.yaml") + patch));
    with_kas(&world);
    insta::assert_snapshot!(world.graph(&["plan", "--offline"]), @"
    exit status 0
    --- stdout
    2 of 2 stale · cause: never built

    never built
      image/{one-scarthgap,two-scarthgap}

    stale  image/one-scarthgap    never built
    stale  image/two-scarthgap    never built
    --- stderr
    warning: there is no `patches/gone.patch` (patch poky/fix)
      = hint: kas/base.yaml:10 names it, and kas fails without it
    ");
}

/// What is found out only when the build has ended.
#[test]
fn a_glob_that_matches_nothing() {
    let world = World::new();
    world.edit(
        ".github/machines.json",
        "\"config\": \"kas/machines/alder-mini.yaml:kas/base.yaml\",",
        "\"config\": \"kas/machines/alder-mini.yaml:kas/base.yaml\", \"output\": \"no-such*.img\",",
    );
    let output = world.graph(&["build", "image/alder-mini-scarthgap"]);
    assert_eq!(output.code, Some(1), "{output}");
    let said: Vec<&str> = output.stdout.lines().filter(|line| !line.is_empty()).take(3).collect();
    insta::assert_snapshot!(redact(&said.join("\n")).replace(&"0".repeat(14), "[TIME]"), @"
    failed image/alder-mini-scarthgap
      no file matches `build/tmp*/deploy/images/*/no-such*.img`: `build/tmp-scarthgap/deploy/images/alder-mini` has `toy-image-alder-mini.rootfs-xxxxxxxxxxxxxx.wic`, `toy-image-alder-mini.rootfs.wic`
      graph log image/alder-mini-scarthgap
    ");
    assert_eq!(world.graph(&["plan", "--exit-code", "image/alder-mini-scarthgap"]).code, Some(10));
}
