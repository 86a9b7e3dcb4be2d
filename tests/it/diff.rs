//! `graph diff`: chains, pinned files, machines and revisions, by what they mean.

use insta::assert_snapshot;

use crate::world::{World, image};

fn commit(world: &World) {
    world.git("", &["add", "--all"]);
    world.git("", &["commit", "-q", "-m", "Edit"]);
}

#[test]
fn what_differs_is_told_with_both_places() {
    let world = World::new();
    let chains =
        ["kas/machines/alder-one.yaml:kas/base.yaml", "kas/machines/virt-arm64.yaml:kas/base.yaml"];
    let output = world.graph(&["diff", chains[0], chains[1], "--exit-code"]);
    assert_snapshot!(output, @r#"
    exit status 10
    --- stdout
    local_conf_header.bsp-alder removed: 2 lines (kas/bsp-alder.yaml:6)
        - KERNEL_CONSOLE ?= "ttyAMA0"
        - KERNEL_FEATURES = "gpio"
    local_conf_header.bsp-virt added: 2 lines (kas/bsp-virt.json:6)
        + KERNEL_FEATURES = "virtio"
        + KERNEL_CONSOLE = "hvc0"
    machine alder-one → virt-arm64 (kas/machines/alder-one.yaml:6 → kas/machines/virt-arm64.yaml:6)
    "#);
    let same = "kas/base.yaml:kas/machines/rowan-dev.yaml";
    world.write("kas/again.yaml", &format!("# other words\n{}", world.read("kas/base.yaml")));
    let other = same.replace("base", "again");
    let lock = world.read("kas/base.lock.yaml");
    world.write("kas/again.lock.yaml", &lock);
    assert_snapshot!(world.graph(&["diff", same, &other, "--exit-code"]), @"
    exit status 0
    --- stdout
    `kas/base.yaml:kas/machines/rowan-dev.yaml` and `kas/again.yaml:kas/machines/rowan-dev.yaml` mean the same
    ");
}

#[test]
fn revisions_are_read_from_git() {
    let world = World::new();
    commit(&world);
    world.edit("kas/bsp-alder.yaml", "gpio", "gpio spi");
    world.edit("kas/machines/rowan-dev.yaml", "machine: rowan-dev", "machine: rowan-two");
    world.graph_ok(&["lock", "--only", &image("alder-one")]);
    let rowan = image("rowan-dev");
    let one = world.graph_ok(&["diff", &format!("HEAD:{rowan}"), &rowan]);
    assert_snapshot!(one, @"
    exit status 0
    --- stdout
    machine rowan-dev → rowan-two (HEAD:kas/machines/rowan-dev.yaml:6 → kas/machines/rowan-dev.yaml:6)
    ");
    assert_snapshot!(world.graph_ok(&["diff", "HEAD", "."]), @r#"
    exit status 0
    --- stdout
    local_conf_header.bsp-alder changed in 2 lines (HEAD:kas/build-configs/release/alder-one-scarthgap.yaml:5 → kas/build-configs/release/alder-one-scarthgap.yaml:4)
        - KERNEL_FEATURES = "gpio"
        + KERNEL_FEATURES = "gpio spi"
        4 nodes: image/alder-one-scarthgap image/alder-two-scarthgap image/alder-mini-scarthgap image/alder-cam-scarthgap
    repos.meta-toyapps.commit xxxxxxxxxxxx → xxxxxxxxxxxx (HEAD:kas/build-configs/release/alder-one-scarthgap.yaml:42 → kas/build-configs/release/alder-one-scarthgap.yaml:41)
        1 node: image/alder-one-scarthgap
    machine rowan-dev → rowan-two (HEAD:kas/machines/rowan-dev.yaml:6 → kas/machines/rowan-dev.yaml:6)
        1 node: image/rowan-dev-scarthgap
    --- stderr
    warning: the repository `meta-toybsp` is not there yet, so what its files add is missing
      = hint: `graph build` clones it
    "#);
    world.edit(".github/machines.json", "\"name\": \"rowan-dev\"", "\"name\": \"rowan-new\"");
    commit(&world);
    let json = world.graph_ok(&["diff", "HEAD~1", "HEAD", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!(json["only_old"].to_string(), "[\"image/rowan-dev-scarthgap\"]");
    assert_eq!(json["only_new"].to_string(), "[\"image/rowan-new-scarthgap\"]");
    let status = world.git("", &["status", "--short"]);
    assert_eq!(status, "", "the work tree is as it was");
}

#[test]
fn sides_that_cannot_be_read_are_told_apart() {
    let world = World::new();
    commit(&world);
    world.write("kas/bad.yaml", "header: {version: 14}\nnonsense: 1\n");
    assert_snapshot!(world.graph(&["diff", "HEAD:kas/none.yaml", "kas/bad.yaml"]), @"
    exit status 2
    --- stderr
    error: the chain's file `kas/none.yaml` does not exist
      = hint: did you mean `kas/base.yaml`?

    error: unknown key `nonsense`
     --> kas/bad.yaml:2:1
      |
    2 | nonsense: 1
      | ^^^^^^^^
      |
      = hint: the known keys are `header`, `build_system`, `defaults`, `overrides`, `machine`, `distro`, `env`, `target`, `task`, `repos`, `bblayers_conf_header`, `local_conf_header`, `proxy_config`, `menu_configuration`, `artifacts`, `signers`, `buildtools`

    2 errors
    error: nothing is compared: `HEAD:kas/none.yaml` and `kas/bad.yaml` cannot be read
    ");
    assert_snapshot!(world.graph(&["diff", "no-such", "."]), @"
    exit status 2
    --- stderr
    error: there is no revision `no-such`

    error: nothing is compared: `no-such` cannot be read
    hint: a chain is written as files that end in `.yaml`, a machine as `image/…`
    ");
    assert_snapshot!(world.graph(&["diff", "HEAD", "kas/base.yaml"]), @"
    exit status 2
    --- stderr
    error: one side is all machines, and the other is one configuration
    hint: name a chain or a machine on both sides, as in `HEAD~1:image/rpi-scarthgap`
    ");
    assert_snapshot!(world.graph(&["diff", "image/none-scarthgap", &image("rowan-dev")]), @"
    exit status 2
    --- stderr
    error: `image/none-scarthgap`: there is no machine of `image/none-scarthgap`
    hint: `graph list` has all names
    ");
    let shallow = world.root().parent().expect("it is below the world").join("shallow");
    let url = format!("file://{}", world.root().display());
    world.git("", &["clone", "-q", "--depth=1", &url, &shallow.display().to_string()]);
    let mut command = world.command(&["diff", "HEAD~1", "."]);
    assert_snapshot!(world.run(command.current_dir(shallow)), @"
    exit status 2
    --- stderr
    error: this clone is shallow and has no revision `HEAD~1`

    error: nothing is compared: `HEAD~1` cannot be read
    hint: `git fetch --unshallow` brings the rest; in a workflow, `fetch-depth: 0`
    ");
}
