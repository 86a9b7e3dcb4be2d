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
