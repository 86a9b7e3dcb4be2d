//! The shape of the serialised form: what scripts rely on.

use graph::resource::Capacity;
use graph_cli::diagnostic::{Diagnostic, Diagnostics};
use graph_cli::report::json::json;
use graph_cli::report::view::list::ListView;
use graph_cli::report::view::plan::{PlanView, Scope};
use insta::assert_snapshot;

use super::boards::{NEW_COMMIT, State, plain};

#[test]
fn a_plan() {
    let now = State { commit: NEW_COMMIT, token: "hunter3", ..State::default() };
    let (graph, plan) = now.plan(&State::default().records());
    let mut warnings = Diagnostics::default();
    warnings
        .push(Diagnostic::warning("`a` is out of date").in_file("kas/a.yaml").hint("remake it"));
    let view =
        PlanView::of(&graph, &plan, Scope::NotFresh, &warnings, Capacity::new(2, 2, u64::MAX));
    assert_eq!(view.nodes.len(), 4);
    let mut view = serde_json::to_value(&view).unwrap();
    let nodes = view["nodes"].as_array_mut().unwrap();
    nodes.drain(..1);
    nodes.truncate(1);
    assert_snapshot!(plain(|out| json(&view, out)), @r#"
    {
      "version": 1,
      "summary": {
        "total": 4,
        "fresh": 0,
        "stale": 4,
        "restorable": 0,
        "excluded": 0,
        "duplicates": 0,
        "open": 0,
        "estimate_s": 5060.0,
        "unestimated": 0
      },
      "nodes": [
        {
          "name": "image/rpi-scarthgap",
          "verdict": "stale",
          "reasons": [
            {
              "kind": "changed",
              "part": "env TOKEN (outer)",
              "old": null,
              "new": null,
              "declared": "kas/base.yaml:31",
              "nature": "hidden"
            },
            {
              "kind": "changed",
              "part": "repos.poky.commit",
              "old": "3a1f0c2b4d5e6f708192a3b4c5d6e7f801234567",
              "new": "9c2e11aa00bb11cc22dd33ee44ff5566778899aa",
              "declared": "kas/scarthgap.yaml:12"
            }
          ],
          "estimate_s": 2530.0
        }
      ],
      "warnings": [
        {
          "message": "`a` is out of date",
          "place": "kas/a.yaml",
          "hints": [
            "remake it"
          ]
        }
      ]
    }
    "#);
    let all = PlanView::of(&graph, &plan, Scope::All, &warnings, Capacity::new(2, 2, u64::MAX));
    assert_eq!(all.nodes.len(), 4);
}

#[test]
fn a_list() {
    let graph = State::default().graph();
    let id = graph.ids().last().unwrap();
    assert_snapshot!(plain(|out| json(&ListView::of(&graph, &[id]), out)), @r#"
    {
      "version": 1,
      "nodes": [
        {
          "name": "sdk/rpi-scarthgap",
          "kind": "sdk",
          "labels": {
            "machine": [
              "rpi"
            ]
          },
          "needs": [
            "image/rpi-scarthgap"
          ],
          "declared": ".github/machines.json:14"
        }
      ]
    }
    "#);
}
