//! Markdown for GitHub: escaped, and never too long.

use graph::facts::Fact;
use graph::resource::Capacity;
use graph_cli::diagnostic::{Diagnostic, Diagnostics};
use graph_cli::report::markdown;
use graph_cli::report::view::plan::{PlanView, Scope};
use insta::assert_snapshot;

use super::boards::{NEW_COMMIT, State, name, plain};

fn view(now: &State) -> PlanView {
    let (graph, plan) = now.plan(&State::default().records());
    let mut warnings = Diagnostics::default();
    warnings.push(Diagnostic::warning("the pinned file is out of date").in_file("kas/a|b.yaml"));
    PlanView::of(&graph, &plan, Scope::NotFresh, &warnings, Capacity::new(2, 2, u64::MAX))
}

#[test]
fn a_plan_for_a_step_summary() {
    let now =
        State { commit: NEW_COMMIT, kas: Fact::text("5.3 | @org/team <b>"), ..State::default() };
    assert_snapshot!(plain(|out| markdown::plan(&view(&now), out)), @r"
    ### 4 of 4 stale · about 1 h 24 min · causes: tool kas, repos.poky.commit

    | cause | change | nodes |
    | --- | --- | --- |
    | <code>tool kas</code><br>graph.yaml:9 | <code>5.2</code> → <code>5.3 &#124; &#64;<!-- -->org/team &#60;b&#62;</code> | <code>image/{qemu-scarthgap,rpi-scarthgap,verdin-scarthgap}</code><br><code>sdk/rpi-scarthgap</code> |
    | <code>repos.poky.commit</code><br>kas/scarthgap.yaml:12 | <code>3a1f0c2b4d5e</code> → <code>9c2e11aa00bb</code> | <code>image/{rpi-scarthgap,verdin-scarthgap}</code> |

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
    let mut view = view(&State { commit: NEW_COMMIT, ..State::default() });
    let node = view.nodes[0].clone();
    view.nodes = (0..50_000)
        .map(|at| {
            let mut node = node.clone();
            node.name = name(&format!("image/board{at}"));
            node
        })
        .collect();
    view.summary.stale = view.nodes.len();
    let text = plain(|out| markdown::plan(&view, out));
    assert!(text.len() <= markdown::LIMIT, "{}", text.len());
    assert!(text.ends_with("left out for length\n\n</details>\n"), "{}", &text[text.len() - 200..]);
    assert!(text.contains("… 50,000 nodes in all"));
}
