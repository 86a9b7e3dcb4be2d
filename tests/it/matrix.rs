//! The project of `examples/matrix` is one: it has as many nodes as were asked for, and ninja has as many edges.

#[path = "../../examples/matrix/project/mod.rs"]
mod project;

use project::Shape;

use crate::world::World;

#[test]
fn a_matrix_has_as_many_nodes_as_were_asked_for() {
    // Of 402, the last tree differs from the others; of 2, there is no second variant.
    for nodes in [2, 26, 402] {
        let world = World::empty();
        let shape = Shape::of(nodes).expect("the number is even");
        project::write(world.root(), &shape).expect("the project is written");

        let listed = world.graph_ok(&["list", "--format", "json"]);
        assert_eq!(listed.stderr, "", "{nodes} nodes");
        assert_eq!(listed.stdout.matches("\"declared\":").count(), nodes, "{}", listed.stdout);
        let edges = world.read("build.ninja").matches("\nbuild ").count();
        assert_eq!(edges, nodes);

        let plan = world.graph_ok(&["plan", "--offline"]);
        assert!(plan.stdout.contains("never built"), "{plan}");
    }
}

#[test]
fn a_tree_that_moves_has_another_commit() {
    let world = World::empty();
    project::write(world.root(), &Shape::of(10).expect("even")).expect("the project is written");
    let describe = || world.git("trees/tree-000.git", &["describe", "master"]);
    let before = describe();
    assert!(before.starts_with("v6.1-1-g"), "{before}");
    project::advance(world.root(), "tree-000", "moved").expect("git takes it");
    assert!(describe().starts_with("v6.1-2-g"), "{}", describe());
}

#[test]
fn a_fleet_has_as_many_machines_as_were_asked_for() {
    let world = World::empty();
    project::write_machines(world.root(), 90).expect("the project is written");
    let listed = world.graph_ok(&["list", "--format", "json"]);
    assert_eq!(listed.stdout.matches("\"declared\":").count(), 90, "{listed}");
    assert_eq!(listed.stderr, "");
    let chain =
        "kas/boards/board-07.yaml:kas/scarthgap.yaml:kas/scarthgap-vendor-7.yaml:kas/bsp.yaml";
    // No repository is there to be cloned.
    let steps = ["repo_setup_loop", "finish_setup_repos", "repos_checkout", "repos_apply_patches"];
    let skip = steps.into_iter().flat_map(|step| ["--skip", step]);
    let kas =
        world.kas("dump", &["dump"].into_iter().chain(skip).chain([chain]).collect::<Vec<_>>());
    let resolved = world.graph_ok(&["resolve", chain]);
    assert_eq!(kas.code, Some(0), "{kas}");
    assert_eq!(resolved.stdout, kas.stdout);
}
