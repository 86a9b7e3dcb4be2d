//! `graph lock --message`: what moved, told once, with the log between; nothing that others wrote acts.

use graph_cli::probe::git::mirror_name;
use insta::assert_snapshot;

use crate::lock::{floating, pinned};
use crate::world::World;

/// Makes the mirror of an upstream repository, as a build does.
fn mirror(world: &World, repo: &str) {
    let url = format!("file://{}", world.path(&format!("upstream/{repo}.git")).display());
    let name = mirror_name(&url).expect("it is a URL");
    let to = world.path(&format!("shared/git/{name}")).display().to_string();
    world.git("", &["clone", "-q", "--bare", &url, &to]);
}

/// Adds a commit with a subject to the branch of an upstream repository.
fn commit(world: &World, repo: &str, subject: &str) -> String {
    let dir = format!("upstream/{repo}.git");
    let arguments = ["commit-tree", "-p", "scarthgap", "-m", subject, "scarthgap^{tree}"];
    let commit = world.git(&dir, &arguments).trim().to_owned();
    world.git(&dir, &["update-ref", "refs/heads/scarthgap", &commit]);
    commit
}

#[test]
fn the_message_says_what_moved() {
    let world = floating();
    world.graph_ok(&["lock"]);
    mirror(&world, "oe-toy");
    commit(&world, "oe-toy", "Hull speaks");
    commit(&world, "oe-toy", "Hull listens");
    commit(&world, "meta-one", "Nobody has a mirror of this");
    let apps = commit(&world, "meta-toyapps", "Only three boards have this");
    world.edit(
        "kas/with-ota.yaml",
        "local_conf_header:\n",
        "local_conf_header:\n  more: |\n    A = \"1\"\n",
    );
    assert_snapshot!(world.graph(&["lock", "--check", "--message", "-"]), @r#"
    exit status 10
    --- stdout
    Update meta-one, meta-toyapps and oe-toy in 12 pinned files

    meta-one: xxxxxxxxxxxx → xxxxxxxxxxxx of scarthgap

    What lies between is not known:

        there is no mirror of `file: //[ROOT]/upstream/meta-one.git`; a build makes one

    (in all pinned files)

    meta-toyapps: xxxxxxxxxxxx → xxxxxxxxxxxx of scarthgap

    What lies between is not known:

        there is no mirror of `file: //[ROOT]/upstream/meta-toyapps.git`; a build makes one

    in 6 files:

        kas/build-configs/release/alder-one-scarthgap.yaml
        kas/build-configs/release/alder-two-scarthgap.yaml
        kas/build-configs/release/alder-cam-scarthgap.yaml
        kas/build-configs/release/birch-gateway-scarthgap.yaml
        kas/build-configs/release/birch-hmi-scarthgap.yaml
        kas/build-configs/release/cedar-nuc-scarthgap.yaml

    oe-toy: xxxxxxxxxxxx → xxxxxxxxxxxx of scarthgap, 2 new commits

        xxxxxxxxxxxx Hull listens
        xxxxxxxxxxxx Hull speaks

    (in all pinned files)

    Changed configuration, besides commits:

    in 3 files:

        kas/build-configs/release/alder-two-scarthgap.yaml
        kas/build-configs/release/birch-gateway-scarthgap.yaml
        kas/build-configs/release/cedar-rack-scarthgap.yaml

        local_conf_header.more added: A = "1"\n (kas/with-ota.yaml:12)
    "#);
    let locked = world.graph_ok(&["lock", "--message", "msg"]);
    assert!(locked.stdout.contains("Hull speaks"), "{locked}");
    assert!(world.read(&pinned("alder-one")).contains(&apps));
    assert_eq!(
        world.read("msg").lines().next(),
        Some("Update meta-one, meta-toyapps and oe-toy in 12 pinned files")
    );
    assert_snapshot!(world.graph_ok(&["lock", "--message", "-"]), @"
    exit status 0
    --- stdout
    No pinned file changes
    ");
    // A branch that went back.
    let back = ["update-ref", "refs/heads/scarthgap", world.commit("oe-toy", 2)];
    world.git("upstream/oe-toy.git", &back);
    let message = world.graph_ok(&["lock", "--only", "image/rowan-*", "--message", "-"]);
    assert_snapshot!(message, @"
    exit status 0
    --- stdout
    Update oe-toy in 1 pinned file

    oe-toy: xxxxxxxxxxxx → xxxxxxxxxxxx of scarthgap, 0 new commits, 3 commits gone

    (in the one pinned file)
    ");
}

#[test]
fn nothing_that_others_wrote_acts() {
    let world = floating();
    world.graph_ok(&["lock", "--only", "image/rowan-*"]);
    mirror(&world, "oe-toy");
    for subject in [
        "Fixes #1, o/r#2, GH-3 and https://example.org/o/r/issues/4 cc @someone",
        "``` </details><script>alert(1)</script> ![x](y) [a](javascript:b)",
        "\u{1b}[31mred\u{1b}]0;title\u{7} \u{202e}right to left",
        "::error::no command ##[error]",
        "Co-authored-by: Somebody <s@example.org>",
    ] {
        commit(&world, "oe-toy", subject);
    }
    let message = world.graph_ok(&["lock", "--only", "image/rowan-*", "--message", "-"]);
    assert_snapshot!(message, @r#"
    exit status 0
    --- stdout
    Update oe-toy in 1 pinned file

    oe-toy: xxxxxxxxxxxx → xxxxxxxxxxxx of scarthgap, 5 new commits

        xxxxxxxxxxxx Co-authored-by: Somebody <s@ example.org>
        xxxxxxxxxxxx ::error::no command ## [error]
        xxxxxxxxxxxx \u{1b}[31mred\u{1b}]0;title\u{7} \u{202e}right to left
        xxxxxxxxxxxx ``` </details><script>alert(1)</script> ![x](y) [a](javascript:b)
        xxxxxxxxxxxx Fixes # 1, o/r# 2, GH- 3 and https: //example.org/o/r/issues/4 cc @ someone

    (in the one pinned file)
    "#);
}
