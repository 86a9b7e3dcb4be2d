//! What a Spec must be to become a Graph.

use graph::model::Graph;
use graph::spec::Spec;

use crate::world::node;

fn build(nodes: &[(&str, &[&str])]) -> String {
    let nodes = nodes.iter().map(|(name, needs)| node(name, needs)).collect();
    match Graph::build(Spec { nodes }) {
        Ok(graph) => {
            let line = |id| {
                let needs = graph.needs(id).iter().map(|&need| graph.node(need).name.to_string());
                format!("{} <- {}", graph.node(id).name, needs.collect::<Vec<_>>().join(" "))
            };
            graph.ids().map(line).collect::<Vec<_>>().join("\n")
        }
        Err(defects) => defects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn needs_come_first_and_else_declaration_order_is_kept() {
    assert_eq!(
        build(&[("k/d", &["k/c", "k/a"]), ("k/b", &[]), ("k/a", &["k/b"]), ("k/c", &[])]),
        "k/b <- \nk/a <- k/b\nk/c <- \nk/d <- k/c k/a"
    );
    assert_eq!(build(&[("k/b", &[]), ("k/a", &["k/b", "k/b"])]), "k/b <- \nk/a <- k/b");
}

#[test]
fn all_defects_are_told_at_once() {
    assert_eq!(
        build(&[
            ("k/a", &["k/b"]),
            ("k/b", &["k/a"]),
            ("k/c", &["k/c", "k/a"]),
            ("k/d", &["k/x", "k/a"]),
            ("k/d", &[]),
        ]),
        "`k/d` is declared twice: machines.json:1 and machines.json:1\n\
         `k/d` needs `k/x`, which nothing declares\n\
         these nodes need each other: `k/a`, `k/b`\n\
         these nodes need each other: `k/c`"
    );
}

#[test]
fn deep_graphs_do_not_overflow_the_stack() {
    let count = 200_000;
    let name = |index: usize| format!("k/n{index}");
    let chain = |cycle: bool| {
        let nodes = (0..count).rev().map(|index| {
            let need = if index == 0 { count - 1 } else { index - 1 };
            if index == 0 && !cycle {
                node(&name(index), &[])
            } else {
                node(&name(index), &[&name(need)])
            }
        });
        Graph::build(Spec { nodes: nodes.collect() })
    };
    assert_eq!(chain(false).unwrap().len(), count);
    assert_eq!(chain(true).unwrap_err().len(), 1);
}
