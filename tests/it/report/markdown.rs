//! Markdown for GitHub: escaped, and never too long.

use graph::facts::{Fact, Facts};
use graph::model::{Graph, NodeId};
use graph::plan::{Plan, plan};
use graph::record::Records;
use graph::resource::Capacity;
use graph::spec::{Node, Spec};
use graph_cli::diagnostic::{Diagnostic, Diagnostics};
use graph_cli::report::markdown;
use graph_cli::report::view::plan::{PlanView, Scope};
use insta::assert_snapshot;

use super::boards::{NEW_COMMIT, State, name, plain};

fn written(graph: &Graph, plan: &Plan) -> String {
    let mut warnings = Diagnostics::default();
    warnings.push(Diagnostic::warning("the pinned file is out of date").in_file("kas/a|b.yaml"));
    let capacity = Capacity::new(2, 2, u64::MAX);
    let view = PlanView::of(graph, plan, Scope::NotFresh, &warnings, capacity);
    plain(|out| markdown::plan(&view, out))
}

#[test]
fn a_plan_for_a_step_summary() {
    let now =
        State { commit: NEW_COMMIT, kas: Fact::text("5.3 | @org/team <b>"), ..State::default() };
    let (graph, plan) = now.plan(&State::default().records());
    assert_snapshot!(written(&graph, &plan), @"
    ### 4 of 4 stale · about 1 h 24 min on this runner · causes: <code>tool kas</code>, <code>repos.poky.commit</code>

    | cause | change | cost | nodes |
    | --- | --- | --- | --- |
    | <code>tool kas</code><br>graph.yaml:9 | <code>5.2</code> → <code>5.3 &#124; &#64;<!-- -->org/team &#60;b&#62;</code> | 2 h 48 min | <code>image/{qemu-scarthgap,rpi-scarthgap,verdin-scarthgap}</code><br><code>sdk/rpi-scarthgap</code> |
    | <code>repos.poky.commit</code><br>kas/scarthgap.yaml:12 | <code>3a1f0c2b4d5e</code> → <code>9c2e11aa00bb</code> | 1 h 24 min | <code>image/{rpi-scarthgap,verdin-scarthgap}</code> |

    > warning: <code>kas/a&#124;b.yaml</code>: the pinned file is out of date

    <details><summary>4 nodes</summary>

    | node | verdict | last took | because of |
    | --- | --- | --- | --- |
    | <code>image/qemu-scarthgap</code> | stale | 42 min 10 s | tool kas |
    | <code>image/rpi-scarthgap</code> | stale | 42 min 10 s | repos.poky.commit, tool kas |
    | <code>image/verdin-scarthgap</code> | stale | 42 min 10 s | repos.poky.commit, tool kas |
    | <code>sdk/rpi-scarthgap</code> | stale | 42 min 10 s | tool kas |

    </details>
    ");
}

#[test]
fn a_long_plan_says_what_it_leaves_out() {
    let declared = State::default().graph();
    let first = declared.node(declared.ids().next().unwrap());
    let board = |at| Node { name: name(&format!("image/board{at}")), ..first.clone() };
    let graph = Graph::build(Spec { nodes: (0..10_000).map(board).collect() }).unwrap();
    let all: Vec<NodeId> = graph.ids().collect();
    let plan = plan(&graph, &all, &[], &Facts::default(), &Records::default());
    let text = written(&graph, &plan);
    assert!(text.len() <= markdown::LIMIT, "{}", text.len());
    assert!(text.ends_with("left out for length\n\n</details>\n"), "{}", &text[text.len() - 200..]);
    assert!(text.contains("… 10,000 nodes in all"));
}
