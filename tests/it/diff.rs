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
    assert_snapshot!(output, @"");
    let same = "kas/base.yaml:kas/machines/rowan-dev.yaml";
    world.write("kas/again.yaml", &format!("# other words\n{}", world.read("kas/base.yaml")));
    let other = same.replace("base", "again");
    let lock = world.read("kas/base.lock.yaml");
    world.write("kas/again.lock.yaml", &lock);
    assert_snapshot!(world.graph(&["diff", same, &other, "--exit-code"]), @"");
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
    assert_snapshot!(one, @"");
    assert_snapshot!(world.graph_ok(&["diff", "HEAD", "."]), @"");
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
    assert_snapshot!(world.graph(&["diff", "HEAD:kas/none.yaml", "kas/bad.yaml"]), @"");
    assert_snapshot!(world.graph(&["diff", "no-such", "."]), @"");
    assert_snapshot!(world.graph(&["diff", "HEAD", "kas/base.yaml"]), @"");
    assert_snapshot!(world.graph(&["diff", "image/none-scarthgap", &image("rowan-dev")]), @"");
    let shallow = world.root().parent().expect("it is below the world").join("shallow");
    let url = format!("file://{}", world.root().display());
    world.git("", &["clone", "-q", "--depth=1", &url, &shallow.display().to_string()]);
    let mut command = world.command(&["diff", "HEAD~1", "."]);
    assert_snapshot!(world.run(command.current_dir(shallow)), @"");
}
